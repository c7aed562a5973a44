"""`Config`: settings of a program under names."""

from __future__ import annotations

import json
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any

from kcore_ops.foundation.errors import ArgumentError, AttributeUnavailable

__all__ = ["Config"]


class Config:
    """Hold values under names, as attributes and as items; `freeze` keeps them from changing.

    Args:
        **kwargs: the values by name.

    >>> config = Config(units=3)
    >>> config.rate = 0.5
    >>> config["units"], config
    (3, <Config {'units': 3, 'rate': 0.5}>)
    """

    # Beside the values, which may have any name.
    __slots__ = ("__weakref__", "_kcore_is_frozen", "_kcore_values")
    _kcore_values: dict[str, Any]
    _kcore_is_frozen: bool

    def __init__(self, **kwargs: Any) -> None:
        object.__setattr__(self, "_kcore_values", kwargs)
        object.__setattr__(self, "_kcore_is_frozen", False)

    @property
    def frozen(self) -> bool:
        """Whether the values can not be changed."""
        found: bool = object.__getattribute__(self, "_kcore_is_frozen")
        return found

    def freeze(self) -> None:
        """Keep the values from changing."""
        object.__setattr__(self, "_kcore_is_frozen", True)

    def unfreeze(self) -> None:
        """Let the values change again."""
        object.__setattr__(self, "_kcore_is_frozen", False)

    def as_dict(self) -> dict[str, Any]:
        """Return the values by name, as a dict of their own."""
        return dict(self._kcore_values)

    def to_json(self) -> str:
        """Return the values as JSON, which knows numbers, texts, lists and dicts."""
        return json.dumps(self._kcore_values)

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self.as_dict().keys()

    def values(self) -> ValuesView[Any]:
        """Return the values."""
        return self.as_dict().values()

    def items(self) -> ItemsView[str, Any]:
        """Return the names with their values."""
        return self.as_dict().items()

    def get(self, keyname: str, value: Any = None) -> Any:
        """Return the value of a name.

        Args:
            keyname: str, the name.
            value: anything, what to return where there is none; None.
        """
        return self._kcore_values.get(keyname, value)

    def pop(self, *args: Any) -> Any:
        """Remove a name, and return its value.

        Args:
            *args: the name, and what to return where there is none, which else is a KeyError.
        """
        self._refuse_if_frozen()
        return self._kcore_values.pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set values.

        Args:
            *args: a dict of values by name, or pairs of these.
            **kwargs: values by name.
        """
        self._refuse_if_frozen()
        self._kcore_values.update(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        # Called where there is no such method. Copies ask before there are values.
        if name.startswith("_kcore_") or name not in self._kcore_values:
            raise AttributeUnavailable(f"the config has no value {name!r}", fix="set it first, or use get()")
        return self._kcore_values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        self._refuse_if_frozen()
        if name not in self._kcore_values:
            raise AttributeUnavailable(f"the config has no value {name!r}", fix="delete one that it has")
        del self._kcore_values[name]

    def __getitem__(self, name: str) -> Any:
        return self._kcore_values[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._refuse_if_frozen()
        self._kcore_values[name] = value

    def __delitem__(self, name: str) -> None:
        self._refuse_if_frozen()
        del self._kcore_values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.as_dict())

    def __len__(self) -> int:
        return len(self._kcore_values)

    def __contains__(self, name: object) -> bool:
        return name in self._kcore_values

    def __repr__(self) -> str:
        return f"<Config {self._kcore_values}>"

    def __reduce__(self) -> Any:
        return _restored, (self.as_dict(), self.frozen)

    def _refuse_if_frozen(self) -> None:
        if self.frozen:
            raise ArgumentError("the config is frozen", fix="call unfreeze() first").at("Config")


def _restored(values: dict[str, Any], is_frozen: bool) -> Config:
    config = Config(**values)
    if is_frozen:
        config.freeze()
    return config
