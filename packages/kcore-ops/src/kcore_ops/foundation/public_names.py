"""The public names of a module that takes them from others with stars."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

__all__ = ["imported"]


def imported(namespace: Mapping[str, object], *named: str) -> list[str]:
    """Return what a module's `__all__` is where a name is written in the module that defines it, and there alone.

    Type checkers follow stars by themselves and can not read a list that is computed: assign it if not TYPE_CHECKING.

    Args:
        namespace: `globals()` of the module, after its imports.
        named: names to take in though they begin with an underscore or are modules.

    >>> import os
    >>> imported({"add": abs, "os": os, "_hidden": abs, "__version__": "1.0"}, "__version__")
    ['add', '__version__']
    """
    return [
        name
        for name, value in namespace.items()
        if name in named or not (name.startswith("_") or isinstance(value, ModuleType))
    ]
