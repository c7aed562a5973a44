"""Losses that layers add as they are called: they belong to the call, and replace those of the call before.

While a call runs they are kept with it. When the outermost call ends they are given to the layers that added them, for
`layer.losses` to find; inside a `StatelessScope`, a pure function of the state, to the scope instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore_ops.engine.inference import is_inferring
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import MissingMethod
from kcore_ops.state.stateless_scope import current_scope

from kcore_layers.base.call_plan import drop_plan
from kcore_layers.base.context import CallContext, current_context
from kcore_layers.base.state import State

__all__ = ["CallLosses", "store_losses"]


class CallLosses(State):
    """Mixin with `add_loss` and `losses`.

    Attributes:
        _kcore_losses: what the last call added.
        _kcore_adds_losses: whether a call of it, or one inside it as the outermost, ever did.
    """

    _kcore_losses: list[Any]
    _kcore_adds_losses: bool
    _kcore_backend: Any

    def add_metric(self, *args: Any, **kwargs: Any) -> None:
        """Refuse, as Keras does since layers hold metrics themselves.

        Args:
            *args: anything.
            **kwargs: anything.

        Raises:
            MissingMethod: always.
        """
        raise MissingMethod(
            "add_metric is gone from Keras",
            fix="pass the metric to compile(metrics=[...]), or keep it as an attribute and call its update_state",
        ).at(f'layer "{self.name}"')

    def add_loss(self, loss: Tensor | Sequence[Tensor]) -> None:
        """Add to the losses; inside `call`, in place of what the call before has added.

        Args:
            loss: scalar tensor, or a list of them.
        """
        if is_inferring():
            return
        found = list(loss) if isinstance(loss, list | tuple) else [loss]
        context = current_context()
        entry = self if context is None else context.entry
        for layer in (self, entry):
            if not layer._kcore_adds_losses:
                layer.__dict__["_kcore_adds_losses"] = True
                drop_plan(layer)
        scope = current_scope()
        if context is not None:
            context.losses.extend((self, each) for each in found)
        elif scope is not None:
            for each in found:
                scope.add_loss(each, self)
        else:
            self._kcore_losses.extend(found)

    @property
    def losses(self) -> list[Any]:
        """The losses that the last call added, and those of the weights' regularizers."""
        layers = self._kcore_listed("sublayers")
        scope, context = current_scope(), current_context()
        if context is not None:
            inside = {id(layer) for layer in layers}
            found = [loss for layer, loss in context.losses if id(layer) in inside]
        elif scope is not None:
            found = scope.losses_of(layers)
        else:
            found = [loss for layer in layers for loss in layer._kcore_losses]
            if not self._kcore_backend.is_tracing():
                # Left by a function that was being compiled: tensors of no call that ever happened.
                found = [loss for loss in found if not self._kcore_backend.is_traced(loss)]
        return found + [v.regularizer(v) for v in self.trainable_variables if v.regularizer is not None]

    def _kcore_clear_losses(self) -> None:
        """Forget the losses that calls added."""
        for layer in self._kcore_sublayers():
            layer.__dict__["_kcore_losses"] = []


def store_losses(entry: CallLosses, context: CallContext) -> None:
    """Set the losses of layers to what the calls inside an outermost call have added.

    Args:
        entry: the layer that was called first.
        context: the context of its call, which holds what was added.
    """
    if not entry._kcore_adds_losses:
        return
    scope = current_scope()
    if scope is not None:
        scope.drop_losses(list(entry._kcore_sublayers()))
        for layer, loss in context.losses:
            scope.add_loss(loss, layer)
        return
    entry._kcore_clear_losses()
    for layer, loss in context.losses:
        layer._kcore_losses.append(loss)
