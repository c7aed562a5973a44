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

    _stack: list[Any]
    _input: Any
    _output: Any

    def __init__(self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(trainable=trainable, name=name)
        # The layers that run: a layer assigned to an attribute is part of the state alone.
        self.set_untracked("_stack", [])
        self.set_untracked("_input", None)
        self.set_untracked("_output", None)
        for layer in layers or ():
            self.add(layer, rebuild=False)
        self._rebuild()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer at the end.

        Raises:
            ArgumentError: if it is not a layer, or its name is taken.
        """
        if isinstance(layer, KerasTensor):
            layer = layer.node.op if layer.node is not None and isinstance(layer.node.op, InputLayer) else layer
        layer = self.to_trackable(layer)
        if not isinstance(layer, Layer):
            raise ArgumentError(
                f"a Sequential is made of layers, and {layer!r} is a {type(layer).__name__}",
                fix="wrap a function in Lambda" if callable(layer) else "pass a layer",
            ).at("Sequential.add")
        if any(each.name == layer.name for each in self._stack):
            raise ArgumentError(f"two layers are named {layer.name!r}", fix="pass name= to one").at("Sequential.add")
        if isinstance(layer, InputLayer):
            if self._stack or self._input is not None:
                raise ArgumentError("an Input can only be the first layer", fix="move it to the front").at(
                    "Sequential.add"
                )
            self.set_untracked("_input", layer.output)
            return
        shape = getattr(layer, "_input_shape_arg", None)
        if shape is not None and not self._stack and self._input is None:
            self.set_untracked("_input", Input(shape, dtype=layer.input_dtype))
        self._stack.append(layer)
        self.set_untracked("built", False)
        self.set_untracked("_fast", None)
        self.track_again()
        if rebuild:
            self._rebuild()

    def pop(self, rebuild: bool = True) -> Any:
        """Take the last layer away, and give it."""
        if not self._stack:
            raise ArgumentError("there is no layer to take away").at("Sequential.pop")
        layer = self._stack.pop()
        self.set_untracked("built", False)
        self.set_untracked("_fast", None)
        self.track_again()
        if rebuild:
            self._rebuild()
        return layer

    def _rebuild(self) -> None:
        if self._input is not None and self._stack:
            self.build(self._input.shape)

    def track_again(self) -> None:
        """Keep the layers that were added, before those that were assigned to attributes."""
        own = self.__dict__.get("_stack", ())
        super().track_again()
        ids = {id(layer) for layer in own}
        self._layers[:] = [*own, *(layer for layer in self._layers if id(layer) not in ids)]
        self.tracking_changed()

    def named_sublayers(self) -> list[tuple[str, Any]]:
        """Give the layers inside by name, those made up numbered from the start of this model."""
        layers = list(self._layers)
        names = [snake_case(type(each).__name__) if each._has_auto_name else each.name for each in layers]
        return list(zip(unique_names(names), layers, strict=True))

    def build(self, input_shape: Any = None) -> None:
        """Build each layer for the shape that the one before gives.

        Raises:
            ShapeError: if no shape is given, nor known from an `Input`.
        """
        if self._input is None:
            if input_shape is None:
                raise ShapeError("the shape of the input is not known", fix="pass input_shape, or add an Input first")
            dtype = self._stack[0].input_dtype if self._stack else None
            self.set_untracked("_input", Input(batch_shape=standardize_shape(input_shape), dtype=dtype))
        self._chain()

    def _chain(self) -> None:
        """Give the symbolic input to the layers, which builds them, and keep the symbolic output."""
        x = self._input
        for layer in self._stack:
            x = layer(x)
        self.set_untracked("_output", x)

    def build_for(self, values: dict[str, Any]) -> None:
        """Build the layers for a call, with a batch of any size."""
        x = values["inputs"]
        if self._input is None and hasattr(x, "shape"):
            shape = [size if type(size) is int else None for size in x.shape]
            dtype = x.dtype if isinstance(x.dtype, str) else self.backend.dtype(x)
            self.set_untracked("_input", Input(batch_shape=(None, *shape[1:]), dtype=dtype))
        self.build(None if self._input is None else self._input.shape)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Run the layers in order."""
        x = inputs
        if self._input is not None and hasattr(x, "shape"):
            x = adjusted(x, self._input, self.name)
        for layer in self._stack:
            x = layer(x)
        return x

    @property
    def layers(self) -> list[Any]:
        """The layers, without an `Input`."""
        return list(self._stack)

    @layers.setter
    def layers(self, _: Any) -> None:
        raise ArgumentError("layers can not be set", fix="use add() and pop()").at("Sequential")

    def _needs_shapes(self) -> None:
        if self._output is None:
            raise ShapeError(
                f'the shapes of "{self.name}" are not known before it is built',
                fix="add an Input first, call build(), or call it on data",
            )

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic input, in a list."""
        self._needs_shapes()
        return [self._input]

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic output, in a list."""
        self._needs_shapes()
        return [self._output]

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
        return [self._stack[-1].name]

    def get_config(self) -> dict[str, Any]:
        """Give the layers' configs, an `Input` first if there is one."""
        from kcore_layers.layer import dtype_config

        first = [] if self._input is None else [self._input.node.op]
        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": dtype_config(self.dtype_policy),
            "layers": [serialize_keras_object(layer) for layer in (*first, *self._stack)],
        }
        if self._input is not None:
            config["build_input_shape"] = self._input.shape
        return config

    def __reduce__(self) -> Any:
        make, args, state = super().__reduce__()
        first = None if self._input is None else self._input.node.op
        return make, args, {**state, "_input": first, "_output": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        first = state["_input"]
        super().__setstate__({**state, "_input": None if first is None else first.output})
        if self.built and first is not None:
            self._chain()

    def get_build_config(self) -> dict[str, Any] | None:
        """Give the shape of the input, or None."""
        return None if self._input is None else {"input_shape": self._input.shape}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Make one from what `get_config` gave."""
        model = cls(name=config.get("name"), trainable=config.get("trainable", True))
        with name_scope(model.settled_path()):  # layers that say how they are built are built at once
            for layer in config["layers"]:
                model.add(deserialize_keras_object(layer, custom_objects=custom_objects), rebuild=False)
        shape = config.get("build_input_shape")
        if shape is not None:
            model.build(tuple(shape))
        return model
