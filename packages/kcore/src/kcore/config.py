"""Settings: default float, epsilon, image layout, backend, dtype policy, limits of training, what is shown."""

from kcore_layers.serialization.objects import enable_unsafe_deserialization as enable_unsafe_deserialization
from kcore_layers.serialization.registry import trust_components as trust_components
from kcore_ops.config import *
