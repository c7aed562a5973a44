"""Which backend is current, and why."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any

from kcore_ops import config, registry
from kcore_ops.errors import BackendNotFound
from kcore_ops.plugin import Backend

__all__ = ["backend_name", "current_backend", "reason", "set_default", "use_backend"]

# The backend of the innermost `use_backend` block of this thread or task.
_in_block: ContextVar[Backend | None] = ContextVar("kcore_backend", default=None)
backend_in_block = _in_block.get
_default: Backend | None = None
_default_reason = ""

# Called when the default backend changes: what was settled for the old one must be forgotten.
on_default_change: list[Callable[[], None]] = []


def current_backend() -> Backend:
    """Give the current backend, loading it if need be.

    Raises:
        BackendNotFound: if none is installed, or the one asked for can not be used.
    """
    return _in_block.get() or _default or _resolve()


def backend_name() -> str:
    """Give the name of the current backend, without loading it."""
    backend = _in_block.get() or _default
    return backend.name if backend else choose()[0]


def reason() -> str:
    """Say why the current backend is the current one."""
    if _in_block.get() is not None:
        return "use_backend()"
    return _default_reason if _default is not None else choose()[1]


def choose() -> tuple[str, str]:
    """Give the name of the default backend and why it is that one; loads nothing.

    Raises:
        BackendNotFound: if no backend is installed.
    """
    if name := os.environ.get("KCORE_BACKEND"):
        return name, "the environment variable KCORE_BACKEND"
    if name := config.from_file().get("backend"):
        return str(name), "the configuration file"
    usable = [record for record in registry.backends().values() if record.is_usable]
    if not usable:
        raise BackendNotFound("no backend is installed", fix="pip install kcore[jax], or [torch], [tf], [numpy]")
    best = max(usable, key=lambda record: (record.priority, record.name))
    why = "the only one installed" if len(usable) == 1 else f"the highest priority of {len(usable)} installed"
    return best.name, why


def _resolve() -> Backend:
    global _default, _default_reason
    name, why = choose()
    try:
        _default, _default_reason = registry.load(name), why
    except BackendNotFound as error:
        raise error.at(f"the choice made by {why}") from error.__cause__
    return _default


def set_default(name: str) -> None:
    """Make a backend the current one outside `use_backend` blocks."""
    global _default, _default_reason
    _default, _default_reason = registry.load(name), "config.set_backend()"
    for forget in on_default_change:
        forget()


@contextmanager
def on(backend: Backend) -> Iterator[None]:
    """Make a loaded backend the current one inside the `with` block."""
    token = _in_block.set(backend)
    try:
        yield
    finally:
        _in_block.reset(token)


class use_backend:
    """Make a backend the current one, in this thread or task only: inside a `with` block, or from here on.

    Args:
        name: the backend's name.

    Raises:
        BackendNotFound: if it is not installed or can not be used; the current one stays.

    >>> with use_backend("numpy"):
    ...     backend_name()
    'numpy'
    """

    def __init__(self, name: str) -> None:
        self.backend = registry.load(name)
        self._token: Token[Any] = _in_block.set(self.backend)

    def __enter__(self) -> Backend:
        return self.backend

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _in_block.reset(self._token)
