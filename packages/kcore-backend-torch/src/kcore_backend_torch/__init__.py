"""PyTorch backend of kcore."""

from kcore_ops.plugin import Plugin

from kcore_backend_torch._version import __version__

__all__ = ["__version__", "backend"]

backend = Plugin(
    "torch",
    framework="torch",
    implementation="kcore_backend_torch.implementation:TorchBackend",
    interface="0.2",
    priority=30,
)
