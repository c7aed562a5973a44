"""`LSTM` and its cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.ops.nn.recurrent import lstm_step

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.layers.rnn.recurrent_cell import CellOptions, RecurrentCell, is_usual
from kcore_layers.layers.rnn.rnn import RNN, RecurrentOptions, checked_use_cudnn, of_cell
from kcore_layers.options import regularizers
from kcore_layers.options.argument_types import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike, Shape
from kcore_layers.options.weight_options import known_size, options_of
from kcore_layers.serialization.registry import builtin

__all__ = ["LSTM", "LSTMCell"]

_OPTIONS = (
    "units", "activation", "recurrent_activation", "use_bias", "kernel_initializer", "recurrent_initializer",
    "bias_initializer", "unit_forget_bias", "kernel_regularizer", "recurrent_regularizer", "bias_regularizer",
    "kernel_constraint", "recurrent_constraint", "bias_constraint", "dropout", "recurrent_dropout", "seed",
)  # fmt: skip


@builtin("keras.layers")
class LSTMCell(RecurrentCell):
    """Run one step of a long short-term memory; see the op `lstm` for the formulas. The states are the hidden and the
    cell's.

    Shapes: the input is `(batch, n)`, the output and each state `(batch, units)`.

    Args:
        units: int, size of the output and of both states.
        activation: function of the candidate and of the cell state, its name or config; tanh. None is the identity.
        recurrent_activation: function of the gates, its name or config; sigmoid. None is the identity.
        use_bias: bool, whether a bias is added; True.
        kernel_initializer: initializer, its name or config, of the `(n, 4 * units)` kernel of the inputs; Glorot
            uniform.
        recurrent_initializer: initializer, its name or config, of the `(units, 4 * units)` kernel of the hidden state;
            orthogonal.
        bias_initializer: initializer, its name or config, of the `(4 * units,)` bias; zeros.
        unit_forget_bias: bool, whether the bias of the forget gate begins at one; True.
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
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them; and
            `implementation`, without effect.

    Raises:
        ArgumentError: if `units` is not a positive integer, or a rate no fraction.

    Source: Hochreiter & Schmidhuber (1997), doi:10.1162/neco.1997.9.8.1735.

    >>> cell = LSTMCell(1, kernel_initializer="ones")
    >>> cell(np.ones((1, 2), "float32"), cell.get_initial_state(1))[0].round(3)
    array([[0.608]], dtype=float32)
    """

    num_states = 2
    option_names = _OPTIONS
    ignored_names = ("implementation",)

    def __init__(
        self,
        units: int,
        activation: ActivationLike = "tanh",
        recurrent_activation: ActivationLike = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        recurrent_initializer: InitializerLike = "orthogonal",
        bias_initializer: InitializerLike = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: RegularizerLike = None,
        recurrent_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        recurrent_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Unpack[CellOptions],
    ) -> None:
        options = dict(
            activation=activation,
            recurrent_activation=recurrent_activation,
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
        self.unit_forget_bias = unit_forget_bias

    def build(self, input_shape: Shape) -> None:
        """Make kernels and bias for inputs of a shape.

        Args:
            input_shape: sizes of the inputs, the batch included; None for one that is not known.
        """
        size = known_size(input_shape)
        self.kernel = self.add_weight(shape=(size, 4 * self.units), **options_of(self, "kernel"))
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, 4 * self.units), **{**options_of(self, "recurrent"), "name": "recurrent_kernel"}
        )
        self.bias = None
        if self.use_bias:
            options = options_of(self, "bias")
            if self.unit_forget_bias:
                options["initializer"] = self.first_bias
            self.bias = self.add_weight(shape=(4 * self.units,), **options)

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
        """Return output and states after a step, from the projected inputs.

        Args:
            projected: tensor, as `project` returns it, for one step.
            states: list of tensors `(batch, units)`.
            mask: tensor `(batch, units)` that multiplies the hidden state; None, no dropout.
        """
        h, c = states
        h = h if mask is None else ops.multiply(h, mask)
        z = ops.add(projected, ops.matmul(h, self.recurrent_kernel))
        h, c = lstm_step(z, c, self.activation, self.recurrent_activation)
        return h, [h, c]

    def call(self, inputs: Tensor, states: Tree, training: bool | None = False) -> tuple[Tensor, Tree]:
        """Return output and states after a step.

        Args:
            inputs: tensor `(batch, n)`.
            states: list of the states, `(batch, units)` each.
            training: bool, whether there is dropout; False.
        """
        return self.run_step(inputs, states, training)


@builtin("keras.layers")
class LSTM(RNN):
    """Run a long short-term memory over sequences; see the op `lstm` for the formulas.

    Shapes: the input is `(batch, time, n)`, a mask `(batch, time)`; the output is `(batch, units)`, or `(batch, time,
    units)` with `return_sequences`; with `return_state`, a tuple of it and the last hidden and cell states, `(batch,
    units)`. Where the mask is False a step changes nothing.

    Args:
        units: int, size of the output and of both states.
        activation: function of the candidate and of the cell state, its name or config; tanh. None is the identity.
        recurrent_activation: function of the gates, its name or config; sigmoid. None is the identity.
        use_bias: bool, whether a bias is added; True.
        kernel_initializer: initializer, its name or config, of the `(n, 4 * units)` kernel of the inputs; Glorot
            uniform.
        recurrent_initializer: initializer, its name or config, of the `(units, 4 * units)` kernel of the hidden state;
            orthogonal.
        bias_initializer: initializer, its name or config, of the `(4 * units,)` bias; zeros.
        unit_forget_bias: bool, whether the bias of the forget gate begins at one; True.
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
        seed: int, the seed of the dropout masks; None draws one.
        return_sequences: bool, whether to return the outputs of all steps, rather than that of the last; False.
        return_state: bool, whether to return the last states too; False.
        go_backwards: bool, whether to begin with the last step; outputs are in the order they are computed in; False.
        stateful: bool, whether a batch begins with the states that the one before ended with; False.
        unroll: bool, whether to write out the loop: faster to run for short sequences, slower to compile; False.
        use_cudnn: "auto" or bool, whether the op `lstm` may be used, which a backend has in one kernel; "auto".
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them; `zero_output_for_mask`, as `RNN`
            takes it; and `implementation`, without effect.

    Raises:
        ArgumentError: if `units` is not a positive integer, a rate no fraction, or `use_cudnn` something else.
        ShapeError: when called, if the input has not three axes, or a state does not fit.

    Source: Hochreiter & Schmidhuber (1997), doi:10.1162/neco.1997.9.8.1735.

    >>> LSTM(4, return_sequences=True)(np.ones((2, 5, 3), "float32")).shape
    (2, 5, 4)
    """

    units = of_cell("units")
    activation = of_cell("activation")
    recurrent_activation = of_cell("recurrent_activation")
    use_bias = of_cell("use_bias")
    kernel_initializer = of_cell("kernel_initializer")
    recurrent_initializer = of_cell("recurrent_initializer")
    bias_initializer = of_cell("bias_initializer")
    unit_forget_bias = of_cell("unit_forget_bias")
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
        recurrent_activation: ActivationLike = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        recurrent_initializer: InitializerLike = "orthogonal",
        bias_initializer: InitializerLike = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: RegularizerLike = None,
        recurrent_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        recurrent_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: Literal["auto"] | bool = "auto",
        **kwargs: Unpack[RecurrentOptions],
    ) -> None:
        of_rnn: dict[str, Any] = {**kwargs}
        of_rnn.pop("implementation", None)  # of Keras: the same products grouped otherwise
        cell = LSTMCell(
            units=units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            name="lstm_cell",
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
            **of_rnn,
        )
        self.input_spec = InputSpec(ndim=3)
        self.use_cudnn = checked_use_cudnn(self, use_cudnn)

    def inner_loop(
        self, sequences: Tensor, initial_state: list[Tree], mask: Tensor | None, training: bool | None = False
    ) -> tuple[Tensor, Tensor | None, list[Tree]]:
        """Run the cell over the steps: by one op, where that knows all that is asked for.

        Args:
            sequences: tensor `(batch, time, ...)`, the inputs in the order of the steps.
            initial_state: list of the states to begin with.
            mask: boolean tensor `(batch, time)`; None keeps all.
            training: bool, whether there is dropout; False.
        """
        cell = self.cell
        has_dropout = training and cell.recurrent_dropout
        if mask is not None or has_dropout or not self.use_cudnn or not is_usual(cell, LSTMCell):
            return super().inner_loop(sequences, initial_state, mask, training)
        if training and cell.dropout:
            sequences = cell.drop(sequences)
        h, c = initial_state
        weights = cell.kernel, cell.recurrent_kernel, cell.bias
        outputs, h, c = ops.lstm(sequences, h, c, *weights, unroll=self.unroll)
        return h, outputs, [h, c]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        of_layer = Layer.get_config(self)
        regularizer = {"activity_regularizer": regularizers.serialize(self.activity_regularizer)}
        return {**self.cell.get_config(), **self._loop_config(), **regularizer, **of_layer}
