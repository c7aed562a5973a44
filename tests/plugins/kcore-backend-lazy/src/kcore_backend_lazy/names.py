"""What dtypes are called, here and there."""

import lazyarrays
from kcore_ops import DTypeError

NATIVE_NAMES = {
    "bool": "truth", "int8": "byte", "int16": "short", "int32": "int", "int64": "long", "uint8": "ubyte",
    "uint16": "ushort", "uint32": "uint", "uint64": "ulong", "float16": "half", "bfloat16": "brain",
    "float32": "float", "float64": "double",
}  # fmt: skip
KCORE_NAMES = {lazyarrays.DTYPES[own]: name for name, own in NATIVE_NAMES.items()}


def native(dtype):
    """Return the framework's dtype of a name of kcore's."""
    if dtype not in NATIVE_NAMES:
        raise DTypeError(f"lazyarrays has no dtype {dtype}", fix=f"use one of {', '.join(NATIVE_NAMES)}")
    return lazyarrays.DTYPES[NATIVE_NAMES[dtype]]
