"""A graph of layer and op calls as plain data, in Keras's form, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kcore_ops import KerasTensor, tree
from kcore_ops.engine.op import Op
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.base.layer import Layer
from kcore_layers.models.graph import is_input, names_of_calls
from kcore_layers.models.keras_op_names import is_op_entry, op_from_data, op_to_data
from kcore_layers.serialization.arguments import extra_arguments_from
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object

if TYPE_CHECKING:
    from kcore_layers.models.functional import Functional

__all__ = ["config_of_graph", "model_from_config"]


def config_of_graph(model: Functional) -> dict[str, Any]:
    """Return a functional model's config.

    Args:
        model: the model.
    """
    graph = model._kcore_graph
    entries: dict[int, dict[str, Any]] = {}  # by layer, or by node for ops
    places: dict[int, list[Any]] = {}  # of each tensor: the name of its entry, number of the call, number of the output
    inputs = [x.node for x in graph.inputs if x.node is not None and is_input(x.node)]
    nodes = [*inputs, *graph.nodes]
    calls: dict[int, list[Any]] = {}
    for node, name in zip(nodes, names_of_calls(nodes), strict=True):
        if isinstance(node.op, Op):
            data, args = op_to_data(node.op, list(node.args))
            config = {"name": name, **serialize_keras_object(data["config"])}
            entry: dict[str, Any] = {**data, "config": config, "name": name, "inbound_nodes": []}
            entries[id(node)] = entry
        else:
            args = list(node.args)
            if id(node.op) not in entries:
                entries[id(node.op)] = {**serialize_keras_object(node.op), "name": node.op.name, "inbound_nodes": []}
            entry = entries[id(node.op)]
        number = len(calls.setdefault(id(entry), []))
        calls[id(entry)].append(node)
        for i, x in enumerate(tree.flatten(node.outputs)):
            places[id(x)] = [entry["name"], number, i]
        if not is_input(node):
            entry["inbound_nodes"].append({"args": _data(args, places), "kwargs": _data(dict(node.kwargs), places)})
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": list(entries.values()),
        "input_layers": _structure(model._kcore_inputs_structure, places),
        "output_layers": _structure(model._kcore_outputs_structure, _counted_as_outputs(places, graph.operations)),
    }


def _counted_as_outputs(places: dict[int, list[Any]], operations: list[Any]) -> dict[int, list[Any]]:
    """Return places as `output_layers` has them: Keras counts the calls of functional models from 1 there."""
    names = {operation.name for operation in operations if is_functional(operation)}
    return {key: [name, number + (name in names), i] for key, (name, number, i) in places.items()}


def is_functional(operation: object) -> bool:
    """Return whether a layer is a functional model.

    Args:
        operation: what a graph calls: a layer or an op.
    """
    from kcore_layers.models.functional import Functional

    return isinstance(operation, Functional)


def _structure(structure: Any, places: dict[int, list[Any]]) -> Any:
    return tree.map_structure(lambda x: list(places[id(x)]), structure)


def _data(value: Any, places: dict[int, list[Any]]) -> Any:
    if isinstance(value, KerasTensor):
        return {
            "class_name": "__keras_tensor__",
            "config": {"shape": list(value.shape), "dtype": value.dtype, "keras_history": places[id(value)]},
        }
    if isinstance(value, list | tuple):
        return type(value)(_data(each, places) for each in value)
    if isinstance(value, dict):
        return {name: _data(each, places) for name, each in value.items()}
    return serialize_keras_object(value)


def model_from_config(cls: type, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return a functional model made of its config.

    Args:
        cls: the class to make, `Functional` or one derived from it.
        config: dict that `get_config` returned, or Keras's.
        custom_objects: classes and functions by name, beside those registered; None, the default, is none.

    Raises:
        ArgumentError: if the calls in it can not be made.
    """
    made: dict[str, Any] = {}
    outputs: dict[tuple[str, int], list[Any]] = {}
    waiting = []
    for entry in config["layers"]:
        operation = _operation(entry, custom_objects)
        made[entry["name"]] = operation
        if isinstance(operation, Layer) and getattr(operation, "_kcore_is_input_layer", False):
            outputs[entry["name"], 0] = [operation.output]
        waiting += [(entry["name"], number, call) for number, call in enumerate(entry["inbound_nodes"])]
    while waiting:
        late = []
        for name, number, call in waiting:
            if all((place[0], place[1]) in outputs for place in _histories(call)):
                args = _value(call["args"], outputs, custom_objects)
                kwargs = _value(call["kwargs"], outputs, custom_objects)
                outputs[name, number] = tree.flatten(made[name](*args, **kwargs))
            else:
                late.append((name, number, call))
        if len(late) == len(waiting):
            names = sorted({name for name, _, _ in late})
            raise ArgumentError(
                f"the calls of {', '.join(names)} wait for tensors that nothing in the config computes",
                fix="compare the config with what to_json() gives",
            ).at(f"the config of model {config.get('name')!r}")
        waiting = late

    def input_of(place: list[Any]) -> Any:
        return outputs[place[0], place[1]][place[2]]

    def output_of(place: list[Any]) -> Any:
        return outputs[place[0], place[1] - is_functional(made[place[0]])][place[2]]

    structures = _tensors(config["input_layers"], input_of), _tensors(config["output_layers"], output_of)
    own = extra_arguments_from(config, cls, "inputs", "outputs", "layers", "input_layers", "output_layers")
    model: Any = cls(*structures, name=config.get("name"), trainable=config.get("trainable", True), **own)
    return model


def _operation(entry: dict[str, Any], custom_objects: Any) -> Any:
    """Return the layer of an entry, or what calls its op."""
    if is_op_entry(entry):
        settings = {name: value for name, value in entry["config"].items() if name != "name"}
        return op_from_data(entry, deserialize_keras_object(settings, custom_objects))
    return deserialize_keras_object(
        {key: value for key, value in entry.items() if key not in ("inbound_nodes", "name")},
        custom_objects=custom_objects,
    )


def _histories(value: Any) -> list[list[Any]]:
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            return [value["config"]["keras_history"]]
        return [place for each in value.values() for place in _histories(each)]
    return [place for each in value for place in _histories(each)] if isinstance(value, list | tuple) else []


def _value(value: Any, outputs: dict[tuple[str, int], list[Any]], custom_objects: Any) -> Any:
    if isinstance(value, dict):
        kind = value.get("class_name")
        if kind == "__keras_tensor__":
            name, number, i = value["config"]["keras_history"]
            return outputs[name, number][i]
        if kind is not None and "config" in value:
            return deserialize_keras_object(value, custom_objects=custom_objects)
        return {name: _value(each, outputs, custom_objects) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_value(each, outputs, custom_objects) for each in value)
    return value


def _tensors(structure: Any, tensor: Any) -> Any:
    """Return a structure of places, each [name, call, output], as one of tensors."""
    if isinstance(structure, list | tuple) and len(structure) == 3 and isinstance(structure[0], str):
        return tensor(structure)
    if isinstance(structure, dict):
        return {name: _tensors(each, tensor) for name, each in structure.items()}
    kind = tuple if isinstance(structure, tuple) else list
    return kind(_tensors(each, tensor) for each in structure)
