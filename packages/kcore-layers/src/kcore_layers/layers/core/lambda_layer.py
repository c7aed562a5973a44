"""`Lambda`: any function as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops import tree
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import LayerOptions, Shape
from kcore_layers.serialization.objects import SerializationError, deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin, is_registered

__all__ = ["Lambda"]


@builtin("keras.layers")
class Lambda(Layer):
    """Call a function of the inputs.

    Variables that the function uses are not the layer's: to train some, write a layer of your own.

    Shapes: those of the function.

    Args:
        function: function of the inputs, and of `mask` and `training` if it has parameters of these names.
        output_shape: sizes of an example of the output, or a function from the input's shape to the output's; None runs
            the function to find out.
        mask: the output's mask, or a function of the inputs and their mask that returns it; None, no mask.
        arguments: dict of further arguments of the function, by name; None, no more.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `function` can not be called.
        SerializationError: when saved, if the function is a lambda: a file can name functions, not hold them.

    >>> Lambda(lambda x: x * 2)(np.array([1.0, 2.0], "float32"))
    array([2., 4.], dtype=float32)
    """

    function: Callable[..., Any]
    arguments: dict[str, Any]
    mask: Any
    _output_shape: Any

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Shape | Callable[..., Shape] | None = None,
        mask: Tensor | Callable[..., Tensor] | None = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise ArgumentError(f"{function!r} is not a function", fix="pass a function of the inputs").at("Lambda")
        self._kcore_set_untracked("function", function)
        self._kcore_set_untracked("arguments", dict(arguments or {}))
        self._kcore_set_untracked("_output_shape", output_shape)
        self._kcore_set_untracked("mask", mask)
        self.supports_masking = mask is not None
        names = _parameters(function)
        self._passes_mask = "mask" in names
        self._passes_training = "training" in names

    def call(self, inputs: Tensor, mask: Tensor | None = None, training: bool | None = None) -> Tensor:
        """Return what the function returns.

        Args:
            inputs: tensor, or a tree of them, as the function takes it.
            mask: boolean tensor, passed on if the function has a parameter `mask`; None.
            training: bool, passed on if the function has a parameter `training`; None.
        """
        kwargs = dict(self.arguments)
        if self._passes_mask:
            kwargs["mask"] = mask
        if self._passes_training:
            kwargs["training"] = training
        return self.function(inputs, **kwargs)

    def compute_output_spec(self, inputs: Tensor, *args: Any, **kwargs: Any) -> Any:
        """Return the spec of the output: from `output_shape` if there is one.

        Args:
            inputs: symbolic tensor or spec, or a tree of them.
            *args: not used.
            **kwargs: not used.
        """
        if self._output_shape is None:
            return super().compute_output_spec(inputs, *args, **kwargs)
        shape = self._output_shape
        if callable(shape):
            shape = shape(tree.map_structure(lambda x: tuple(x.shape), inputs))
        else:
            shape = (tree.flatten(inputs)[0].shape[0], *shape)
        return ops.TensorSpec(shape, self.compute_dtype)

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        """Return the mask of the output, if there is to be one.

        Args:
            inputs: tensor, as `call` takes it.
            mask: boolean tensor, the mask of the inputs; None, no mask.
        """
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def _kcore_overrides_compute_mask(self) -> bool:
        return self.mask is not None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        config = {**super().get_config(), "function": self._saved("function", self.function)}
        if self._output_shape is not None:
            config["output_shape"] = self._saved("output_shape", self._output_shape)
        if self.mask is not None:
            config["mask"] = self._saved("mask", self.mask)
        return {**config, "arguments": serialize_keras_object(self.arguments)}

    def _saved(self, name: str, value: Any) -> Any:
        if getattr(value, "__name__", None) == "<lambda>" and not is_registered(value):
            raise SerializationError(
                f"{name} is a lambda, which has no name to save",
                fix="define a function, and decorate it with @register_keras_serializable()",
            ).at(f'layer "{self.path}"')
        return serialize_keras_object(value)

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None, safe_mode: bool | None = None
    ) -> Any:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
            custom_objects: dict from names to functions, beside those registered; None for no more.
            safe_mode: bool, whether to refuse lambdas, which Keras saves as code; None is True, unless the surroundings
                say otherwise.

        Raises:
            SerializationError: if it names a function that is not known, or holds a lambda in safe mode.
        """
        names = ("function", "output_shape", "mask", "arguments")
        own = {
            name: deserialize_keras_object(config[name], custom_objects, safe_mode=safe_mode is not False)
            for name in names
            if config.get(name) is not None
        }
        return super().from_config({**config, **own})


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return ()  # a built-in function that does not say
