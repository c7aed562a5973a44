"""A layer joins the framework of the backend it is made on: the class it is really an instance of.

For a class and a backend there is one such class, with the name and module of the original: `Dense` made under a
backend whose modules are `M` is an instance of a class derived from the backend's mixin, `Dense` and `M`.
"""

from __future__ import annotations

import functools
from typing import Any

from kcore_ops.backends import registry
from kcore_ops.backends.interface import Backend

from kcore_layers.base.build import build_lock, built_by
from kcore_layers.base.masking import follows_inputs
from kcore_layers.base.signature import inspect_build, inspect_call
from kcore_layers.serialization.registry import original_class

__all__ = ["framework_class", "is_overridden", "remake"]


class _FrameworkClasses(dict[Any, type]):
    """The classes made of one class. They are made anew where that class is pickled by value, as cloudpickle does."""

    def __reduce__(self) -> Any:
        return _FrameworkClasses, ()


def framework_class(cls: type, backend: Backend, extra: type | None = None) -> type:
    """Return the class of the instances of a class that are made on a backend.

    Args:
        cls: a subclass of Layer.
        backend: the backend, whose mixin and class of modules become bases.
        extra: a class to come right after `cls`, for models made of inputs and outputs; None, the default, is none.
    """
    cls = original_class(cls)
    key = (backend, extra)
    made_of: dict[Any, type] = cls.__dict__.get("_kcore_framework_classes", {})
    if key in made_of:
        return made_of[key]
    with build_lock:
        if "_kcore_framework_classes" not in cls.__dict__:
            cls._kcore_framework_classes = _FrameworkClasses()  # type: ignore[attr-defined]
        made_of = cls.__dict__["_kcore_framework_classes"]
        if key not in made_of:
            made_of[key] = _make(cls, backend, extra)
        return made_of[key]


def _make(cls: type, backend: Backend, extra: type | None) -> type:
    modules = backend.modules
    around = (None, None) if modules is None else (modules.mixin, modules.base)
    parents = (around[0], cls, extra, around[1])
    bases = tuple(base for base in parents if base is not None)
    namespace = {
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__doc__": cls.__doc__,
        "_kcore_original": cls,
        "_kcore_extra": extra,
        "_kcore_modules": modules,
        "_kcore_storage_types": () if modules is None else modules.storage_types,
    }
    made = type(cls.__name__, bases, namespace)
    original = made.build  # type: ignore[attr-defined]
    made._kcore_call_signature = inspect_call(made.call)  # type: ignore[attr-defined]
    made._kcore_build_parameters = inspect_build(original)  # type: ignore[attr-defined]
    if modules is not None:
        made._kcore_instance_names = cls._kcore_instance_names | modules.instance_names  # type: ignore[attr-defined]
        made._kcore_yielding_names = cls._kcore_yielding_names | modules.user_names  # type: ignore[attr-defined]
    made._kcore_has_own_compute_mask = is_overridden(cls, "compute_mask")  # type: ignore[attr-defined]
    made._kcore_masks_follow = follows_inputs(cls)  # type: ignore[attr-defined]
    made.build = functools.wraps(original)(built_by(original))  # type: ignore[attr-defined]
    return made


def is_overridden(cls: type, name: str) -> bool:
    """Return whether a class of layers has a method of its own in place of `Layer`'s.

    Args:
        cls: a subclass of Layer.
        name: the method's name.
    """
    from kcore_layers.base.layer import Layer

    return getattr(cls, name) is not getattr(Layer, name)


def remake(cls: type, backend: str, extra: type | None) -> Any:
    """Return an instance with nothing in it yet, for copies and pickles.

    Args:
        cls: the class as it was written.
        backend: the name of the backend that it belongs to.
        extra: as for `framework_class`.
    """
    found = registry.load(backend)
    layer: Any = object.__new__(framework_class(cls, found, extra))
    layer._kcore_start(found)
    return layer
