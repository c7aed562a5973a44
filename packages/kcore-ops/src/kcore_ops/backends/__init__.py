"""Backends: their interface, the registry of those installed, and which is current."""
