"""What a layer's call tells the calls inside it: the training flag, and other arguments that were registered for it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

__all__ = ["CallContext", "current_context"]

_context: ContextVar[CallContext | None] = ContextVar("kcore_call_context", default=None)
current_context = _context.get
enter_context = _context.set
leave_context = _context.reset


class CallContext:
    """The arguments that reach nested calls without being passed.

    Attributes:
        entry: the layer that was called first.
        training: whether the calls inside are for training; None if nobody said.
        arguments: other arguments by name.
    """

    __slots__ = ("arguments", "entry", "training")

    def __init__(self, entry: Any, training: bool | None, arguments: dict[str, Any] | None = None) -> None:
        self.entry = entry
        self.training = training
        self.arguments = arguments or {}
