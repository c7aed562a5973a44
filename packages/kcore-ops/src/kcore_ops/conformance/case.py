"""What an op is tried on: inputs drawn by hypothesis, and what NumPy says of them."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from kcore_ops.dtypes import COMPLEX, INTEGERS, limits, numpy_dtype

__all__ = ["ALL", "BOOL_AND_INTEGERS", "FLOATS", "NUMERIC", "REAL", "Case", "all_cases", "arrays", "axes",
           "axis", "broadcastable", "case", "few_shapes", "shapes"]  # fmt: skip

Draw = Callable[[st.SearchStrategy[Any]], Any]
Compare = Callable[[list[Any], Sequence[Any]], list[Any]]

FLOATS = ("float32", "float64", "float16", "bfloat16")
BOOL_AND_INTEGERS = ("bool", "uint8", "int8", "int32", "int64", "int16", "uint16", "uint32")
REAL = (*FLOATS, *BOOL_AND_INTEGERS)  # what most ops are tried on
NUMERIC = tuple(dtype for dtype in REAL if dtype != "bool")
ALL = (*REAL, "complex64")


@dataclasses.dataclass(frozen=True)
class Case:
    """One way of calling an op.

    Attributes:
        op: the op's name.
        arguments: from hypothesis's `draw` and a dtype to the arguments, tensors among them as NumPy arrays.
        reference: from the same arguments, promoted and as float64 or complex128, to the right result. None: the op's
            definition, run in float64, is the reference.
        dtypes: the dtypes it is tried with.
        gradient: whether it has one worth checking.
        tolerance: multiplies the tolerance that the dtype gives.
        known: which of the arrays, by number, have sizes that are always known, as a convolution's kernel has.
        compare: from the list of results and the arguments to what is compared in their place, on both sides: for
            results that are right in more than one way, as eigenvectors are, which have no sign of their own.
        second_gradient: whether the gradient has one worth checking too.
        errors: whether what is wrong with a call shows in its shapes and dtypes.
        effort: how many inputs are tried, as a multiple of the usual, where the op is slow.
        by_value: whether sizes of the results depend on values, so that a compiler of fixed sizes may refuse the call.
        rounds_once: whether half precision is computed in float32, so that only the result is rounded to it.
        is_constant: whether its derivative is zero by definition, whatever its values do.
    """

    op: str
    arguments: Callable[[Draw, str], Sequence[Any]]
    reference: Callable[..., Any] | None
    dtypes: tuple[str, ...] = REAL
    gradient: bool = True
    tolerance: float = 1.0
    known: tuple[int, ...] = ()
    compare: Compare | None = None
    errors: bool = True
    by_value: bool = False
    second_gradient: bool = True
    effort: float = 1.0
    rounds_once: bool = False
    is_constant: bool = False

    def inputs(self, among: Collection[str] | None = None) -> st.SearchStrategy[tuple[str, tuple[Any, ...]]]:
        """Strategy for a dtype, one of the case's that is also `among` some, and arguments."""
        dtypes = [dtype for dtype in self.dtypes if among is None or dtype in among]

        @st.composite
        def drawn(draw: Any) -> tuple[str, tuple[Any, ...]]:
            dtype = draw(st.sampled_from(dtypes))
            return dtype, tuple(self.arguments(draw, dtype))

        return drawn()


_cases: dict[str, list[Case]] = {}


def case(
    op: str,
    reference: Callable[..., Any] | None = None,
    *,
    dtypes: Sequence[str] = REAL,
    gradient: bool = True,
    tolerance: float = 1.0,
    known: Sequence[int] = (),
    compare: Compare | None = None,
    errors: bool = True,
    by_value: bool = False,
    second_gradient: bool = True,
    effort: float = 1.0,
    rounds_once: bool = False,
    is_constant: bool = False,
) -> Callable[[Callable[[Draw, str], Sequence[Any]]], Callable[[Draw, str], Sequence[Any]]]:
    """Add a case for an op; decorates the function from `draw` and a dtype to the arguments."""

    def add(arguments: Callable[[Draw, str], Sequence[Any]]) -> Callable[[Draw, str], Sequence[Any]]:
        new = Case(op, arguments, reference, tuple(dtypes), gradient, tolerance, tuple(known), compare, errors,
                   by_value, second_gradient, effort, rounds_once, is_constant)  # fmt: skip
        _cases.setdefault(op, []).append(new)
        return arguments

    return add


def all_cases() -> dict[str, list[Case]]:
    """Return the cases of each op by its name."""
    import importlib
    import pkgutil

    from kcore_ops.conformance import cases

    for module in pkgutil.iter_modules(cases.__path__):
        importlib.import_module(f"{cases.__name__}.{module.name}")
    return _cases


# What cases draw from.


# The shapes drawn where each is compiled anew: of each rank with none, one, odd and even, equal and unequal sizes.
_FEW_SHAPES = (
    (), (4,), (3,), (1,), (0,), (2, 3), (4, 4), (3, 1), (0, 2),
    (2, 3, 4), (3, 1, 2), (2, 4, 1), (3, 0, 2), (2, 1, 3, 2),
)  # fmt: skip
_draws_few = contextvars.ContextVar("draws_few", default=False)


@contextlib.contextmanager
def few_shapes(enabled: bool = True) -> Iterator[None]:
    """Draw the shapes of a block from a few, for a backend that compiles each op anew for each shape."""
    token = _draws_few.set(enabled)
    try:
        yield
    finally:
        _draws_few.reset(token)


@st.composite
def shapes(draw: Any, min_rank: int = 0, max_rank: int = 3, min_size: int = 0, max_size: int = 4) -> tuple[int, ...]:
    """Draw a shape, scalars and empty ones included where the limits allow."""
    if _draws_few.get():
        few = [
            shape
            for shape in _FEW_SHAPES
            if min_rank <= len(shape) <= max_rank and all(min_size <= size <= max_size for size in shape)
        ]
        if len(few) > 2:  # or it is a choice no longer
            chosen: tuple[int, ...] = draw(st.sampled_from(few))
            return chosen
    return tuple(draw(st.lists(st.integers(min_size, max_size), min_size=min_rank, max_size=max_rank)))


@st.composite
def arrays(
    draw: Any,
    dtype: str,
    shape: tuple[int, ...] | st.SearchStrategy[tuple[int, ...]] | None = None,
    low: float = -3.0,
    high: float = 3.0,
    distinct: bool = False,
) -> np.ndarray[Any, Any]:
    """Arrays with elements between `low` and `high`, as far as the dtype has them; all different if `distinct`."""
    sizes = shape if isinstance(shape, tuple) else draw(shapes() if shape is None else shape)
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    if distinct:
        # Evenly spread, so that no two are closer than a low-precision dtype can tell apart.
        count = int(np.prod(sizes))
        return rng.permutation(count).reshape(sizes).astype(numpy_dtype(dtype))
    if dtype == "bool":
        return rng.integers(0, 2, sizes).astype(bool)
    if dtype in INTEGERS:
        least, most = limits(dtype)
        return rng.integers(max(int(low), int(least)), min(int(high), int(most)) + 1, sizes).astype(dtype)
    numbers = rng.uniform(low, high, sizes)
    if dtype in COMPLEX:
        return np.asarray(numbers + 1j * rng.uniform(low, high, sizes)).astype(dtype)
    return np.asarray(numbers).astype(numpy_dtype(dtype))


@st.composite
def broadcastable(draw: Any, count: int = 2, max_rank: int = 3) -> list[tuple[int, ...]]:
    """Shapes that broadcast with one another."""
    full = draw(shapes(max_rank=max_rank))
    if _draws_few.get():
        parts = st.sampled_from([full, full, full[1:], (1,) * len(full), (1, *full[1:])[: len(full)]])
        return [draw(parts) for _ in range(count)]
    result = []
    for _ in range(count):
        start = draw(st.integers(0, len(full)))
        result.append(tuple(1 if draw(st.booleans()) else size for size in full[start:]))
    return result


def axis(rank: int) -> st.SearchStrategy[int]:
    """One axis of a tensor of that rank, which is not 0, counted from either end."""
    return st.integers(-rank, rank - 1)


@st.composite
def axes(draw: Any, rank: int) -> Any:
    """None, one axis, or several different ones."""
    if rank == 0 or draw(st.booleans()):
        return None
    chosen = draw(st.lists(st.integers(0, rank - 1), min_size=1, max_size=rank, unique=True))
    signed = tuple(a - rank if draw(st.booleans()) else a for a in chosen)
    return signed[0] if len(signed) == 1 else signed


def iterate(cases: dict[str, list[Case]]) -> Iterator[tuple[str, int, Case]]:
    """Yield each case with its op's name and its number."""
    for name in sorted(cases):
        for number, one in enumerate(cases[name]):
            yield name, number, one
