"""A tensor that remembers how it was computed, and the backward pass through that memory."""

from __future__ import annotations

import heapq
import itertools

import kcore_ops as ops
import numpy as np
from kcore_ops import tree
from kcore_ops.plugin import TensorOperators

_order = itertools.count()


class Tensor(TensorOperators):
    """A NumPy array, and if a gradient may be asked for, the call it came from: `(rule, arguments)`."""

    __slots__ = ("__weakref__", "history", "order", "value")

    def __init__(self, value, history=None):
        self.value, self.history, self.order = np.asarray(value), history, next(_order)

    shape = property(lambda self: self.value.shape)
    dtype = property(lambda self: self.value.dtype)
    __hash__ = object.__hash__

    def __repr__(self):
        return f"toy({self.value})"

    def __bool__(self):
        return bool(self.value)

    def __int__(self):
        return int(self.value)

    __index__ = __int__

    def __float__(self):
        return float(self.value)

    def __len__(self):
        return len(self.value)

    def __array__(self, dtype=None, copy=None):
        return self.value.astype(dtype or self.value.dtype)


def unwrap(x):
    return x.value if isinstance(x, Tensor) else x


def recorded(function, rule=None):
    """Make a function of arrays one of tensors; `rule(g, out, *args)` gives the cotangents of its arguments."""

    def run(*args):
        leaves = tree.flatten(list(args))
        result = function(*tree.map_structure(unwrap, list(args)))
        is_traced = rule is not None and any(isinstance(x, Tensor) and x.history is not None for x in leaves)
        if isinstance(result, tuple | list):
            return type(result)(Tensor(x) for x in result)
        return Tensor(result, (rule, args) if is_traced else None)

    return run


def vjp(function, primals):
    """Give the value of a function and its pullback. The rules are made of ops, so a pullback has a pullback too."""
    originals = tree.flatten(list(primals))
    first = next(_order)
    leaves = [Tensor(x.value, (lambda g, out, x: (g,), (x,))) for x in originals]
    value = function(*tree.pack_sequence_as(list(primals), leaves))

    def pullback(cotangent):
        grads = backward(tree.flatten(value), tree.flatten(cotangent), {id(x) for x in leaves}, first)
        zeros = (Tensor(np.zeros_like(x.value)) for x in leaves)
        found = [grads.get(id(x), zero) for x, zero in zip(leaves, zeros, strict=True)]
        return tuple(tree.pack_sequence_as(list(primals), found))

    return value, pullback


def backward(outputs, cotangents, leaves, first):
    """Walk back from the outputs, the tensors made last first; what is older than the leaves can not depend on them."""
    grads, waiting = {}, []

    def add(x, g):
        if not isinstance(x, Tensor) or x.history is None or x.order < first or g is None:
            return
        if id(x) not in grads:
            heapq.heappush(waiting, (-x.order, id(x), x))
        grads[id(x)] = ops.add(grads[id(x)], g) if id(x) in grads else g

    for x, g in zip(outputs, cotangents, strict=True):
        add(x, g)
    while waiting:
        _, name, x = heapq.heappop(waiting)
        if name in leaves:
            continue
        rule, args = x.history
        for arg, g in zip(args, rule(grads.pop(name), x, *args), strict=False):
            is_several = isinstance(arg, list | tuple) and g is not None
            for one, one_g in zip(arg, g, strict=True) if is_several else [(arg, g)]:
                add(one, one_g)
    return grads
