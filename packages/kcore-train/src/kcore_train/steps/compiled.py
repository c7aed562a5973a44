"""The compiled steps of a model: batches in, results out, the model's variables brought up to date."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kcore_ops.engine.op import Tensor

from kcore_train.steps.options import Watched
from kcore_train.steps.signature import StepSignature, Version
from kcore_train.steps.step import Kind, StepFunction, Steps, TrainingSetup

__all__ = ["CompiledSteps"]


class CompiledSteps:
    """Makes each step's function when it is first wanted, and again when the model or an option has changed.

    Args:
        setup: the model, and what it is trained with.
        steps: what makes the functions.
    """

    def __init__(self, setup: TrainingSetup, steps: Steps) -> None:
        self.setup = setup
        self.steps = steps
        self._signature = StepSignature(setup)
        self._made: dict[Kind, _Compiled] = {}
        self._made_results: _Compiled | None = None
        # The metrics that the function of results is for.
        self._metrics: tuple[int, ...] = ()

    def forget(self) -> None:
        """Make all anew when they are next wanted."""
        self._made.clear()
        self._made_results = None

    def look_again(self) -> None:
        """Compare all options with those that functions were made for, also where no version tells of a change."""
        for made in self._made.values():
            made.is_checked = False
        if self._made_results is not None:
            self._made_results.is_checked = False

    def get(self, kind: Kind, force: bool = False) -> StepFunction:
        """Return the function of a step.

        Args:
            kind: which step.
            force: whether it is made anew in any case.
        """
        made = self._made.get(kind)
        if made is None or force or not made.is_current():
            if kind == "train" and self.setup.optimizer is not None and self.setup.model.built:
                # A layer may have been unfrozen, whose variables have no slots yet.
                self.setup.optimizer.build(self.setup.model.trainable_variables)
            made = _Compiled(self._signature, uses_objective=kind != "predict")
            made.function = self.steps.make(kind, made)
            made.record()
            self._made[kind] = made
        return made.function

    def results(self) -> dict[str, Tensor]:
        """Return the results of the metrics now, in one compiled call where the backend compiles."""
        metrics = tuple(id(metric) for metric in self.setup.model.metrics)
        made = self._made_results
        if made is None or self._metrics != metrics or not made.is_current():
            made = _Compiled(self._signature, uses_objective=True)
            made.function = self.steps.make_results(made)
            made.record()
            self._made_results, self._metrics = made, metrics
        found: dict[str, Tensor] = made.function()
        return found


class _Compiled:
    """A function and what it was made for.

    Args:
        signature: of the model's steps.
        uses_objective: whether losses, metrics and the optimizer have a part in it.

    Attributes:
        function: the function.
        is_compiled: whether it holds what it read in Python when it was traced.
        was_traced: whether it has been since `record` was called.
        is_checked: whether the objects that no version tells of were looked at since somebody asked to.
    """

    function: Callable[..., Any]

    def __init__(self, signature: StepSignature, uses_objective: bool) -> None:
        self._signature = signature
        self._uses_objective = uses_objective
        self.is_compiled = False
        self.was_traced = False
        self.is_checked = True
        self._made_for: Any = None
        self._version: Version | None = None
        self._watched: Watched | None = None

    def record(self) -> None:
        """Record what the function was made for: the variables and options as they are now."""
        signature = self._signature
        self._made_for, self._version = signature.current(self.is_compiled), signature.version()
        self._watched = Watched(signature.setup, self._uses_objective) if self.is_compiled else None
        self.was_traced, self.is_checked = False, True

    def is_current(self) -> bool:
        """Return whether the function was made for the variables and options as they are now."""
        version = self._signature.version()
        is_same = self._version == version
        if is_same and not self.is_checked:
            is_same = self._watched is None or self._watched.is_unchanged()
        if not is_same:
            if self._made_for != self._signature.current(self.is_compiled):
                return False
            self.record()
        self._version, self.is_checked = version, True
        return True
