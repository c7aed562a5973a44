"""Objects as plain data, and back."""
