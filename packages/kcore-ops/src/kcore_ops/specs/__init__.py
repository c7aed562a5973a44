"""Tensors of which only shape and dtype are known."""
