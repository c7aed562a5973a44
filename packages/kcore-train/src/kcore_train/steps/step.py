"""What a step is: the protocol of steps, and what they are made of.

On a backend whose variables are changed in place a step runs the model as it is: `(data) -> results`. On any other a
step is a function `(state, data) -> (results, state)`, of which the framework takes gradients and which it compiles;
`value_and_grad` and `jit` are all it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, TypeAlias

from kcore_layers import Model
from kcore_ops.backends.interface import Backend
from kcore_ops.engine.op import Tensor

from kcore_train.data import Batch
from kcore_train.objective.objective import Objective

__all__ = ["Kind", "StepFunction", "StepRecord", "Steps", "TrainingSetup", "own_step"]

Kind: TypeAlias = Literal["train", "test", "predict"]

# Works through a sequence of batches in one call. It returns None where the results stand in the metrics, or what the
# model's own step returned for the last batch; one that predicts returns a list of the outputs for each.
StepFunction: TypeAlias = Callable[[Sequence[Batch]], Any]


class TrainingSetup(Protocol):
    """What the steps of a model are made of.

    Attributes:
        model: the model.
        objective: its loss and metrics.
        optimizer: its optimizer, or None.
        run_eagerly: whether steps run uncompiled.
        jit_compile: whether steps are compiled; "auto" leaves it to the backend.
        steps_per_execution: how many batches one call works through.
    """

    model: Model
    objective: Objective
    optimizer: Any
    run_eagerly: bool
    jit_compile: bool | Literal["auto"]
    steps_per_execution: int

    @property
    def backend(self) -> Backend:
        """The model's backend."""


class StepRecord(Protocol):
    """What the maker of a step's function tells whoever keeps the function.

    Attributes:
        is_compiled: whether the function holds what it read in Python when it was traced.
        was_traced: whether it has been since `record` was called.
    """

    is_compiled: bool
    was_traced: bool

    def record(self) -> None:
        """Record what the function was made for. Changes that its own tracing makes, as a layer that counts its calls
        does, are called no changes by recording once more after it.
        """


class Steps(Protocol):
    """The steps of a model on backends of one kind."""

    def take(self, kind: Kind, *args: Any) -> Any:
        """Take the step that a model takes which defines none of its own, with the results where there are any.

        Args:
            kind: which step.
            *args: `(data)` or, where the step is a function of the state, `(state, data)`.
        """

    def make(self, kind: Kind, record: StepRecord) -> StepFunction:
        """Return the function of a step, compiled where that is asked for.

        Args:
            kind: which step.
            record: is told whether the function is compiled, and when it is traced.
        """

    def make_results(self, record: StepRecord) -> Callable[[], dict[str, Tensor]]:
        """Return the function that returns the results of the metrics, compiled where steps are.

        Args:
            record: is told whether the function is compiled.
        """


def own_step(model: Model, kind: Kind) -> Callable[..., Any] | None:
    """Return the step that the model's class defines, or None.

    Args:
        model: the model.
        kind: which step.
    """
    name = f"{kind}_step"
    if getattr(type(model), name) is not getattr(Model, name):
        return getattr(model, name)  # type: ignore[no-any-return]
    return None
