"""JAX backend of kcore."""

from kcore_ops.plugin import Plugin

from kcore_backend_jax._version import __version__

__all__ = ["__version__", "backend"]

backend = Plugin(
    "jax",
    framework="jax",
    implementation="kcore_backend_jax.implementation:JaxBackend",
    interface="0.2",
    priority=40,
)
