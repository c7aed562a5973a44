"""Models made of inputs and outputs: a graph of layer and op calls, run as a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Unpack

from kcore_ops import tree
from kcore_ops.engine.op import Tree
from kcore_ops.foundation.errors import ArgumentError, AttributeUnavailable

from kcore_layers.base.layer import Layer
from kcore_layers.base.naming import canonical_names
from kcore_layers.base.saved_attributes import saved_attributes
from kcore_layers.base.shapes import ShapeTree
from kcore_layers.layers.core.input_layer import InputLayer
from kcore_layers.models.function import Function, parts_of, symbolic_leaves
from kcore_layers.models.graph import Graph
from kcore_layers.models.model import Model
from kcore_layers.options.argument_types import LayerOptionsBesideName
from kcore_layers.serialization.arguments import extra_arguments
from kcore_layers.serialization.registry import builtin

__all__ = ["Functional"]


@builtin("keras.src.models.functional")  # where Keras has it: it is not public there
class Functional(Function, Model):
    """A model of the calls between inputs and outputs; `Model(inputs, outputs)` makes one.

    Args:
        inputs: symbolic tensors: one, or a list, tuple or dict by name.
        outputs: symbolic tensors computed from them, in the same forms.
        name: str, its name; None, the default, makes one up.
        **kwargs: of `Layer`.

    Raises:
        ArgumentError: if an output depends on something else, or two layers or inputs share a name.

    >>> import numpy as np
    >>> from kcore_layers import Input
    >>> from kcore_layers.layers import Dense
    >>> x = Input((3,))
    >>> model = Model(x, Dense(2)(x) * 2)
    >>> model(np.ones((4, 3), "float32")).shape
    (4, 2)
    """

    def __init__(
        self,
        inputs: Tree = None,
        outputs: Tree = None,
        name: str | None = None,
        **kwargs: Unpack[LayerOptionsBesideName],
    ) -> None:
        trainable = kwargs.pop("trainable", True)
        Model.__init__(self, name=name, **kwargs)
        starts, ends = (symbolic_leaves(*each, "Model") for each in (("inputs", inputs), ("outputs", outputs)))
        graph = Graph(starts, ends).from_inputs(InputLayer)
        for attribute, value in parts_of(graph, inputs, outputs).items():
            self._kcore_set_untracked(attribute, value)
        self._check_graph()
        if not trainable:
            self.trainable = False

    def _check_graph(self) -> None:
        """Raise if two layers have one name, and note that the graph is there."""
        names = [layer.name for layer in self.layers]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ArgumentError(
                f"several layers are named {', '.join(map(repr, twice))}", fix="give each layer of a model its own name"
            ).at("Model")
        self.built = True
        self._kcore_track_again()
        self._kcore_after_build()

    def _kcore_track_again(self) -> None:
        """Keep the graph's layers, in their order, before those that were assigned to attributes."""
        own = self.layers if "_kcore_graph" in self.__dict__ else []
        super()._kcore_track_again()
        ids = {id(layer) for layer in own}
        self._kcore_layers[:] = [*own, *(layer for layer in self._kcore_layers if id(layer) not in ids)]
        self._kcore_tracking_changed()

    @property
    def layers(self) -> list[Any]:
        """The layers of the graph, in order."""
        return [operation for operation in self._kcore_graph.operations if isinstance(operation, Layer)]

    @layers.setter
    def layers(self, _: object) -> None:
        raise AttributeUnavailable("layers can not be set", fix="use another attribute name").at(f'model "{self.name}"')

    def _kcore_named_sublayers(self) -> list[tuple[str, Any]]:
        """Return the layers inside by name, those made up numbered from the start of this model."""
        layers = list(self._kcore_layers)
        return list(zip(canonical_names(layers), layers, strict=True))

    def _kcore_saved_children(self) -> Iterator[tuple[str, Any]]:
        """Return the layers first, by the names of their classes: the attributes that hold some come after."""
        yield "layers", self.layers
        yield from saved_attributes(self, Functional, ("optimizer",))

    def build(self, input_shape: ShapeTree = None) -> None:
        """Do nothing: it is built as it is made.

        Args:
            input_shape: not looked at.
        """

    def call(self, inputs: Tree, training: bool | None = None, mask: Tree = None) -> Any:
        """Return the outputs of the graph for inputs.

        Args:
            inputs: a tensor, or as many as the model has inputs, in a list, or in a dict by name.
            training: not looked at: the layers inside are told by the call of the model.
            mask: not looked at: masks travel with the tensors.
        """
        return self._kcore_run_graph(inputs)

    compute_output_spec = Layer.compute_output_spec
    compute_output_shape = Layer.compute_output_shape

    @property
    def input_shape(self) -> Any:
        """The shape of the input, or a tree of them."""
        return tree.map_structure(lambda x: x.shape, self._kcore_inputs_structure)

    @property
    def output_shape(self) -> Any:
        """The shape of the output, or a tree of them."""
        return tree.map_structure(lambda x: x.shape, self._kcore_outputs_structure)

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return [x.name for x in self._kcore_graph.inputs]

    @property
    def output_names(self) -> list[str]:
        """The names of what computes the outputs, in the order of `outputs`; those of a dict are its keys."""
        names = [x.name if x.node is None else x.node.op.name for x in self._kcore_graph.outputs]
        paths = [path for path, _ in tree.flatten_with_path(self._kcore_outputs_structure)]
        return [
            path[-1] if path and isinstance(path[-1], str) else name for path, name in zip(paths, names, strict=True)
        ]

    def get_config(self) -> dict[str, Any]:
        """Return the graph as plain data: layers with their configs, and the calls between them."""
        from kcore_layers.models.functional_config import config_of_graph

        return {**extra_arguments(self, "inputs", "outputs"), **config_of_graph(self)}

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        for name in ("_kcore_inputs_structure", "_kcore_outputs_structure"):
            leaves = iter(range(len(tree.flatten(state[name]))))
            state[name] = tree.map_structure(lambda _, leaves=leaves: next(leaves), state[name])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        graph = state["_kcore_graph"]
        inputs = tree.map_structure(lambda i: graph.inputs[i], state["_kcore_inputs_structure"])
        outputs = tree.map_structure(lambda i: graph.outputs[i], state["_kcore_outputs_structure"])
        super().__setstate__({**state, "_kcore_inputs_structure": inputs, "_kcore_outputs_structure": outputs})

    def get_build_config(self) -> dict[str, Any] | None:
        """Return None: the config says all."""
        return None

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Return one made of what `get_config` returned.

        Args:
            config: dict that `get_config` returned.
            custom_objects: classes and functions by name, beside those registered; None, the default, is none.
        """
        from kcore_layers.models.functional_config import model_from_config

        return model_from_config(cls, config, custom_objects)
