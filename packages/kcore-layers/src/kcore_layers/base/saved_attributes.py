"""Which attributes of a layer or optimizer a file of weights goes through, in the order of files."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from kcore_ops.backends.current import on

__all__ = ["saved_attributes"]


def saved_attributes(
    value: object, kind: type | None = None, properties: Collection[str] = ()
) -> Iterator[tuple[str, Any]]:
    """Return what an object's attributes hold, by name, in the order of files: private ones last.

    Args:
        value: a layer, an optimizer, or another object with state.
        kind: the class of ours that it is an instance of, whose own attributes hold no parts of the object: `Layer` for
            a layer of any class; None if no attribute is to be passed over.
        properties: attributes of that class that do hold parts.
    """
    passed_over = set() if kind is None else {*dir(kind), *_instance_names(value)}
    # Not dir(value): a framework's modules may have more names there, for the same layers.
    names = {name for name in object.__dir__(value) if name not in passed_over and not name.startswith("__")}
    # What the user has assigned is saved whatever its name: `model.summary` may be a layer.
    names.update(getattr(value, "_kcore_tracked_names", ()), properties)
    for name in sorted(names, key=lambda name: f"~{name[1:]}" if name.startswith("_") else name):
        try:
            held = getattr(value, name)
        except Exception:
            continue  # a property that has no value now
        yield name, held


def _instance_names(layer: Any) -> set[str]:
    """Return the attributes that every layer of a backend has."""
    from kcore_layers.base.layer import Layer

    with on(layer._kcore_backend):
        plain: Any = Layer(name="plain")
    return {*dir(type(plain)), *plain.__dict__}
