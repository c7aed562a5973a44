"""`RecurrentCell`: what the cells of `SimpleRNN`, `LSTM` and `GRU` share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops import TensorSpec
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.random import SeedGenerator

from kcore_layers.base.layer import Layer
from kcore_layers.options import activations
from kcore_layers.options.argument_types import DTypeLike, LayerOptions, Shape
from kcore_layers.options.weight_options import checked_count, checked_rate, config_of, set_options
from kcore_layers.serialization.registry import original_class

__all__ = ["RecurrentCell", "is_usual"]


class CellOptions(LayerOptions, total=False):
    """The keywords of `Layer`, and those of Keras's cells that are without effect here."""

    implementation: int


class RecurrentCell(Layer):
    """Base of cells whose inputs can be projected for all steps at once.

    A subclass has `project(x)`, what a step takes of its inputs, and `step(projected, states, mask)`, the rest; its
    `call` is the one after the other. A dropout mask is drawn at the first step and kept for the others, until
    `reset_dropout_mask`.

    Args:
        units: int, size of the output, and of each state.
        dropout: float from 0 to 1, the fraction of the inputs set to zero in training.
        recurrent_dropout: float from 0 to 1, the fraction of the hidden state set to zero where it is multiplied by the
            recurrent kernel.
        seed: int, the seed of the dropout masks; None draws one.
        options: dict of the activations, initializers, regularizers and constraints, by name.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.
    """

    # Number of states, what the argument of their size is called, and names of what `get_config` returns.
    num_states = 1
    units_name = "units"
    option_names: tuple[str, ...] = ()
    state_size: Any
    activation: Any
    recurrent_activation: Any
    bias_initializer: Any

    # Arguments of Keras's that group the same products otherwise, without effect here.
    ignored_names: tuple[str, ...] = ()

    def __init__(
        self,
        units: int,
        dropout: float,
        recurrent_dropout: float,
        seed: int | None,
        options: dict[str, Any],
        **kwargs: Unpack[CellOptions],
    ) -> None:
        of_layer: dict[str, Any] = {name: value for name, value in kwargs.items() if name not in self.ignored_names}
        super().__init__(**of_layer)
        self.units = checked_count(self, self.units_name, units)
        set_options(self, **options)
        self.seed = seed
        self.dropout = checked_rate(self, "dropout", dropout)
        self.recurrent_dropout = checked_rate(self, "recurrent_dropout", recurrent_dropout)
        self.seed_generator = SeedGenerator(seed)
        self._kcore_set_untracked("state_size", self.units if self.num_states == 1 else [self.units] * self.num_states)
        self.output_size = self.units
        self.reset_dropout_mask()
        self.reset_recurrent_dropout_mask()

    def project(self, x: Tensor) -> Tensor:
        """Return what steps take of their inputs, which are on the last axis. Subclasses define this.

        Args:
            x: tensor `(..., n)`, the inputs of a step or of all.
        """
        raise NotImplementedError

    def step(
        self, projected: Tensor, states: Sequence[Tensor], mask: Tensor | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Return output and states after a step. Subclasses define this.

        Args:
            projected: tensor, as `project` returns it, for one step.
            states: list of tensors `(batch, units)`.
            mask: tensor `(batch, units)` that multiplies the hidden state; None, no dropout.
        """
        raise NotImplementedError

    def run_step(self, inputs: Tensor, states: Tree, training: bool | None) -> tuple[Tensor, Tree]:
        """Run one step, with dropout in training.

        Args:
            inputs: tensor `(batch, n)`.
            states: list of tensors `(batch, units)`; one tensor for a cell of one state, which is returned without a
                list then.
            training: bool, whether there is dropout.
        """
        if not isinstance(states, list | tuple) and self.num_states == 1:
            output, (state,) = self.run_step(inputs, [states], training)
            return output, state
        if training and self.dropout:
            inputs = ops.multiply(inputs, self.get_dropout_mask(inputs))
        mask = self.get_recurrent_dropout_mask(states[0]) if training and self.recurrent_dropout else None
        return self.step(self.project(inputs), states, mask)

    def get_initial_state(self, batch_size: int | Tensor | None = None) -> list[Tensor]:
        """Return states of zeros for a batch.

        Args:
            batch_size: int, or a scalar tensor, number of examples.
        """
        return [ops.zeros((batch_size, self.units), self.compute_dtype) for _ in range(self.num_states)]

    def first_bias(self, shape: Shape, dtype: DTypeLike = None) -> Tensor:
        """Return the bias of an LSTM to begin with: ones for the forget gate, which is the second of four.

        Args:
            shape: tuple of one size, four times the units.
            dtype: dtype of the bias; None, that of floats by default.
        """
        first: Any = ops.convert_to_numpy(self.bias_initializer(shape, dtype=dtype)).copy()
        first[self.units : 2 * self.units] = 1
        return ops.convert_to_tensor(first, dtype=dtype)

    # Dropout: one mask for all steps of a sequence.

    def get_dropout_mask(self, step_input: Tensor | None) -> Tensor | None:
        """Return the mask that multiplies the inputs, `(batch, n)`; None without dropout.

        Args:
            step_input: tensor `(batch, n)`, the inputs of a step; None where the mask is drawn already.
        """
        return self._mask("_dropout_mask", step_input, self.dropout)

    def get_recurrent_dropout_mask(self, step_input: Tensor | None) -> Tensor | None:
        """Return the mask that multiplies the hidden state, `(batch, units)`; None without recurrent dropout.

        Args:
            step_input: tensor `(batch, units)`, a state; None where the mask is drawn already.
        """
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

    def drop(self, sequences: Tensor) -> Tensor:
        """Return sequences with a part of the inputs set to zero, the same ones at all steps.

        Args:
            sequences: tensor `(batch, time, n)`.
        """
        batch, _, size = ops.shape(sequences)
        return ops.random.dropout(sequences, self.dropout, noise_shape=(batch, 1, size), seed=self.seed_generator)

    def start_sequence(self, step_input: Tensor) -> None:
        """Draw the masks before a loop: what is drawn inside one may not leave it.

        Args:
            step_input: tensor `(batch, n)`, the inputs of a step.
        """
        self.end_sequence()
        self.get_dropout_mask(step_input)
        self.get_recurrent_dropout_mask(self.get_initial_state(ops.shape(step_input)[0])[0])

    def end_sequence(self) -> None:
        """Forget the masks."""
        self.reset_dropout_mask()
        self.reset_recurrent_dropout_mask()

    def can_project(self) -> bool:
        """Return whether `project` and `step` do what `call` does: not in a subclass with a `call` of its own."""
        return _definer(type(self), "call") is _definer(type(self), "step")

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, *self.option_names)}


def _definer(cls: type, name: str) -> type | None:
    return next((each for each in cls.__mro__ if name in each.__dict__), None)


def is_usual(cell: Any, cls: type) -> bool:
    """Return whether a cell is a plain one of a class with the functions that the ops `lstm` and `gru` have.

    Args:
        cell: cell with two activations.
        cls: class, `LSTMCell` or `GRUCell`.
    """
    return (
        cell.activation is activations.tanh
        and cell.recurrent_activation is activations.sigmoid
        and original_class(type(cell)) is cls
    )
