"""Tracebacks without kcore's own lines, so that those of the user and of the framework are found at once."""

from __future__ import annotations

import types
from typing import TypeVar

from kcore_ops.foundation import settings

__all__ = ["shortened"]

E = TypeVar("E", bound=BaseException)


def shortened(error: E) -> E:
    """Leave kcore's own lines out of an error's traceback so far, if `config` says so; those above stay.

    >>> try:
    ...     raise ValueError("mine")
    ... except ValueError as error:
    ...     shortened(error) is error
    True
    """
    if settings.is_traceback_filtering_enabled():
        error.__traceback__ = _without_own_lines(error.__traceback__)
    return error


def _without_own_lines(traceback: types.TracebackType | None) -> types.TracebackType | None:
    kept = []
    while traceback is not None:
        if not _is_own(traceback.tb_frame):
            kept.append(traceback)
        traceback = traceback.tb_next
    result = None
    for one in reversed(kept):
        result = types.TracebackType(result, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return result


def _is_own(frame: types.FrameType) -> bool:
    package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return package == "kcore" or package.startswith("kcore_")
