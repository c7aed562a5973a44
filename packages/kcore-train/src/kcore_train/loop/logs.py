"""What callbacks are told of losses and metrics: numbers that stay on the device until somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import kcore_ops as ops
import numpy as np
from kcore_ops.engine.op import Tensor

__all__ = ["Logs", "as_numbers", "in_list"]

# Tensors or numbers by name, and dicts of them.
Results: TypeAlias = "Mapping[str, Tensor | Results]"


class Logs(dict[str, float]):
    """A dict of floats that is filled when it is first read.

    Args:
        fetch: returns results by name, tensors or numbers.

    >>> logs = Logs(lambda: {"loss": np.float32(0.5)})
    >>> logs["loss"], dict(logs)
    (0.5, {'loss': 0.5})
    """

    def __init__(self, fetch: Callable[[], Results]) -> None:
        super().__init__()
        self._fetch: Callable[[], Results] | None = fetch

    def _filled(self) -> Logs:
        fetch, self._fetch = self._fetch, None
        if fetch is not None:
            super().update(as_numbers(fetch()))
        return self

    def __getitem__(self, name: str) -> float:
        return dict.__getitem__(self._filled(), name)

    def __setitem__(self, name: str, value: float) -> None:
        dict.__setitem__(self._filled(), name, value)

    def __delitem__(self, name: str) -> None:
        dict.__delitem__(self._filled(), name)

    def __iter__(self) -> Iterator[str]:
        return dict.__iter__(self._filled())

    def __len__(self) -> int:
        return dict.__len__(self._filled())

    def __contains__(self, name: object) -> bool:
        return dict.__contains__(self._filled(), name)

    def __bool__(self) -> bool:
        return len(self) > 0

    def __eq__(self, other: object) -> bool:
        return dict.__eq__(self._filled(), other)

    __hash__ = None

    def __repr__(self) -> str:
        return dict.__repr__(self._filled())

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value, or `default` if there is none of that name."""
        return dict.get(self._filled(), name, default)

    def keys(self) -> Any:
        """Return the names."""
        return dict.keys(self._filled())

    def values(self) -> Any:
        """Return the values."""
        return dict.values(self._filled())

    def items(self) -> Any:
        """Return names and values."""
        return dict.items(self._filled())

    def copy(self) -> dict[str, float]:
        """Return a plain dict of what is in it."""
        return dict(self.items())

    def pop(self, *args: Any) -> Any:
        """Take a value out."""
        return dict.pop(self._filled(), *args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Add values."""
        dict.update(self._filled(), *args, **kwargs)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Return a value, which is `default` from now on if there was none."""
        return dict.setdefault(self._filled(), name, default)


def as_numbers(results: Results) -> dict[str, Any]:
    """Return results as Python numbers; dicts among them are spread, arrays of several numbers stay arrays.

    Args:
        results: tensors or numbers by name.
    """
    found: dict[str, Any] = {}
    for name, value in results.items():
        if isinstance(value, Mapping):
            found.update(as_numbers(value))
            continue
        array = np.asarray(ops.convert_to_numpy(value))
        found[name] = float(array) if array.ndim == 0 else array
    return found


def in_list(logs: Mapping[str, Any]) -> Any:
    """Return results without their names: a list of them, or the only one.

    Args:
        logs: results by name.

    >>> in_list({"loss": 0.5}), in_list({"loss": 0.5, "mae": 0.25})
    (0.5, [0.5, 0.25])
    """
    values = list(logs.values())
    return values[0] if len(values) == 1 else values
