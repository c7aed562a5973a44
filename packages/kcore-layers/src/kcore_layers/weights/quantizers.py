"""Quantizers: how a tensor becomes small integers, as objects that configs hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kcore_ops.engine.op import DType, Tensor
from kcore_ops.foundation.errors import MissingMethod

from kcore_layers.serialization.objects import builtin, resolve, serialize_keras_object
from kcore_layers.weights.integers import abs_max_quantize

__all__ = ["AbsMaxQuantizer", "Quantizer", "deserialize", "get", "serialize"]

_MODULE = "keras.quantizers"


@builtin(_MODULE)
@builtin("keras")
class Quantizer:
    """Base of the functions from a tensor to integers and their scale. Subclass it.

    Args:
        output_dtype: dtype or its name, that of the integers; "int8".

    >>> class Halves(Quantizer):
    ...     def __call__(self, x):
    ...         return (np.asarray(x) * 2).astype(self.output_dtype), np.float32(2)
    >>> Halves()([0.5, 1.0])[0]
    array([1, 2], dtype=int8)
    """

    def __init__(self, output_dtype: DType = "int8") -> None:
        self.output_dtype = output_dtype

    def __call__(self, x: Tensor) -> Any:
        """Return the integers and their scale; here, the tensor as it is.

        Args:
            x: floating tensor.
        """
        return x

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it.

        Raises:
            MissingMethod: if the class has none of its own.
        """
        name = type(self).__name__
        raise MissingMethod(f"{name} has no get_config", fix=f"define {name}.get_config(self)")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Quantizer:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
        """
        return cls(**config)


@builtin(_MODULE)
class AbsMaxQuantizer(Quantizer):
    """Round to integers so that the largest absolute value along an axis is the largest integer: `abs_max_quantize`.

    Args:
        axis: int or ints, along which numbers share a scale; None, that of the call.
        value_range: the least and the greatest integer; (-127, 127).
        epsilon: float, added to the largest absolute value, which may be 0; 1e-7.
        output_dtype: integer dtype or its name, that of the integers; "int8".

    >>> AbsMaxQuantizer(axis=-1)([[0.5, -1.0]])[0]
    array([[  63, -127]], dtype=int8)
    """

    def __init__(
        self,
        axis: int | Sequence[int] | None = None,
        value_range: tuple[int, int] = (-127, 127),
        epsilon: float = 1e-7,
        output_dtype: DType = "int8",
    ) -> None:
        super().__init__(output_dtype)
        self.axis = None if axis is None else tuple(axis) if isinstance(axis, Sequence) else (axis,)
        self.value_range = (value_range[0], value_range[1])
        self.epsilon = epsilon

    def __call__(
        self, x: Tensor, axis: int | Sequence[int] | None = None, to_numpy: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Return the integers and the scale, what to divide them by.

        Args:
            x: floating tensor.
            axis: int or ints, in place of those it was made with; None, those; the last axis, if it has none.
            to_numpy: bool, whether the work is done in NumPy, on the host; False.
        """
        axis = (self.axis or -1) if axis is None else axis
        return abs_max_quantize(x, axis, self.value_range, self.output_dtype, self.epsilon, to_numpy)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        config = {"value_range": self.value_range, "epsilon": self.epsilon, "output_dtype": self.output_dtype}
        return config if self.axis is None else {**config, "axis": self.axis}


def get(identifier: Any, **kwargs: Any) -> Any:
    """Return the quantizer meant by a name, a config, a class or a function; None for None.

    Args:
        identifier: quantizer, class, function, name or config; None is returned as it is.
        **kwargs: arguments of the class, if it is named or given.

    Raises:
        ArgumentError: if there is none.

    >>> get("abs_max_quantizer", axis=0).axis
    (0,)
    """
    if not kwargs:
        return resolve(identifier, "quantizer", _MODULE)
    found = resolve(identifier, "quantizer", _MODULE, instantiate=False)
    return found(**kwargs) if isinstance(found, type) else found


def serialize(initializer: Quantizer | None) -> Any:
    """Return a quantizer as plain data.

    Args:
        initializer: quantizer, by the name that Keras gives it; None is returned as it is.

    >>> serialize(AbsMaxQuantizer())["class_name"]
    'AbsMaxQuantizer'
    """
    return serialize_keras_object(initializer)


def deserialize(config: str | Mapping[str, Any] | None, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make a quantizer of plain data.

    Args:
        config: plain data, as `serialize` returns it, or a name.
        custom_objects: dict from names to classes, beside those registered; None for no more.

    Raises:
        ArgumentError: if it is not the data of a quantizer.

    >>> deserialize(serialize(AbsMaxQuantizer(axis=1))).axis
    (1,)
    """
    return resolve(config, "quantizer", _MODULE, custom_objects)
