"""Every op on every dtype: one small call of each, and what becomes of it with other dtypes in its place.

Of one call come those with every dtype for each of its arrays, with every dtype for all of them, with every pair of
dtypes for the first two that are promoted together, and with each Python number in place of the second of those.
"""

from __future__ import annotations

import functools
import itertools
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import kcore_ops
import numpy as np
from drawing import drawn
from kcore_ops import tree
from kcore_ops.conformance.case import Case, all_cases
from kcore_ops.dtypes import numpy_dtype
from kcore_ops.engine.call import Call
from kcore_ops.engine.op import op_of

__all__ = ["OPS", "DtypeCall", "as_dtype", "calls", "takes_functions"]

DTYPES = (
    "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64",
    "float16", "bfloat16", "float32", "float64", "complex64",
)  # fmt: skip
NUMBERS = (True, 1, 1.0, 1j)


class DtypeCall(NamedTuple):
    """One call, and the dtypes of its arrays and numbers, which name it among those of its op."""

    dtypes: str
    args: tuple[Any, ...]


def _is_public(name: str) -> bool:
    modules = (kcore_ops, kcore_ops.image, kcore_ops.random)
    return any(name in dir(module) for module in modules)


OPS = [name for name in sorted(all_cases()) if _is_public(name)]


def _arrays(args: Any) -> list[np.ndarray[Any, Any]]:
    return [x for x in tree.flatten(list(args)) if isinstance(x, np.ndarray)]


@functools.cache
def first_call(name: str) -> tuple[Any, ...]:
    """Draw one call of an op, in which no array is empty or a scalar if one of some draws is such."""
    best: tuple[int, tuple[Any, ...]] | None = None
    for number, case in enumerate(all_cases()[name]):
        for turn in range(10):
            args = _draw(case, (number, turn))
            # Empty arrays take no part in anything, and scalars stand out in torch.
            faults = sum(10 * (not x.size) + (not x.ndim) for x in _arrays(args)) + 100 * (not _arrays(args))
            if best is None or faults < best[0]:
                best = faults, args
            if not faults:
                return args
    assert best is not None
    return best[1]


def _draw(case: Case, turn: tuple[int, int]) -> tuple[Any, ...]:
    dtype = "float32" if "float32" in case.dtypes else case.dtypes[0]
    rng = np.random.default_rng(zlib.crc32(f"{case.op} {turn}".encode()))
    return drawn(case, dtype, rng.bytes(4096))


def takes_functions(name: str) -> bool:
    """Say whether functions are among the arguments of the call of an op: what they do is for them to say."""
    return any(callable(leaf) for leaf in tree.flatten(list(first_call(name))))


def calls(name: str) -> Iterator[DtypeCall]:
    """Give the calls of an op, each once."""
    args = first_call(name)
    arrays = _arrays(args)
    pair = _promoted_together(name, args, arrays)
    seen = set()
    for changes in itertools.chain(_of_one(arrays), _of_all(arrays), _of_two(arrays, pair)):
        changed = _changed(args, changes)
        if changed.dtypes not in seen:
            seen.add(changed.dtypes)
            yield changed


def _of_one(arrays: list[Any]) -> Iterator[dict[int, Any]]:
    return ({spot: dtype} for spot in range(len(arrays)) for dtype in DTYPES)


def _of_all(arrays: list[Any]) -> Iterator[dict[int, Any]]:
    return (dict.fromkeys(range(len(arrays)), dtype) for dtype in DTYPES)


def _of_two(arrays: list[Any], pair: tuple[int, int] | None) -> Iterator[dict[int, Any]]:
    """Change those that are promoted together; further arrays go with the first."""
    if pair is not None:
        for one, two in itertools.product(DTYPES, (*DTYPES, *NUMBERS)):
            yield {pair[0]: one, pair[1]: two}


def _promoted_together(name: str, args: tuple[Any, ...], arrays: list[Any]) -> tuple[int, int] | None:
    """Give the first two arrays, by number, that one dtype rule governs."""
    op = op_of(name)
    defaults = op.body.__defaults__ or ()
    missing = len(op.parameters) - len(args)
    call = Call(op, (*args, *defaults[len(defaults) - missing :]) if missing else args)
    for names, _ in op.rules:
        values = [value for name in names for value in call.values[call.groups[name][1]]]
        spots = [spot for spot, array in enumerate(arrays) if any(value is array for value in values)]
        if len(spots) > 1:
            return spots[0], spots[1]
    return None


def _changed(args: tuple[Any, ...], changes: dict[int, Any]) -> DtypeCall:
    """Give the call with other dtypes, or numbers, for the arrays with these numbers."""
    spots = itertools.count()
    dtypes = []

    def change(x: Any) -> Any:
        if not isinstance(x, np.ndarray):
            return x
        wanted = changes.get(next(spots), x.dtype.name)
        dtypes.append(str(wanted))
        return as_dtype(x, wanted) if isinstance(wanted, str) else wanted

    changed = tree.map_structure(change, list(args))
    return DtypeCall(" ".join(dtypes), tuple(changed))


def as_dtype(x: np.ndarray[Any, Any], dtype: str) -> np.ndarray[Any, Any]:
    """Cast an array, without what would overflow."""
    if x.dtype.name == dtype:
        return x
    if x.dtype.kind == "c" and not dtype.startswith("complex"):
        x = x.real
    if dtype.startswith("uint") and x.dtype != bool:
        x = np.abs(x)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(x.astype(numpy_dtype(dtype)))
