"""`EinsumDense`: a linear map between axes named by an einsum equation."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import show_shape

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.options import activations
from kcore_layers.options.argument_types import (
    ActivationLike,
    ConstraintLike,
    InitializerLike,
    LayerOptions,
    RegularizerLike,
    Shape,
)
from kcore_layers.options.initializers.variance_scaling import VarianceScaling
from kcore_layers.options.weight_options import config_of, options_of, set_options
from kcore_layers.serialization.registry import builtin
from kcore_layers.weights.quantizable import Quantizable
from kcore_layers.weights.quantized import Layout

__all__ = ["EinsumDense"]

_OPTIONS = (
    "equation", "output_shape", "activation", "bias_axes", "kernel_initializer", "bias_initializer",
    "kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint",
)  # fmt: skip


@builtin("keras.layers")
class EinsumDense(Quantizable):
    """Multiply by a kernel as an einsum equation says, add a bias, apply an activation.

    Shapes: those of the equation, in which each letter names an axis: with "abc,cd->abd" the input is `(a, b, c)`, the
    kernel `(c, d)` and the output `(a, b, d)`. The input and the output may begin or end with `...` for further axes.

    Args:
        equation: string, the axes of the input and of the kernel, and those of the output: "abc,cd->abd".
        output_shape: int or ints, sizes of the output's axes without the batch; None among them is the input's size.
            With `...` at the start those of the last axes, as many as are given.
        activation: function of the output, its name or config; None is the identity.
        bias_axes: string, the letters of the output's axes that the bias has; None adds no bias.
        kernel_initializer: initializer, its name or config, of the kernel, which counts the axes that the equation sums
            over as inputs and the others as outputs; Glorot uniform.
        bias_initializer: initializer, its name or config, of the bias; zeros.
        kernel_regularizer: regularizer, its name or config, of the kernel; None adds no penalty.
        bias_regularizer: regularizer, its name or config, of the bias; None adds no penalty.
        kernel_constraint: constraint, its name or config, of the kernel after each update; None sets none.
        bias_constraint: constraint, its name or config, of the bias after each update; None sets none.
        lora_rank: int, the rank of the adapter that the kernel gets, as `enable_lora` adds it; None, it gets none.
        lora_alpha: float, by which the adapter is multiplied, after a division by the rank; None, the rank.
        gptq_unpacked_column_size: int, in configs of Keras the number of the kernel's outputs if "gptq" keeps it; of no
            effect, as the kernel's shape says it; None.
        quantization_config: `quantizers.QuantizationConfig`, how the kernel is rounded if the dtype policy, or
            `quantize`, has it rounded; None, the mode's own way.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if the equation is not of this form, or the bias has axes that the output has not.
        ShapeError: when built, if the input or `output_shape` does not fit the equation, or leaves a size open.

    >>> layer = EinsumDense("abc,cd->abd", output_shape=(None, 2), bias_axes="d", kernel_initializer="ones")
    >>> layer(np.ones((1, 2, 3), "float32"))
    array([[[3., 3.],
            [3., 3.]]], dtype=float32)
    """

    activation: Any
    kernel: Any

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: ActivationLike = None,
        bias_axes: str | None = None,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: int | None = None,
        quantization_config: Any = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        self.equation = equation
        self.output_shape = tuple(output_shape) if isinstance(output_shape, Sequence) else (output_shape,)
        self.bias_axes = bias_axes
        self._axes = _Equation.parse(equation, bias_axes)
        self.set_adapter(lora_rank, lora_alpha)
        self.gptq_unpacked_column_size = gptq_unpacked_column_size
        self.set_quantization(quantization_config)
        set_options(
            self,
            activation=activation,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Shape) -> None:
        """Make kernel and bias for inputs of a shape.

        Args:
            input_shape: sizes of the inputs, the batch included; None for one that is not known.
        """
        kernel_shape, bias_shape = self._axes.weight_shapes(tuple(input_shape), self.output_shape)
        options = options_of(self, "kernel")
        if isinstance(options["initializer"], VarianceScaling):
            options["initializer"] = options["initializer"].with_axes(*self._axes.fan_axes())
        self.kernel = self.add_weight(shape=kernel_shape, **options)
        self.bias = None if bias_shape is None else self.add_weight(shape=bias_shape, **options_of(self, "bias"))
        self.input_spec = InputSpec(ndim=len(input_shape))

    def call(self, inputs: Tensor) -> Tensor:
        """Return `activation(einsum(equation, inputs, kernel) + bias)`.

        Args:
            inputs: tensor with the axes that the equation names first.
        """
        if self.bias is None:
            x = ops.einsum(self.equation, inputs, self.kernel)
        else:
            x = ops.biased_einsum(self.equation, inputs, self.kernel, self.bias)
        activation = self.activation
        return x if activation is None or activation is activations.linear else activation(x)

    def weight_layout(self, name: str) -> Layout:
        """Return how the kernel lies in the variables that it is kept in, if it is quantized.

        Args:
            name: the name of the weight's attribute.
        """
        axes, shape = self._axes, tuple(self.kernel.shape)
        kept = tuple(axes.kernel.index(letter) for letter in axes.outputs if letter in axes.kernel)
        scale_shape = [shape[axes.kernel.index(letter)] if letter in axes.kernel else 1 for letter in axes.outputs]
        return Layout(shape, tuple(axes.fan_axes()[0]), kept, tuple(scale_shape))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, *_OPTIONS), **self._config_of_adapter()}


@dataclasses.dataclass(frozen=True)
class _Equation:
    """The parts of an equation: the letters of the input, the kernel, the output and the bias.

    Attributes:
        dots: where `...` stands in input and output: "start", "end" or "".
    """

    text: str
    inputs: str
    kernel: str
    outputs: str
    bias: str | None
    dots: str

    @classmethod
    def parse(cls, text: str, bias_axes: str | None) -> _Equation:
        """Parse an equation.

        Args:
            text: string, the axes of input, kernel and output: "ab,bc->ac".
            bias_axes: string, the axes of the output that the bias has; None, no bias.

        Raises:
            ArgumentError: if it is not of the form that is asked for.
        """
        form = r"(?P<d1>\.\.\.)?([a-zA-Z]+)(?P<d2>\.\.\.)?,([a-zA-Z]+)->(?P<d3>\.\.\.)?([a-zA-Z]+)(?P<d4>\.\.\.)?"
        match = re.fullmatch(form, re.sub(r"\s", "", text)) if isinstance(text, str) else None
        dots = None if match is None else tuple(bool(match[f"d{i}"]) for i in range(1, 5))
        places = {(False,) * 4: "", (True, False, True, False): "start", (False, True, False, True): "end"}
        if match is None or dots not in places:
            raise ArgumentError(
                f"equation can not be {text!r}",
                fix="write axes of the input, of the kernel and of the output: 'ab,bc->ac', '...x,xy->...y' or "
                "'ab...,bc->ac...'",
            ).at("EinsumDense")
        inputs, kernel, outputs = match[2], match[4], match[6]
        for letter in kernel:
            if letter not in inputs + outputs:
                raise _letter_error(f"axis {letter!r} of the kernel is neither of the input nor of the output", text)
        for letter in outputs:
            if letter not in inputs + kernel:
                raise _letter_error(f"axis {letter!r} of the output is neither of the input nor of the kernel", text)
        for letter in bias_axes or "":
            if letter not in outputs:
                raise _letter_error(f"axis {letter!r} of the bias is not one of the output", text)
        return cls(text, inputs, kernel, outputs, bias_axes, places[dots])

    def fan_axes(self) -> tuple[list[int], list[int]]:
        """Return the axes of the kernel that are summed over, and those of the output."""
        is_output = [letter in self.outputs for letter in self.kernel]
        summed = [axis for axis, kept in enumerate(is_output) if not kept]
        return summed, [axis for axis, kept in enumerate(is_output) if kept]

    def weight_shapes(
        self, input_shape: tuple[Any, ...], output_shape: tuple[Any, ...]
    ) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
        """Return the shapes of kernel and bias.

        Args:
            input_shape: sizes of the input, the batch included.
            output_shape: sizes of the output's axes without the batch; None among them is the input's size.

        Raises:
            ShapeError: if a size is not known, or two that must be the same are not.
        """
        num_dotted = len(input_shape) - len(self.inputs)
        if num_dotted < 0 or (num_dotted and not self.dots):
            needed = f"{'at least ' if self.dots else ''}{len(self.inputs)}"
            raise ShapeError(
                f"the input has shape {show_shape(input_shape)}, and {self.text!r} takes {needed} axes",
                fix="pass an input with an axis for each letter",
            )
        sizes = dict(self._paired(self.inputs, input_shape))
        for letter, size in self._output_sizes(output_shape, num_dotted):
            known = sizes.get(letter)
            if size is not None and known is not None and size != known:
                raise ShapeError(
                    f"output_shape says {size} for axis {letter!r} of {self.text!r}, and the input has {known}",
                    fix="pass None in output_shape for axes of the input",
                )
            sizes[letter] = known if size is None else size
        return self._kernel_shape(sizes), self._bias_shape(sizes, num_dotted)

    def _paired(self, letters: str, shape: tuple[Any, ...]) -> list[tuple[str, Any]]:
        sizes = shape[len(shape) - len(letters) :] if self.dots == "start" else shape[: len(letters)]
        return list(zip(letters, sizes, strict=True))

    def _output_sizes(self, shape: tuple[Any, ...], num_dotted: int) -> list[tuple[str, Any]]:
        letters = self.outputs[-len(shape) :] if self.dots == "start" else self.outputs[1:]
        allowed = {"": [len(letters)], "end": [len(letters), len(letters) + num_dotted]}
        if self.dots == "start":
            # The axes of the dots may be given too, all but the batch.
            fits = len(shape) <= len(self.outputs) + num_dotted - 1
            shape = shape[-len(letters) :]
        else:
            fits = len(shape) in allowed[self.dots]
            shape = shape[: len(letters)]
        if not fits:
            raise ShapeError(
                f"output_shape={shape} does not fit {self.text!r}",
                fix=f"pass a size, or None, for each axis of {self.outputs!r} after the batch",
            )
        return list(zip(letters, shape, strict=True))

    def _kernel_shape(self, sizes: dict[str, Any]) -> tuple[int, ...]:
        return tuple(self._known(sizes, letter) for letter in self.kernel)

    def _bias_shape(self, sizes: dict[str, Any], num_dotted: int) -> tuple[int, ...] | None:
        if not self.bias:
            return None
        shape = [self._known(sizes, letter) if letter in self.bias else 1 for letter in self.outputs]
        first = min(self.outputs.index(letter) for letter in self.bias)
        return (*shape[first:], *(1,) * (num_dotted if self.dots == "end" else 0))

    def _known(self, sizes: dict[str, Any], letter: str) -> int:
        size = sizes.get(letter)
        if size is None:
            raise ShapeError(
                f"the size of axis {letter!r} of {self.text!r} must be known to make the weights",
                fix="give it in output_shape, or in the shape of the input",
            )
        return int(size)


def _letter_error(problem: str, text: str) -> Any:
    return ArgumentError(f"{problem} in {text!r}", fix="name axes by the same letter where they are the same").at(
        "EinsumDense"
    )
