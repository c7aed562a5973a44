"""Dtype policies."""

from kcore_ops.dtype_policies import DTypePolicy, deserialize, get, serialize

__all__ = ["DTypePolicy", "deserialize", "get", "serialize"]
