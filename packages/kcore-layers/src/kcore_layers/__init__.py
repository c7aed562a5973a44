"""Layers and models for kcore."""

from kcore_layers._version import __version__

__all__ = ["__version__"]
