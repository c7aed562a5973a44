"""Optimizers join the framework of the backend they are made on, where that keeps account of optimizers."""

from __future__ import annotations

from typing import Any

from kcore_layers.serialization.registry import original_class
from kcore_ops.backends.interface import Backend
from kcore_ops.backends.registry import load

__all__ = ["citizen_optimizer", "remade"]


def citizen_optimizer(cls: type, backend: Backend) -> type:
    """Give the class that optimizers made on a backend are of: the one written, or one that its framework knows too."""
    cls = original_class(cls)
    mixin = backend.optimizer_mixin
    if mixin is None:
        return cls
    made: dict[Any, type] = cls.__dict__.get("_kcore_citizens") or {}
    if mixin not in made:
        namespace = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
        made[mixin] = type(cls.__name__, (mixin, cls), {**namespace, "_kcore_original": cls})
        cls._kcore_citizens = made  # type: ignore[attr-defined]
    return made[mixin]


def remade(cls: type, backend: str) -> Any:
    """Give an optimizer with nothing in it yet, for copies and pickles."""
    found = load(backend)
    optimizer: Any = object.__new__(citizen_optimizer(cls, found))
    optimizer.__dict__["_backend"] = found
    return optimizer
