"""The cell of `ConvLSTM1D`, `ConvLSTM2D` and `ConvLSTM3D`: an LSTM's, with convolutions in place of products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops import TensorSpec
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.ops.nn.recurrent import lstm_step
from kcore_ops.specs.spec import is_unknown

from kcore_layers.layers.convolutional.convolution import SlidingKernel
from kcore_layers.layers.rnn.recurrent_cell import CellOptions, RecurrentCell
from kcore_layers.options.argument_types import (
    ActivationLike,
    ConstraintLike,
    DataFormat,
    InitializerLike,
    Padding,
    RegularizerLike,
    Shape,
    Sizes,
)
from kcore_layers.options.weight_options import options_of

__all__ = ["ConvLSTMCell"]


class ConvLSTMCell(SlidingKernel, RecurrentCell):
    """Run one step of a convolutional LSTM; the states are the hidden one and the cell's.

    Shapes: the input is `(batch, *spatial, channels)`, the output and each state `(batch, *positions, filters)`, where
    positions are those of the convolution of the inputs; channels come before the spatial axes with
    `data_format="channels_first"`.

    Args:
        rank: int, number of spatial axes.
        filters: int, number of channels of the output and of both states.
        kernel_size: int, or one for each spatial axis: what the kernels cover.
        strides: int, or one for each spatial axis, of the convolution of the inputs; 1. That of the state has 1.
        padding: "valid" or "same", of the convolution of the inputs; "valid". That of the state is padded "same".
        data_format: "channels_last", "channels_first" or None for `config.image_data_format()`.
        dilation_rate: int, or one for each spatial axis, of the convolution of the inputs; 1. That of the state has 1.
        activation: function of the candidate and of the cell state, its name or config; tanh. None is the identity.
        recurrent_activation: function of the gates, its name or config; sigmoid. None is the identity.
        use_bias: bool, whether a bias is added; True.
        kernel_initializer: initializer, its name or config, of the `(*kernel_size, channels, 4 * filters)` kernel of
            the inputs; Glorot uniform.
        recurrent_initializer: initializer, its name or config, of the `(*kernel_size, filters, 4 * filters)` kernel of
            the hidden state; orthogonal.
        bias_initializer: initializer, its name or config, of the `(4 * filters,)` bias; zeros.
        unit_forget_bias: bool, whether the bias of the forget gate begins at one; True.
        kernel_regularizer: regularizer, its name or config, of the kernel of the inputs; None adds no penalty.
        recurrent_regularizer: regularizer, its name or config, of the kernel of the hidden state; None adds no penalty.
        bias_regularizer: regularizer, its name or config, of the bias; None adds no penalty.
        kernel_constraint: constraint, its name or config, of the kernel of the inputs after each update; None sets
            none.
        recurrent_constraint: constraint, its name or config, of the kernel of the hidden state after each update; None
            sets none.
        bias_constraint: constraint, its name or config, of the bias after each update; None sets none.
        dropout: float from 0 to 1, the fraction of the inputs set to zero in training; 0.
        recurrent_dropout: float from 0 to 1, the fraction of the hidden state set to zero in training where it is
            convolved; 0.
        seed: int, the seed of the dropout masks; None draws one.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if a size is not positive, there is no such padding or layout, or a rate is no fraction.
    """

    num_states = 2
    units_name = "filters"
    option_names = (
        "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "activation",
        "recurrent_activation", "use_bias", "kernel_initializer", "recurrent_initializer", "bias_initializer",
        "unit_forget_bias", "kernel_regularizer", "recurrent_regularizer", "bias_regularizer", "kernel_constraint",
        "recurrent_constraint", "bias_constraint", "dropout", "recurrent_dropout", "seed",
    )  # fmt: skip
    positions: Any

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: Padding = "valid",
        data_format: DataFormat | None = None,
        dilation_rate: Sizes = 1,
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
        super().__init__(filters, dropout, recurrent_dropout, seed, options, **kwargs)
        self.filters = self.units
        self._kcore_set_untracked("rank", rank)
        self.set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.use_bias = use_bias
        self.unit_forget_bias = unit_forget_bias
        self._kcore_set_untracked("positions", None)

    def build(self, input_shape: Shape) -> None:
        """Make kernels and bias for inputs of a shape.

        Args:
            input_shape: sizes of the inputs of a step, the batch included; None for one that is not known.
        """
        channels, gates = self.set_channels(input_shape), 4 * self.filters
        self.kernel = self.add_weight(shape=(*self.kernel_size, channels, gates), **options_of(self, "kernel"))
        self.recurrent_kernel = self.add_weight(
            shape=(*self.kernel_size, self.filters, gates),
            **{**options_of(self, "recurrent"), "name": "recurrent_kernel"},
        )
        self.bias = None
        if self.use_bias:
            options = options_of(self, "bias")
            if self.unit_forget_bias:
                options["initializer"] = self.first_bias
            self.bias = self.add_weight(shape=(gates,), **options)
        spec = TensorSpec(tuple(input_shape), self.compute_dtype)
        shape = self._convolve_inputs(spec, TensorSpec(self.kernel.shape, self.compute_dtype)).shape
        self._kcore_set_untracked("positions", shape[2:] if self.channel_axis == 1 else shape[1:-1])

    def _convolve_inputs(self, inputs: Any, kernel: Any) -> Any:
        return ops.conv(inputs, kernel, self.strides, self.padding, self.data_format, self.dilation_rate)

    def project(self, x: Tensor) -> Tensor:
        """Return `conv(x, kernel) + bias`.

        Args:
            x: tensor, the inputs of a step; or of all, with time before the batch.
        """
        sizes = ops.shape(x)
        is_sequence = len(sizes) == self.rank + 3
        z = self._convolve_inputs(ops.reshape(x, (-1, *sizes[2:])) if is_sequence else x, self.kernel)
        if self.bias is not None:
            z = ops.add(z, ops.reshape(self.bias, (-1, *[1] * self.rank)) if self.channel_axis == 1 else self.bias)
        return ops.reshape(z, (*sizes[:2], *ops.shape(z)[1:])) if is_sequence else z

    def step(
        self, projected: Tensor, states: Sequence[Tensor], mask: Tensor | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Return output and states after a step, from the projected inputs.

        Args:
            projected: tensor, as `project` returns it, for one step.
            states: list of tensors, shaped like the output.
            mask: tensor, shaped like the output, that multiplies the hidden state; None, no dropout.
        """
        h, c = states
        h = h if mask is None else ops.multiply(h, mask)
        z = ops.add(projected, ops.conv(h, self.recurrent_kernel, 1, "same", self.data_format))
        h, c = lstm_step(z, c, self.activation, self.recurrent_activation, axis=self.channel_axis)
        return h, [h, c]

    def call(self, inputs: Tensor, states: Tree, training: bool | None = False) -> tuple[Tensor, Tree]:
        """Return output and states after a step.

        Args:
            inputs: tensor `(batch, *spatial, channels)`.
            states: list of the states, shaped like the output.
            training: bool, whether there is dropout; False.
        """
        return self.run_step(inputs, states, training)

    # States.

    def state_shape(self, batch: Any, positions: Any) -> tuple[Any, ...]:
        """Return the shape of a state.

        Args:
            batch: int, or a scalar tensor, number of examples.
            positions: tuple of the sizes of the spatial axes.
        """
        return (batch, self.filters, *positions) if self.channel_axis == 1 else (batch, *positions, self.filters)

    def get_initial_state(self, batch_size: int | Tensor | None = None) -> list[Tensor]:
        """Return states of zeros for a batch of inputs of the sizes that the layer was built for.

        Args:
            batch_size: int, or a scalar tensor, number of examples.

        Raises:
            ShapeError: if these are not known.
        """
        positions = self.positions
        if positions is None or any(map(is_unknown, positions)):
            problem = "the states are as large as what comes of the inputs, and the sizes of those are not known"
            raise ShapeError(problem, fix="give them when it is built, for example in Input(shape=...)")
        shape = self.state_shape(batch_size, positions)
        return [ops.zeros(shape, self.compute_dtype) for _ in range(self.num_states)]

    def states_for(self, step_input: Tensor) -> list[Tensor]:
        """Return states of zeros for the inputs of a step, of whatever sizes.

        Args:
            step_input: tensor `(batch, *spatial, channels)`.
        """
        sizes = ops.shape(step_input)
        if all(isinstance(size, int) and not is_unknown(size) for size in sizes[1:]):
            spec, kernel = (TensorSpec(each.shape, self.compute_dtype) for each in (step_input, self.kernel))
            shape = self._convolve_inputs(spec, kernel).shape
            like = ops.zeros((sizes[0], *shape[1:]), self.compute_dtype)
        else:  # only what runs knows
            like = ops.zeros_like(self._convolve_inputs(step_input, self.kernel))
        first: Any = ops.split(like, 4, axis=self.channel_axis)[0]
        return [first] * self.num_states

    def start_sequence(self, step_input: Tensor) -> None:
        """Draw the masks before a loop: what is drawn inside one may not leave it.

        Args:
            step_input: tensor `(batch, *spatial, channels)`, the inputs of a step.
        """
        self.end_sequence()
        self.get_dropout_mask(step_input)
        self.get_recurrent_dropout_mask(self.states_for(step_input)[0])
