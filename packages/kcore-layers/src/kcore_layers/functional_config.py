"""A graph of layer and op calls as plain data, in Keras's form, and back."""

from __future__ import annotations

from typing import Any

from kcore_ops import KerasTensor, tree
from kcore_ops.errors import ArgumentError
from kcore_ops.operation import Op, all_ops

from kcore_layers.graph import callee, is_input, names_of_calls
from kcore_layers.layer import Layer
from kcore_layers.naming import snake_case
from kcore_layers.serialization import deserialize_keras_object, serialize_keras_object

__all__ = ["config_of_graph", "model_from_config"]

# Where ops stand in configs: each call of one is an entry of its own.
OPS_MODULE = "kcore.ops"


def config_of_graph(model: Any) -> dict[str, Any]:
    """Give a functional model's config."""
    graph = model.graph
    entries: dict[int, dict[str, Any]] = {}  # by layer, or by node for ops
    places: dict[int, list[Any]] = {}  # of each tensor: the name of its entry, number of the call, number of the output
    inputs = [x.node for x in graph.inputs if x.node is not None and is_input(x.node)]
    nodes = [*inputs, *graph.nodes]
    calls: dict[int, list[Any]] = {}
    for node, name in zip(nodes, names_of_calls(nodes), strict=True):
        if isinstance(node.op, Op):
            entry: dict[str, Any] = {
                "module": OPS_MODULE,
                "class_name": node.op.name,
                "config": {"name": name},
                "registered_name": None,
                "name": name,
                "inbound_nodes": [],
            }
            entries[id(node)] = entry
        else:
            if id(node.op) not in entries:
                entries[id(node.op)] = {**serialize_keras_object(node.op), "name": node.op.name, "inbound_nodes": []}
            entry = entries[id(node.op)]
        number = len(calls.setdefault(id(entry), []))
        calls[id(entry)].append(node)
        for i, x in enumerate(tree.flatten(node.outputs)):
            places[id(x)] = [entry["name"], number, i]
        if not is_input(node):
            entry["inbound_nodes"].append(
                {"args": _data(list(node.args), places), "kwargs": _data(dict(node.kwargs), places)}
            )
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": list(entries.values()),
        "input_layers": _structure(model.inputs_structure, places),
        "output_layers": _structure(model.outputs_structure, places),
    }


def _structure(structure: Any, places: dict[int, list[Any]]) -> Any:
    return tree.map_structure(lambda x: list(places[id(x)]), structure)


def _data(value: Any, places: dict[int, list[Any]]) -> Any:
    if isinstance(value, KerasTensor):
        return {
            "class_name": "__keras_tensor__",
            "config": {"shape": list(value.shape), "dtype": value.dtype, "keras_history": places[id(value)]},
        }
    if isinstance(value, list):
        return [_data(each, places) for each in value]
    if isinstance(value, tuple):
        return {"class_name": "__tuple__", "items": [_data(each, places) for each in value]}
    if isinstance(value, dict):
        return {name: _data(each, places) for name, each in value.items()}
    return serialize_keras_object(value)


def model_from_config(cls: type, config: dict[str, Any], custom_objects: Any = None) -> Any:
    """Make a functional model of its config.

    Raises:
        ArgumentError: if the calls in it can not be made.
    """
    made: dict[str, Any] = {}
    outputs: dict[tuple[str, int], list[Any]] = {}
    waiting = []
    for entry in config["layers"]:
        operation = _operation(entry, custom_objects)
        made[entry["name"]] = operation
        if isinstance(operation, Layer) and getattr(operation, "is_input_layer", False):
            outputs[entry["name"], 0] = [operation.output]  # type: ignore[attr-defined]
        waiting += [(entry["name"], number, call) for number, call in enumerate(entry["inbound_nodes"])]
    while waiting:
        late = []
        for name, number, call in waiting:
            if all((place[0], place[1]) in outputs for place in _histories(call)):
                args = _value(call["args"], outputs, custom_objects)
                kwargs = _value(call["kwargs"], outputs, custom_objects)
                outputs[name, number] = tree.flatten(_call(made[name], list(args), dict(kwargs)))
            else:
                late.append((name, number, call))
        if len(late) == len(waiting):
            names = sorted({name for name, _, _ in late})
            raise ArgumentError(
                f"the calls of {', '.join(names)} wait for tensors that nothing in the config computes"
            ).at(f"the config of model {config.get('name')!r}")
        waiting = late

    def tensor(place: list[Any]) -> Any:
        return outputs[place[0], place[1]][place[2]]

    structures = [_tensors(config[key], tensor) for key in ("input_layers", "output_layers")]
    model: Any = cls(*structures, name=config.get("name"), trainable=config.get("trainable", True))
    return model


def _operation(entry: dict[str, Any], custom_objects: Any) -> Any:
    """Give the layer, or the op, of an entry."""
    module = str(entry.get("module"))
    if module == OPS_MODULE or module.startswith("keras.src.ops"):
        for name in (entry["class_name"], snake_case(entry["class_name"])):
            if name in all_ops():
                return all_ops()[name]
        raise ArgumentError(f"there is no op {entry['class_name']!r}", fix="update kcore-ops").at("a model's config")
    return deserialize_keras_object(
        {key: value for key, value in entry.items() if key not in ("inbound_nodes", "name")},
        custom_objects=custom_objects,
    )


def _call(operation: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if isinstance(operation, Op) and any(name.startswith("*") for name in operation.parameters):
        args[-1:] = args[-1]
    return callee(operation)(*args, **kwargs)


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
        if kind == "__tuple__":
            return tuple(_value(each, outputs, custom_objects) for each in value["items"])
        if kind is not None and "config" in value:
            return deserialize_keras_object(value, custom_objects=custom_objects)
        return {name: _value(each, outputs, custom_objects) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_value(each, outputs, custom_objects) for each in value)
    return value


def _tensors(structure: Any, tensor: Any) -> Any:
    """Give a structure of places, each [name, call, output], as one of tensors."""
    if isinstance(structure, list | tuple) and len(structure) == 3 and isinstance(structure[0], str):
        return tensor(structure)
    if isinstance(structure, dict):
        return {name: _tensors(each, tensor) for name, each in structure.items()}
    return [_tensors(each, tensor) for each in structure]
