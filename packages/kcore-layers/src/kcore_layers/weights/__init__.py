"""Objects in a weight's place, low in rank or in bits, and the functions that make them."""
