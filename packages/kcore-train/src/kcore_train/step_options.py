"""What a compiled step has read in Python and holds as constants: the options of layers, optimizer, losses, metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from kcore_layers import Layer
from kcore_ops import Variable

if TYPE_CHECKING:
    from kcore_train.trainer import Trainer

__all__ = ["options_of"]

_PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None)})
# What callbacks and the loops set, and no step reads.
_NO_OPTIONS = frozenset(
    f"{prefix}{name}" for prefix in ("", "_") for name in ("history", "stop_evaluating", "stop_predicting",
                                                           "stop_training")
)  # fmt: skip
_MOST_ITEMS = 100
_DEEPEST = 4


class _Same:
    """Compares by identity, and keeps what it stands for, so that nothing else takes its place in memory."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value

    __hash__ = None  # type: ignore[assignment]


def options_of(trainer: Trainer) -> Any:
    """Give something that equals what it was before, unless an option was set to another value since.

    Options are attributes that are numbers, strings, functions, arrays of NumPy's, containers of these, and objects
    with a config: activations, schedules, regularizers. What a call leaves behind on its layer, tensors, is none.
    """
    model, optimizer = trainer.model, trainer.optimizer
    parts = [*model._kcore_sublayers(), optimizer, trainer.losses, *model.metrics]
    return (
        [_options(part, 0) for part in parts],
        [id(v) for v in getattr(optimizer, "variables", ())],
        [_of_variable(v) for v in model.variables],
    )


def _of_variable(v: Variable) -> Any:
    if v.regularizer is None and v.constraint is None:
        return v.overwrite_with_gradient
    return v.overwrite_with_gradient, _option(v.regularizer, 0), _option(v.constraint, 0)


def _options(owner: Any, depth: int) -> Any:
    found: dict[str, Any] = {"": owner.__class__}
    for name, value in getattr(owner, "__dict__", {}).items():
        if name not in _NO_OPTIONS and not name.startswith("_kcore_"):
            option = _option(value, depth)
            if option is not None:
                found[name] = option[0]
    if isinstance(owner, Layer):
        found["dtype_policy"] = _option(owner.dtype_policy, depth)
        found["activity_regularizer"] = _option(owner.activity_regularizer, depth)
    return found


def _option(value: Any, depth: int) -> tuple[Any] | None:
    """Give what an option's value is compared by, in a tuple; None for what is no option."""
    if value.__class__ in _PLAIN:
        return (value,)
    if isinstance(value, np.generic):
        return (value.item(),)
    if depth == _DEEPEST or isinstance(value, Layer | Variable):
        return None
    if isinstance(value, list | tuple | set | frozenset | Mapping):
        return _items(value, depth)
    if isinstance(value, np.ndarray):
        return (_Same(value),)
    if hasattr(value, "get_config"):
        return ((_Same(value), _options(value, depth + 1)),)
    return (_Same(value),) if callable(value) and not hasattr(value, "shape") else None


def _items(values: Any, depth: int) -> tuple[Any] | None:
    if len(values) > _MOST_ITEMS:
        return None
    if isinstance(values, set | frozenset):
        return (frozenset(values),) if all(value.__class__ in _PLAIN for value in values) else None
    found = []
    for key, value in values.items() if isinstance(values, Mapping) else enumerate(values):
        option = _option(value, depth + 1)
        if option is None:
            return None
        found.append((key, option[0]))
    return (found,)
