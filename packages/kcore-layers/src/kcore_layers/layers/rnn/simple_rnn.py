"""`SimpleRNN` and its cell."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.layers.rnn.recurrent_cell import RecurrentCell
from kcore_layers.layers.rnn.rnn import RNN, of_cell
from kcore_layers.options import regularizers
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
    """A step of a recurrent network: `activation(x @ kernel + h @ recurrent_kernel + bias)`.

    Shapes: the input is `(batch, n)`, the output and each state `(batch, units)`.

    Args:
        units: size of the output and of the state.
        activation: of the output; None is none.
        use_bias: whether a bias is added.
        kernel_initializer: of the kernel of the inputs.
        recurrent_initializer: of the kernel of the state.
        bias_initializer: of the bias.
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
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
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

    def build(self, input_shape: Any) -> None:
        """Make kernels and bias for inputs of a shape."""
        size = known_size(input_shape)
        self.kernel = self.add_weight(shape=(size, self.units), **options_of(self, "kernel"))
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, self.units), **{**options_of(self, "recurrent"), "name": "recurrent_kernel"}
        )
        self.bias = self.add_weight(shape=(self.units,), **options_of(self, "bias")) if self.use_bias else None

    def project(self, x: Any) -> Any:
        """Give `x @ kernel + bias`."""
        x = ops.matmul(x, self.kernel)
        return x if self.bias is None else ops.add(x, self.bias)

    def step(self, projected: Any, states: Any, mask: Any = None) -> tuple[Any, list[Any]]:
        """Give output and state after a step, from the projected inputs."""
        h = states[0] if mask is None else ops.multiply(states[0], mask)
        h = self.activation(ops.add(projected, ops.matmul(h, self.recurrent_kernel)))
        return h, [h]

    def call(self, sequence: Any, states: Any, training: Any = False) -> tuple[Any, Any]:
        """Give output and state after a step."""
        return self.run_step(sequence, states, training)


@builtin("keras.layers")
class SimpleRNN(RNN):
    """A recurrent network: at each step the output is `activation(x @ kernel + h @ recurrent_kernel + bias)`.

    Shapes: the input is `(batch, time, n)`, a mask `(batch, time)`; the output is `(batch, units)`, or `(batch, time,
    units)` with `return_sequences`; with `return_state`, a tuple of it and the last state, `(batch, units)`.
    Where the mask is False a step changes nothing.

    Args:
        units: size of the output and of the state.
        activation: of the output; None is none.
        use_bias: whether a bias is added.
        kernel_initializer: of the kernel of the inputs.
        recurrent_initializer: of the kernel of the state.
        bias_initializer: of the bias.
        kernel_regularizer: of the kernel of the inputs.
        recurrent_regularizer: of the kernel of the state.
        bias_regularizer: of the bias.
        activity_regularizer: of the output.
        kernel_constraint: of the kernel of the inputs.
        recurrent_constraint: of the kernel of the state.
        bias_constraint: of the bias.
        dropout: fraction of the inputs set to zero in training, the same ones at all steps.
        recurrent_dropout: fraction of the hidden state set to zero where it is multiplied, the same at all steps.
        return_sequences: whether to give the outputs of all steps, rather than that of the last.
        return_state: whether to give the last state too.
        go_backwards: whether to begin with the last step.
        stateful: whether a batch begins with the states that the one before ended with.
        unroll: whether to write out the loop.
        seed: of the dropout masks.
        **kwargs: of `Layer`.

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
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
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
        """Give the arguments that make another one like it."""
        of_layer = Layer.get_config(self)
        regularizer = {"activity_regularizer": regularizers.serialize(self.activity_regularizer)}
        return {**self.cell.get_config(), **self._loop_config(), **regularizer, **of_layer}
