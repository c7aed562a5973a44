"""What a compiled step has read in Python and holds as constants: the options of layers, optimizer, losses, metrics."""

from __future__ import annotations

from collections.abc import Mapping
from operator import is_
from typing import Any

import numpy as np
from kcore_layers import InputSpec, Layer
from kcore_layers.options.initializers import Initializer
from kcore_ops import Variable
from kcore_ops.dtype_policies import DTypePolicy
from kcore_ops.ops.random.seeds import SeedGenerator

from kcore_train.steps.step import TrainingSetup

__all__ = ["Watched", "options_of"]

_PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None)})
# What callbacks and the loops set, and no step reads.
_NO_OPTIONS = frozenset(
    f"{prefix}{name}" for prefix in ("", "_") for name in ("history", "stop_evaluating", "stop_predicting",
                                                           "stop_training")
)  # fmt: skip
# What counts its own attributes, or is not read by a step.
_STEADY = (Layer, Variable, Initializer, InputSpec, SeedGenerator, np.ndarray)
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


def options_of(setup: TrainingSetup) -> Any:
    """Return something that equals what it was before, unless an option was set to another value since.

    Options are attributes that are numbers, strings, functions, arrays of NumPy's, containers of these, and objects
    with a config: activations, schedules, regularizers. What a call leaves behind on its layer, tensors, is none.

    Args:
        setup: the model, and what it is trained with.
    """
    model, optimizer = setup.model, setup.optimizer
    parts = [*model._kcore_sublayers(), optimizer, setup.objective.losses, *model.metrics]
    return (
        [_options(part, 0) for part in parts],
        [id(v) for v in getattr(optimizer, "variables", ())],
        [_of_variable(v) for v in model.variables],
    )


class Watched:
    """The objects whose attributes change without anybody being told: losses, metrics, schedules, regularizers.

    Layers and optimizers count the attributes that are set on them. To compare all options takes as long as some steps,
    and is for when one of these objects, or that count, says that something is not what it was.

    Args:
        setup: the model, and what it is trained with.
        uses_objective: whether losses, metrics and the optimizer are among them.
    """

    def __init__(self, setup: TrainingSetup, uses_objective: bool) -> None:
        self._seen: list[tuple[Any, Any]] = []
        self._ids: set[int] = set()
        model, optimizer = setup.model, setup.optimizer
        for layer in model._kcore_sublayers():
            for name, value in vars(layer).items():
                if name == "_kcore_dtype_policy" or not name.startswith("_kcore_"):
                    self._watch(value, 1)
        if uses_objective:
            for each in _optimizers_in(optimizer):
                for value in vars(each).values():
                    if hasattr(value, "get_config"):  # its lists and dicts are of variables
                        self._watch(value, 1)
            for part in (setup.objective.losses, *model.metrics):
                self._watch(part, 0)
        self._variables = [(v, _asked(v)) for v in model.variables]
        for _, (regularizer, constraint, _) in self._variables:
            self._watch(regularizer, 1)
            self._watch(constraint, 1)

    def _watch(self, value: Any, depth: int) -> None:
        if value.__class__ in _PLAIN or id(value) in self._ids or depth > _DEEPEST:
            return
        if isinstance(value, _STEADY) or type(value) is DTypePolicy:
            return
        is_object = depth == 0 or (hasattr(value, "get_config") and hasattr(value, "__dict__"))
        if isinstance(value, dict | list) and len(value) <= _MOST_ITEMS:
            held = value
        elif is_object and not hasattr(value, "apply_gradients"):  # optimizers inside others count for themselves
            held = value.__dict__
        elif isinstance(value, tuple) and len(value) <= _MOST_ITEMS:
            held = list(value)
        else:
            return
        self._ids.add(id(value))
        self._seen.append((held, held.copy()))
        for each in held.values() if isinstance(held, dict) else list(held):
            self._watch(each, depth + 1)

    def is_unchanged(self) -> bool:
        """Return whether all are made of the same objects as when they were first looked at."""
        return all(map(_is_same, self._seen)) and all(all(map(is_, _asked(v), before)) for v, before in self._variables)


def _optimizers_in(optimizer: Any) -> list[Any]:
    """Return an optimizer, which may be None or one of the user's own, and those inside it."""
    if optimizer is None:
        return []
    inside = optimizer.inner_optimizers() if hasattr(optimizer, "inner_optimizers") else {}
    return [optimizer, *(found for each in inside.values() for found in _optimizers_in(each))]


def _is_same(pair: tuple[Any, Any]) -> bool:
    held, before = pair
    if len(held) != len(before):
        return False
    if isinstance(held, dict):
        return all(map(is_, held.values(), before.values())) and held.keys() == before.keys()
    return all(map(is_, held, before))


def _asked(v: Variable) -> tuple[Any, Any, Any]:
    return v.regularizer, v.constraint, v.overwrite_with_gradient


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
    """Return what an option's value is compared by, in a tuple; None for what is no option."""
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
