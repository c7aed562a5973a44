"""Arguments that many layers have: how a weight begins, is regularized and constrained, and which activation follows.

A layer sets them with `set_options`, passes those of one weight on with `options_of`, and gives them back in its config
with `config_of`; what an option is for follows from the end of its name.
"""

from __future__ import annotations

from typing import Any

from kcore_ops.errors import ArgumentError, ShapeError

from kcore_layers import activations, constraints, initializers, regularizers

__all__ = ["checked_count", "config_of", "known_size", "options_of", "set_options"]

_KINDS: dict[str, Any] = {
    "activation": activations,
    "constraint": constraints,
    "initializer": initializers,
    "regularizer": regularizers,
}


def set_options(layer: Any, **options: Any) -> None:
    """Set attributes from options: `kernel_initializer="zeros"` sets an initializer."""
    for name, value in options.items():
        setattr(layer, name, _KINDS[name.rpartition("_")[2]].get(value))


def options_of(layer: Any, weight: str) -> dict[str, Any]:
    """Give the arguments of `add_weight` for the weight of a name."""
    parts = ("initializer", "regularizer", "constraint")
    return {"name": weight, **{part: getattr(layer, f"{weight}_{part}", None) for part in parts}}


def config_of(layer: Any, *names: str) -> dict[str, Any]:
    """Give attributes as plain data, options as the modules that own them write them."""
    config = {}
    for name in names:
        value = getattr(layer, name)
        module = _KINDS.get(name.rpartition("_")[2])
        config[name] = value if module is None or value is None else module.serialize(value)
    return config


def checked_count(layer: Any, name: str, value: Any, least: int = 1) -> int:
    """Give an argument that must be a whole number.

    Raises:
        ArgumentError: if it is not, or less than `least`.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        kind = "a positive integer" if least == 1 else f"an integer of {least} or more"
        raise ArgumentError(f"{name} can not be {value!r}", fix=f"pass {kind}").at(type(layer).__name__)
    return int(value)


def known_size(shape: Any, axis: int = -1) -> int:
    """Give the size of an axis that a weight's shape depends on.

    Raises:
        ShapeError: if the size is not known.
    """
    if not -len(shape) <= axis < len(shape) or shape[axis] is None:
        raise ShapeError(
            f"the input has shape {tuple(shape)}: the size of axis {axis} must be known to make the weights",
            fix="give it, for example in Input(shape=...)",
        )
    return int(shape[axis])
