"""A backend with its own automatic differentiation, over NumPy arrays."""

from kcore_ops.plugin import Plugin

backend = Plugin(
    "toy", framework="numpy", implementation="kcore_backend_toy.implementation:ToyBackend", interface="0.2", priority=-1
)
