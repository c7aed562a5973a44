"""The transforms of a backend: its own, or else what follows from those that it has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kcore_ops.backends.interface import Backend
from kcore_ops.foundation import tree
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import ndim, shape
from kcore_ops.ops.numpy.creation import zeros_like
from kcore_ops.ops.numpy.indexing import take
from kcore_ops.ops.numpy.joining import stack

__all__ = ["axes_of_leaves", "jvp_on", "mapped_size", "value_and_grad_on", "vmap_on"]

Function = Callable[..., Any]


def value_and_grad_on(backend: Backend, fun: Function, argnums: tuple[int, ...], has_aux: bool) -> Function:
    """Return the function from arguments to (value, gradients), or ((value, aux), gradients)."""
    if backend.has("value_and_grad"):
        return backend.value_and_grad(fun, argnums, has_aux)
    return _value_and_grad_by_vjp(backend, fun, argnums, has_aux)


def jvp_on(backend: Backend, fun: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Return `fun(*primals)` and its derivative along `tangents`."""
    if backend.has("jvp"):
        return backend.jvp(fun, primals, tangents)
    return _jvp_by_vjp(backend, fun, primals, tangents)


def vmap_on(backend: Backend, fun: Function, in_axes: tuple[Any, ...], out_axes: Any) -> Function:
    """Return the function mapped over an axis of its arguments."""
    return backend.vmap(fun, in_axes, out_axes) if backend.has("vmap") else _vmap_by_loop(fun, in_axes, out_axes)


def _value_and_grad_by_vjp(backend: Backend, fun: Function, argnums: tuple[int, ...], has_aux: bool) -> Function:
    """Take the gradient as the cotangents of a cotangent of 1."""

    def value_and_grad_of(*args: Any) -> Any:
        aux = []

        def scalar_of(*chosen: Any) -> Any:
            replaced = list(args)
            for number, value in zip(argnums, chosen, strict=True):
                replaced[number] = value
            result = fun(*replaced)
            if has_aux:
                aux.append(result[1])
                return result[0]
            return result

        value, pullback = backend.vjp(scalar_of, [args[number] for number in argnums])
        grads = pullback(backend.beside(value, 1.0, backend.dtype(value)))
        return ((value, aux[-1]) if has_aux else value), tuple(grads)

    return value_and_grad_of


def _jvp_by_vjp(backend: Backend, fun: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Take the derivative along a direction by differentiating the pullback, which is linear in its cotangent.

    Jamie Townsend, "A new trick for calculating Jacobian vector products" (2017).
    """
    value, _ = backend.vjp(fun, primals)

    def cotangents_of(cotangent: Any) -> Any:
        return backend.vjp(fun, primals)[1](cotangent)

    zero = tree.map_structure(zeros_like, value)
    _, pushforward = backend.vjp(cotangents_of, (zero,))
    return value, pushforward(tuple(tangents))[0]


def _vmap_by_loop(fun: Function, in_axes: tuple[Any, ...], out_axes: Any) -> Function:
    """Map by calling the function on each slice and stacking the results."""

    def mapped(*args: Any) -> Any:
        axes = [a for arg, axis in zip(args, in_axes, strict=True) for a in axes_of_leaves(arg, axis)]
        leaves = tree.flatten(list(args))
        results = []
        for i in range(mapped_size(args, in_axes)):
            slices = [x if a is None else take(x, i, axis=a) for x, a in zip(leaves, axes, strict=True)]
            results.append(fun(*tree.pack_sequence_as(list(args), slices)))
        out = axes_of_leaves(results[0], out_axes)
        columns = zip(*(tree.flatten(result) for result in results), strict=True)
        stacked = [stack(list(column), axis=a) for column, a in zip(columns, out, strict=True)]
        return tree.pack_sequence_as(results[0], stacked)

    return mapped


def mapped_size(args: Sequence[Any], in_axes: tuple[Any, ...]) -> int:
    """Return the size of the mapped axes.

    Raises:
        ShapeError: if they differ, or there is none.
    """
    if len(in_axes) != len(args):
        problem = f"in_axes={in_axes} does not fit {len(args)} arguments"
        raise ArgumentError(problem, fix="give one axis, or None, for each argument").at("vmap")
    sizes = {}
    for i, (arg, axis) in enumerate(zip(args, in_axes, strict=True)):
        for leaf, leaf_axis in zip(tree.flatten(arg), axes_of_leaves(arg, axis), strict=True):
            if leaf_axis is None:
                continue
            if not -ndim(leaf) <= leaf_axis < ndim(leaf):
                raise ShapeError(f"in_axes={leaf_axis} is out of range for argument {i}, of {ndim(leaf)} axes").at(
                    "vmap"
                )
            sizes[f"argument {i}"] = shape(leaf)[leaf_axis]
    if not sizes:
        raise ArgumentError("vmap has nothing to map over", fix="give at least one argument an axis").at("vmap")
    known = {size for size in sizes.values() if isinstance(size, int)}
    if len(known) > 1:
        listed = ", ".join(f"{name}: {size}" for name, size in sizes.items())
        raise ShapeError(f"the mapped axes differ in size: {listed}", fix="give them one size").at("vmap")
    return int(next(iter(known), -1))


def axes_of_leaves(arg: Any, axis: Any) -> list[int | None]:
    """Return the mapped axis of each leaf of an argument; `axis` may be a tree over the argument's outer part."""
    leaves = tree.flatten(arg)
    if axis is None or isinstance(axis, int):
        return [axis] * len(leaves)
    if isinstance(axis, dict):
        return [a for key in sorted(arg) for a in axes_of_leaves(arg[key], axis[key])]
    return [a for part, part_axis in zip(arg, axis, strict=True) for a in axes_of_leaves(part, part_axis)]
