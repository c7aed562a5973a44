"""Settings: default float, epsilon, image layout, backend.

They come, the strongest first, from the setters here, from the environment (`KCORE_BACKEND`), and from the file
`$KCORE_HOME/kcore.json` (default `~/.kcore/kcore.json`), which is read if it exists and never written.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kcore_ops.errors import ArgumentError

__all__ = [
    "backend",
    "epsilon",
    "floatx",
    "image_data_format",
    "set_backend",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
]

_FLOATX = ("bfloat16", "float16", "float32", "float64")
_DATA_FORMATS = ("channels_last", "channels_first")
_overrides: dict[str, Any] = {}

# Called when floatx changes: what was settled with the old one must be forgotten.
on_floatx_change: list[Callable[[], None]] = []


@functools.cache
def from_file() -> dict[str, Any]:
    """Read the configuration file; an absent one says nothing.

    Raises:
        ArgumentError: if the file is not a JSON object.
    """
    path = Path(os.environ.get("KCORE_HOME", Path.home() / ".kcore")) / "kcore.json"
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    except ValueError as error:
        raise ArgumentError(f"{path} is not JSON: {error}", fix="mend or delete the file") from error
    if not isinstance(settings, dict):
        raise ArgumentError(f"{path} must hold a JSON object", fix='for example {"backend": "jax"}')
    return settings


def _setting(name: str, default: Any, check: Any) -> Any:
    if name not in _overrides:
        _overrides[name] = check(from_file().get(name, default))
    return _overrides[name]


def _one_of(name: str, allowed: tuple[str, ...], value: Any) -> str:
    if value not in allowed:
        raise ArgumentError(f"{name} can not be {value!r}", fix=f"use one of {', '.join(allowed)}")
    return str(value)


def _check_epsilon(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise ArgumentError(f"epsilon can not be {value!r}", fix="use a small positive number, for example 1e-7")
    return float(value)


def floatx() -> str:
    """Give the default floating dtype, 'float32' unless set.

    >>> floatx()
    'float32'
    """
    name: str = _overrides.get("floatx") or _setting("floatx", "float32", lambda v: _one_of("floatx", _FLOATX, v))
    return name


def set_floatx(value: str) -> None:
    """Set the default floating dtype: 'bfloat16', 'float16', 'float32' or 'float64'."""
    _overrides["floatx"] = _one_of("floatx", _FLOATX, value)
    for forget in on_floatx_change:
        forget()


def epsilon() -> float:
    """Give the small number that keeps divisions finite, 1e-7 unless set.

    >>> epsilon()
    1e-07
    """
    value: float = _setting("epsilon", 1e-7, _check_epsilon)
    return value


def set_epsilon(value: float) -> None:
    """Set the small number that keeps divisions finite."""
    _overrides["epsilon"] = _check_epsilon(value)


def image_data_format() -> str:
    """Give the default layout of images, 'channels_last' unless set.

    >>> image_data_format()
    'channels_last'
    """
    name: str = _setting("image_data_format", "channels_last", lambda v: _one_of("image_data_format", _DATA_FORMATS, v))
    return name


def set_image_data_format(data_format: str) -> None:
    """Set the default layout of images: 'channels_last' or 'channels_first'."""
    _overrides["image_data_format"] = _one_of("image_data_format", _DATA_FORMATS, data_format)


def standardize_data_format(data_format: str | None) -> str:
    """Give the layout named, or the default one for None.

    >>> standardize_data_format(None)
    'channels_last'
    """
    return image_data_format() if data_format is None else _one_of("data_format", _DATA_FORMATS, data_format)


def backend() -> str:
    """Give the name of the current backend."""
    from kcore_ops import current

    return current.backend_name()


def set_backend(backend: str) -> None:
    """Make a backend the current one wherever no `use_backend` block says otherwise.

    Raises:
        BackendNotFound: if it is not installed or can not be used; the current one stays.
    """
    from kcore_ops import current

    current.set_default(backend)
