"""TensorFlow backend of kcore."""

from kcore_ops.plugin import Plugin

from kcore_backend_tf._version import __version__

__all__ = ["__version__", "backend"]

backend = Plugin(
    "tensorflow",
    framework="tensorflow",
    implementation="kcore_backend_tf.implementation:TensorflowBackend",
    interface="0.2",
    priority=20,
)
