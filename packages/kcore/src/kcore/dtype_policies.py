"""Dtype policies."""

from kcore_ops.dtype_policies import AWQDTypePolicy as AWQDTypePolicy
from kcore_ops.dtype_policies import DTypePolicy as DTypePolicy
from kcore_ops.dtype_policies import DTypePolicyMap as DTypePolicyMap
from kcore_ops.dtype_policies import FloatDTypePolicy as FloatDTypePolicy
from kcore_ops.dtype_policies import GPTQDTypePolicy as GPTQDTypePolicy
from kcore_ops.dtype_policies import Int4DTypePolicy as Int4DTypePolicy
from kcore_ops.dtype_policies import QuantizedDTypePolicy as QuantizedDTypePolicy
from kcore_ops.dtype_policies import QuantizedFloat8DTypePolicy as QuantizedFloat8DTypePolicy
from kcore_ops.dtype_policies import deserialize as deserialize
from kcore_ops.dtype_policies import get as get
from kcore_ops.dtype_policies import serialize as serialize
