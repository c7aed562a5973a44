"""Ops of signals and of mathematics beyond NumPy."""
