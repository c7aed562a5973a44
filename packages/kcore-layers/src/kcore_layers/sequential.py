"""`Sequential`: layers one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore_ops import KerasTensor
from kcore_ops.errors import ArgumentError, ShapeError
from kcore_ops.spec import standardize_shape

from kcore_layers.input_layer import Input, InputLayer
from kcore_layers.layer import Layer
from kcore_layers.model import Model
from kcore_layers.model_inputs import adjusted
from kcore_layers.naming import name_scope, snake_case, unique_names
from kcore_layers.registered_objects import builtin
from kcore_layers.serialization import deserialize_keras_object, serialize_keras_object

__all__ = ["Sequential"]


@builtin("keras")
class Sequential(Model):
    """A model that gives each layer the output of the one before.

    Args:
        layers: the layers; an `Input` first makes the shapes known at once.
        trainable: whether an optimizer may change its variables.
        name: its name.

    Raises:
        ArgumentError: if something is not a layer, or two layers share a name.

    >>> from kcore_layers import Input
    >>> from kcore_layers.layers import Dense
    >>> model = Sequential([Input((3,)), Dense(4), Dense(2)])
    >>> model.output_shape
    (None, 2)
    """

    _kcore_stack: list[Any]
    _kcore_input: Any
    _kcore_output: Any

    def __init__(self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(trainable=trainable, name=name)
        # The layers that run: a layer assigned to an attribute is part of the state alone.
        self._kcore_set_untracked("_kcore_stack", [])
        self._kcore_set_untracked("_kcore_input", None)
        self._kcore_set_untracked("_kcore_output", None)
        for layer in layers or ():
            self.add(layer, rebuild=False)
        self._kcore_rebuild()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer at the end.

        Raises:
            ArgumentError: if it is not a layer, or its name is taken.
        """
        if isinstance(layer, KerasTensor):
            layer = layer.node.op if layer.node is not None and isinstance(layer.node.op, InputLayer) else layer
        layer = self._kcore_to_trackable(layer)
        if not isinstance(layer, Layer):
            raise ArgumentError(
                f"a Sequential is made of layers, and {layer!r} is a {type(layer).__name__}",
                fix="wrap a function in Lambda" if callable(layer) else "pass a layer",
            ).at("Sequential.add")
        if any(each.name == layer.name for each in self._kcore_stack):
            raise ArgumentError(f"two layers are named {layer.name!r}", fix="pass name= to one").at("Sequential.add")
        if isinstance(layer, InputLayer):
            if self._kcore_stack or self._kcore_input is not None:
                raise ArgumentError("an Input can only be the first layer", fix="move it to the front").at(
                    "Sequential.add"
                )
            self._kcore_set_untracked("_kcore_input", layer.output)
            return
        shape = getattr(layer, "_kcore_input_shape_arg", None)
        if shape is not None and not self._kcore_stack and self._kcore_input is None:
            self._kcore_set_untracked("_kcore_input", Input(shape, dtype=layer.input_dtype))
        self._kcore_stack.append(layer)
        self._kcore_set_untracked("built", False)
        self._kcore_set_untracked("_kcore_fast", None)
        self._kcore_track_again()
        if rebuild:
            self._kcore_rebuild()

    def pop(self, rebuild: bool = True) -> Any:
        """Take the last layer away, and give it."""
        if not self._kcore_stack:
            raise ArgumentError("there is no layer to take away").at("Sequential.pop")
        layer = self._kcore_stack.pop()
        self._kcore_set_untracked("built", False)
        self._kcore_set_untracked("_kcore_fast", None)
        self._kcore_track_again()
        if rebuild:
            self._kcore_rebuild()
        return layer

    def _kcore_rebuild(self) -> None:
        if self._kcore_input is not None and self._kcore_stack:
            self.build(self._kcore_input.shape)

    def _kcore_track_again(self) -> None:
        """Keep the layers that were added, before those that were assigned to attributes."""
        own = self.__dict__.get("_kcore_stack", ())
        super()._kcore_track_again()
        ids = {id(layer) for layer in own}
        self._kcore_layers[:] = [*own, *(layer for layer in self._kcore_layers if id(layer) not in ids)]
        self._kcore_tracking_changed()

    def _kcore_named_sublayers(self) -> list[tuple[str, Any]]:
        """Give the layers inside by name, those made up numbered from the start of this model."""
        layers = list(self._kcore_layers)
        names = [snake_case(type(each).__name__) if each._kcore_has_auto_name else each.name for each in layers]
        return list(zip(unique_names(names), layers, strict=True))

    def build(self, input_shape: Any = None) -> None:
        """Build each layer for the shape that the one before gives.

        Raises:
            ShapeError: if no shape is given, nor known from an `Input`.
        """
        if self._kcore_input is None:
            if input_shape is None:
                raise ShapeError("the shape of the input is not known", fix="pass input_shape, or add an Input first")
            dtype = self._kcore_stack[0].input_dtype if self._kcore_stack else None
            self._kcore_set_untracked("_kcore_input", Input(batch_shape=standardize_shape(input_shape), dtype=dtype))
        self._kcore_chain()

    def _kcore_chain(self) -> None:
        """Give the symbolic input to the layers, which builds them, and keep the symbolic output."""
        x = self._kcore_input
        for layer in self._kcore_stack:
            x = layer(x)
        self._kcore_set_untracked("_kcore_output", x)

    def _kcore_build_for(self, values: dict[str, Any]) -> None:
        """Build the layers for a call, with a batch of any size."""
        x = values["inputs"]
        if self._kcore_input is None and hasattr(x, "shape"):
            shape = [size if type(size) is int else None for size in x.shape]
            dtype = x.dtype if isinstance(x.dtype, str) else self._kcore_backend.dtype(x)
            self._kcore_set_untracked("_kcore_input", Input(batch_shape=(None, *shape[1:]), dtype=dtype))
        self.build(None if self._kcore_input is None else self._kcore_input.shape)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Run the layers in order."""
        x = inputs
        if self._kcore_input is not None and hasattr(x, "shape"):
            x = adjusted(x, self._kcore_input, self.name)
        for layer in self._kcore_stack:
            x = layer(x)
        return x

    @property
    def layers(self) -> list[Any]:
        """The layers, without an `Input`."""
        return list(self._kcore_stack)

    @layers.setter
    def layers(self, _: Any) -> None:
        raise ArgumentError("layers can not be set", fix="use add() and pop()").at("Sequential")

    def _kcore_needs_shapes(self) -> None:
        if self._kcore_output is None:
            raise ShapeError(
                f'the shapes of "{self.name}" are not known before it is built',
                fix="add an Input first, call build(), or call it on data",
            )

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic input, in a list."""
        self._kcore_needs_shapes()
        return [self._kcore_input]

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic output, in a list."""
        self._kcore_needs_shapes()
        return [self._kcore_output]

    @property
    def input(self) -> KerasTensor:
        """The symbolic input."""
        return self.inputs[0]

    @property
    def output(self) -> KerasTensor:
        """The symbolic output."""
        return self.outputs[0]

    @property
    def input_shape(self) -> Any:
        """The shape of the input."""
        return self.input.shape

    @property
    def output_shape(self) -> Any:
        """The shape of the output."""
        return self.output.shape

    @property
    def input_names(self) -> list[str]:
        """The name of the input, in a list."""
        return [self.input.name]

    @property
    def output_names(self) -> list[str]:
        """The name of the last layer, in a list."""
        return [self._kcore_stack[-1].name]

    def get_config(self) -> dict[str, Any]:
        """Give the layers' configs, an `Input` first if there is one."""
        from kcore_layers.layer import dtype_config

        first = [] if self._kcore_input is None else [self._kcore_input.node.op]
        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": dtype_config(self.dtype_policy),
            "layers": [serialize_keras_object(layer) for layer in (*first, *self._kcore_stack)],
        }
        if self._kcore_input is not None:
            config["build_input_shape"] = self._kcore_input.shape
        return config

    def __reduce__(self) -> Any:
        make, args, state = super().__reduce__()
        first = None if self._kcore_input is None else self._kcore_input.node.op
        return make, args, {**state, "_kcore_input": first, "_kcore_output": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        first = state["_kcore_input"]
        super().__setstate__({**state, "_kcore_input": None if first is None else first.output})
        if self.built and first is not None:
            self._kcore_chain()

    def get_build_config(self) -> dict[str, Any] | None:
        """Give the shape of the input, or None."""
        return None if self._kcore_input is None else {"input_shape": self._kcore_input.shape}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Make one from what `get_config` gave."""
        model = cls(name=config.get("name"), trainable=config.get("trainable", True))
        with name_scope(model._kcore_settled_path()):  # layers that say how they are built are built at once
            for layer in config["layers"]:
                model.add(deserialize_keras_object(layer, custom_objects=custom_objects), rebuild=False)
        shape = config.get("build_input_shape")
        if shape is not None:
            model.build(tuple(shape))
        return model
