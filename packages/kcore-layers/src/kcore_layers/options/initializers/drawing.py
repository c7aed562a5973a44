"""Whether initializers draw numbers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

__all__ = ["draws", "without_draws"]

draws: ContextVar[bool] = ContextVar("draws", default=True)


@contextlib.contextmanager
def without_draws() -> Iterator[None]:
    """Let initializers give zeros in place of random numbers, for weights that are set before anybody looks at them.

    >>> from kcore_layers.options.initializers import RandomNormal
    >>> with without_draws():
    ...     RandomNormal()((2,), "float32")
    array([0., 0.], dtype=float32)
    """
    token = draws.set(False)
    try:
        yield
    finally:
        draws.reset(token)
