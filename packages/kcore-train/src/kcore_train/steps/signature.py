"""What the function of a step was made for: it is made anew when that is no longer so."""

from __future__ import annotations

from typing import Any, TypeAlias

from kcore_layers.base.tracking import attribute_version, state_version

from kcore_train.optimizers.options import options_version
from kcore_train.steps.options import options_of
from kcore_train.steps.step import TrainingSetup

__all__ = ["StepSignature"]

Version: TypeAlias = tuple[int, int, int]


class StepSignature:
    """What a step depends on beside the data: the variables trained, which layers are, and options.

    Args:
        setup: the model, and what it is trained with.
    """

    def __init__(self, setup: TrainingSetup) -> None:
        self.setup = setup
        self._trained: tuple[int, Any] | None = None

    def version(self) -> Version:
        """Return numbers of which one changes whenever variables, or options that are counted, do."""
        return state_version(), attribute_version(), options_version()

    def current(self, is_compiled: bool) -> tuple[Any, Any]:
        """Return something that equals what it was before, unless a step is to be made anew.

        Args:
            is_compiled: whether options count, which a compiled step holds as constants.
        """
        return self._trained_now(), options_of(self.setup) if is_compiled else None

    def _trained_now(self) -> Any:
        version = state_version()
        if self._trained is None or self._trained[0] != version:
            model = self.setup.model
            described = (
                tuple(id(v) for v in model.trainable_variables),
                tuple(id(v) for v in model.non_trainable_variables),
                tuple(layer.trainable for layer in model._kcore_sublayers()),
            )
            self._trained = (version, described)
        return self._trained[1]
