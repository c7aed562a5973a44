"""`WeightObject`: what an attribute of a layer may hold in place of a variable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import kcore_ops as ops
from kcore_ops import Variable
from kcore_ops.engine.op import Tensor
from kcore_ops.specs.operators import TensorOperators

__all__ = ["WeightObject", "WeightOfVariables", "value_of"]


class WeightObject(TensorOperators):
    """Base of what stands for a tensor that is kept in another form, made of variables that are a layer's own.

    Ops take it for the tensor, by `__kcore_value__`; what can be computed without that tensor `__kcore_op__` answers,
    which returns NotImplemented for all else.

    Attributes:
        name: the name of the weight that it stands in the place of, and of the first of its entries in files.
        saved_first: whether that entry comes before the layer's other weights.
    """

    name: str
    saved_first: bool = True

    def __kcore_value__(self) -> Any:
        """Return the tensor that it stands for."""
        raise NotImplementedError

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the tensor that it stands for."""
        raise NotImplementedError

    @property
    def dtype(self) -> str:
        """The name of that tensor's dtype."""
        raise NotImplementedError

    @property
    def ndim(self) -> int:
        """The number of its axes."""
        return len(self.shape)

    @property
    def value(self) -> Any:
        """The tensor that it stands for."""
        return self.__kcore_value__()

    def numpy(self) -> Any:
        """Return that tensor as a NumPy array."""
        return ops.convert_to_numpy(self.__kcore_value__())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        numbers = self.numpy()
        return numbers if dtype is None else numbers.astype(dtype)

    @property
    def parts(self) -> Mapping[str, Variable]:
        """The variables it is made of, by the names that they have among the layer's."""
        raise NotImplementedError

    def parts_for(self, value: Tensor) -> Mapping[str, Any]:
        """Return the values that its parts in a file have if it stands for another tensor.

        Args:
            value: tensor, of the shape of the one it stands for.
        """
        raise NotImplementedError

    def __repr__(self) -> str:
        parts = ", ".join(f"{name} {v.dtype} {v.shape}" for name, v in self.parts.items())
        return f"<{type(self).__name__} {self.shape} {self.dtype} of {parts}>"


class WeightOfVariables(WeightObject):
    """Base of those that are told which variables they are made of once a layer has made these.

    Args:
        name: the name of the weight.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._variables: dict[str, Variable] = {}

    def hold(self, variables: Mapping[str, Variable]) -> None:
        """Be made of variables.

        Args:
            variables: dict of them by name, in the order of files.
        """
        self._variables = dict(variables)

    @property
    def parts(self) -> Mapping[str, Variable]:
        """The variables it is made of, by the names that they have among the layer's."""
        return self._variables


def value_of(weight: Any) -> Any:
    """Return the tensor that a variable or a weight object stands for.

    Args:
        weight: variable or weight object.
    """
    return weight.__kcore_value__()
