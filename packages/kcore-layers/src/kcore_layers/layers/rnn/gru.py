"""`GRU` and its cell."""

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
from kcore_ops.ops.nn.recurrent import gru_biases, gru_step

__all__ = ["GRU", "GRUCell"]

_OPTIONS = (
    "units", "activation", "recurrent_activation", "use_bias", "kernel_initializer", "recurrent_initializer",
    "bias_initializer", "kernel_regularizer", "recurrent_regularizer", "bias_regularizer", "kernel_constraint",
    "recurrent_constraint", "bias_constraint", "dropout", "recurrent_dropout", "reset_after", "seed",
)  # fmt: skip


@builtin("keras.layers")
class GRUCell(RecurrentCell):
    """A step of a gated recurrent unit; see the op `gru` for the formulas.

    Shapes: the input is `(batch, n)`, the output and each state `(batch, units)`.

    Args:
        units: size of the output and of the state.
        activation: of the candidate; None is none.
        recurrent_activation: of the gates.
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
        reset_after: whether the reset gate multiplies the product of the state, as cuDNN has it, or the state.
        seed: of the dropout masks.
        **kwargs: of `Layer`.

    Raises:
        ArgumentError: if `units` is not a positive integer, or a rate no fraction.

    Source: Cho et al. (2014), arXiv:1406.1078.

    >>> cell = GRUCell(1, kernel_initializer="ones")
    >>> cell(np.ones((1, 2), "float32"), cell.get_initial_state(1))[0].round(3)
    array([[0.115]], dtype=float32)
    """

    num_states = 1
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
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
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
        self.reset_after = reset_after

    def build(self, input_shape: Any) -> None:
        """Make kernels and bias for inputs of a shape."""
        size = known_size(input_shape)
        self.kernel = self.add_weight(shape=(size, 3 * self.units), **options_of(self, "kernel"))
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, 3 * self.units), **{**options_of(self, "recurrent"), "name": "recurrent_kernel"}
        )
        rows = (2,) if self.reset_after else ()
        shape = (*rows, 3 * self.units)
        self.bias = self.add_weight(shape=shape, **options_of(self, "bias")) if self.use_bias else None

    def project(self, x: Any) -> Any:
        """Give `x @ kernel` and the bias of the inputs."""
        bias, _ = gru_biases(self.bias, self.reset_after)
        x = ops.matmul(x, self.kernel)
        return x if bias is None else ops.add(x, bias)

    def step(self, projected: Any, states: Any, mask: Any = None) -> tuple[Any, list[Any]]:
        """Give output and state after a step, from the projected inputs."""
        _, bias = gru_biases(self.bias, self.reset_after)
        kernel, functions = self.recurrent_kernel, (self.activation, self.recurrent_activation)
        h = gru_step(projected, states[0], kernel, bias, self.reset_after, *functions, mask=mask)
        return h, [h]

    def call(self, inputs: Any, states: Any, training: Any = False) -> tuple[Any, Any]:
        """Give output and state after a step."""
        return self.run_step(inputs, states, training)


@builtin("keras.layers")
class GRU(RNN):
    """A gated recurrent unit; see the op `gru` for the formulas.

    Shapes: the input is `(batch, time, n)`, a mask `(batch, time)`; the output is `(batch, units)`, or `(batch, time,
    units)` with `return_sequences`; with `return_state`, a tuple of it and the last state, `(batch, units)`.
    Where the mask is False a step changes nothing.

    Args:
        units: size of the output and of the state.
        activation: of the candidate; None is none.
        recurrent_activation: of the gates.
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
        seed: of the dropout masks.
        return_sequences: whether to give the outputs of all steps, rather than that of the last.
        return_state: whether to give the last state too.
        go_backwards: whether to begin with the last step.
        stateful: whether a batch begins with the states that the one before ended with.
        unroll: whether to write out the loop.
        reset_after: whether the reset gate multiplies the product of the state, as cuDNN has it, or the state.
        use_cudnn: whether the op `gru` may be used, which a backend has in one kernel.
        **kwargs: of `Layer`.

    Raises:
        ArgumentError: if `units` is not a positive integer, a rate no fraction, or `use_cudnn` something else.
        ShapeError: when called, if the input has not three axes, or a state does not fit.

    Source: Cho et al. (2014), arXiv:1406.1078.

    >>> GRU(4, return_sequences=True)(np.ones((2, 5, 3), "float32")).shape
    (2, 5, 4)
    """

    units = of_cell("units")
    activation = of_cell("activation")
    recurrent_activation = of_cell("recurrent_activation")
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
    reset_after = of_cell("reset_after")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Literal["auto"] | bool = "auto",
        **kwargs: Any,
    ) -> None:
        kwargs.pop("implementation", None)  # of Keras: the same products grouped otherwise
        cell = GRUCell(
            units=units,
            activation=activation,
            recurrent_activation=recurrent_activation,
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
            reset_after=reset_after,
            seed=seed,
            name="gru_cell",
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
        if mask is not None or has_dropout or not self.use_cudnn or not is_usual(cell, GRUCell):
            return super().inner_loop(sequences, initial_state, mask, training)
        if training and cell.dropout:
            sequences = cell.drop(sequences)
        weights = cell.kernel, cell.recurrent_kernel, cell.bias
        (h,) = initial_state
        outputs, h = ops.gru(sequences, h, *weights, reset_after=cell.reset_after, unroll=self.unroll)
        return h, outputs, [h]

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make another one like it."""
        of_layer = Layer.get_config(self)
        regularizer = {"activity_regularizer": regularizers.serialize(self.activity_regularizer)}
        return {**self.cell.get_config(), **self._loop_config(), **regularizer, **of_layer}
