"""Which formats there are, and which way leads from a backend to one: its own, a loan, or a move of the weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kcore_ops.backends import registry
from kcore_ops.backends.exports import missing_modules
from kcore_ops.backends.interface import Backend
from kcore_ops.foundation.errors import ArgumentError, BackendUnusable, MissingDependency

__all__ = ["FORMATS", "Format", "Route", "find_format", "find_routes"]


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        framework: the one whose tools write it.
        ending: what its names end in, or None if that is free.
        is_directory: whether it is a directory.
        is_moved: whether models are best made anew on the framework's backend: other writers of it, and those of
            functions lent to it, know fewer ops.
        has_half: whether what runs it computes in half precision; if not, layers that do compute in float32 there.
        made_of: the formats that it is converted from, the best first, by the module `converter`.
        converter: the module, or None.
    """

    framework: str
    ending: str | None = None
    is_directory: bool = False
    is_moved: bool = False
    has_half: bool = True
    made_of: tuple[str, ...] = ()
    converter: str | None = None


FORMATS = {
    "tf_saved_model": Format("tensorflow", is_directory=True),
    "litert": Format("tensorflow", ".tflite", is_moved=True, has_half=False),
    "onnx": Format("torch", ".onnx", is_moved=True),
    "torch": Format("torch", ".pt2"),
    "stablehlo": Format("jax"),
    "openvino": Format("torch", ".xml", made_of=("onnx", "tf_saved_model"), converter="openvino"),
}
_OTHER_NAMES = {"saved_model": "tf_saved_model"}


@dataclass(frozen=True)
class Route:
    """How a format is reached from a backend.

    Attributes:
        backend: the backend that writes.
        framework: the module that it is built on.
        is_lent: whether it is lent the functions of the other one.
        is_moved: whether models are made anew on it, with the same weights.
    """

    backend: Backend
    framework: str
    is_lent: bool = False
    is_moved: bool = False


def find_format(name: str) -> tuple[str, Format]:
    """Return a format's name and what is known of it.

    Args:
        name: its name, or another one it goes by.

    Raises:
        ArgumentError: if there is none.
    """
    known = _OTHER_NAMES.get(name, name) if isinstance(name, str) else name
    if known not in FORMATS:
        raise ArgumentError(f"there is no format {name!r}", fix=f"use one of {', '.join(FORMATS)}")
    return known, FORMATS[known]


def find_routes(own: Backend, name: str, can_move: bool) -> list[Route]:
    """Return the ways from a backend to a format that some backend writes, the best first.

    Args:
        own: the backend of what is exported.
        name: the format's name.
        can_move: whether there are models that can be made anew on another backend.

    Raises:
        ArgumentError: if functions can not be moved to the backend that writes it.
        MissingDependency: if no backend does, saying what to install.
    """
    format = FORMATS[name]
    routes = [Route(own, _framework(own))] if _writes(own, name) else []
    if routes and (routes[0].framework == format.framework or not format.is_moved):
        return routes
    others = [other for other in _others(own, format.framework) if _writes(other, name)]
    for other in others:
        modules = own.export.lends_to.get(_framework(other))
        if modules is not None and not missing_modules(modules):
            routes.append(Route(other, _framework(other), is_lent=True))
    if others and can_move:
        moving = Route(others[0], _framework(others[0]), is_moved=True)
        routes.insert(0 if format.is_moved else len(routes), moving)
    if routes:
        return routes
    if others:
        raise ArgumentError(
            f"{name} can not be written of functions on {own.name}",
            fix=f"add whole models or layers as endpoints, which are moved to {others[0].name}, or make them there: "
            f"with kcore.use_backend({others[0].name!r})",
        )
    raise MissingDependency(f"no backend that is installed writes {name}", fix=_to_install(own, name))


def _framework(backend: Backend) -> str:
    return _of_record(registry.backends()[backend.name])


def _of_record(record: registry.BackendRecord) -> str:
    return record.name if record.plugin is None else record.plugin.framework


def _writes(backend: Backend, format: str) -> bool:
    modules = backend.export.formats.get(format)
    return modules is not None and not missing_modules(modules)


def _others(own: Backend, framework: str) -> Iterator[Backend]:
    """Load the other backends that are installed: first that of the framework whose format it is."""
    records = [record for record in registry.backends().values() if record.is_usable and record.name != own.name]
    for record in sorted(records, key=lambda record: (_of_record(record) != framework, -record.priority, record.name)):
        try:
            yield registry.load(record.name)
        except BackendUnusable:
            continue


def _to_install(own: Backend, format: str) -> str:
    """Say what to install for a format: modules beside a backend that is there, or a backend."""
    found = [own, *_others(own, FORMATS[format].framework)]
    for backend in sorted(found, key=lambda backend: _framework(backend) != FORMATS[format].framework):
        modules = backend.export.formats.get(format)
        if modules is not None:
            return f"pip install {' '.join(missing_modules(modules))}, which {backend.name} writes it with"
    return f"pip install {registry.DISTRIBUTIONS[FORMATS[format].framework]}"
