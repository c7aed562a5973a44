"""`Observed`: a weight that keeps what a calibration needs of all that it is multiplied with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import kcore_ops as ops
from kcore_ops import Variable
from kcore_ops.engine.op import Tensor
from kcore_ops.ops.nn.precision import widened
from kcore_ops.specs.spec import TensorSpec

from kcore_layers.weights.contraction import contraction_of, input_of_einsum
from kcore_layers.weights.quantized import Layout
from kcore_layers.weights.weight_object import WeightObject, value_of

__all__ = ["Observed"]


class Observed(WeightObject):
    """A weight in whose place it stands while data runs: products are as before, their inputs are summed up.

    Args:
        weight: variable.
        layout: how it lies in a matrix whose rows are summed over.

    Attributes:
        gram: tensor `(rows, rows)`, the sum of the products of each input's numbers with one another; None before any.
        magnitudes: tensor `(rows,)`, the sum of the inputs' absolute values; None before any.
        count: int, the number of inputs, vectors.
    """

    def __init__(self, weight: Variable, layout: Layout) -> None:
        self.name = weight.name
        self.weight, self.layout = weight, layout
        self.gram: Any = None
        self.magnitudes: Any = None
        self.count = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the weight."""
        return tuple(self.weight.shape)

    @property
    def dtype(self) -> str:
        """The name of its dtype."""
        return str(self.weight.dtype)

    @property
    def parts(self) -> Mapping[str, Variable]:
        """The weight, by its name."""
        return {self.name: self.weight}

    def parts_for(self, value: Tensor) -> Mapping[str, Any]:
        """Return the value of the weight in a file if it is another one.

        Args:
            value: tensor, of its shape.
        """
        return {self.name: value}

    def __kcore_value__(self) -> Any:
        return value_of(self.weight)

    def __kcore_op__(self, op: Any, args: tuple[Any, ...]) -> Any:
        if op is ops.matmul and args[1] is self and self.ndim == 2 and len(args[0].shape) > 1:
            self._watch("...a,ab->...b", args[0])
        else:
            x = input_of_einsum(op, args, self)
            if x is not None:
                self._watch(args[0], x)
        return NotImplemented  # the product is that with the weight

    def _watch(self, equation: str, x: Any) -> None:
        contraction = contraction_of(equation, len(x.shape))
        if contraction is None or contraction.summed_of_weight != self.layout.summed or isinstance(x, TensorSpec):
            return
        summed = [contraction.inputs.index(contraction.weight[axis]) for axis in self.layout.summed]
        order = [axis for axis in range(len(x.shape)) if axis not in summed] + summed
        rows = ops.reshape(ops.transpose(widened(ops.stop_gradient(x)), order), (-1, self.layout.matrix_shape[0]))
        gram, magnitudes = ops.matmul(ops.transpose(rows), rows), ops.sum(ops.abs(rows), axis=0)
        self.gram = gram if self.gram is None else ops.add(self.gram, gram)
        self.magnitudes = magnitudes if self.magnitudes is None else ops.add(self.magnitudes, magnitudes)
        self.count += int(rows.shape[0])
