"""Configs of models as `.h5` files have them, of Keras 3 and of Keras 2, made into those that files of Keras 3 have.

In such a file a layer may stand without the module of its class, and an op like a layer. Keras 2 lists the calls of a
layer by the places of their tensors, `[["name", 0, 0, {}]]`, and has arguments that Keras 3 has not.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.models.keras_op_names import module_of_op_class
from kcore_layers.serialization.objects import SerializationError
from kcore_layers.serialization.registry import get_registered_object

__all__ = ["current_model_config"]

_FIX = "pass a whole file that save_model or Keras wrote"
_REBUILD = "make the model anew in code, and load the weights alone with model.load_weights"

# Ops of TensorFlow that Keras 2 wraps in layers, by the functions' names in TensorFlow.
_TENSORFLOW_OPS = frozenset({"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod", "InstanceMethod"})

# Arguments of Keras 2 that Keras 3 has not, each with the values that say no more than what Keras 3 does anyway.
_ANY = None
_GONE: dict[str, tuple[Any, ...] | None] = {
    "adjustment": (None,),
    "batch_input_shape": _ANY,  # an InputLayer says it
    "fused": _ANY,
    "implementation": _ANY,
    "input_length": _ANY,
    "softmax_robust_masking": (False,),
    "time_major": (False,),
    "virtual_batch_size": (None,),
}
_GONE_IN_CLASSES: dict[str, dict[str, tuple[Any, ...] | None]] = {
    "DepthwiseConv": {
        "groups": (1,), "kernel_initializer": _ANY, "kernel_regularizer": (None,), "kernel_constraint": (None,),
    },
    "MultiHeadAttention": {
        "query_shape": _ANY, "key_shape": _ANY, "value_shape": _ANY, "activity_regularizer": (None,),
    },
    "SeparableConv": {
        "groups": (1,), "kernel_initializer": _ANY, "kernel_regularizer": (None,), "kernel_constraint": (None,),
    },
}  # fmt: skip
_RENAMED = {"InputLayer": {"batch_input_shape": "batch_shape"}, "LeakyReLU": {"alpha": "negative_slope"}}


def current_model_config(data: Any, is_of_keras_2: bool) -> dict[str, Any]:
    """Return the data of a model as `deserialize_keras_object` takes it.

    Args:
        data: what the file holds.
        is_of_keras_2: whether Keras 2, or an earlier one, wrote it.

    Raises:
        ArgumentError: if it is not the data of a model.
        SerializationError: if it holds what Keras 3 has no counterpart of.
    """
    if not isinstance(data, dict) or not isinstance(data.get("class_name"), str) or "config" not in data:
        raise ArgumentError("model_config is not the data of a model", fix=_FIX)
    found: dict[str, Any] = _current(data, is_of_keras_2)
    return found


def _current(value: Any, is_of_keras_2: bool) -> Any:
    """Return the data of an object, with that of the objects inside it, in the form of today."""
    if isinstance(value, list):
        return [_current(each, is_of_keras_2) for each in value]
    if not isinstance(value, dict):
        return value
    if not isinstance(value.get("class_name"), str) or "config" not in value:
        return {name: _current(each, is_of_keras_2) for name, each in value.items()}
    config = value["config"]
    if value["class_name"] == "Sequential" and isinstance(config, list):  # the first releases of Keras 2
        config = {"layers": config}
    if not isinstance(config, dict):
        return {**value, "config": _current(config, is_of_keras_2)}
    if is_of_keras_2:
        config = _without_old_arguments(value["class_name"], config)
    current = _current(config, is_of_keras_2)
    if not isinstance(config.get("layers"), list):
        return {**value, "config": current}
    if "input_layers" in config:
        return {**value, "config": _with_calls(current)}
    layers = [*_missing_input(config["layers"]), *current["layers"]]
    return {**value, "config": _with_input({**current, "layers": layers})}


def _with_calls(config: dict[str, Any]) -> dict[str, Any]:
    """Return the config of a functional model with its calls in the form of today."""
    shifts = {layer["name"]: _first_call(layer) for layer in config["layers"]}
    layers = [
        {**_with_module(layer), "inbound_nodes": [_call(node, shifts) for node in layer["inbound_nodes"]]}
        for layer in config["layers"]
    ]
    if not any(isinstance(node, list) for layer in config["layers"] for node in layer["inbound_nodes"]):
        return {**config, "layers": layers}
    # What `output_layers` has of functional models counts from 1 in Keras 3 as well.
    of_outputs = {layer["name"]: 0 if "input_layers" in layer["config"] else shifts[layer["name"]] for layer in layers}
    return {**config, "layers": layers, "output_layers": _shifted(config["output_layers"], of_outputs)}


def _missing_input(layers: list[Any]) -> Iterator[dict[str, Any]]:
    """Give the input of a Sequential that only its first layer says the shape of, by an argument of Keras 2."""
    first = layers[0] if layers and isinstance(layers[0], dict) else {}
    config = first.get("config")
    if first.get("class_name") != "InputLayer" and isinstance(config, dict) and config.get("batch_input_shape"):
        yield {"class_name": "InputLayer", "config": {"batch_shape": config["batch_input_shape"]}}


def _with_input(config: dict[str, Any]) -> dict[str, Any]:
    """Return the config of a Sequential with what it is built for: Keras 2 takes that from its input."""
    first = config["layers"][0] if config["layers"] else {}
    if first.get("class_name") != "InputLayer" or "build_input_shape" in config:
        return config
    return {**config, "build_input_shape": first["config"]["batch_shape"]}


def _with_module(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the entry of an op with the module of its class, which tells it from a layer; others as they are."""
    name, config = entry.get("class_name"), entry.get("config")
    is_layer = not isinstance(config, dict) or "trainable" in config
    if "module" in entry or is_layer or not isinstance(name, str) or get_registered_object(name) is not None:
        return entry
    module = module_of_op_class(name)
    return entry if module is None else {**entry, "module": module, "registered_name": name}


# The calls of layers in Keras 2.


def _first_call(layer: dict[str, Any]) -> int:
    """Return the number that the first call of a layer has: Keras 2 counts the calls of models with an input from 1."""
    config = layer.get("config")
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        return 0
    first = config["layers"][0] if config["layers"] else None
    return int("input_layers" in config or (isinstance(first, dict) and first.get("class_name") == "InputLayer"))


def _call(node: Any, shifts: dict[str, int]) -> Any:
    """Return one call of a layer as Keras 3 has it."""
    if isinstance(node, dict) and "args" in node:
        return node
    places = [node] if _is_place(node) else node
    if isinstance(places, list) and len(places) == 1 and _is_place(places[0]):
        argument, first = _tensor(places[0], shifts), places[0]
    else:
        argument, first = _tensors(places, shifts), next(_places(places), [])
    kwargs = first[3] if len(first) > 3 and isinstance(first[3], dict) else {}
    return {"args": [argument], "kwargs": {name: _kwarg(value, shifts) for name, value in kwargs.items()}}


def _is_place(value: Any) -> bool:
    return isinstance(value, list) and len(value) in (3, 4) and isinstance(value[0], str) and isinstance(value[1], int)


def _places(value: Any) -> Iterator[list[Any]]:
    if _is_place(value):
        yield value
    elif isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _places(each)


def _tensors(value: Any, shifts: dict[str, int]) -> Any:
    if _is_place(value):
        return _tensor(value, shifts)
    if isinstance(value, dict):
        return {name: _tensors(each, shifts) for name, each in value.items()}
    if isinstance(value, list):
        return [_tensors(each, shifts) for each in value]
    raise ArgumentError(f"model_config has a call of {value!r}, which is no tensor's place", fix=_FIX)


def _tensor(place: list[Any], shifts: dict[str, int]) -> Any:
    name, number, i = place[:3]
    if name == "_CONSTANT_VALUE":
        return i
    history = [name, number - shifts.get(name, 0), i]
    return {"class_name": "__keras_tensor__", "config": {"keras_history": history}}


def _kwarg(value: Any, shifts: dict[str, int]) -> Any:
    return _tensor(value, shifts) if _is_place(value) and value[0] in shifts else value


def _shifted(structure: Any, shifts: dict[str, int]) -> Any:
    if _is_place(structure):
        return [structure[0], structure[1] - shifts.get(structure[0], 0), *structure[2:]]
    if isinstance(structure, dict):
        return {name: _shifted(each, shifts) for name, each in structure.items()}
    return [_shifted(each, shifts) for each in structure] if isinstance(structure, list) else structure


# The arguments of layers in Keras 2.


def _without_old_arguments(class_name: str, config: dict[str, Any]) -> dict[str, Any]:
    """Return the config of an object with the arguments that Keras 3 has."""
    where = f"{class_name} {config.get('name')!r}"
    if class_name in _TENSORFLOW_OPS:
        raise SerializationError(
            f"{where} is a function of TensorFlow's, {config.get('function') or class_name}, that a model of Keras 2 "
            "calls; files of Keras 3 have none",
            fix=_REBUILD,
        )
    if class_name == "Lambda" and isinstance(config.get("function"), list):
        raise SerializationError(f"{where} holds a lambda of Keras 2: code, which is not run", fix=_REBUILD)
    if "hard_sigmoid" in (config.get("activation"), config.get("recurrent_activation")):
        _warn_of_hard_sigmoid(where)
    gone = {**_GONE, **_of_class(_GONE_IN_CLASSES, class_name)}
    renamed = _of_class(_RENAMED, class_name)
    found = {}
    for name, value in config.items():
        if name in renamed:
            found[renamed[name]] = value
        elif name not in gone:
            found[name] = _argument(class_name, name, value)
        elif (harmless := gone[name]) is not _ANY and value not in harmless:
            raise SerializationError(f"{where} has {name}={value!r}, which Keras 3 has not", fix=_REBUILD)
    return found


def _of_class(table: dict[str, dict[str, Any]], class_name: str) -> dict[str, Any]:
    return next((own for prefix, own in table.items() if class_name.startswith(prefix)), {})


def _argument(class_name: str, name: str, value: Any) -> Any:
    """Return the value of an argument as Keras 3 has it."""
    if name == "dtype" and isinstance(value, dict) and str(value.get("class_name")).startswith("Policy"):
        return value["config"]["name"]
    if class_name == "BatchNormalization" and name == "axis" and isinstance(value, list) and len(value) == 1:
        return value[0]
    return value


def _warn_of_hard_sigmoid(where: str) -> None:
    if get_registered_object("hard_sigmoid") is None:
        warnings.warn(
            f"{where} has the activation hard_sigmoid, which was clip(0.2 * x + 0.5, 0, 1) in Keras 2 and is "
            "clip(x / 6 + 0.5, 0, 1) now; pass the former in custom_objects={'hard_sigmoid': ...} to have its outputs",
            stacklevel=2,
        )
