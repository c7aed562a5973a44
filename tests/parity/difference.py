"""What one entry says of how kcore differs from Keras, and of which calls."""

from __future__ import annotations

from typing import NamedTuple

from arguments import Arguments, Condition, any_call

__all__ = ["ALL", "FLOATS", "HALF", "INTEGERS", "Difference", "listed"]

INTEGERS = "bool uint8 int8 int16 uint16 int32 uint32 int64"
HALF = "float16 bfloat16"
FLOATS = f"{HALF} float32 float64"
ALL = f"{INTEGERS} {FLOATS} complex64"


class Difference(NamedTuple):
    """What differs, and why."""

    ops: str  # names, separated by spaces
    dtypes: str  # of the inputs
    backends: str
    reason: str
    where: Condition = any_call  # what is so of the arguments: other calls are compared

    def concerns(self, op: str, backend: str) -> bool:
        return op in self.ops.split() and backend in self.backends.split()

    def explains(self, dtype: str, call: Arguments) -> bool:
        return dtype in self.dtypes.split() and bool(self.where(call))


def listed(table: tuple[Difference, ...], op: str, backend: str) -> list[Difference]:
    """Give the differences of an op on a backend."""
    return [entry for entry in table if entry.concerns(op, backend)]
