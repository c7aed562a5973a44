"""Pillow, imported when a picture is first read, written or drawn on."""

from __future__ import annotations

import importlib
from typing import Any

from kcore_ops.foundation.errors import MissingDependency

__all__ = ["pillow"]


def pillow(module: str, user: str) -> Any:
    """Return a module of Pillow's.

    Args:
        module: its name, "Image" for one.
        user: what needs it, for the message.

    Raises:
        MissingDependency: if Pillow is not installed.
    """
    try:
        return importlib.import_module(f"PIL.{module}")
    except ImportError as error:
        raise MissingDependency(f"{user} needs Pillow, which is not installed", fix="pip install pillow") from error
