"""The ops, in the namespaces that Keras has them in."""
