"""All that a training run is, as one tree of plain data, and the run brought back to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kcore_layers.files.weight_paths import find_optimizers
from kcore_ops import Variable
from kcore_ops.foundation.errors import ArgumentError, KcoreError

from kcore_train.data.random_state import random_state

if TYPE_CHECKING:
    from kcore_train.loop.run import TrainingRun

__all__ = ["restore", "state_of"]


def state_of(run: TrainingRun) -> dict[str, Any]:
    """Return the state of a run: variables as they are, to be read soon, and plain data.

    Args:
        run: the run, between two steps.
    """
    model = run.model
    return {
        "epoch": run.epoch,
        "position": run.position,
        "steps_before": run.steps_before,
        "is_in_epoch": run.is_in_epoch,
        "is_stopped": run.is_stopped,
        "logs": dict(run.logs),
        "trainable": [(layer.path, layer._kcore_trainable) for layer in model._kcore_sublayers()],
        "trained": _trained(run),
        "variables": {name: [(v.path, v) for v in variables] for name, variables in _groups(run).items()},
        "data": [data.state() for data in run.data],
        "callbacks": run.callbacks.get_state(),
        "random": random_state(),
    }


def restore(run: TrainingRun, state: Mapping[str, Any]) -> None:
    """Bring a run back to a state: the model, its optimizers and metrics, the data and callbacks.

    Args:
        run: the run.
        state: what `state_of` returned, with arrays for variables.

    Raises:
        ArgumentError: if the state is that of another model or other data, naming what differs; then nothing has
            changed, but that optimizers may have slots for more variables.
    """
    layers = list(run.model._kcore_sublayers())
    try:
        _check_paths("layers", [layer.path for layer in layers], [path for path, _ in state["trainable"]])
        _build_optimizers(run, state["trained"])
        groups = _groups(run)
        if list(groups) != list(state["variables"]):
            raise ArgumentError(f"it has {', '.join(state['variables'])}, and this one {', '.join(groups)}")
        for name, variables in groups.items():
            _check_variables(name, variables, state["variables"][name])
        if len(state["data"]) != len(run.data):
            raise ArgumentError("one of the two has validation data, and the other has none")
    except KcoreError as error:
        raise ArgumentError(
            f"the state is that of another run: {error.problem}",
            fix="train with the model and data it was written with, or remove the file to begin anew",
        ) from error
    for layer, (_, trainable) in zip(layers, state["trainable"], strict=True):
        if layer._kcore_trainable != trainable:
            layer.trainable = trainable
    for name, variables in groups.items():
        for variable, (_, value) in zip(variables, state["variables"][name], strict=True):
            variable.assign(value)
    for data, place in zip(run.data, state["data"], strict=True):
        is_under_way = data is run.data[0] and state["is_in_epoch"]
        data.restore(place, state["position"] if is_under_way else None)
    run.callbacks.set_state(state["callbacks"])
    run.logs = dict(state["logs"])
    run.is_stopped = state["is_stopped"]


def _optimizers(run: TrainingRun) -> list[Any]:
    """Return the optimizers of the model, those in its attributes among them."""
    own = run.steps.setup.optimizer
    found = [optimizer for optimizer in find_optimizers(run.model) if optimizer is not own]
    return found if own is None else [own, *found]


def _groups(run: TrainingRun) -> dict[str, list[Variable]]:
    """Return all variables of a run, each in one group."""
    model = run.model
    optimizers = {f"optimizer {i}": list(each.variables) for i, each in enumerate(_optimizers(run))}
    groups = {"model": list(model.variables), "metrics": list(model.metrics_variables), **optimizers}
    seen: set[int] = set()
    for name, variables in groups.items():
        groups[name] = [v for v in variables if id(v) not in seen]
        seen.update(map(id, groups[name]))
    return groups


def _trained(run: TrainingRun) -> list[list[int]]:
    """Return for each optimizer the numbers, among the model's variables, of those that it was built for, in order."""
    numbers = {id(v): i for i, v in enumerate(run.model.variables)}
    found = [each._trainable_variables for each in _optimizers(run)]
    foreign = [v.path for trained in found for v in trained if id(v) not in numbers]
    if foreign:
        raise ArgumentError(
            f"an optimizer trains {', '.join(foreign[:5])}, which the model does not hold, and its state would lack",
            fix="keep what is trained in attributes of the model",
        ).at("state of the training run")
    return [[numbers[id(v)] for v in trained] for trained in found]


def _build_optimizers(run: TrainingRun, trained: list[list[int]]) -> None:
    """Let optimizers have slots for the variables, in the order, that they had been built for."""
    optimizers, variables = _optimizers(run), run.model.variables
    if len(optimizers) != len(trained):
        raise ArgumentError(f"it had {len(trained)} optimizers, and this one has {len(optimizers)}")
    for optimizer, numbers in zip(optimizers, trained, strict=True):
        optimizer.build([variables[i] for i in numbers])


def _check_paths(what: str, ours: Sequence[str], theirs: Sequence[str]) -> None:
    """Compare paths but for the numbers that names were given to differ from those of other objects."""
    if len(ours) != len(theirs):
        raise ArgumentError(f"it has {len(theirs)} {what}, and this one {len(ours)}")
    for own, other in zip(ours, theirs, strict=True):
        if _NUMBER.sub("", own) != _NUMBER.sub("", other):
            raise ArgumentError(f"of its {what} it has {other!r} where this one has {own!r}")


_NUMBER = re.compile(r"_\d+(?=[/_]|$)")


def _check_variables(group: str, ours: Sequence[Variable], theirs: Sequence[tuple[str, Any]]) -> None:
    _check_paths(f"variables of {group}", [v.path for v in ours], [path for path, _ in theirs])
    for variable, (path, value) in zip(ours, theirs, strict=True):
        if tuple(value.shape) != variable.shape:
            raise ArgumentError(f"{path} has shape {tuple(value.shape)}, and {variable.path} {variable.shape}")
