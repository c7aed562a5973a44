"""`Input` and `InputLayer`: where a graph of symbolic tensors starts."""

from __future__ import annotations

from typing import Any, TypedDict, Unpack

from kcore_ops import KerasTensor
from kcore_ops.dtypes import STRING, is_string_dtype, standardize_dtype
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.specs.spec import standardize_shape
from kcore_ops.specs.symbolic import Node

from kcore_layers.base.layer import Layer
from kcore_layers.base.nodes import record_call
from kcore_layers.options.argument_types import DTypeLike, RegularizerLike, Shape
from kcore_layers.serialization.registry import builtin

__all__ = ["Input", "InputLayer"]


class _InputLayerOptions(TypedDict, total=False):
    activity_regularizer: RegularizerLike
    trainable: bool
    autocast: bool


@builtin("keras.layers")
class InputLayer(Layer):
    """Stand for an input of a model, which is the layer's output; `Input` makes one.

    Args:
        shape: sizes without the batch, None among them for one that is not known; None if `batch_shape` or
            `input_tensor` is given.
        batch_size: int, size of the batch; None is not known.
        dtype: dtype or its name, "string" for what layers of strings take; None is `config.floatx()`.
        sparse: False or None: there are no sparse tensors; None.
        ragged: False or None: there are no ragged tensors; None.
        batch_shape: all sizes, in place of `shape` and `batch_size`; None.
        input_tensor: symbolic tensor to be the output as it is; None makes one.
        optional: bool, whether the model may be given None for it; False.
        name: string, the name that inputs are matched by; None makes one.
        **kwargs: `activity_regularizer`, `autocast` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if no shape is given, or two that do not go together.
    """

    _kcore_is_input_layer = True
    output: KerasTensor
    _dtype: str

    batch_shape: tuple[int | None, ...]

    def __init__(
        self,
        shape: Shape | None = None,
        batch_size: int | None = None,
        dtype: DTypeLike = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Shape | None = None,
        input_tensor: KerasTensor | None = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Unpack[_InputLayerOptions],
    ) -> None:
        super().__init__(name=name, **kwargs)
        if sparse or ragged:
            raise ArgumentError("there are no sparse or ragged tensors", fix="leave out sparse= and ragged=").at(
                "Input"
            )
        if batch_shape is not None:
            for other, value in (("shape", shape), ("batch_size", batch_size)):
                if value is not None:
                    raise ArgumentError(f"{other} and batch_shape were both given", fix="pass one of them").at("Input")
        if input_tensor is not None:
            _check_fits(input_tensor, shape, batch_size, batch_shape, dtype)
            batch_shape, dtype = input_tensor.shape, input_tensor.dtype
        elif batch_shape is None and shape is None:
            raise ArgumentError("an input needs a shape", fix="pass shape=, without the batch").at("Input")
        elif batch_shape is None:
            batch_shape = (batch_size, *standardize_shape(shape))
        self.batch_shape = standardize_shape(batch_shape)
        self._kcore_set_untracked("_dtype", STRING if is_string_dtype(dtype) else standardize_dtype(dtype))
        self.optional = bool(optional)
        self.built = True
        output = KerasTensor(self.batch_shape, self._dtype, name=self.name)
        output.node = Node(self, [], None)
        output.node.outputs = output
        record_call(self, output.node)
        self._kcore_set_untracked("output", output)

    @property
    def dtype(self) -> str:
        """The dtype of the input."""
        return str(self._dtype)

    @property
    def sparse(self) -> bool:
        """False: there are no sparse tensors."""
        return False

    @property
    def ragged(self) -> bool:
        """False: there are no ragged tensors."""
        return False

    def call(self, *args: Tensor) -> Tensor:
        """Return what the model was given; None for nothing.

        Args:
            *args: the tensor that the model was given, or nothing.
        """
        return args[0] if args else None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {
            "batch_shape": self.batch_shape,
            "dtype": self.dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
            "optional": self.optional,
        }

    def __reduce__(self) -> Any:
        return _remake_input, (self.get_config(),)


def _check_fits(tensor: Any, shape: Any, batch_size: Any, batch_shape: Any, dtype: Any) -> None:
    """Raise if a tensor is not symbolic, or has not got the shape and dtype that are passed beside it."""
    if not isinstance(tensor, KerasTensor):
        raise ArgumentError(f"input_tensor is of class {type(tensor).__name__}", fix="pass a KerasTensor").at("Input")
    given = {
        "shape": (shape if shape is None else standardize_shape(shape), tensor.shape[1:]),
        "batch_size": (batch_size, tensor.shape[:1] and tensor.shape[0]),
        "batch_shape": (batch_shape if batch_shape is None else standardize_shape(batch_shape), tensor.shape),
        "dtype": (dtype if dtype is None or is_string_dtype(dtype) else standardize_dtype(dtype), tensor.dtype),
    }
    for name, (value, own) in given.items():
        if value is not None and value != own:
            raise ArgumentError(f"{name} can not be {value!r}, as the tensor has {own!r}", fix=f"leave out {name}=").at(
                "Input"
            )


def _remake_input(config: dict[str, Any]) -> InputLayer:
    return InputLayer(**config)


def Input(  # noqa: N802 (Keras's name)
    shape: Shape | None = None,
    batch_size: int | None = None,
    dtype: DTypeLike = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Shape | None = None,
    name: str | None = None,
    tensor: KerasTensor | None = None,
    optional: bool = False,
) -> KerasTensor:
    """Return a symbolic tensor that stands for an input of a model.

    Args:
        shape: sizes without the batch, None among them for one that is not known; None if `batch_shape` or `tensor` is
            given.
        batch_size: int, size of the batch; None is not known.
        dtype: dtype or its name, "string" for what layers of strings take; None is `config.floatx()`.
        sparse: False or None: there are no sparse tensors; None.
        ragged: False or None: there are no ragged tensors; None.
        batch_shape: all sizes, in place of `shape` and `batch_size`; None.
        name: string, the name that inputs are matched by; None makes one.
        tensor: symbolic tensor to take shape and dtype from; None.
        optional: bool, whether the model may be given None for it; False.

    Raises:
        ArgumentError: if no shape is given.

    >>> x = Input((32,))
    >>> x.shape
    (None, 32)
    """
    layer = InputLayer(
        shape=shape,
        batch_size=batch_size,
        dtype=dtype,
        sparse=sparse,
        ragged=ragged,
        batch_shape=batch_shape,
        input_tensor=tensor,
        optional=optional,
        name=name,
    )
    output: KerasTensor = layer.output
    return output
