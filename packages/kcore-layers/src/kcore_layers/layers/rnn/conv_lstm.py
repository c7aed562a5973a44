"""`ConvLSTM1D`, `ConvLSTM2D` and `ConvLSTM3D`: an LSTM over sequences of rows, images or volumes."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

import kcore_ops as ops
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.specs.shapes import differ, show_shape

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.layers.rnn.conv_lstm_cell import ConvLSTMCell
from kcore_layers.layers.rnn.rnn import RNN, LoopOptions, of_cell
from kcore_layers.options import regularizers
from kcore_layers.options.argument_types import (
    ActivationLike,
    ConstraintLike,
    DataFormat,
    InitializerLike,
    Padding,
    RegularizerLike,
    Sizes,
)
from kcore_layers.options.weight_options import config_of
from kcore_layers.serialization.registry import builtin

__all__ = ["ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"]


class ConvLSTMOptions(LoopOptions, total=False):
    """The keywords of `RNN` that the layers do not name themselves."""

    unroll: bool


class _ConvLSTM(RNN):
    """A convolutional LSTM over sequences of tensors with one to three spatial axes."""

    rank: ClassVar[int]

    filters = of_cell("filters")
    kernel_size = of_cell("kernel_size")
    strides = of_cell("strides")
    padding = of_cell("padding")
    data_format = of_cell("data_format")
    dilation_rate = of_cell("dilation_rate")
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
        **kwargs: Unpack[ConvLSTMOptions],
    ) -> None:
        cell = ConvLSTMCell(
            self.rank,
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
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
            name="conv_lstm_cell",
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
        )
        super().__init__(
            cell,
            return_sequences,
            return_state,
            go_backwards,
            stateful,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.input_spec = InputSpec(ndim=self.rank + 3)

    # States are as large as what comes of the inputs.

    def _state_shapes(self, batch: Any) -> list[tuple[Any, ...]]:
        return [tuple(state.shape) for state in self.cell.get_initial_state(batch)]

    def _states_for(self, sequences: Any) -> list[Any]:
        states: list[Any] = self.cell.states_for(sequences[:, 0])
        return states

    def _check_states(self, given: list[Any]) -> None:
        wanted = self.cell.state_shape(None, self.cell.positions)
        for number, state in enumerate(given):
            if len(state.shape) != len(wanted) or any(map(differ, state.shape, wanted)):
                raise ShapeError(
                    f"initial_state[{number}] has shape {show_shape(state.shape)}, and the cell's state "
                    f"{show_shape(wanted)}",
                    fix=f"pass a tensor of shape {show_shape(wanted)}",
                )

    def _first_output(self, sequences: Any, states: Any) -> Any:
        return ops.zeros_like(states[0])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        of_layer = Layer.get_config(self)
        regularizer = {"activity_regularizer": regularizers.serialize(self.activity_regularizer)}
        return {**config_of(self.cell, *self.cell.option_names), **self._loop_config(), **regularizer, **of_layer}


@builtin("keras.layers")
class ConvLSTM1D(_ConvLSTM):
    """Run a convolutional LSTM over sequences of rows.

    The states begin at zero. i, f and o are `recurrent_activation` of three gates, g is `activation` of the fourth;
    each gate is the convolution of the inputs with its part of the kernel, plus that of the hidden state with its part
    of the recurrent kernel, plus its bias. Then c becomes `f * c + i * g`, and the output is `o * activation(c)`.

    Shapes: the input is `(batch, time, width, channels)`, or `(batch, time, channels, width)` with
    `data_format="channels_first"`, a mask `(batch, time)`; the output is `(batch, new_width, filters)`, with time after
    the batch if `return_sequences`; with `return_state`, a tuple of it and the last hidden and cell states, shaped
    alike. Where the mask is False a step changes nothing. Dropout sets the same elements to zero at all steps, and for
    all gates.

    Args:
        filters: int, number of channels of the output and of both states.
        kernel_size: int, positions that the kernels cover.
        strides: int, positions from one position of the kernel on the inputs to the next; 1.
        padding: "valid" keeps the kernel inside of the inputs, "same" adds zeros around; "valid". The convolution of
            the state adds zeros.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        dilation_rate: int, positions from one element of the kernel of the inputs to the next; 1.
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
        activity_regularizer: regularizer, its name or config, of the output; None adds no penalty.
        kernel_constraint: constraint, its name or config, of the kernel of the inputs after each update; None sets
            none.
        recurrent_constraint: constraint, its name or config, of the kernel of the hidden state after each update; None
            sets none.
        bias_constraint: constraint, its name or config, of the bias after each update; None sets none.
        dropout: float from 0 to 1, the fraction of the inputs set to zero in training; 0.
        recurrent_dropout: float from 0 to 1, the fraction of the hidden state set to zero where it is convolved; 0.
        seed: int, the seed of the dropout masks; None draws one.
        return_sequences: bool, whether to return the outputs of all steps, rather than that of the last; False.
        return_state: bool, whether to return the last states too; False.
        go_backwards: bool, whether to begin with the last step; outputs are in the order they are computed in; False.
        stateful: bool, whether a batch begins with the states that the one before ended with; False.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them; `unroll` and
            `zero_output_for_mask`, as `RNN` takes them.

    Raises:
        ArgumentError: if a size is not positive, there is no such padding or layout, or a rate is no fraction.
        ShapeError: when called, if the input has other axes or is smaller than the kernel, or a state does not fit.

    Source: Shi et al. (2015), arXiv:1506.04214, without the connections from the cell state to the gates.

    >>> ConvLSTM1D(4, 3, padding="same", return_sequences=True)(np.ones((1, 2, 5, 3), "float32")).shape
    (1, 2, 5, 4)
    """

    rank = 1


@builtin("keras.layers")
class ConvLSTM2D(_ConvLSTM):
    """Run a convolutional LSTM over sequences of images.

    The states begin at zero. i, f and o are `recurrent_activation` of three gates, g is `activation` of the fourth;
    each gate is the convolution of the inputs with its part of the kernel, plus that of the hidden state with its part
    of the recurrent kernel, plus its bias. Then c becomes `f * c + i * g`, and the output is `o * activation(c)`.

    Shapes: the input is `(batch, time, height, width, channels)`, or `(batch, time, channels, height, width)` with
    `data_format="channels_first"`, a mask `(batch, time)`; the output is `(batch, new_height, new_width, filters)`,
    with time after the batch if `return_sequences`; with `return_state`, a tuple of it and the last hidden and cell
    states, shaped alike. Where the mask is False a step changes nothing. Dropout sets the same elements to zero at all
    steps, and for all gates.

    Args:
        filters: int, number of channels of the output and of both states.
        kernel_size: int, or one for each of height and width, pixels that the kernels cover.
        strides: int, or one for each of height and width, pixels from one position of the kernel on the inputs to the
            next; 1.
        padding: "valid" keeps the kernel inside of the inputs, "same" adds zeros around; "valid". The convolution of
            the state adds zeros.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        dilation_rate: int, or one for each of height and width, pixels from one element of the kernel of the inputs to
            the next; 1.
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
        activity_regularizer: regularizer, its name or config, of the output; None adds no penalty.
        kernel_constraint: constraint, its name or config, of the kernel of the inputs after each update; None sets
            none.
        recurrent_constraint: constraint, its name or config, of the kernel of the hidden state after each update; None
            sets none.
        bias_constraint: constraint, its name or config, of the bias after each update; None sets none.
        dropout: float from 0 to 1, the fraction of the inputs set to zero in training; 0.
        recurrent_dropout: float from 0 to 1, the fraction of the hidden state set to zero where it is convolved; 0.
        seed: int, the seed of the dropout masks; None draws one.
        return_sequences: bool, whether to return the outputs of all steps, rather than that of the last; False.
        return_state: bool, whether to return the last states too; False.
        go_backwards: bool, whether to begin with the last step; outputs are in the order they are computed in; False.
        stateful: bool, whether a batch begins with the states that the one before ended with; False.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them; `unroll` and
            `zero_output_for_mask`, as `RNN` takes them.

    Raises:
        ArgumentError: if a size is not positive, there is no such padding or layout, or a rate is no fraction.
        ShapeError: when called, if the input has other axes or is smaller than the kernel, or a state does not fit.

    Source: Shi et al. (2015), arXiv:1506.04214, without the connections from the cell state to the gates.

    >>> ConvLSTM2D(4, 3, padding="same", return_sequences=True)(np.ones((1, 2, 5, 4, 3), "float32")).shape
    (1, 2, 5, 4, 4)
    """

    rank = 2


@builtin("keras.layers")
class ConvLSTM3D(_ConvLSTM):
    """Run a convolutional LSTM over sequences of volumes.

    The states begin at zero. i, f and o are `recurrent_activation` of three gates, g is `activation` of the fourth;
    each gate is the convolution of the inputs with its part of the kernel, plus that of the hidden state with its part
    of the recurrent kernel, plus its bias. Then c becomes `f * c + i * g`, and the output is `o * activation(c)`.

    Shapes: the input is `(batch, time, depth, height, width, channels)`, or `(batch, time, channels, depth, height,
    width)` with `data_format="channels_first"`, a mask `(batch, time)`; the output is `(batch, new_depth, new_height,
    new_width, filters)`, with time after the batch if `return_sequences`; with `return_state`, a tuple of it and the
    last hidden and cell states, shaped alike. Where the mask is False a step changes nothing. Dropout sets the same
    elements to zero at all steps, and for all gates.

    Args:
        filters: int, number of channels of the output and of both states.
        kernel_size: int, or one for each of depth, height and width, voxels that the kernels cover.
        strides: int, or one for each of depth, height and width, voxels from one position of the kernel on the inputs
            to the next; 1.
        padding: "valid" keeps the kernel inside of the inputs, "same" adds zeros around; "valid". The convolution of
            the state adds zeros.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        dilation_rate: int, or one for each of depth, height and width, voxels from one element of the kernel of the
            inputs to the next; 1.
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
        activity_regularizer: regularizer, its name or config, of the output; None adds no penalty.
        kernel_constraint: constraint, its name or config, of the kernel of the inputs after each update; None sets
            none.
        recurrent_constraint: constraint, its name or config, of the kernel of the hidden state after each update; None
            sets none.
        bias_constraint: constraint, its name or config, of the bias after each update; None sets none.
        dropout: float from 0 to 1, the fraction of the inputs set to zero in training; 0.
        recurrent_dropout: float from 0 to 1, the fraction of the hidden state set to zero where it is convolved; 0.
        seed: int, the seed of the dropout masks; None draws one.
        return_sequences: bool, whether to return the outputs of all steps, rather than that of the last; False.
        return_state: bool, whether to return the last states too; False.
        go_backwards: bool, whether to begin with the last step; outputs are in the order they are computed in; False.
        stateful: bool, whether a batch begins with the states that the one before ended with; False.
        **kwargs: `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them; `unroll` and
            `zero_output_for_mask`, as `RNN` takes them.

    Raises:
        ArgumentError: if a size is not positive, there is no such padding or layout, or a rate is no fraction.
        ShapeError: when called, if the input has other axes or is smaller than the kernel, or a state does not fit.

    Source: Shi et al. (2015), arXiv:1506.04214, without the connections from the cell state to the gates.

    >>> ConvLSTM3D(4, 3, padding="same", return_sequences=True)(np.ones((1, 2, 3, 3, 3, 1), "float32")).shape
    (1, 2, 3, 3, 3, 4)
    """

    rank = 3
