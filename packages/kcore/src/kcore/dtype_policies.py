"""Dtype policies."""

from kcore_ops.dtype_policies import DTypePolicy, DTypePolicyMap, FloatDTypePolicy, deserialize, get, serialize

__all__ = ["DTypePolicy", "DTypePolicyMap", "FloatDTypePolicy", "deserialize", "get", "serialize"]
