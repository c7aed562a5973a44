"""Dtype policies: what layers compute in, and what their variables are kept in."""
