"""The two files that settings are read from: kcore's own, and Keras's for what that one leaves open.

They are `$KCORE_HOME/kcore.json` (default `~/.kcore/kcore.json`) and `$KERAS_HOME/keras.json` (default
`~/.keras/keras.json`): JSON objects, read if they exist and never written.
"""

from __future__ import annotations

import functools
import json
import os
import warnings
from typing import Any

from kcore_ops.foundation.errors import ArgumentError

__all__ = ["from_file", "from_keras_file", "keras_file"]

_LONGEST = 2**16  # bytes; each holds a handful of settings

# Keras writes this file when it is first imported (seen in 3.15.1), whatever backend it then runs on: nobody's choice.
_AS_KERAS_WRITES_IT = {
    "floatx": "float32",
    "epsilon": 1e-07,
    "backend": "tensorflow",
    "image_data_format": "channels_last",
}


@functools.cache
def from_file() -> dict[str, Any]:
    """Read kcore's configuration file; an absent one says nothing.

    Raises:
        ArgumentError: if the file is not a JSON object.
    """
    return _object_in(_path("KCORE_HOME", "~/.kcore", "kcore.json"))


@functools.cache
def from_keras_file() -> dict[str, Any]:
    """Read Keras's configuration file; an absent one, and one as Keras writes it by itself, says nothing.

    A file that can not be read is left out with a warning: it is not kcore's.
    """
    try:
        settings = _object_in(keras_file())
    except ArgumentError as error:
        warnings.warn(f"{error.problem}; kcore goes on without it: {error.fix}", stacklevel=2)
        return {}
    return {} if settings == _AS_KERAS_WRITES_IT else settings


def keras_file() -> str:
    """Return the path of Keras's configuration file."""
    return _path("KERAS_HOME", "~/.keras", "keras.json")


def _path(variable: str, default: str, name: str) -> str:
    return os.path.join(os.environ.get(variable) or os.path.expanduser(default), name)


def _object_in(path: str) -> dict[str, Any]:
    fix = "mend or delete the file"
    try:
        if not os.path.isfile(path):  # opening a pipe would wait for whoever writes to it
            if os.path.exists(path):
                raise ArgumentError(f"{path} is not a file", fix="remove it")
            return {}
        with open(path, "rb") as file:
            text = file.read(_LONGEST + 1)
        if len(text) > _LONGEST:
            raise ArgumentError(f"{path} is longer than the {_LONGEST} bytes that are read of settings", fix=fix)
        settings = json.loads(text)
    except PermissionError:
        return {}
    except ArgumentError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise ArgumentError(f"{path} is not JSON: {error}", fix=fix) from error
    if not isinstance(settings, dict):
        raise ArgumentError(f"{path} must hold a JSON object", fix='write for example {"backend": "jax"}')
    return settings
