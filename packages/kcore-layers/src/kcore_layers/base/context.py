"""What a layer's call tells the calls inside it: the training flag, and other arguments that were registered for it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kcore_layers.base.losses import CallLosses

__all__ = ["CallContext", "current_context"]

_context: ContextVar[CallContext | None] = ContextVar("kcore_call_context", default=None)
current_context = _context.get
enter_context = _context.set
leave_context = _context.reset


class CallContext:
    """What reaches nested calls without being passed, and what they leave for the call around them.

    Attributes:
        entry: the layer that was called first.
        training: whether the calls inside are for training; None if nobody said.
        arguments: other arguments by name.
        is_mode: whether `training` is the mode of a framework's module, which a module inside may have its own of.
        losses: what the calls have added so far, each with the layer that did; shared by all contexts of one entry.
    """

    __slots__ = ("arguments", "entry", "is_mode", "losses", "training")

    def __init__(
        self,
        entry: CallLosses,
        training: bool | None,
        arguments: dict[str, Any] | None = None,
        is_mode: bool = False,
        losses: list[tuple[Any, Any]] | None = None,
    ) -> None:
        self.entry = entry
        self.training = training
        self.arguments = arguments or {}
        self.is_mode = is_mode
        self.losses = [] if losses is None else losses

    def changed(
        self, training: bool | None, is_mode: bool = False, arguments: dict[str, Any] | None = None
    ) -> CallContext:
        """Return the context of a call inside this one that is told something else.

        Args:
            training: bool, the training flag; None if nobody said.
            is_mode: bool, whether `training` is the mode of a framework's module; False by default.
            arguments: dict of other arguments by name; None, the default, is those of this context.
        """
        return CallContext(
            self.entry, training, self.arguments if arguments is None else arguments, is_mode, self.losses
        )
