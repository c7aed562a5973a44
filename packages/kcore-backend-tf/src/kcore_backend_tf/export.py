"""Programs as files: SavedModels, and what TensorFlow's converter makes of them for LiteRT."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from kcore_ops import ArgumentError, tree
from kcore_ops.plugin import Argument, Endpoint, Export, Program, by_name, refuse_options

from kcore_backend_tf.control_flow import unrolling

__all__ = ["TensorflowExport"]

SERVED = "serving_default"  # the signature that TensorFlow's servers and converters take where none is named


class TensorflowExport(Export):
    """SavedModel, LiteRT."""

    formats = {"tf_saved_model": (), "litert": (), "onnx": ("onnx", "tf2onnx")}
    reads = frozenset({"tf_saved_model"})

    def write(self, format: str, program: Program, path: str, options: Mapping[str, Any]) -> None:
        if format == "litert":
            _write_litert(program, path, options)
        elif format == "onnx":
            _write_onnx(program, path, options)
        else:
            refuse_options(format, options, "options")
            _write_saved_model(program, path, options.get("options"))

    def read(self, format: str, path: str) -> tuple[Mapping[str, Callable[..., Any]], Sequence[Any]]:
        loaded = tf.saved_model.load(path)
        endpoints = {name: _by_position(function) for name, function in loaded.signatures.items()}
        for name in dir(loaded):
            if hasattr(value := getattr(loaded, name), "concrete_functions"):
                endpoints[name] = value
        return endpoints, [each for each in _parts(loaded) if isinstance(each, tf.Variable)]

    def arguments_of(self, function: Any) -> tuple[Any, ...] | None:
        signature = getattr(function, "input_signature", None)
        if signature is None:
            return None
        names = iter(range(len(tf.nest.flatten(signature))))
        return tuple(tf.nest.map_structure(lambda spec: _argument(spec, next(names)), list(signature)))

    def is_resource(self, value: Any) -> bool:
        return isinstance(value, tf.__internal__.tracking.Trackable)


def _by_position(signature: Any) -> Callable[..., Any]:
    """Return a signature, which takes tensors by name, as a function of one tensor, or of a dict."""
    names = list(signature.structured_input_signature[1])

    def run(inputs: Any) -> Any:
        return signature(**(inputs if isinstance(inputs, Mapping) else {names[0]: inputs}))

    return run


def _parts(root: Any) -> list[Any]:
    """Return everything that TensorFlow tracks from an object on, each once."""
    found = {id(root): root}
    rest = [root]
    while rest:
        for child in rest.pop()._trackable_children().values():
            if id(child) not in found:
                found[id(child)] = child
                rest.append(child)
    return list(found.values())


def _argument(spec: tf.TensorSpec, number: int) -> Argument:
    return Argument(tuple(spec.shape), spec.dtype.name, spec.name or f"input_{number}")


def _write_saved_model(program: Program, path: str, options: Any) -> None:
    storages = [_storage(*pair) for pair in zip(program.variables, program.paths, strict=True)]
    kept: dict[str, Sequence[int]] = {
        "variables": range(len(storages)),
        "trainable_variables": [i for i, v in enumerate(program.variables) if v.trainable],
        "non_trainable_variables": [i for i, v in enumerate(program.variables) if not v.trainable],
        **program.collections,
    }
    signatures = {}
    root = _root(kept, storages, program.resources)
    for endpoint in program.endpoints:
        run = tf.function(_over(endpoint, storages), input_signature=_specs(endpoint), autograph=False)
        setattr(root, endpoint.name, run)
        signatures[endpoint.name] = _flat(run, endpoint)
    signatures[SERVED] = signatures[program.endpoints[0].name]
    try:
        tf.saved_model.save(root, path, signatures=signatures, options=options)
    except AssertionError as error:
        raise ArgumentError(
            "an endpoint uses a variable or resource of TensorFlow's that the archive does not track",
            fix="call archive.track() with the layer, or the resource, that holds it",
        ) from error


def _root(lists: Mapping[str, Sequence[int]], storages: Sequence[Any], resources: Sequence[Any]) -> Any:
    """Return the object that is saved, with lists of variables for attributes."""
    root = tf.__internal__.tracking.AutoTrackable()
    for name, numbers in lists.items():
        setattr(root, name, [storages[i] for i in numbers])
    root._resources = list(resources)
    return root


def _storage(variable: Any, path: str) -> tf.Variable:
    """Return the `tf.Variable` that holds a variable's value, or for one of another backend's a new one."""
    if isinstance(variable._storage, tf.Variable):
        return variable._storage
    return tf.Variable(variable.numpy(), trainable=variable.trainable, name=path)


def _over(endpoint: Endpoint, storages: Sequence[tf.Variable]) -> Callable[..., Any]:
    """Return an endpoint's function, of arguments alone, which reads variables and assigns to them."""

    def run(*arguments: Any) -> Any:
        outputs, updates = endpoint.function([tf.convert_to_tensor(storage) for storage in storages], *arguments)
        for i, value in updates.items():
            storages[i].assign(value)
        return outputs

    return run


def _specs(endpoint: Endpoint) -> list[Any]:
    return [tree.map_structure(_spec, argument) for argument in endpoint.arguments]


def _spec(argument: Argument) -> tf.TensorSpec:
    return tf.TensorSpec(argument.shape, argument.dtype, argument.name)


def _flat(run: Any, endpoint: Endpoint) -> Any:
    """Return the function as servers call it: of tensors by name, to a dict of tensors."""
    leaves = tree.flatten(list(endpoint.arguments))

    def served(**named: tf.Tensor) -> dict[str, tf.Tensor]:
        arguments = tree.pack_sequence_as(list(endpoint.arguments), [named[leaf.name] for leaf in leaves])
        return {name: tf.identity(value) for name, value in by_name(run(*arguments)).items()}

    return tf.function(served, autograph=False).get_concrete_function(**{leaf.name: _spec(leaf) for leaf in leaves})


def _write_litert(program: Program, path: str, options: Mapping[str, Any]) -> None:
    program.single("litert")
    with tempfile.TemporaryDirectory() as directory:
        unrolled = unrolling.set(True)  # LiteRT has no arrays of tensors of unknown sizes, which loops put theirs into
        try:
            _write_saved_model(program, directory, None)
        finally:
            unrolling.reset(unrolled)
        converter = tf.lite.TFLiteConverter.from_saved_model(directory, signature_keys=[SERVED])
        for name, value in options.items():
            if not hasattr(converter, name) or name.startswith("_"):
                raise ArgumentError(
                    f"TensorFlow's converter has no option {name!r}",
                    fix="see the attributes of tf.lite.TFLiteConverter, optimizations for one",
                )
            setattr(converter, name, value)
        Path(path).write_bytes(converter.convert() if "target_spec" in options else _converted(converter))


def _write_onnx(program: Program, path: str, options: Mapping[str, Any]) -> None:
    import onnx
    import tf2onnx

    refuse_options("onnx", options, "opset_version")
    endpoint = program.single("onnx")
    arrays = [variable.numpy() for variable in program.variables]
    names: list[str] = []

    def run(*tensors: tf.Tensor) -> list[tf.Tensor]:
        arguments = tree.pack_sequence_as(list(endpoint.arguments), list(tensors))
        values = [tf.constant(array) for array in arrays]
        named = by_name(program.frozen(endpoint, values, "onnx")(*arguments))
        names[:] = named
        return [tf.identity(value, name) for name, value in named.items()]

    specs = [_spec(leaf) for leaf in tree.flatten(list(endpoint.arguments))]
    made, _ = tf2onnx.convert.from_function(
        tf.function(run, autograph=False), specs, opset=options.get("opset_version") or 18
    )
    for output, name in zip(made.graph.output, names, strict=True):
        _rename(made.graph, output.name, name)
    onnx.checker.check_model(made, full_check=True)  # it names operators that ONNX does not have
    Path(path).write_bytes(made.SerializeToString())


def _rename(graph: Any, old: str, new: str) -> None:
    """Give an output of an ONNX graph the name it has elsewhere."""
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [new if name == old else name for name in names]
    for output in graph.output:
        if output.name == old:
            output.name = new


def _converted(converter: Any) -> bytes:
    """Return a model of LiteRT's own kernels, or, if there are not all, with TensorFlow's for the others."""
    try:
        converted: bytes = converter.convert()
    except Exception:
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
        converted = converter.convert()
        warnings.warn(
            "LiteRT has not all kernels that this model needs: it runs where those of TensorFlow are linked in, by the "
            "Flex delegate",
            stacklevel=2,
        )
    return converted
