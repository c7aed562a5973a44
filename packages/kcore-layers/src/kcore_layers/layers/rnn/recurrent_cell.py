"""`RecurrentCell`: what the cells of `SimpleRNN`, `LSTM` and `GRU` share."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.base.layer import Layer
from kcore_layers.options import activations
from kcore_layers.options.weight_options import checked_count, checked_rate, config_of, set_options
from kcore_layers.serialization.registry import original_class
from kcore_ops import TensorSpec
from kcore_ops.random import SeedGenerator

__all__ = ["RecurrentCell", "is_usual"]


class RecurrentCell(Layer):
    """Base of cells whose inputs can be projected for all steps at once.

    A subclass has `project(x)`, what a step takes of its inputs, and `step(projected, states, mask)`, the rest; its
    `call` is the one after the other. A dropout mask is drawn at the first step and kept for the others, until
    `reset_dropout_mask`.

    Args:
        units: size of the output, and of each state.
        dropout: fraction of the inputs set to zero in training.
        recurrent_dropout: fraction of the hidden state set to zero where it is multiplied by the recurrent kernel.
        seed: of the dropout masks.
        options: initializers and the like, by name.
        **kwargs: of `Layer`.
    """

    # Number of states, and names of what `get_config` gives.
    num_states = 1
    option_names: tuple[str, ...] = ()
    state_size: Any
    activation: Any
    recurrent_activation: Any
    bias_initializer: Any

    # Arguments of Keras's that group the same products otherwise, without effect here.
    ignored_names: tuple[str, ...] = ()

    def __init__(
        self, units: int, dropout: float, recurrent_dropout: float, seed: Any, options: dict[str, Any], **kwargs: Any
    ) -> None:
        super().__init__(**{name: value for name, value in kwargs.items() if name not in self.ignored_names})
        self.units = checked_count(self, "units", units)
        set_options(self, **options)
        self.seed = seed
        self.dropout = checked_rate(self, "dropout", dropout)
        self.recurrent_dropout = checked_rate(self, "recurrent_dropout", recurrent_dropout)
        self.seed_generator = SeedGenerator(seed)
        self._kcore_set_untracked("state_size", self.units if self.num_states == 1 else [self.units] * self.num_states)
        self.output_size = self.units
        self.reset_dropout_mask()
        self.reset_recurrent_dropout_mask()

    def project(self, x: Any) -> Any:
        """Give what steps take of their inputs, which are on the last axis."""
        raise NotImplementedError

    def step(self, projected: Any, states: Any, mask: Any = None) -> tuple[Any, list[Any]]:
        """Give output and states after a step; `mask` multiplies the hidden state."""
        raise NotImplementedError

    def run_step(self, inputs: Any, states: Any, training: Any) -> tuple[Any, Any]:
        """Run one step, with dropout in training; a cell of one state that is given it without a list gives it so."""
        if not isinstance(states, list | tuple) and self.num_states == 1:
            output, (state,) = self.run_step(inputs, [states], training)
            return output, state
        if training and self.dropout:
            inputs = ops.multiply(inputs, self.get_dropout_mask(inputs))
        mask = self.get_recurrent_dropout_mask(states[0]) if training and self.recurrent_dropout else None
        return self.step(self.project(inputs), states, mask)

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Give states of zeros for a batch."""
        return [ops.zeros((batch_size, self.units), self.compute_dtype) for _ in range(self.num_states)]

    # Dropout: one mask for all steps of a sequence.

    def get_dropout_mask(self, step_input: Any) -> Any:
        """Give the mask that multiplies the inputs, `(batch, n)`, or None without dropout."""
        return self._mask("_dropout_mask", step_input, self.dropout)

    def get_recurrent_dropout_mask(self, step_input: Any) -> Any:
        """Give the mask that multiplies the hidden state, `(batch, units)`, or None without recurrent dropout."""
        return self._mask("_recurrent_dropout_mask", step_input, self.recurrent_dropout)

    def reset_dropout_mask(self) -> None:
        """Forget the mask of the inputs: the next step draws another."""
        self._kcore_set_untracked("_dropout_mask", None)

    def reset_recurrent_dropout_mask(self) -> None:
        """Forget the mask of the hidden state."""
        self._kcore_set_untracked("_recurrent_dropout_mask", None)

    def _mask(self, name: str, like: Any, rate: float) -> Any:
        mask = self.__dict__[name]
        if mask is None and rate > 0:
            mask = ops.random.dropout(ops.ones_like(like), rate, seed=self.seed_generator)
            if not isinstance(mask, TensorSpec):
                self._kcore_set_untracked(name, mask)
        return mask

    def drop(self, sequences: Any) -> Any:
        """Give sequences with a part of the inputs set to zero, the same ones at all steps."""
        batch, _, size = ops.shape(sequences)
        return ops.random.dropout(sequences, self.dropout, noise_shape=(batch, 1, size), seed=self.seed_generator)

    def start_sequence(self, step_input: Any) -> None:
        """Draw the masks before a loop: what is drawn inside one may not leave it."""
        self.end_sequence()
        self.get_dropout_mask(step_input)
        self.get_recurrent_dropout_mask(self.get_initial_state(ops.shape(step_input)[0])[0])

    def end_sequence(self) -> None:
        """Forget the masks."""
        self.reset_dropout_mask()
        self.reset_recurrent_dropout_mask()

    def can_project(self) -> bool:
        """Say whether `project` and `step` do what `call` does: not in a subclass with a `call` of its own."""
        return _definer(type(self), "call") is _definer(type(self), "step")

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, *self.option_names)}


def _definer(cls: type, name: str) -> type | None:
    return next((each for each in cls.__mro__ if name in each.__dict__), None)


def is_usual(cell: Any, cls: type) -> bool:
    """Say whether a cell is a plain one of a class with the functions that the ops `lstm` and `gru` have."""
    return (
        cell.activation is activations.tanh
        and cell.recurrent_activation is activations.sigmoid
        and original_class(type(cell)) is cls
    )
