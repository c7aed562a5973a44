"""`Function`: a graph of calls as one operation."""

from __future__ import annotations

from typing import Any

from kcore_ops import KerasTensor, tree
from kcore_ops.engine.op import Tree
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.base.operation import Operation
from kcore_layers.base.shapes import specs_of
from kcore_layers.base.tracking import TrackedDict, TrackedList
from kcore_layers.models.graph import Graph
from kcore_layers.models.inputs import match_inputs

__all__ = ["Function"]


class Function(Operation):
    """The calls between symbolic tensors as one operation; a functional model is one that has layers and trains.

    Args:
        inputs: symbolic tensors where it starts: one, or a list, tuple or dict by name.
        outputs: symbolic tensors computed from them, in the same forms.
        name: str, its name; None, the default, makes one up.

    Raises:
        ArgumentError: if an output depends on something else.

    >>> import numpy as np
    >>> from kcore_layers import Input
    >>> x = Input((3,))
    >>> Function(x, x * 2 + 1)(np.ones((1, 3), "float32"))
    array([[3., 3., 3.]], dtype=float32)
    """

    _kcore_graph: Graph
    _kcore_inputs_structure: Any
    _kcore_outputs_structure: Any
    _kcore_single_input: bool
    _kcore_single_output: bool

    def __init__(self, inputs: Tree, outputs: Tree, name: str | None = None) -> None:
        super().__init__(name=name)
        graph = Graph(symbolic_leaves("inputs", inputs), symbolic_leaves("outputs", outputs))
        for attribute, value in parts_of(graph, inputs, outputs).items():
            setattr(self, attribute, value)

    def call(self, inputs: Tree) -> Any:
        """Return the outputs of the graph for inputs.

        Args:
            inputs: a tensor, or as many as there are inputs, in a list, or in a dict by name.
        """
        return self._kcore_run_graph(inputs)

    def _kcore_run_graph(self, inputs: Any) -> Any:
        graph = self._kcore_graph
        wanted = graph.inputs
        if self._kcore_single_input and not isinstance(inputs, list | tuple | dict):
            values = [inputs]
        else:
            values = match_inputs(self._kcore_inputs_structure, inputs, [x.name for x in wanted], self.name)
        values = [check(x, self.name) for x, check in zip(values, graph.checks, strict=True)]
        outputs = graph.run(values)
        if self._kcore_single_output:
            return outputs[0]
        return tree.pack_sequence_as(self._kcore_outputs_structure, outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output, or a tree of them, from those of the inputs.

        Args:
            input_shape: tuple of sizes, or a tree of them.
        """
        shapes = iter(tree.flatten(tree.map_shape_structure(_Shape, input_shape)))
        like = tree.map_structure(lambda x: specs_of(next(shapes).sizes, x.dtype), self._kcore_inputs_structure)
        return tree.map_structure(lambda spec: tuple(spec.shape), self.compute_output_spec(like))

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic tensors where the graph starts."""
        return list(self._kcore_graph.inputs)

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic tensors where it ends."""
        return list(self._kcore_graph.outputs)

    @property
    def input(self) -> Any:
        """The inputs, as it was made of them."""
        return self._kcore_inputs_structure

    @property
    def output(self) -> Any:
        """The outputs, as it was made of them."""
        return self._kcore_outputs_structure

    @property
    def operations(self) -> list[Any]:
        """The layers and ops of the graph, in order."""
        return list(self._kcore_graph.operations)


class _Shape:
    """A shape as one leaf of a tree."""

    def __init__(self, sizes: Any) -> None:
        self.sizes = sizes


def symbolic_leaves(what: str, value: Any, place: str = "Function") -> list[KerasTensor]:
    """Return the symbolic tensors of a tree.

    Args:
        what: "inputs" or "outputs", for the error.
        value: the tree.
        place: str, what the error is in; "Function".

    Raises:
        ArgumentError: if a leaf is something else, or there is none.
    """
    leaves = tree.flatten(value)
    wrong = next((leaf for leaf in leaves if not isinstance(leaf, KerasTensor)), None)
    if wrong is not None or not leaves:
        raise ArgumentError(
            f"{what} must be symbolic tensors; found a {type(wrong).__name__}", fix="make them with Input"
        ).at(place)
    return leaves


def parts_of(graph: Graph, inputs: Any, outputs: Any) -> dict[str, Any]:
    """Return the attributes that running a graph takes.

    Args:
        graph: the graph.
        inputs: tree of its inputs.
        outputs: tree of its outputs.
    """
    return {
        "_kcore_graph": graph,
        "_kcore_inputs_structure": tree.pack_sequence_as(_plain(inputs), graph.inputs),
        "_kcore_outputs_structure": tree.pack_sequence_as(_plain(outputs), graph.outputs),
        "_kcore_single_input": isinstance(inputs, KerasTensor),
        "_kcore_single_output": isinstance(outputs, KerasTensor),
    }


def _plain(structure: Any) -> Any:
    """Return tracked containers as plain ones."""
    if isinstance(structure, TrackedList):
        return list(structure)
    return dict(structure) if isinstance(structure, TrackedDict) else structure
