"""kcore on lazyarrays."""

from kcore_ops.plugin import Plugin

backend = Plugin(
    "lazy",
    framework="lazyarrays",
    implementation="kcore_backend_lazy.implementation:LazyBackend",
    interface="0.2",
    priority=-2,
)
