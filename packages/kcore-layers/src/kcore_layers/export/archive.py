"""`ExportArchive`: functions over layers, written to files that other programs run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import kcore_ops as ops
from kcore_ops import StatelessScope, Variable, tree
from kcore_ops.backends.current import current_backend, on
from kcore_ops.backends.exports import Endpoint, Program
from kcore_ops.backends.interface import Backend
from kcore_ops.foundation.errors import ArgumentError, KcoreError, located

from kcore_layers.base.layer import Layer
from kcore_layers.base.naming import unique_names
from kcore_layers.export.conversion import convert
from kcore_layers.export.formats import FORMATS, Route, find_format, find_routes
from kcore_layers.export.moving import computes_in_half, described, moved
from kcore_layers.export.output import written_whole
from kcore_layers.export.signature import arguments_of_model, arguments_of_signature
from kcore_layers.files.atomic import file_path

__all__ = ["ExportArchive"]


@dataclass(frozen=True)
class _Added:
    """An endpoint as it was added: of a layer's own call, or method, if `layer` is given."""

    name: str
    function: Any
    arguments: tuple[Any, ...]
    layer: Any
    keywords: Mapping[str, Any]

    def on(self, copy: Callable[[Any], Any]) -> Callable[..., Any]:
        """Return the function, of a layer's copy."""
        function = self.function
        if self.layer is not None:
            own = copy(self.layer)
            function = own if function is self.layer else getattr(own, function.__name__)
        return lambda *arguments: function(*arguments, **self.keywords)


class ExportArchive:
    """Functions over layers as a file, with the weights.

    A SavedModel holds any number of endpoints; the other formats hold one. What the backend of the layers does not
    write is written by another one that is installed: functions of JAX are lent to TensorFlow, and whole models and
    layers are made anew where they can be written, with the same weights.

    Args:
        format: str, "saved_model" (or "tf_saved_model"), the default, "litert", "onnx", "openvino", "torch" or
            "stablehlo".
        **kwargs: options of the format; see `Model.export`.

    Raises:
        ArgumentError: if there is no such format.

    >>> from kcore_layers import Input, Sequential
    >>> from kcore_layers.layers import Dense
    >>> archive = ExportArchive()
    >>> _ = archive.track_and_add_endpoint("serve", Sequential([Input((3,)), Dense(2)]), None)
    >>> archive.write_out("directory")  # doctest: +SKIP
    """

    def __init__(self, format: str = "saved_model", **kwargs: Any) -> None:
        with located("ExportArchive"):
            self._format, self._description = find_format(format)
        self._options = kwargs
        self._what = "export"
        self._layers: list[Any] = []
        self._resources: list[Any] = []
        self._added: dict[str, _Added] = {}
        self._collections: dict[str, list[Variable]] = {}

    def track(self, resource: Any) -> None:
        """Keep the weights of a layer or model in the archive, or another object of the framework's that has state.

        Args:
            resource: a built layer or model, or a resource of the framework's, a lookup table of TensorFlow's for one.

        Raises:
            ArgumentError: if it is neither, is not built, or is of another backend than what is there already.
        """
        with located("ExportArchive.track"):
            if isinstance(resource, Layer):
                self._track_layer(resource)
            elif self._backend().export.is_resource(resource):
                self._resources.append(resource)
            else:
                raise ArgumentError(
                    f"{resource!r} is not a layer, nor a resource of {self._backend().name}", fix="pass a layer"
                )

    def _track_layer(self, layer: Any) -> None:
        if any(layer is each for each in self._layers):
            return
        if not layer.built:
            raise ArgumentError(f'layer "{layer.name}" is not built', fix="call it on data first")
        if self._layers and layer._kcore_backend is not self._backend():
            raise ArgumentError(
                f'layer "{layer.name}" is on {layer._kcore_backend.name}, and what is there on {self._backend().name}',
                fix="make all on one backend",
            )
        self._layers.append(layer)

    def _backend(self) -> Backend:
        found: Backend = self._layers[0]._kcore_backend if self._layers else current_backend()
        return found

    def add_endpoint(self, name: str, fn: Any, input_signature: Any = None, **kwargs: Any) -> Callable[..., Any]:
        """Add a function under a name. A layer, or a method of one, is tracked; what else it calls must be.

        Args:
            name: str, its name; the first endpoint, or one called "serve", is what a server runs by default.
            fn: the function, or a layer, of tensors.
            input_signature: list of what describes the tensors that it is called with, one for each argument:
                `InputSpec`, `TensorSpec`, symbolic tensors, or trees of such; sizes of None are for calls to decide.
                None, the default, for a model is its inputs, and for a function that the framework has compiled with
                a signature that one.
            **kwargs: arguments that every call passes by name, `training=False` for one.

        Returns:
            The function.

        Raises:
            ArgumentError: if the name is taken, is none, or it is not known what the function is called with.
        """
        with located("ExportArchive.add_endpoint", f"endpoint {name!r}"):
            if not isinstance(name, str) or not name.isidentifier():
                raise ArgumentError(f"{name!r} is no name for an endpoint", fix="use letters, digits and _")
            if name in self._added:
                raise ArgumentError(f"there is an endpoint {name!r} already", fix="use another name")
            if not callable(fn):
                raise ArgumentError(f"{fn!r} is not a function", fix="pass a function or a layer")
            layer = fn if isinstance(fn, Layer) else getattr(fn, "__self__", None)
            layer = layer if isinstance(layer, Layer) else None
            if layer is not None:
                self._track_layer(layer)
            arguments = self._arguments(fn, layer, input_signature)
            self._added[name] = _Added(name, fn, arguments, layer, kwargs)
        return self._added[name].on(lambda layer: layer)

    def _arguments(self, function: Any, layer: Any, signature: Any) -> tuple[Any, ...]:
        if signature is not None:
            return arguments_of_signature(signature, hasattr(layer, "_kcore_inputs_structure"))
        compiled_for = self._backend().export.arguments_of(function)
        if compiled_for is not None:
            return compiled_for
        if function is layer:
            return arguments_of_model(layer)
        raise ArgumentError(
            "it is not known what the function is called with",
            fix="pass input_signature, for example [InputSpec(shape=(None, 3), dtype='float32')]",
        )

    def add_variable_collection(self, name: str, variables: Sequence[Variable]) -> None:
        """Keep a list of variables under a name, for formats that have such: `loaded.name` of a SavedModel.

        Args:
            name: str, the name.
            variables: list of variables of the layers that are tracked.

        Raises:
            ArgumentError: if the name is taken, or something in the list is no variable.
        """
        with located("ExportArchive.add_variable_collection"):
            if not isinstance(variables, list | tuple | set) or not all(isinstance(v, Variable) for v in variables):
                raise ArgumentError(f"{variables!r} is not a list of variables", fix="pass layer.variables")
            if name in self._added or not str(name).isidentifier():
                raise ArgumentError(f"{name!r} is taken, or no name", fix="use another one")
            self._collections[name] = list(variables)

    def track_and_add_endpoint(self, name: str, resource: Any, input_signature: Any, **kwargs: Any) -> Any:
        """Track a layer or model, and add its call as an endpoint.

        Args:
            name: str, the name of the endpoint.
            resource: the layer or model, built.
            input_signature: as for `add_endpoint`; None for the inputs of a model.
            **kwargs: as for `add_endpoint`.

        Raises:
            ArgumentError: as `track` and `add_endpoint` do.
        """
        self.track(resource)
        return self.add_endpoint(name, resource, input_signature, **kwargs)

    def write_out(self, filepath: str | os.PathLike[str], options: Any = None, verbose: bool = True) -> None:
        """Write the file, or for a SavedModel the directory, which takes the place of what was there once it is whole.

        Args:
            filepath: str or `Path`, where.
            options: `tf.saved_model.SaveOptions` for a SavedModel; None, the default, is none.
            verbose: bool, whether to print what was written; True by default.

        Raises:
            ArgumentError: if there are no endpoints, the name does not end as the format's do, or the format can not
                hold what they do, or can not be reached from this backend.
            MissingDependency: if a package is missing that writes the format.
        """
        with located(f"{self._what} to {self._format}"):
            if not self._added:
                raise ArgumentError("there are no endpoints", fix="call add_endpoint or track_and_add_endpoint first")
            path = _checked_path(filepath, self._description)
            settings = {**self._options, **({} if options is None else {"options": options})}
            with written_whole(path, self._description.is_directory) as temporary:
                if self._description.converter is None:
                    self._write(temporary, self._format, settings)
                else:
                    convert(self._description, self._write, temporary, settings)
        if verbose:
            print(f"Exported to {path!r}, in the format {self._format}:\n{self._listing()}")

    def _write(self, path: str, name: str, options: dict[str, Any]) -> None:
        can_move = not self._resources and all(each.layer is not None for each in self._added.values())
        faults: list[KcoreError] = []
        for route in find_routes(self._backend(), name, can_move):
            try:
                self._write_by(route, path, name, dict(options))
                return
            except KcoreError as error:
                faults.append(error)
        raise faults[0]

    def _write_by(self, route: Route, path: str, name: str, options: dict[str, Any]) -> None:
        has_half = FORMATS[name].has_half
        program = self._program(route.backend if route.is_moved else self._backend(), route.is_moved, has_half)
        try:
            if route.is_lent:
                program = self._backend().export.lend(program, route.framework, options)
            with on(route.backend):
                route.backend.export.write(name, program, path, options)
        except KcoreError as error:
            raise (error.at(_by_way_of(route, self._backend())) if route.is_moved else error)  # noqa: B904
        except Exception as error:
            by_whom = _by_way_of(route, self._backend()) if route.is_moved else route.framework
            raise ArgumentError(
                f"{by_whom} can not write this model: {described(error)}",
                fix="use another format; the error of the framework's own is this one's cause",
            ) from error

    def _program(self, backend: Backend, is_moved: bool, has_half: bool) -> Program:
        """Return the endpoints as pure functions, over the layers or their copies on another backend."""
        copies: dict[int, Any] = {}
        # A function over layers goes on to call these, whatever copies there are.
        is_kept = has_half or any(each.layer is None for each in self._added.values())

        def copy(layer: Any) -> Any:
            if not is_moved and (is_kept or not computes_in_half(layer)):
                return layer
            if id(layer) not in copies:
                copies[id(layer)] = moved(layer, backend, in_float32=not has_half)
            return copies[id(layer)]

        originals = _variables(self._layers)
        layers = [copy(layer) for layer in self._layers]
        # Copies of layers that share variables have each their own: they are counted layer by layer.
        pairs = {id(o): v for a, b in zip(self._layers, layers, strict=True) for o, v in _paired(a, b)}
        variables = _variables(layers)
        numbers = {id(v): i for i, v in enumerate(variables)}
        missing = [v.path for v in sum(self._collections.values(), []) if id(v) not in {id(o) for o in originals}]
        if missing:
            raise ArgumentError(f"nothing that is tracked holds {', '.join(missing)}", fix="track their layers")
        collections = {name: [numbers[id(pairs[id(v)])] for v in kept] for name, kept in self._collections.items()}
        order = sorted(self._added.values(), key=lambda added: added.name != "serve")
        endpoints = [
            Endpoint(added.name, _pure(added.on(copy), variables, backend), added.arguments) for added in order
        ]
        paths = unique_names([v.path for v in variables])
        return Program(endpoints, variables, paths, collections, self._resources)

    def _listing(self) -> str:
        lines = []
        for added in self._added.values():
            leaves = tree.flatten(list(added.arguments))
            given = ", ".join(f"{leaf.name}: {leaf.dtype} {leaf.shape}" for leaf in leaves)
            lines.append(f"  {added.name}({given})")
        return "\n".join(lines)


def _variables(layers: Sequence[Any]) -> list[Variable]:
    return list({id(v): v for layer in layers for v in layer.variables}.values())


def _paired(layer: Any, copy: Any) -> Iterator[tuple[Variable, Variable]]:
    return zip(layer.variables, copy.variables, strict=True)


def _pure(function: Callable[..., Any], variables: Sequence[Variable], backend: Backend) -> Callable[..., Any]:
    """Return a function of the values of variables, which returns what it would assign to them."""
    numbers = {id(v): i for i, v in enumerate(variables)}

    def pure(values: Sequence[Any], *arguments: Any) -> tuple[Any, dict[int, Any]]:
        with on(backend), StatelessScope(list(zip(variables, values, strict=True))) as scope:
            outputs = tree.map_structure(ops.convert_to_tensor, function(*arguments))
            updates = scope.updates()
        unknown = [v.path for v, _ in updates if id(v) not in numbers]
        if unknown:
            raise ArgumentError(f"the call changes {', '.join(unknown)}, which is not tracked", fix="track its layer")
        return outputs, {numbers[id(v)]: value for v, value in updates}

    return pure


def _by_way_of(route: Route, own: Backend) -> str:
    return f"{route.framework}, to which the weights were moved from {own.name},"


def _checked_path(filepath: Any, format: Any) -> str:
    path = file_path(filepath)
    if format.ending is not None and not path.endswith(format.ending):
        raise ArgumentError(f"{path!r} does not end in {format.ending!r}", fix=f"name it {path + format.ending!r}")
    return path
