"""NumPy backend of kcore: inference on the host, with nothing to compile."""

from kcore_ops.plugin import Plugin

from kcore_backend_numpy._version import __version__

__all__ = ["__version__", "backend"]

backend = Plugin(
    "numpy",
    framework="numpy",
    implementation="kcore_backend_numpy.implementation:NumpyBackend",
    interface="0.2",
    priority=10,
)
