"""`SimpleRNN` and its cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor, Tree

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.layers.rnn.recurrent_cell import RecurrentCell
from kcore_layers.layers.rnn.rnn import RNN, LoopOptions, of_cell
from kcore_layers.options import regularizers
from kcore_layers.options.argument_types import (
    ActivationLike,
    ConstraintLike,
    InitializerLike,
    LayerOptions,
    RegularizerLike,
    Shape,
)
from kcore_layers.options.weight_options import known_size, options_of
from kcore_layers.serialization.registry import builtin

__all__ = ["SimpleRNN", "SimpleRNNCell"]

_OPTIONS = (
    "units", "activation", "use_bias", "kernel_initializer", "recurrent_initializer", "bias_initializer",
    "kernel_regularizer", "recurrent_regularizer", "bias_regularizer", "kernel_constraint",
    "recurrent_constraint", "bias_constraint", "dropout", "recurrent_dropout", "seed",
)  # fmt: skip


@builtin("keras.layers")
class SimpleRNNCell(RecurrentCell):
    """Run one step of a recurrent network: `activation(x @ kernel + h @ recurrent_kernel + bias)`.

    Shapes: the input is `(batch, n)`, the output and each state `(batch, units)`.

    Args:
        units: int, size of the output and of the state.
        activation: function of the output, its name or config; tanh. None is the identity.
        use_bias: bool, whether a bias is added; True.
        kernel_initializer: initializer, its name or config, of the `(n, units)` kernel of the inputs; Glorot uniform.
        recurrent_initializer: initializer, its name or config, of the `(units, units)` kernel of the hidden state;
            orthogonal.
        bias_initializer: initializer, its name or config, of the `(units,)` bias; zeros.
        kernel_regularizer: regularizer, its name or config, of the kernel of the inputs; None adds no penalty.
        recurrent_regularizer: regularizer, its name or config, of the kernel of the hidden state; None adds no penalty.
        bias_regularizer: regularizer, its name or config, of the bias; None adds no penalty.
        kernel_constraint: constraint, its name or config, of the kernel of the inputs after each update; None sets
            none.
        recurrent_constraint: constraint, its name or config, of the kernel of the hidden state after each update; None
            sets none.
        bias_constraint: constraint, its name or config, of the bias after each update; None sets none.
        dropout: float from 0 to 1, the fraction of the inputs set to zero in training, the same ones at all steps; 0.
        recurrent_dropout: float from 0 to 1, the fraction of the hidden state set to zero where it is multiplied, the
            same at all steps; 0.
        seed: int, the seed of the dropout masks; None draws one.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `units` is not a positive integer, or a rate no fraction.

    Source: Elman (1990), doi:10.1207/s15516709cog1402_1.

    >>> cell = SimpleRNNCell(1, kernel_initializer="ones", activation=None)
    >>> cell(np.ones((1, 2), "float32"), cell.get_initial_state(1))[0]
    array([[2.]], dtype=float32)
    """

    num_states = 1
    option_names = _OPTIONS

    def __init__(
        self,
        units: int,
        activation: ActivationLike = "tanh",
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        recurrent_initializer: InitializerLike = "orthogonal",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        recurrent_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        recurrent_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        options = dict(
            activation=activation,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
        )
        super().__init__(units, dropout, recurrent_dropout, seed, options, **kwargs)
        self.use_bias = use_bias

    def build(self, input_shape: Shape) -> None:
        """Make kernels and bias for inputs of a shape.

        Args:
            input_shape: sizes of the inputs, the batch included; None for one that is not known.
        """
        size = known_size(input_shape)
        self.kernel = self.add_weight(shape=(size, self.units), **options_of(self, "kernel"))
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, self.units), **{**options_of(self, "recurrent"), "name": "recurrent_kernel"}
        )
        self.bias = self.add_weight(shape=(self.units,), **options_of(self, "bias")) if self.use_bias else None

    def project(self, x: Tensor) -> Tensor:
        """Return `x @ kernel + bias`.

        Args:
            x: tensor `(..., n)`, the inputs of a step or of all.
        """
        x = ops.matmul(x, self.kernel)
        return x if self.bias is None else ops.add(x, self.bias)

    def step(
        self, projected: Tensor, states: Sequence[Tensor], mask: Tensor | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Return output and state after a step, from the projected inputs.

        Args:
            projected: tensor, as `project` returns it, for one step.
            states: list of tensors `(batch, units)`.
            mask: tensor `(batch, units)` that multiplies the hidden state; None, no dropout.
        """
        h = states[0] if mask is None else ops.multiply(states[0], mask)
        h = self.activation(ops.add(projected, ops.matmul(h, self.recurrent_kernel)))
        return h, [h]

    def call(self, sequence: Tensor, states: Tree, training: bool | None = False) -> tuple[Tensor, Tree]:
        """Return output and state after a step.

        Args:
            sequence: tensor `(batch, n)`, the inputs of the step.
            states: list of the states, `(batch, units)` each.
            training: bool, whether there is dropout; False.
        """
        return self.run_step(sequence, states, training)


@builtin("keras.layers")
class SimpleRNN(RNN):
    """Run a recurrent network over sequences: `activation(x @ kernel + h @ recurrent_kernel + bias)` at each step.

    Shapes: the input is `(batch, time, n)`, a mask `(batch, time)`; the output is `(batch, units)`, or `(batch, time,
    units)` with `return_sequences`; with `return_state`, a tuple of it and the last state, `(batch, units)`.
    Where the mask is False a step changes nothing.

    Args:
        units: int, size of the output and of the state.
        activation: function of the output, its name or config; tanh. None is the identity.
        use_bias: bool, whether a bias is added; True.
        kernel_initializer: initializer, its name or config, of the `(n, units)` kernel of the inputs; Glorot uniform.
        recurrent_initializer: initializer, its name or config, of the `(units, units)` kernel of the hidden state;
            orthogonal.
        bias_initializer: initializer, its name or config, of the `(units,)` bias; zeros.
        kernel_regularizer: regularizer, its name or config, of the kernel of the inputs; None adds no penalty.
        recurrent_regularizer: regularizer, its name or config, of the kernel of the hidden state; None adds no penalty.
        bias_regularizer: regularizer, its name or config, of the bias; None adds no penalty.
        activity_regularizer: regularizer, its name or config, of the output; None adds no penalty.
        kernel_constraint: constraint, its name or config, of the kernel of the inputs after each update; None sets
            none.
        recurrent_constraint: constraint, its name or config, of the kernel of the hidden state after each update; None
            sets none.
        bias_constraint: constraint, its name or config, of the bias after each update; None sets none.
        dropout: float from 0 to 1, the fraction of the inputs set to zero in training, the same ones at all steps; 0.
        recurrent_dropout: float from 0 to 1, the fraction of the hidden state set to zero where it is multiplied, the
            same at all steps; 0.
        return_sequences: bool, whether to return the outputs of all steps, rather than that of the last; False.
        return_state: bool, whether to return the last states too; False.
        go_backwards: bool, whether to begin with the last step; outputs are in the order they are computed in; False.
        stateful: bool, whether a batch begins with the states that the one before ended with; False.
        unroll: bool, whether to write out the loop: faster to run for short sequences, slower to compile; False.
        seed: int, the seed of the dropout masks; None draws one.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them; `zero_output_for_mask`, as `RNN`
            takes it.

    Raises:
        ArgumentError: if `units` is not a positive integer, or a rate no fraction.
        ShapeError: when called, if the input has not three axes, or a state does not fit.

    Source: Elman (1990), doi:10.1207/s15516709cog1402_1.

    >>> SimpleRNN(1, "linear", kernel_initializer="ones", recurrent_initializer="ones")(np.ones((1, 3, 1), "float32"))
    array([[3.]], dtype=float32)
    """

    units = of_cell("units")
    activation = of_cell("activation")
    use_bias = of_cell("use_bias")
    kernel_initializer = of_cell("kernel_initializer")
    recurrent_initializer = of_cell("recurrent_initializer")
    bias_initializer = of_cell("bias_initializer")
    kernel_regularizer = of_cell("kernel_regularizer")
    recurrent_regularizer = of_cell("recurrent_regularizer")
    bias_regularizer = of_cell("bias_regularizer")
    kernel_constraint = of_cell("kernel_constraint")
    recurrent_constraint = of_cell("recurrent_constraint")
    bias_constraint = of_cell("bias_constraint")
    dropout = of_cell("dropout")
    recurrent_dropout = of_cell("recurrent_dropout")

    def __init__(
        self,
        units: int,
        activation: ActivationLike = "tanh",
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        recurrent_initializer: InitializerLike = "orthogonal",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        recurrent_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        recurrent_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Unpack[LoopOptions],
    ) -> None:
        cell = SimpleRNNCell(
            units=units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            name="simple_rnn_cell",
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
        )
        super().__init__(
            cell,
            return_sequences,
            return_state,
            go_backwards,
            stateful,
            unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.input_spec = InputSpec(ndim=3)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        of_layer = Layer.get_config(self)
        regularizer = {"activity_regularizer": regularizers.serialize(self.activity_regularizer)}
        return {**self.cell.get_config(), **self._loop_config(), **regularizer, **of_layer}
