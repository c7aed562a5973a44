"""Ops of NumPy's names."""
