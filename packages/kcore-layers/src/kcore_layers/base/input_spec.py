"""`InputSpec`: what a layer asks of the shape and dtype of an input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from kcore_ops import tree
from kcore_ops.engine.op import Tree
from kcore_ops.foundation.errors import ArgumentTypeError, ShapeError
from kcore_ops.specs.spec import standardize_shape

from kcore_layers.options.argument_types import DTypeLike, Shape

__all__ = ["InputSpec", "check_inputs", "several_given"]


class InputSpec:
    """Rank, sizes and dtype that a layer's input must have; what is None is not checked.

    Args:
        dtype: dtype or its name, kept for readers: layers cast their inputs. None by default.
        shape: tuple of sizes, None where any is fine; None, the default, if any shape is.
        ndim: int, the number of axes, exactly; None, the default, if any is fine.
        max_ndim: int, the largest number of axes; None, the default, if there is none.
        min_ndim: int, the smallest number of axes; None, the default, if there is none.
        axes: dict from the index of an axis to the size it must have; None, the default, is {}.
        allow_last_axis_squeeze: bool, whether a last axis of size 1 may be missing or extra; False by default.
        name: str, the name of the input that this is for; None by default.
        optional: bool, whether the input may be None; False by default.

    >>> InputSpec(min_ndim=2, axes={-1: 8}).fault((None, 7))
    'axis -1 must have size 8 and has size 7'
    """

    def __init__(
        self,
        dtype: DTypeLike = None,
        shape: Shape | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = dtype
        self.shape = None if shape is None else standardize_shape(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional
        self._sizes = tuple((axis, size) for axis, size in self.axes.items() if size is not None)
        if self.shape is not None:
            self._sizes += tuple((axis, size) for axis, size in enumerate(self.shape) if size is not None)

    def fault(self, shape: Sequence[Any]) -> str | None:
        """Return what is wrong with a shape, or None if nothing is.

        Args:
            shape: sizes; those that are not known are no integers, and fit.
        """
        ndim = len(shape)
        if self.allow_last_axis_squeeze and self.shape is not None:
            if ndim == self.ndim + 1 and shape[-1] == 1:  # type: ignore[operator]
                return self.fault(shape[:-1])
            if ndim + 1 == self.ndim and self.shape[-1] == 1:
                return self.fault((*shape, 1))
        if self.ndim is not None and ndim != self.ndim:
            return f"it must have {self.ndim} axes and has {ndim}"
        if self.min_ndim is not None and ndim < self.min_ndim:
            return f"it must have at least {self.min_ndim} axes and has {ndim}"
        if self.max_ndim is not None and ndim > self.max_ndim:
            return f"it must have at most {self.max_ndim} axes and has {ndim}"
        for axis, size in self._sizes:
            if not -ndim <= axis < ndim:
                return f"it must have an axis {axis} of size {size} and has {ndim} axes"
            actual = shape[axis]
            if actual != size and type(actual) is int:
                return f"axis {axis} must have size {size} and has size {actual}"
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """Return one made of what `get_config` returned.

        Args:
            config: dict of arguments of the class by name.
        """
        return cls(**config)

    def __repr__(self) -> str:
        said = {name: value for name, value in self.get_config().items() if value}
        return f"InputSpec({', '.join(f'{name}={value}' for name, value in said.items())})"


# One, or one for each input.
InputSpecs: TypeAlias = InputSpec | Sequence["InputSpec | None"] | Mapping[str, InputSpec]


def check_inputs(specs: InputSpecs, inputs: Tree) -> None:
    """Raise an error if inputs do not fit their specs.

    Args:
        specs: one `InputSpec`, or as many as there are inputs, in a list, tuple or dict by name.
        inputs: a tensor, or a tree of them.

    Raises:
        ShapeError: if an input does not fit, or there are too few or too many.
    """
    if isinstance(specs, Mapping) and isinstance(inputs, Mapping):
        missing = sorted(set(specs) - set(inputs))
        if missing:
            raise ShapeError(f"input {', '.join(map(repr, missing))} is missing", fix=f"pass {', '.join(missing)}")
        pairs = [(specs[name], inputs[name], f"input {name!r}") for name in specs]
    else:
        wanted, given = tree.flatten(specs), tree.flatten(inputs)
        if len(wanted) != len(given):
            raise ShapeError(
                f"{len(wanted)} inputs are needed and {len(given)} were given", fix="pass one tensor for each input"
            )
        names = ["the input"] if len(wanted) == 1 else [f"input {i}" for i in range(len(wanted))]
        pairs = list(zip(wanted, given, names, strict=True))
    for spec, x, name in pairs:
        if spec is None or (x is None and spec.optional):
            continue
        if not hasattr(x, "shape"):
            raise ShapeError(f"{name} is a {type(x).__name__}, not a tensor", fix="pass a tensor or an array")
        fault = spec.fault(x.shape)
        if fault:
            shape = tuple(size if type(size) is int else None for size in x.shape)
            raise ShapeError(f"{name} has shape {shape}: {fault}", fix=_fix(spec, shape))


def several_given(inputs: Tree, what: str) -> ArgumentTypeError:
    """Return the error for a list, tuple or dict where one tensor is taken.

    Args:
        inputs: what was given.
        what: what takes one tensor.
    """
    kind, count = type(inputs).__name__, len(inputs)
    one = f"x[{next(iter(inputs))!r}]" if isinstance(inputs, dict) and inputs else "x[0]"
    return ArgumentTypeError(
        f"{what} takes one tensor and was given a {kind} of {count}",
        fix=f"pass {one}, or np.asarray(x) where these are numbers",
    )


def _fix(spec: InputSpec, shape: tuple[Any, ...]) -> str:
    if spec.shape is not None:
        return f"pass a tensor of shape {spec.shape}"
    ndim = spec.ndim or spec.min_ndim
    if ndim is not None and len(shape) == ndim - 1:
        return "add an axis, for example with ops.expand_dims(x, 0) for the batch"
    sizes = ", ".join(f"{size} at axis {axis}" for axis, size in spec.axes.items() if size is not None)
    rank = f"{spec.ndim} axes" if spec.ndim else f"at least {spec.min_ndim} axes" if spec.min_ndim else ""
    return f"pass a tensor with {' and '.join(part for part in (rank, sizes) if part)}"
