"""Variables, and the scopes that give them other values."""
