"""`layer.input` and `layer.output`: the symbolic tensors of a layer's place in a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kcore_ops import tree
from kcore_ops.foundation.errors import AttributeUnavailable
from kcore_ops.specs.symbolic import KerasTensor, Node

__all__ = ["Nodes", "record_call"]


class _FirstCallTensors:
    """An attribute of layers that stands in a graph; one that a user sets under the same name comes before it.

    A property would not do: a model may well keep its last layer as `self.output`.
    """

    def __init__(self, tensors_of: Callable[[Node], list[Any]], doc: str) -> None:
        self._tensors_of = tensors_of
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, layer: Any, owner: type | None = None) -> Any:
        if layer is None:
            return self
        node = layer.__dict__.get("_kcore_first_call")
        if node is None:
            raise AttributeUnavailable(
                f'layer "{layer.name}" has no {self._name}: it was never called on symbolic tensors',
                fix="call it on an Input, or use it in a functional model or a Sequential that starts with an Input",
            ).at(f"{type(layer).__name__}.{self._name}")
        tensors = self._tensors_of(node)
        return tensors[0] if len(tensors) == 1 else tensors


def _outputs_of(node: Node) -> list[Any]:
    return [x for x in tree.flatten(node.outputs) if isinstance(x, KerasTensor)]


class Nodes:
    """Mixin with the symbolic tensors of a layer's first place in a graph.

    Only the first call is kept, as only that is asked for: a layer used in ever new graphs does not hold on to them.
    """

    input = _FirstCallTensors(
        lambda node: node.inputs,
        "The symbolic tensor of its first call on symbolic tensors, or the list of them. "
        "AttributeError if there was no such call.",
    )
    output = _FirstCallTensors(
        _outputs_of,
        "What its first call on symbolic tensors gave: a symbolic tensor, or the list of them. "
        "AttributeError if there was no such call.",
    )


def record_call(operation: object, node: Node) -> None:
    """Record a layer's place in a graph, if it is its first; ops have many.

    Args:
        operation: what is called: a layer, or an op, for which nothing is recorded.
        node: the call.
    """
    if isinstance(operation, Nodes):
        operation.__dict__.setdefault("_kcore_first_call", node)
