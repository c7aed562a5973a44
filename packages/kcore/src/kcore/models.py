"""Models."""

from kcore_layers.models import Model, Sequential

__all__ = ["Model", "Sequential"]
