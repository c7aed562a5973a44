"""Functions of one element made into functions of many, by `vmap`."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from kcore_ops.backends.current import on
from kcore_ops.engine.call import HOST_NUMBERS, backend_of, dtype_of
from kcore_ops.engine.define import primitive
from kcore_ops.engine.op import Tree
from kcore_ops.foundation import tree
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.control_flow import spec_of
from kcore_ops.ops.core.conversion import convert_to_tensor, shape
from kcore_ops.ops.numpy.creation import zeros
from kcore_ops.ops.numpy.manipulation import squeeze
from kcore_ops.specs.shapes import broadcast_shapes, differ, show_shape, show_size
from kcore_ops.specs.spec import TensorSpec, is_unknown
from kcore_ops.transforms.gradients import vmap

__all__ = ["vectorize", "vectorized_map"]

Function = Callable[..., Any]


@primitive
def vectorized_map(function: Function, elements: Tree) -> Tree:
    """Call a function on each slice of `elements` along its first axis, on all of them at once, and stack the results.

    Args: `function` takes and returns trees of tensors; it must not depend on values in its branches where the backend
    vectorizes.
    Shapes: the results have the size of the first axis in front.
    Raises: `ShapeError` if the first axes differ in size.

    >>> vectorized_map(lambda x: x * 2, np.array([1, 2]))
    array([2, 4])
    """
    count = _first_size(elements)
    results = function(tree.map_structure(lambda x: TensorSpec(x.shape[1:], dtype_of(x)), elements))
    specs = tree.map_structure(spec_of, results)
    return tree.map_structure(lambda spec: TensorSpec((count, *spec.shape), spec.dtype), specs)


@vectorized_map.define
def _vectorized_map(function: Function, elements: Tree) -> Tree:
    count = _first_size(elements)
    if isinstance(count, int) and count == 0:
        specs = vectorized_map(function, tree.map_structure(spec_of, elements))
        return tree.map_structure(lambda spec: zeros(spec.shape, spec.dtype), specs)
    return vmap(lambda slices: _tensors(function(slices)))(elements)


def _first_size(elements: Any) -> Any:
    """Return the size that all first axes have.

    Raises:
        ShapeError: if there is none.
    """
    leaves = tree.flatten(elements)
    if not leaves:
        raise ArgumentError("elements holds no tensors", fix="pass a tensor, or a list, tuple or dict of them")
    if not all(len(x.shape) for x in leaves):
        raise ShapeError("elements holds a scalar, which has no first axis", fix="pass tensors with one axis or more")
    sizes = [shape(x)[0] for x in leaves]
    known = {size for size in sizes if isinstance(size, int) and not is_unknown(size)}
    if len(known) > 1:
        listed = " and ".join(str(size) for size in sorted(known))
        raise ShapeError(f"the first axes of elements differ in size: {listed}", fix="give them one size")
    return next(iter(known), sizes[0])


def _tensors(results: Any) -> Any:
    """Make tensors of the numbers that a function returned."""
    return tree.map_structure(lambda x: convert_to_tensor(x) if isinstance(x, HOST_NUMBERS) else x, results)


def vectorize(
    pyfunc: Function, *, excluded: Iterable[int | str] | None = None, signature: str | None = None
) -> Function:
    """Return the function that broadcasts its arguments and calls `pyfunc` on each of their elements, all at once.

    Args:
        pyfunc: takes and returns tensors: scalars, or what the signature says.
        excluded: positions and names of arguments that are passed as they are.
        signature: the axes of what `pyfunc` takes and returns, `"(m,n),(n)->(m)"`; axes of one name have one size, and
            arguments broadcast along all axes before them. An integer instead of a name is a size.

    Raises:
        ArgumentError: if `pyfunc` can not be called, the signature can not be read, or, when called, the number of
            arguments or results is not that of the signature.
        ShapeError: when called, if arguments do not broadcast or do not fit the signature.

    >>> from kcore_ops import convert_to_tensor, sum
    >>> dot = vectorize(lambda a, b: sum(a * b), signature="(n),(n)->()")
    >>> dot([[1.0, 2.0], [3.0, 4.0]], [1.0, 10.0])
    array([21., 43.], dtype=float32)
    """
    if not callable(pyfunc):
        raise ArgumentError(f"pyfunc must be a function and is {pyfunc!r}").at("vectorize")
    left_out = frozenset(excluded or ())
    axes = None if signature is None else _parsed(signature)

    @functools.wraps(pyfunc)
    def vectorized(*args: Any, **kwargs: Any) -> Any:
        positions = [i for i in range(len(args)) if i not in left_out]
        names = [name for name in kwargs if name not in left_out]
        given = [args[i] for i in positions] + [kwargs[name] for name in names]

        def call(*values: Any) -> Any:
            replaced = dict(zip([*positions, *names], values, strict=True))
            positional = [replaced.get(i, arg) for i, arg in enumerate(args)]
            return pyfunc(*positional, **{name: replaced.get(name, value) for name, value in kwargs.items()})

        leaves = tree.flatten(given)
        with on(backend_of([x for x in leaves if hasattr(x, "shape")])):
            values = [convert_to_tensor(x) for x in given]
            return _mapped(call, values, axes or ([()] * len(values), None))

    return vectorized


_AXES = r"\(((\w+)(,\w+)*,?)?\)"
_SIGNATURE = re.compile(rf"({_AXES}(,{_AXES})*)?->{_AXES}(,{_AXES})*")


def _parsed(signature: str) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Return the names of the axes of each argument and of each result."""
    written = re.sub(r"\s", "", signature)
    if not _SIGNATURE.fullmatch(written):
        problem = f"{signature!r} is not a signature"
        raise ArgumentError(problem, fix="write the axes of each argument and result: '(m,n),(n)->(m)'").at("vectorize")
    given, returned = written.split("->")
    sides = [[tuple(re.findall(r"\w+", part)) for part in re.findall(r"\((.*?)\)", side)] for side in (given, returned)]
    return sides[0], sides[1]


def _mapped(
    call: Function, values: list[Any], axes: tuple[Sequence[tuple[str, ...]], Sequence[tuple[str, ...]] | None]
) -> Any:
    """Call a function on the last axes of the values, vectorized over all axes before them."""
    taken, returned = axes
    if len(values) != len(taken):
        problem = f"the signature has {len(taken)} arguments, and {len(values)} are given"
        raise ArgumentError(problem, fix="pass those, or exclude the others").at("vectorize")
    sizes = {name: int(name) for name in {name for names in taken for name in names} if name.isdigit()}
    loops = []
    for i, (value, names) in enumerate(zip(values, taken, strict=True)):
        full = shape(value)
        if len(full) < len(names):
            problem = f"argument {i} has shape {show_shape(full)}, and the signature gives it {len(names)} axes"
            raise ShapeError(problem, fix="add axes with ops.expand_dims").at("vectorize")
        first = len(full) - len(names)
        _check_sizes(sizes, names, full[first:], f"argument {i}")
        loops.append(tuple(full[:first]))
    try:
        common = broadcast_shapes(*(tuple(s if isinstance(s, int) else None for s in loop) for loop in loops))
    except ShapeError as error:
        raise error.at("vectorize")  # noqa: B904 (its cause is its own)

    results = _over_axes(lambda *slices: _tensors(call(*slices)), values, loops, common)
    if returned is not None:
        _check_results(results, returned, sizes, len(common))
    return results


def _check_results(results: Any, returned: Sequence[tuple[str, ...]], sizes: dict[str, Any], rank: int) -> None:
    """Compare results, with `rank` axes of loops in front, with the signature.

    Raises:
        ArgumentError: if there are more or fewer.
        ShapeError: if one has other axes, or sizes.
    """
    outputs = results if isinstance(results, tuple | list) else (results,)
    if len(outputs) != len(returned):
        problem = f"the signature has {len(returned)} results, and pyfunc returned {len(outputs)}"
        raise ArgumentError(problem, fix="return those").at("vectorize")
    for i, (output, names) in enumerate(zip(outputs, returned, strict=True)):
        sizes_found = tuple(output.shape)[rank:]
        if len(sizes_found) != len(names):
            problem = f"result {i} has shape {show_shape(sizes_found)}, and the signature gives it {len(names)} axes"
            raise ShapeError(problem, fix="return what the signature says, or mend it").at("vectorize")
        _check_sizes(sizes, names, sizes_found, f"result {i}")


def _check_sizes(sizes: dict[str, Any], names: tuple[str, ...], found: Sequence[Any], what: str) -> None:
    """Note the sizes of axes by their names.

    Raises:
        ShapeError: if one has another size already.
    """
    for name, size in zip(names, found, strict=True):
        known = size if isinstance(size, int) else None
        if differ(sizes.setdefault(name, known), known):
            problem = f"axis {name!r} has size {show_size(sizes[name])}, and {show_size(known)} in {what}"
            raise ShapeError(problem, fix="axes of one name must have one size").at("vectorize")


def _over_axes(function: Function, values: list[Any], loops: list[tuple[Any, ...]], common: tuple[Any, ...]) -> Any:
    """Vectorize over the broadcast axes, from the innermost to the outermost; what lacks an axis is passed whole."""
    rank = len(common)
    in_axes = []
    for axis in range(rank):
        spots = [axis - rank + len(loop) for loop in loops]
        is_mapped = [
            spot >= 0 and (common[axis] == 1 or loop[spot] != 1) for spot, loop in zip(spots, loops, strict=True)
        ]
        in_axes.append(tuple(0 if mapped else None for mapped in is_mapped))
    for i, loop in enumerate(loops):
        ones = tuple(a for a in range(len(loop)) if in_axes[a + rank - len(loop)][i] is None)
        values[i] = squeeze(values[i], ones) if ones else values[i]
    for axes in reversed(in_axes):
        function = vmap(function, in_axes=axes)
    return function(*values)
