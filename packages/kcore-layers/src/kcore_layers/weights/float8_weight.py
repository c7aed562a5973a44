"""`Float8Weight`: a weight that is trained in products of floats of 8 bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import kcore_ops as ops
import numpy as np
from kcore_ops import Variable
from kcore_ops.engine.op import Tensor
from kcore_ops.specs.spec import TensorSpec

from kcore_layers.weights.contraction import input_of_einsum
from kcore_layers.weights.float8 import (
    LARGEST,
    compute_float8_amax_history,
    compute_float8_scale,
    quantize_and_dequantize,
)
from kcore_layers.weights.quantized import Layout
from kcore_layers.weights.weight_object import WeightOfVariables, value_of

__all__ = ["Float8Weight"]

NUMBERS, GRADIENTS = "float8_e4m3fn", "float8_e5m2"


class Float8Weight(WeightOfVariables):
    """A weight kept and trained as it is, and multiplied after it and its inputs were rounded to floats of 8 bits.

    So are the gradients that come back to the product. What is rounded is first divided by a scale, which follows the
    largest numbers of the latest steps, so that all fit (Micikevicius et al., 2022, arXiv:2209.05433). Scales and these
    numbers are variables whose gradient is their next value, so that they change as weights do: only in training.
    A bias is added as it is; Keras 3.15.1 rounds it to bfloat16.

    Args:
        name: the name of the weight.
        history_length: int, the number of steps.
    """

    is_trained: ClassVar[bool] = True

    def __init__(self, name: str, history_length: int) -> None:
        super().__init__(name)
        self.history_length = history_length

    @classmethod
    def as_configured(cls, name: str, layout: Layout, config: Any) -> Float8Weight:
        """Return one that has no variables yet, whose `parts_for` says which they are to be.

        Args:
            name: the name of the weight.
            layout: how the weight lies; of no effect, as it stays as it is.
            config: `Float8QuantizationConfig`.
        """
        return cls(name, config.amax_history_length)

    @classmethod
    def names_in_files(cls, name: str, others: Sequence[str]) -> list[str]:
        """Return what a file of a layer has, in its order, by the names of attributes.

        Args:
            name: the name of the weight.
            others: the names of what else the layer has.
        """
        return [name, *others, *_names_of_state(name)]

    def parts_for(self, value: Tensor) -> Mapping[str, Any]:
        """Return the values that its parts in a file have if it stands for another tensor: scales begin anew.

        Args:
            value: tensor, of the shape of the one it stands for.
        """
        scale, history = np.ones((), "float32"), np.zeros(self.history_length, "float32")
        states = {name: scale if name.endswith("scale") else history for name in _names_of_state(self.name)}
        return {self.name: value, **states}

    @property
    def weight(self) -> Variable:
        """The variable of the weight."""
        return self._variables[self.name]

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the weight."""
        return tuple(self.weight.shape)

    @property
    def dtype(self) -> str:
        """The name of its dtype."""
        return str(self.weight.dtype)

    def __kcore_value__(self) -> Any:
        return value_of(self.weight)

    def __kcore_op__(self, op: Any, args: tuple[Any, ...]) -> Any:
        if op is ops.matmul and args[1] is self and self.ndim == 2 and len(args[0].shape) > 1:
            return self._product(args[0], ops.matmul)
        x = input_of_einsum(op, args, self)
        if x is not None:
            return self._product(x, lambda x, weight: ops.einsum(args[0], x, weight))
        return NotImplemented

    def _product(self, x: Any, multiply: Callable[[Any, Any], Any]) -> Any:
        weight = value_of(self.weight)
        if isinstance(x, TensorSpec):
            return multiply(x, weight)
        y = multiply(self._rounded(x, "inputs"), self._rounded(weight, self.name))
        return self._with_rounded_gradient(y)

    def _rounded(self, x: Any, of: str) -> Any:
        """Return a tensor rounded, with the gradient of one that is not."""

        def with_gradient(x: Any, scale: Any, history: Any) -> Any:
            rounded = quantize_and_dequantize(x, scale, NUMBERS, ops.dtype(x))
            return rounded, lambda upstream: (upstream, *_next(x, scale, history, NUMBERS))

        return ops.custom_gradient(with_gradient)(x, *self._state(of))

    def _with_rounded_gradient(self, y: Any) -> Any:
        def with_gradient(y: Any, scale: Any, history: Any) -> Any:
            def gradient(upstream: Any) -> Any:
                rounded = quantize_and_dequantize(upstream, scale, GRADIENTS, ops.dtype(upstream))
                return rounded, *_next(upstream, scale, history, GRADIENTS)

            return ops.multiply(y, 1), gradient

        return ops.custom_gradient(with_gradient)(y, *self._state("outputs_grad"))

    def _state(self, of: str) -> tuple[Any, Any]:
        """Return the scale and the largest numbers so far."""
        return value_of(self._variables[f"{of}_scale"]), value_of(self._variables[f"{of}_amax_history"])


def _next(x: Any, scale: Any, history: Any, dtype: str) -> tuple[Any, Any]:
    """Return the scale of the next step, which the largest numbers before this one say, and those with this one's."""
    new = compute_float8_scale(ops.max(history), scale, LARGEST[dtype])
    return new, compute_float8_amax_history(x, history)


def _names_of_state(name: str) -> list[str]:
    return [f"{of}_{what}" for of in ("inputs", name, "outputs_grad") for what in ("scale", "amax_history")]
