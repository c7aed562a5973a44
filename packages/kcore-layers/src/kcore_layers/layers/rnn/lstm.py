"""`LSTM` and its cell."""

from __future__ import annotations

from typing import Any, Literal

import kcore_ops as ops
from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.layers.rnn.recurrent_cell import RecurrentCell, is_usual
from kcore_layers.layers.rnn.rnn import RNN, checked_use_cudnn, of_cell
from kcore_layers.options import regularizers
from kcore_layers.options.weight_options import known_size, options_of
from kcore_layers.serialization.registry import builtin
from kcore_ops.ops.nn.recurrent import lstm_step

__all__ = ["LSTM", "LSTMCell"]

_OPTIONS = (
    "units", "activation", "recurrent_activation", "use_bias", "kernel_initializer", "recurrent_initializer",
    "bias_initializer", "unit_forget_bias", "kernel_regularizer", "recurrent_regularizer", "bias_regularizer",
    "kernel_constraint", "recurrent_constraint", "bias_constraint", "dropout", "recurrent_dropout", "seed",
)  # fmt: skip


@builtin("keras.layers")
class LSTMCell(RecurrentCell):
    """A step of a long short-term memory; see the op `lstm` for the formulas. The states are the hidden and the cell's.

    Shapes: the input is `(batch, n)`, the output and each state `(batch, units)`.

    Args:
        units: size of the output and of both states.
        activation: of the candidate and of the cell state; None is none.
        recurrent_activation: of the gates.
        use_bias: whether a bias is added.
        kernel_initializer: of the kernel of the inputs.
        recurrent_initializer: of the kernel of the state.
        bias_initializer: of the bias.
        unit_forget_bias: whether the bias of the forget gate begins at one.
        kernel_regularizer: of the kernel of the inputs.
        recurrent_regularizer: of the kernel of the state.
        bias_regularizer: of the bias.
        kernel_constraint: of the kernel of the inputs.
        recurrent_constraint: of the kernel of the state.
        bias_constraint: of the bias.
        dropout: fraction of the inputs set to zero in training, the same ones at all steps.
        recurrent_dropout: fraction of the hidden state set to zero where it is multiplied, the same at all steps.
        seed: of the dropout masks.
        **kwargs: of `Layer`.

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
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
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

    def build(self, input_shape: Any) -> None:
        """Make kernels and bias for inputs of a shape."""
        size = known_size(input_shape)
        self.kernel = self.add_weight(shape=(size, 4 * self.units), **options_of(self, "kernel"))
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, 4 * self.units), **{**options_of(self, "recurrent"), "name": "recurrent_kernel"}
        )
        self.bias = None
        if self.use_bias:
            options = options_of(self, "bias")
            if self.unit_forget_bias:
                options["initializer"] = self._first_bias
            self.bias = self.add_weight(shape=(4 * self.units,), **options)

    def _first_bias(self, shape: Any, dtype: Any = None) -> Any:
        """Give the bias to begin with: ones for the forget gate, which is the second of four."""
        first = ops.convert_to_numpy(self.bias_initializer(shape, dtype=dtype)).copy()
        first[self.units : 2 * self.units] = 1
        return ops.convert_to_tensor(first, dtype=dtype)

    def project(self, x: Any) -> Any:
        """Give `x @ kernel + bias`."""
        x = ops.matmul(x, self.kernel)
        return x if self.bias is None else ops.add(x, self.bias)

    def step(self, projected: Any, states: Any, mask: Any = None) -> tuple[Any, list[Any]]:
        """Give output and states after a step, from the projected inputs."""
        h, c = states
        h = h if mask is None else ops.multiply(h, mask)
        z = ops.add(projected, ops.matmul(h, self.recurrent_kernel))
        h, c = lstm_step(z, c, self.activation, self.recurrent_activation)
        return h, [h, c]

    def call(self, inputs: Any, states: Any, training: Any = False) -> tuple[Any, Any]:
        """Give output and states after a step."""
        return self.run_step(inputs, states, training)


@builtin("keras.layers")
class LSTM(RNN):
    """A long short-term memory; see the op `lstm` for the formulas.

    Shapes: the input is `(batch, time, n)`, a mask `(batch, time)`; the output is `(batch, units)`, or `(batch, time,
    units)` with `return_sequences`; with `return_state`, a tuple of it and the last hidden and cell states, `(batch,
    units)`. Where the mask is False a step changes nothing.

    Args:
        units: size of the output and of both states.
        activation: of the candidate and of the cell state; None is none.
        recurrent_activation: of the gates.
        use_bias: whether a bias is added.
        kernel_initializer: of the kernel of the inputs.
        recurrent_initializer: of the kernel of the state.
        bias_initializer: of the bias.
        unit_forget_bias: whether the bias of the forget gate begins at one.
        kernel_regularizer: of the kernel of the inputs.
        recurrent_regularizer: of the kernel of the state.
        bias_regularizer: of the bias.
        activity_regularizer: of the output.
        kernel_constraint: of the kernel of the inputs.
        recurrent_constraint: of the kernel of the state.
        bias_constraint: of the bias.
        dropout: fraction of the inputs set to zero in training, the same ones at all steps.
        recurrent_dropout: fraction of the hidden state set to zero where it is multiplied, the same at all steps.
        seed: of the dropout masks.
        return_sequences: whether to give the outputs of all steps, rather than that of the last.
        return_state: whether to give the last states too.
        go_backwards: whether to begin with the last step.
        stateful: whether a batch begins with the states that the one before ended with.
        unroll: whether to write out the loop.
        use_cudnn: whether the op `lstm` may be used, which a backend has in one kernel.
        **kwargs: of `Layer`.

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
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: Literal["auto"] | bool = "auto",
        **kwargs: Any,
    ) -> None:
        kwargs.pop("implementation", None)  # of Keras: the same products grouped otherwise
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
            **kwargs,
        )
        self.input_spec = InputSpec(ndim=3)
        self.use_cudnn = checked_use_cudnn(self, use_cudnn)

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: Any = False
    ) -> tuple[Any, Any, list[Any]]:
        """Run the cell over the steps: by one op, where that knows all that is asked for."""
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
        """Give the arguments that make another one like it."""
        of_layer = Layer.get_config(self)
        regularizer = {"activity_regularizer": regularizers.serialize(self.activity_regularizer)}
        return {**self.cell.get_config(), **self._loop_config(), **regularizer, **of_layer}
