"""Arguments that many layers have: how a weight begins, is regularized and constrained, and which activation follows.

A layer sets them with `set_options`, passes those of one weight on with `options_of`, and returns them in its config
with `config_of`; what an option is for follows from the end of its name.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, KcoreError, ShapeError

from kcore_layers.options import activations, constraints, initializers, regularizers
from kcore_layers.options.argument_types import Shape

__all__ = ["checked_axes", "checked_axis", "checked_count", "checked_number", "checked_rate", "config_of", "known_size",
           "options_of", "set_options"]  # fmt: skip

_KINDS: dict[str, Any] = {
    "activation": activations,
    "constraint": constraints,
    "initializer": initializers,
    "regularizer": regularizers,
}


def set_options(layer: object, **options: object) -> None:
    """Set attributes from options: `kernel_initializer="zeros"` sets an initializer.

    Args:
        layer: layer that has the options.
        **options: what was passed for each, by name.
    """
    for name, value in options.items():
        setattr(layer, name, _KINDS[name.rpartition("_")[2]].get(value))


def options_of(layer: object, weight: str) -> dict[str, Any]:
    """Return the arguments of `add_weight` for the weight of a name.

    Args:
        layer: layer that has the options.
        weight: string, the name of the weight: "kernel".
    """
    parts = ("initializer", "regularizer", "constraint")
    return {"name": weight, **{part: getattr(layer, f"{weight}_{part}", None) for part in parts}}


def config_of(layer: object, *names: str) -> dict[str, Any]:
    """Return attributes as plain data, options as the modules that own them write them.

    Args:
        layer: layer that has the options.
        *names: strings, the names of the attributes.
    """
    config = {}
    for name in names:
        value = getattr(layer, name)
        module = _KINDS.get(name.rpartition("_")[2])
        config[name] = value if module is None or value is None else module.serialize(value)
    return config


def checked_count(layer: object, name: str, value: Any, least: int = 1) -> int:
    """Return an argument that must be an integer.

    Args:
        layer: layer that the error names.
        name: string, the name of the argument.
        value: what was passed.
        least: int, the least that is allowed; 1.

    Raises:
        ArgumentError: if it is not, or less than `least`.
    """
    is_integer = hasattr(value, "__index__") and not isinstance(value, bool)
    if not is_integer or value < least:
        kind = "a positive integer" if least == 1 else f"an integer of {least} or more"
        raise _refused(layer, name, value, kind, is_integer)
    return int(value)


def checked_number(layer: object, name: str, value: Any, kind: str = "a number", least: float = -math.inf) -> float:
    """Return an argument that must be a number, a NumPy scalar perhaps.

    Args:
        layer: layer that the error names.
        name: string, the name of the argument.
        value: what was passed.
        kind: string, says in the error which numbers are allowed.
        least: float, the least that is allowed; minus infinity.

    Raises:
        ArgumentError: if it is none, or less than `least`.
    """
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not value >= least:
        raise _refused(layer, name, value, kind, is_number)
    return value if isinstance(value, int | float) else float(value)


def checked_rate(layer: object, name: str, value: Any, may_be_one: bool = True) -> float:
    """Return an argument that must be a fraction, from 0 to 1 or to below 1.

    Args:
        layer: layer that the error names.
        name: string, the name of the argument.
        value: what was passed.
        may_be_one: bool, whether 1 is allowed; True.

    Raises:
        ArgumentError: if it is not.
    """
    end = "1" if may_be_one else "below 1"
    kind = f"a fraction from 0 to {end}: 0.2 is a fifth"
    rate = checked_number(layer, name, value, kind, least=0)
    if rate > 1 or (rate == 1 and not may_be_one):
        raise _refused(layer, name, value, kind)
    return float(rate)


def checked_axes(layer: object, name: str, value: Any) -> int | tuple[int, ...]:
    """Return an argument that must be an axis, or several.

    Args:
        layer: layer that the error names.
        name: string, the name of the argument.
        value: what was passed.

    Raises:
        ArgumentError: if it is not.
    """
    axes = tuple(value) if isinstance(value, Sequence) else (value,)
    if any(isinstance(axis, bool) or not hasattr(axis, "__index__") for axis in axes):
        raise _refused(layer, name, value, "an integer, or several", is_of_the_kind=False)
    return tuple(int(axis) for axis in axes) if isinstance(value, Sequence) else int(value)


def checked_axis(layer: object, name: str, value: Any) -> int:
    """Return an argument that must be one axis.

    Args:
        layer: layer that the error names.
        name: string, the name of the argument.
        value: what was passed.

    Raises:
        ArgumentError: if it is not.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise _refused(layer, name, value, "one axis, an integer", is_of_the_kind=False)
    return int(value)


def _refused(layer: Any, name: str, value: Any, kind: str, is_of_the_kind: bool = True) -> KcoreError:
    error = ArgumentError if is_of_the_kind else ArgumentTypeError
    return error(f"{name} can not be {value!r}", fix=f"pass {kind}").at(type(layer).__name__)


def known_size(shape: Shape, axis: int = -1) -> int:
    """Return the size of an axis that a weight's shape depends on.

    Args:
        shape: sizes of the input, None for one that is not known.
        axis: int, the axis; -1, the last.

    Raises:
        ShapeError: if the size is not known.
    """
    size = shape[axis] if -len(shape) <= axis < len(shape) else None
    if size is None:
        raise ShapeError(
            f"the input has shape {tuple(shape)}: the size of axis {axis} must be known to make the weights",
            fix="give it, for example in Input(shape=...)",
        )
    return int(size)
