"""Building layers as a transaction: after an error nothing inside is half-built."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from kcore_ops.backends.current import on
from kcore_ops.engine.inference import computing
from kcore_ops.state.stateless_scope import outside_scopes

from kcore_layers.base.naming import building_under

if TYPE_CHECKING:
    from kcore_layers.base.state import State

__all__ = ["Built", "build_lock", "built_by", "temporarily_built", "building", "is_building"]

# Held while layers are built: one thread builds, and the others find built what they came to build. One for all layers,
# since two threads may reach the same two layers in another order.
build_lock = threading.RLock()

# What every layer that is being built was like before, in the order of their starts, for the outermost build.
_before: ContextVar[list[tuple[Any, dict[str, Any]]] | None] = ContextVar("kcore_layers_before_build", default=None)


@contextmanager
def building(layer: State) -> Iterator[None]:
    """Make layers and variables inside the `with` block; after an error every layer built in it is as before.

    Args:
        layer: the layer that is built.
    """
    before = _before.get()
    is_outermost = before is None
    if before is None:
        before = []
        token = _before.set(before)
    before.append((layer, _snapshot(layer)))
    try:
        with building_under(layer._kcore_resolve_path()), on(layer._kcore_backend):
            yield
    except BaseException:
        if is_outermost:
            for each, state in reversed(before):
                _restore(each, state)
        raise
    finally:
        if is_outermost:
            _before.reset(token)


@contextmanager
def temporarily_built(layer: State) -> Iterator[None]:
    """Build layers inside the `with` block; at its end the layer, and those that were inside before, are as before.

    Args:
        layer: the layer that is built.
    """
    with build_lock:
        before = [(each, _snapshot(each)) for each in layer._kcore_sublayers()]
        try:
            with building(layer):
                yield
        finally:
            for each, state in reversed(before):
                _restore(each, state)


def is_building(layer: object) -> bool:
    """Return whether a layer is among those being built.

    Args:
        layer: the layer that is asked about.
    """
    return any(each is layer for each, _ in _before.get() or ())


def _snapshot(layer: Any) -> dict[str, Any]:
    return {
        name: (value, value.copy() if isinstance(value, list | dict) else None)
        for name, value in layer.__dict__.items()
    }


def _restore(layer: Any, state: dict[str, Any]) -> None:
    attributes = layer.__dict__
    for name in list(attributes):
        if name not in state:
            del attributes[name]
    for name, (value, contents) in state.items():
        attributes[name] = value
        if isinstance(value, list):
            list.__setitem__(value, slice(None), contents)
        elif isinstance(value, dict):
            dict.clear(value)
            dict.update(value, contents)
    layer._kcore_tracking_changed()


class Built:
    """Mixin with the flag `built`."""

    _kcore_built: bool

    @property
    def built(self) -> bool:
        """Whether its weights are there, and those of the layers inside; from the start on where there are none."""
        return self._kcore_built or self._kcore_has_nothing_to_build()

    @built.setter
    def built(self, value: bool) -> None:
        self._kcore_built = bool(value)

    def _kcore_has_nothing_to_build(self: Any) -> bool:
        """Return whether the layer is one that computes without state: its class defines `call` and no `build`."""
        from kcore_layers.base.layer import Layer

        if getattr(self.build, "__wrapped__", None) is not Layer.build or type(self).call is Layer.call:
            return False
        return not (self._kcore_layers or self._kcore_trainable_variables or self._kcore_non_trainable_variables)


def built_by(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a layer's `build` wrapped: it runs once, as a transaction, and afterwards the layer is built.

    Args:
        original: the method as the class has it, unbound.
    """

    def build(self: Any, *args: Any, **kwargs: Any) -> None:
        if self._kcore_built:
            return
        names = self._kcore_build_parameters
        shapes = {**dict(zip(names, args, strict=False)), **kwargs}
        with build_lock:
            if self._kcore_built:
                return
            # What a build computes and assigns is real, also where the call that led to it is one for shapes only.
            with building(self), computing(), outside_scopes():
                original(self, *args, **kwargs)
                self._kcore_set_untracked("_kcore_build_shapes", shapes)
                self.built = True
                self._kcore_after_build()

    return build
