"""An optimizer joins the framework of the backend it is made on: the class it is really an instance of.

A framework that keeps account of optimizers, as TensorFlow does for its checkpoints, finds them by a class of its own.
"""

from __future__ import annotations

from typing import Any

from kcore_layers.base.build import build_lock
from kcore_layers.serialization.registry import original_class
from kcore_ops.backends.current import current_backend
from kcore_ops.backends.interface import Backend
from kcore_ops.backends.registry import load

__all__ = ["FrameworkClass", "framework_optimizer_class", "remake"]


def framework_optimizer_class(cls: type, backend: Backend) -> type:
    """Return the class that optimizers made on a backend are of: the one written, or one that its framework knows too.

    Args:
        cls: a class of optimizers, or one made by this function from it.
        backend: the backend that the optimizer's variables are on.
    """
    cls = original_class(cls)
    mixin = None if backend.modules is None else backend.modules.optimizer_mixin
    if mixin is None:
        return cls
    with build_lock:
        made: dict[Any, type] = cls.__dict__.get("_kcore_framework_classes") or {}
        if mixin not in made:
            namespace = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
            made[mixin] = type(cls.__name__, (mixin, cls), {**namespace, "_kcore_original": cls})
            cls._kcore_framework_classes = made  # type: ignore[attr-defined]
        return made[mixin]


class FrameworkClass:
    """Base of classes whose instances are of the class that the current backend's framework knows as well.

    It has no more than this, so that the signature of those below it is that of their `__init__`.

    Args:
        *args: what `__init__` takes.
        **kwargs: what `__init__` takes.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Create an instance of the framework's class."""
        return object.__new__(framework_optimizer_class(cls, current_backend()))


def remake(cls: type, backend: str) -> Any:
    """Return an optimizer with nothing in it yet, for copies and pickles.

    Args:
        cls: the class as it was written.
        backend: the name of the backend that its variables were on.
    """
    found = load(backend)
    optimizer: Any = object.__new__(framework_optimizer_class(cls, found))
    optimizer.__dict__["_backend"] = found
    return optimizer
