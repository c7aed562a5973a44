"""`LowRank`: a weight and a product of two thin matrices that is learned on top of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import kcore_ops as ops
from kcore_ops import Variable
from kcore_ops.engine.op import Tensor

from kcore_layers.weights.contraction import Contraction, contraction_of, input_of_einsum
from kcore_layers.weights.weight_object import WeightObject, value_of

__all__ = ["LowRank"]


class LowRank(WeightObject):
    """A weight plus `factor * a @ b` (Hu et al., 2021, arXiv:2106.09685).

    A product with it is two: one with the weight, whatever that is kept as, and one with the factors, which are never
    multiplied out.

    Args:
        weight: variable or weight object, of the shape `(..., n)`.
        a: variable `(..., rank)`.
        b: variable `(rank, n)`.
        factor: float, by which the product of the two is multiplied.
    """

    def __init__(self, weight: Any, a: Variable, b: Variable, factor: float) -> None:
        self.name = weight.name
        self.weight, self.a, self.b, self.factor = weight, a, b, factor

    @property
    def saved_first(self) -> bool:  # type: ignore[override]
        """Whether the weight's entry in files comes before the layer's other weights."""
        return not isinstance(self.weight, WeightObject) or self.weight.saved_first

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the tensor that it stands for."""
        return tuple(self.weight.shape)

    @property
    def dtype(self) -> str:
        """The name of that tensor's dtype."""
        return str(self.weight.dtype)

    @property
    def parts(self) -> Mapping[str, Variable]:
        """The variables it is made of, by the names that they have among the layer's."""
        inner = self.weight.parts if isinstance(self.weight, WeightObject) else {self.name: self.weight}
        return {**inner, self.a.name: self.a, self.b.name: self.b}

    def __kcore_value__(self) -> Any:
        return ops.add(value_of(self.weight), self._scaled(ops.matmul(self.a, self.b)))

    def parts_for(self, value: Tensor) -> Mapping[str, Any]:
        """Return the values that its parts in a file have if it stands for another tensor.

        Args:
            value: tensor, of the shape of the one it stands for.
        """
        if isinstance(self.weight, WeightObject):
            return self.weight.parts_for(value)
        return {self.name: value}

    def __kcore_op__(self, op: Any, args: tuple[Any, ...]) -> Any:
        if op is ops.matmul and args[1] is self and self.ndim == 2 and len(args[0].shape) > 1:
            return self._sum(ops.matmul(args[0], self.weight), ops.matmul(ops.matmul(args[0], self.a), self.b))
        if op is ops.take and args[0] is self and args[2] == 0 and self.ndim == 2:
            return self._sum(
                ops.take(self.weight, args[1], axis=0), ops.matmul(ops.take(self.a, args[1], axis=0), self.b)
            )
        x = input_of_einsum(op, args, self)
        if x is not None:
            contraction = contraction_of(args[0], len(x.shape))
            through = None if contraction is None else self._through(contraction, x)
            if through is not None:
                return self._sum(ops.einsum(args[0], x, self.weight), through)
        return NotImplemented

    def _scaled(self, x: Any) -> Any:
        return x if self.factor == 1 else ops.multiply(x, self.factor)

    def _sum(self, whole: Any, thin: Any) -> Any:
        return ops.add(whole, self._scaled(thin))

    def _through(self, contraction: Contraction, x: Any) -> Any:
        """Return the product of an input with one factor, and then the other; None if their axis is in the way."""
        inputs, weight, outputs = contraction
        last = weight[-1]
        rank = next(letter for letter in "rstuvwxyzabcdefghijklmnopq" if letter not in inputs + weight + outputs)
        if last not in inputs:
            narrow = outputs.replace(last, rank)
            x = ops.einsum(f"{inputs},{weight[:-1]}{rank}->{narrow}", x, self.a)
            return ops.einsum(f"{narrow},{rank}{last}->{outputs}", x, self.b)
        if last not in outputs:
            narrow = inputs.replace(last, rank)
            x = ops.einsum(f"{inputs},{rank}{last}->{narrow}", x, self.b)
            return ops.einsum(f"{narrow},{weight[:-1]}{rank}->{outputs}", x, self.a)
        return None
