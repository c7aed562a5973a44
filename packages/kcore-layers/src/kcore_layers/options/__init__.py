"""What layers take as arguments: activations, constraints, initializers and regularizers."""
