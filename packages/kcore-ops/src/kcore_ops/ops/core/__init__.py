"""Ops of control flow, conversion, slices."""
