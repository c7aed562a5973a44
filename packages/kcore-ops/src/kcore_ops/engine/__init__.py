"""From the definition of an op to a call of it."""
