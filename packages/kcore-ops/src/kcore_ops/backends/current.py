"""Which backend is current, and why."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any

from kcore_ops.backends import registry
from kcore_ops.backends.interface import Backend
from kcore_ops.foundation import setting_files
from kcore_ops.foundation.errors import BackendNotFound

__all__ = ["backend", "current_backend", "reason", "set_backend", "use_backend"]

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


def backend() -> str:
    """Return the name of the current backend, without loading it."""
    found = _in_block.get() or _default
    return found.name if found else choose()[0]


def reason() -> str:
    """Say why the current backend is the current one."""
    if _in_block.get() is not None:
        return "use_backend()"
    return _default_reason if _default is not None else choose()[1]


def choose() -> tuple[str, str]:
    """Give the name of the default backend and why it is that one; loads nothing.

    The first of these that says: `KCORE_BACKEND`, kcore's configuration file, `KERAS_BACKEND`, Keras's file if it names
    a backend that can be used, the highest priority of those installed.

    Raises:
        BackendNotFound: if no backend is installed.
    """
    if name := os.environ.get("KCORE_BACKEND"):
        return name, "the environment variable KCORE_BACKEND"
    if name := setting_files.from_file().get("backend"):
        return str(name), "the configuration file"
    if name := os.environ.get("KERAS_BACKEND"):
        return name, "the environment variable KERAS_BACKEND"
    records = registry.backends()
    usable = [record for record in records.values() if record.is_usable]
    if not usable:
        raise BackendNotFound("no backend is installed", fix="pip install kcore[jax], or [torch], [tf], [numpy]")
    passed_over = ""
    if name := setting_files.from_keras_file().get("backend"):
        record = records.get(str(name))
        if record in usable:
            return str(name), "Keras's configuration file"
        # That file is for another library, which may be here with frameworks of its own.
        fault = "is not installed" if record is None else "can not be used"
        passed_over = f" (Keras's configuration file names {name!r}, which {fault})"
    best = max(usable, key=lambda record: (record.priority, record.name))
    why = "the only one installed" if len(usable) == 1 else f"the highest priority of {len(usable)} installed"
    return best.name, why + passed_over


def _resolve() -> Backend:
    global _default, _default_reason
    name, why = choose()
    try:
        _default, _default_reason = registry.load(name), why
    except BackendNotFound as error:
        raise error.at(f"the choice made by {why}") from error.__cause__
    return _default


def set_backend(backend: str) -> None:
    """Make the backend named `backend` the current one wherever no `use_backend` block says otherwise.

    Raises:
        BackendNotFound: if it is not installed or can not be used; the current one stays.
    """
    global _default, _default_reason
    _default, _default_reason = registry.load(backend), "config.set_backend()"
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
    ...     backend()
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
