"""What is known of a tensor without its numbers: `TensorSpec`, and `Size` for sizes that are not known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kcore_ops.backends.registry import is_symbolic_size
from kcore_ops.dtypes import STRING, is_string_dtype, standardize_dtype
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.specs.operators import TensorOperators

__all__ = ["UNKNOWN", "Size", "TensorSpec", "is_unknown", "spec_of_checked"]


class Size(int):
    """A stand-in for a size that is not known yet; arithmetic with it gives another stand-in.

    >>> Size(6) * 2 // 4
    Size(3)
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Size({int(self)})"

    __str__ = __repr__


def _keeps_unknown(name: str) -> Callable[..., Any]:
    of_int = getattr(int, name)

    def method(self: Size, *others: Any) -> Any:
        result = of_int(self, *others)
        return Size(result) if type(result) is int else result

    return method


for _name in ("add", "sub", "mul", "floordiv", "mod", "pow", "neg", "abs"):
    setattr(Size, f"__{_name}__", _keeps_unknown(f"__{_name}__"))
    if _name not in ("neg", "abs"):
        setattr(Size, f"__r{_name}__", _keeps_unknown(f"__r{_name}__"))


# Stands for a size that is known only as a tensor's value.
UNKNOWN = Size(720720)


def is_unknown(size: int | None) -> bool:
    """Return whether a size stands for one that is not known."""
    return size is None or isinstance(size, Size)


def standardize_shape(shape: Any) -> tuple[Any, ...]:
    """Return a shape as a tuple; an integer is one axis. None and tensors among the sizes stay as they are.

    >>> standardize_shape(3), standardize_shape([2, None])
    ((3,), (2, None))
    """
    if shape.__class__ is not tuple and hasattr(shape, "__index__") and not getattr(shape, "shape", None):
        return (_standardize_size(shape),)
    try:
        return tuple([size if type(size) is int else _standardize_size(size) for size in shape])
    except TypeError:
        raise ShapeError(f"{shape!r} is not a shape", fix="pass an integer or a tuple of integers") from None


def _standardize_size(size: Any) -> Any:
    if size is None or type(size) is int or isinstance(size, Size) or is_symbolic_size(size):
        return size
    if (
        hasattr(size, "shape")
        and not isinstance(getattr(size, "shape", None), property)
        and type(size).__module__ != "numpy"
    ):
        return size  # a scalar tensor: a size the framework will know when it runs
    try:
        return size.__index__()
    except AttributeError:
        if hasattr(size, "__int__") and not isinstance(size, float | complex | str):
            return size  # a symbolic size of the framework's own
        raise ShapeError(f"{size!r} is not a size", fix="sizes are integers") from None


class TensorSpec(TensorOperators):
    """Shape and dtype of a tensor, with no numbers and no backend.

    An op given specs returns the specs of its results. `None` is a size that is not known.

    Args:
        shape: the sizes.
        dtype: a dtype or its name; None is `config.floatx()`. "string" stands for what layers of strings take; no op
            takes it.

    >>> from kcore_ops import matmul
    >>> matmul(TensorSpec((None, 3)), TensorSpec((3, 5), "float16"))
    TensorSpec((None, 5), float32)
    """

    __slots__ = ("_keras_mask", "dtype", "shape")

    dtype: str
    shape: tuple[Any, ...]
    _keras_mask: Any

    def __init__(self, shape: int | Sequence[int | None], dtype: Any = None) -> None:
        self.shape = standardize_shape(shape)
        self.dtype = STRING if is_string_dtype(dtype) else standardize_dtype(dtype)
        for size in self.shape:
            if type(size) is int and size < 0:
                raise ShapeError(f"a shape has no negative sizes: {self.shape}", fix="use None for a size not known")

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements; a `Size` if one of the sizes is."""
        count = 1
        for size in self.shape:
            count = size * count
        return count

    def with_dtype(self, dtype: str) -> TensorSpec:
        """Return the same shape with another dtype."""
        return self if dtype == self.dtype else TensorSpec(self.shape, dtype)

    def __repr__(self) -> str:
        return f"TensorSpec({self.shape}, {self.dtype})"

    def __eq__(self, other: Any) -> Any:
        if isinstance(other, TensorSpec):
            return self.shape == other.shape and self.dtype == other.dtype
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))


def spec_of_checked(shape: tuple[Any, ...], dtype: str) -> TensorSpec:
    """Return the spec of a shape and the name of a dtype that are known to be ones, in half of the time."""
    spec = TensorSpec.__new__(TensorSpec)
    spec.shape, spec.dtype = shape, dtype
    return spec
