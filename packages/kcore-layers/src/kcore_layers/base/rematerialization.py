"""Rematerialization: what layers compute is forgotten, and computed again when gradients are taken."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from contextvars import ContextVar, Token
from typing import Any, Literal, NamedTuple, Self

import kcore_ops as ops
import numpy as np
from kcore_ops import tree
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.state.stateless_scope import current_scope

from kcore_layers.base.context import CallContext, current_context, enter_context, leave_context
from kcore_layers.base.losses import CallLosses
from kcore_layers.base.masking import get_mask, in_use, set_mask
from kcore_layers.options import activations

__all__ = ["RematScope", "remat"]

Mode = Literal["full", "activations", "larger_than", "list_of_layers"]
_MODES = ("full", "activations", "larger_than", "list_of_layers", None)

Function = Callable[..., Any]


class RematMode(NamedTuple):
    """What a layer that was made in a scope computes again; see `RematScope`."""

    mode: Mode
    output_size_threshold: int
    layer_names: tuple[str, ...]


_scope: ContextVar[RematMode | None] = ContextVar("kcore_remat", default=None)
current_mode = _scope.get


class RematScope:
    """Have the layers made inside the `with` block compute again in the backward pass what they would have remembered.

    It trades time for memory: Chen et al. (2016), arXiv:1604.06174. What layers compute, draw and train does not
    change. Of scopes in one another the innermost counts. A scope's mode is not part of a layer's config.

    Args:
        mode: str, what is computed again: "full", the default, all of each call; "activations", the function of a layer
            with an attribute `activation`; "larger_than", calls whose outputs have more elements than
            `output_size_threshold`; "list_of_layers", calls of the layers named in `layer_names`. None: nothing.
        output_size_threshold: int, the number of elements, those of all samples of the batch; sizes that only a running
            graph knows count as 1. 1024 by default.
        layer_names: sequence of str, names of layers; None, the default, is none.

    Raises:
        ArgumentError: if `mode` is none of these, or the others are not what they are to be.

    >>> from kcore_layers.layers import Dense
    >>> with RematScope("larger_than", output_size_threshold=4096):
    ...     layer = Dense(64)
    """

    def __init__(
        self,
        mode: Mode | None = "full",
        output_size_threshold: int = 1024,
        layer_names: Sequence[str] | None = None,
    ) -> None:
        if mode not in _MODES:
            raise ArgumentError(f"mode is {mode!r}", fix=f"use one of {', '.join(repr(each) for each in _MODES)}").at(
                "RematScope"
            )
        if isinstance(output_size_threshold, bool) or not isinstance(output_size_threshold, int | np.integer):
            raise ArgumentError(
                f"output_size_threshold is {output_size_threshold!r}", fix="pass a number of elements, an integer"
            ).at("RematScope")
        names = [] if layer_names is None else layer_names
        if isinstance(names, str) or not all(isinstance(name, str) for name in names):
            raise ArgumentError(f"layer_names is {names!r}", fix="pass a list of names of layers").at("RematScope")
        self.mode = mode
        self.output_size_threshold = int(output_size_threshold)
        self.layer_names = list(names)
        self._tokens: list[Token[Any]] = []

    def __enter__(self) -> Self:
        chosen = None
        if self.mode is not None:
            chosen = RematMode(self.mode, self.output_size_threshold, tuple(self.layer_names))
        self._tokens.append(_scope.set(chosen))
        return self

    def __exit__(self, *error: Any) -> None:
        _scope.reset(self._tokens.pop())


def remat(f: Function) -> Function:
    """Return a function whose inner results are forgotten, and computed again when gradients are taken.

    It is `ops.checkpoint` for functions that call layers: masks and losses come out too.

    Args:
        f: function of tensors, trees of them and settings, which returns a tensor or a tree.

    >>> from kcore_ops import grad, use_backend
    >>> with use_backend("torch"):
    ...     grad(remat(lambda x: x * x))(3.0)
    tensor(6.)
    """
    return rematerialized(f)


def rematerialized(f: Function, layer: Any = None) -> Function:
    """Return `remat(f)`; the variables of a layer are known to be read.

    Args:
        f: the function.
        layer: the layer; None if it is of none.
    """

    @functools.wraps(f)
    def computed(*args: Any, **kwargs: Any) -> Any:
        crossing = _Crossing(f)
        variables = getattr(layer, "variables", ())
        masks = crossing.masks_of([args, kwargs])
        return crossing.finish(*ops.checkpoint(crossing, variables)(masks, args, kwargs))

    return computed


class _Crossing:
    """A function, with what goes in and out of it beside arguments and results: masks of tensors, and losses of layers.

    Attributes:
        owners: the layers whose losses come out.
    """

    def __init__(self, f: Function) -> None:
        self.f = f
        self.owners: list[CallLosses] = []
        self.scope = current_scope()
        functools.update_wrapper(self, f)

    def __call__(self, masks: list[Any], args: Any, kwargs: Any) -> tuple[Any, list[Any], list[Any]]:
        for x, mask in zip(tree.flatten([args, kwargs]) if masks else [], masks, strict=True):
            if mask is not None:
                set_mask(x, mask)
        context = current_context()
        if context is None:
            outputs = self.f(*args, **kwargs)
            scope = current_scope()
            losses = [] if scope is None or scope is self.scope else scope.added()
        else:
            # Its own list: what is added while it is computed again is nobody's.
            inside = CallContext(context.entry, context.training, context.arguments, context.is_mode)
            token = enter_context(inside)
            try:
                outputs = self.f(*args, **kwargs)
            finally:
                leave_context(token)
            losses = inside.losses
        self.owners = [owner for owner, _ in losses]
        return outputs, self.masks_of(outputs), [loss for _, loss in losses]

    @staticmethod
    def masks_of(values: Any) -> list[Any]:
        """Return the masks of the leaves of a tree; an empty list if there are none."""
        if not in_use():
            return []
        found = [get_mask(x) if hasattr(x, "shape") else None for x in tree.flatten(values)]
        return found if any(mask is not None for mask in found) else []

    def finish(self, outputs: Any, masks: list[Any], losses: list[Any]) -> Any:
        """Return the outputs with their masks, and let losses go where they go without this function."""
        for x, mask in zip(tree.flatten(outputs) if masks else [], masks, strict=True):
            if mask is not None and get_mask(x) is None:
                set_mask(x, mask)
        context = current_context()
        if context is not None:
            context.losses.extend(zip(self.owners, losses, strict=True))
        elif self.scope is not None:
            self.scope.drop_losses(self.owners)
            for owner, loss in zip(self.owners, losses, strict=True):
                self.scope.add_loss(loss, owner)
        else:
            for owner in self.owners:
                owner._kcore_losses.clear()
            for owner, loss in zip(self.owners, losses, strict=True):
                owner._kcore_losses.append(loss)
        return outputs


def rematerialized_call(layer: Any, mode: RematMode, call: Function, args: Any, kwargs: Any) -> Function:
    """Return the function that computes a layer's call again as its mode says; `call` itself if it is not to be.

    Args:
        layer: the layer.
        mode: its mode.
        call: the function.
        args: the arguments that it will be called with.
        kwargs: the same by name.
    """
    if mode.mode == "activations":
        return _with_rematerialized_activation(layer, call)
    is_chosen = (
        mode.mode == "full"
        or (mode.mode == "list_of_layers" and layer.name in mode.layer_names)
        or (mode.mode == "larger_than" and _output_size(layer, args, kwargs) > mode.output_size_threshold)
    )
    return rematerialized(call, layer) if is_chosen else call


def _output_size(layer: Any, args: Any, kwargs: Any) -> int:
    """Return the number of elements of the outputs, which is kept for the shapes that came last."""

    def spec(x: Any) -> Any:
        return ops.KerasTensor(tuple(_size(size) for size in x.shape), ops.dtype(x)) if ops.is_tensor(x) else x

    given, named = tree.map_structure(spec, list(args)), tree.map_structure(spec, dict(kwargs))
    key = repr((given, named))
    known = layer.__dict__.get("_kcore_output_size")
    if known is None or known[0] != key:
        outputs = tree.flatten(layer.compute_output_spec(*given, **named))
        count = sum(math.prod(_size(size) for size in x.shape) for x in outputs if hasattr(x, "shape"))
        layer.__dict__["_kcore_output_size"] = known = key, count
    size: int = known[1]
    return size


def _size(size: Any) -> int:
    return size if type(size) is int else 1


def _with_rematerialized_activation(layer: Any, call: Function) -> Function:
    @functools.wraps(call)
    def computed(*args: Any, **kwargs: Any) -> Any:
        own = layer.__dict__.get("activation")
        if own is None or own is activations.linear or isinstance(own, _Rematerialized):
            return call(*args, **kwargs)
        layer.__dict__["activation"] = _Rematerialized(own)
        try:
            return call(*args, **kwargs)
        finally:
            layer.__dict__["activation"] = own  # whatever other threads do: it is never the other for longer than calls

    return computed


class _Rematerialized:
    """An activation function in the place of the layer's own, while it is called."""

    def __init__(self, function: Function) -> None:
        self.function = rematerialized(function)

    def __call__(self, x: Any) -> Any:
        return self.function(x)
