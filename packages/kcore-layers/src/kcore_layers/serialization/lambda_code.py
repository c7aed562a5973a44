"""Lambdas as data. Their code runs when they are called, so a file's are made only outside safe mode."""

from __future__ import annotations

import base64
import marshal
from types import CellType, FunctionType
from typing import Any

from kcore_ops.foundation.errors import ArgumentError

__all__ = ["from_code", "to_code"]


def to_code(function: FunctionType) -> dict[str, Any]:
    """Return a lambda as data: its code for this version of Python, its defaults and what it closes over.

    Args:
        function: the lambda.

    >>> from_code(to_code(lambda x, y=2: x + y))(1)
    3
    """
    code = base64.encodebytes(marshal.dumps(function.__code__)).decode("ascii")
    closure = tuple(cell.cell_contents for cell in function.__closure__ or ()) or None
    return {"class_name": "__lambda__", "config": {"value": (code, function.__defaults__, closure)}}


def from_code(data: dict[str, Any]) -> FunctionType:
    """Return the lambda that `to_code` returned the data of, or Keras 3 wrote, in a namespace of builtins only.

    Args:
        data: dict that `to_code` returned, or Keras's, which names the three parts.

    Raises:
        ArgumentError: if the data holds no code that this version of Python reads.
    """
    try:
        config = data["config"]
        parts = [config[name] for name in ("code", "defaults", "closure")] if "code" in config else config["value"]
        text, defaults, closure = parts
        code = marshal.loads(base64.b64decode(text))
        cells = tuple(CellType(each) for each in closure or ())
        return FunctionType(code, {"__builtins__": __builtins__}, "<lambda>", tuple(defaults or ()) or None, cells)
    except (KeyError, TypeError, ValueError, EOFError) as error:
        raise ArgumentError(
            f"this lambda can not be read: {error}",
            fix="load it with the version of Python that saved it, or save a registered function instead",
        ) from error
