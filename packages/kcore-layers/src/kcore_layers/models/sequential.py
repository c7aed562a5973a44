"""`Sequential`: layers one after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kcore_ops import KerasTensor, config, dtype_policies, tree
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.op import Tree
from kcore_ops.foundation.errors import ArgumentError, AttributeUnavailable, ShapeError

from kcore_layers.base.call_plan import drop_plan
from kcore_layers.base.layer import Layer
from kcore_layers.base.naming import building_under, canonical_names
from kcore_layers.base.saved_attributes import saved_attributes
from kcore_layers.base.shapes import ShapeTree, specs_of, tuples_of
from kcore_layers.layers.core.input_layer import Input, InputLayer
from kcore_layers.models.inputs import InputCheck
from kcore_layers.models.model import Model
from kcore_layers.serialization.arguments import extra_arguments, extra_arguments_from
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin

__all__ = ["Sequential"]


@builtin("keras")
class Sequential(Model):
    """A model that gives each layer the output of the one before.

    Args:
        layers: list of the layers; an `Input` first makes the shapes known at once. None, the default, is no layers
            yet.
        trainable: bool, whether an optimizer may change its variables; True by default.
        name: str, its name; None, the default, makes one up.

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
    _kcore_is_input_given: bool
    _kcore_input_check: InputCheck | None
    _kcore_tensors: list[Any]

    def __init__(self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(trainable=trainable, name=name)
        # The layers that run: a layer assigned to an attribute is part of the state only.
        self._kcore_set_untracked("_kcore_stack", [])
        # The symbolic input, and what each layer makes of it. An input that was given is one that calls have to fit;
        # one that the first batch has shown says what the layers were built for, and they take others as they can.
        self._kcore_set_untracked("_kcore_input", None)
        self._kcore_set_untracked("_kcore_is_input_given", False)
        self._kcore_set_untracked("_kcore_input_check", None)
        self._kcore_set_untracked("_kcore_tensors", [])
        for layer in layers or ():
            self.add(layer, rebuild=False)
        self._kcore_rebuild()

    def add(self, layer: object, rebuild: bool = True) -> None:
        """Append a layer.

        Args:
            layer: the layer, an `Input`, or a native module of the backend's framework.
            rebuild: bool, whether layers are built for known shapes at once; True by default.

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
            self._kcore_take_input(layer.output, is_given=True)
            return
        if not self._kcore_stack and self._kcore_input is None:
            self._kcore_take_input_of(layer)
        self._kcore_stack.append(layer)
        self._kcore_changed(rebuild)

    def pop(self, rebuild: bool = True) -> Any:
        """Remove the last layer, and return it.

        Args:
            rebuild: bool, whether layers are built for known shapes at once; True by default.
        """
        if not self._kcore_stack:
            raise ArgumentError("there is no layer to take away").at("Sequential.pop")
        layer = self._kcore_stack.pop()
        del self._kcore_tensors[len(self._kcore_stack) :]
        if not self._kcore_stack and not self._kcore_is_input_given:
            self._kcore_take_input(None, is_given=False)
        self._kcore_changed(rebuild)
        return layer

    def _kcore_changed(self, rebuild: bool) -> None:
        self.built = False
        drop_plan(self)
        self._kcore_track_again()
        if rebuild:
            self._kcore_rebuild()

    def _kcore_take_input(self, structure: Any, is_given: bool) -> None:
        self._kcore_set_untracked("_kcore_input", structure)
        self._kcore_set_untracked("_kcore_is_input_given", is_given)
        self._kcore_set_untracked("_kcore_input_check", InputCheck(structure) if is_given else None)

    def _kcore_take_input_of(self, layer: Layer) -> None:
        """Take inputs like those that the first layer says it has: by an argument, or as it is a model with inputs."""
        from kcore_layers.models.functional import Functional

        shape = getattr(layer, "_kcore_input_shape_arg", None)
        if shape is not None:
            self._kcore_take_input(Input(shape, dtype=layer.input_dtype), is_given=True)
        elif isinstance(layer, Functional) or (isinstance(layer, Sequential) and layer._kcore_tensors):
            is_given = isinstance(layer.input, KerasTensor) and getattr(layer, "_kcore_is_input_given", True)
            self._kcore_take_input(tree.map_structure(_input_like, layer.input), is_given)

    def _kcore_rebuild(self) -> None:
        if self._kcore_input is not None and self._kcore_stack:
            with contextlib.suppress(NotImplementedError):  # a layer can not say what it gives: calls will build it
                self.build()

    def _kcore_track_again(self) -> None:
        """Keep the layers that were added, before those that were assigned to attributes."""
        own = self.__dict__.get("_kcore_stack", ())
        super()._kcore_track_again()
        ids = {id(layer) for layer in own}
        self._kcore_layers[:] = [*own, *(layer for layer in self._kcore_layers if id(layer) not in ids)]
        self._kcore_tracking_changed()

    def _kcore_named_sublayers(self) -> list[tuple[str, Any]]:
        """Return the layers inside by name, those made up numbered from the start of this model."""
        layers = list(self._kcore_layers)
        return list(zip(canonical_names(layers), layers, strict=True))

    def _kcore_saved_children(self) -> Iterator[tuple[str, Any]]:
        """Return the layers first, by the names of their classes: the attributes that hold some come after."""
        yield "layers", self.layers
        yield from saved_attributes(self, Sequential, ("optimizer",))

    def build(self, input_shape: ShapeTree = None) -> None:
        """Build each layer for what the one before gives.

        Args:
            input_shape: the shape of the input, or a tree of them; None, the default, if it is known from an `Input`.

        Raises:
            ShapeError: if no shape is given, nor known.
            NotImplementedError: if a layer can not say what it gives and layers after it are not built: call the model.
        """
        if self._kcore_input is None:
            if input_shape is None:
                raise ShapeError("the shape of the input is not known", fix="pass input_shape, or add an Input first")
            dtype = getattr(self, "_kcore_build_dtypes", {}).get("inputs")
            if dtype is None:
                dtype = self._kcore_stack[0].input_dtype if self._kcore_stack else config.floatx()
            self._kcore_take_input(tree.map_structure(_input_like, specs_of(input_shape, dtype)), is_given=False)
        try:
            self._kcore_chain()
        except NotImplementedError:
            if not all(layer.built for layer in self._kcore_stack):
                raise

    def _kcore_chain(self) -> None:
        """Pass the symbolic input through the layers, which builds them, and keep the results; each is called once."""
        x = self._kcore_tensors[-1] if self._kcore_tensors else self._kcore_input
        for layer in self._kcore_stack[len(self._kcore_tensors) :]:
            x = layer(x)
            self._kcore_tensors.append(x)

    def _kcore_build_for(self, values: dict[str, Any]) -> None:
        """Build the layers for a call, with a batch of any size."""
        if self._kcore_input is None:
            like = tree.map_structure(self._kcore_input_for, values["inputs"])
            if not all(isinstance(leaf, KerasTensor) for leaf in tree.flatten(like)):
                return  # the call builds them
            self._kcore_take_input(like, is_given=False)
            self._kcore_set_untracked(
                "_kcore_build_dtypes", {"inputs": tree.map_structure(lambda leaf: leaf.dtype, like)}
            )
        with contextlib.suppress(NotImplementedError):  # a layer can not say what it gives: the call builds the rest
            self.build()

    def _kcore_input_for(self, x: Any) -> Any:
        """Return an input for tensors like `x`, in batches of any size; what is no tensor is left as it is."""
        if not hasattr(x, "shape"):
            return x
        shape = [size if type(size) is int else None for size in x.shape]
        return Input(batch_shape=(None, *shape[1:]) if shape else (), dtype=dtype_of(x))

    def call(self, inputs: Tree, training: bool | None = None, mask: Tree = None) -> Any:
        """Return the output of the last layer.

        Args:
            inputs: a tensor, or a tree of them: what the first layer takes.
            training: not looked at: the layers inside are told by the call of the model.
            mask: not looked at: masks travel with the tensors.
        """
        x = inputs
        check = self._kcore_input_check
        if check is not None:
            x = check(x, self.name)
        for layer in self._kcore_stack:
            x = layer(x)
        return x

    @property
    def layers(self) -> list[Any]:
        """The layers, without an `Input`."""
        return list(self._kcore_stack)

    @layers.setter
    def layers(self, _: object) -> None:
        raise AttributeUnavailable("layers can not be set", fix="use add() and pop()").at("Sequential")

    def _kcore_structures(self) -> tuple[Any, Any]:
        """Return the symbolic input and output."""
        if not self._kcore_tensors or len(self._kcore_tensors) < len(self._kcore_stack):
            raise AttributeUnavailable(
                f'the shapes of "{self.name}" are not known before it is built',
                fix="add an Input first, call build(), or call it on data",
            )
        return self._kcore_input, self._kcore_tensors[-1]

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic input in a list, or the leaves of a tree of them."""
        return tree.flatten(self.input)

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic output in a list, or the leaves of a tree of them."""
        return tree.flatten(self.output)

    @property
    def input(self) -> Any:
        """The symbolic input, or a tree of them."""
        return self._kcore_structures()[0]

    @property
    def output(self) -> Any:
        """The symbolic output, or a tree of them."""
        return self._kcore_structures()[1]

    @property
    def input_shape(self) -> Any:
        """The shape of the input, or a tree of them."""
        return tree.map_structure(lambda x: x.shape, self.input)

    @property
    def output_shape(self) -> Any:
        """The shape of the output, or a tree of them."""
        return tree.map_structure(lambda x: x.shape, self.output)

    @property
    def input_names(self) -> list[str]:
        """The name of the input in a list, or those of several."""
        return [x.name for x in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """The name of the last layer, in a list."""
        return [self._kcore_stack[-1].name]

    def get_config(self) -> dict[str, Any]:
        """Return the layers' configs, an `Input` first if one was given."""
        first = [self._kcore_input.node.op] if self._kcore_is_input_given else []
        config: dict[str, Any] = {
            **extra_arguments(self, "layers"),
            "name": self.name,
            "trainable": self.trainable,
            "dtype": dtype_policies.serialize(self.dtype_policy),
            "layers": [serialize_keras_object(layer) for layer in (*first, *self._kcore_stack)],
        }
        built_for = self.get_build_config() or {}
        if built_for:
            config["build_input_shape"] = built_for["input_shape"]
        if "dtypes" in built_for:  # Keras has no such key, and builds for floats
            config["build_input_dtype"] = built_for["dtypes"]["inputs"]
        return config

    def __getstate__(self) -> dict[str, Any]:
        layers = None if self._kcore_input is None else tree.map_structure(lambda x: x.node.op, self._kcore_input)
        return {**super().__getstate__(), "_kcore_input": layers, "_kcore_input_check": None, "_kcore_tensors": []}

    def __setstate__(self, state: dict[str, Any]) -> None:
        layers = state["_kcore_input"]
        first = None if layers is None else tree.map_structure(lambda layer: layer.output, layers)
        super().__setstate__({**state, "_kcore_input": first})
        self._kcore_take_input(first, self._kcore_is_input_given)
        if self.built and first is not None:
            with contextlib.suppress(NotImplementedError):
                self._kcore_chain()

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shape of the input, or a tree of them; with the dtypes, where they are not what layers expect."""
        if self._kcore_input is None:
            return None
        shapes = {"input_shape": tree.map_structure(lambda x: x.shape, self._kcore_input)}
        dtypes = tree.map_structure(lambda x: x.dtype, self._kcore_input)
        expected = self._kcore_stack[0].input_dtype if self._kcore_stack else None
        is_plain = self._kcore_is_input_given or all(dtype == expected for dtype in tree.flatten(dtypes))
        return shapes if is_plain else {**shapes, "dtypes": {"inputs": dtypes}}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Return one made of what `get_config` returned.

        Args:
            config: dict that `get_config` returned.
            custom_objects: classes and functions by name, beside those registered; None, the default, is none.
        """
        own = extra_arguments_from(config, cls, "layers")
        model = cls(name=config.get("name"), trainable=config.get("trainable", True), **own)
        with building_under(model._kcore_resolve_path()):  # layers that say how they are built are built at once
            for layer in config["layers"]:
                model.add(deserialize_keras_object(layer, custom_objects=custom_objects), rebuild=False)
        shape = config.get("build_input_shape")
        if shape is not None:
            if "build_input_dtype" in config:
                model._kcore_set_untracked("_kcore_build_dtypes", {"inputs": config["build_input_dtype"]})
            model.build(tuples_of(shape))
        return model


def _input_like(spec: Any) -> KerasTensor:
    return Input(batch_shape=spec.shape, dtype=spec.dtype)
