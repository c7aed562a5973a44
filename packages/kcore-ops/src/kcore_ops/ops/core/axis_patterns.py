"""Axes split, merged, moved, added and removed, as a pattern says; the notation is that of einops."""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from collections import Counter
from collections.abc import Sequence
from types import EllipsisType
from typing import Any

from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor, op_of
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import shape as shape_of
from kcore_ops.ops.numpy.manipulation import reshape, transpose
from kcore_ops.specs.shapes import differ, show_shape, show_size
from kcore_ops.specs.spec import is_unknown

__all__ = ["rearrange"]

_TOKEN = re.compile(r"\s*(\.\.\.|[()]|[^\W\d]\w*|1(?!\w))")

Group = tuple[str, ...]
# Where `...` stands outside of parentheses, it is an `Ellipsis` and not a group.
Groups = tuple[Group | EllipsisType, ...]


@dataclasses.dataclass(frozen=True)
class Rearrangement:
    """What a pattern does to a tensor of some rank. Each group of names is one axis, split into or merged from these.

    Attributes:
        before: the groups of the tensor, with a name for each axis that `...` stands for.
        after: the groups of the result.
        order: where the named axes of the result stand among those of the tensor.
    """

    before: tuple[Group, ...]
    after: tuple[Group, ...]
    order: tuple[int, ...]


def rearrange(tensor: Tensor, pattern: str, **axes_lengths: int) -> Tensor:
    """Split, merge, move, add and remove axes of `tensor` as `pattern` says, such as `"b (h d) t -> b h t d"`.

    On either side each name stands for an axis, names in parentheses for one axis that they share, the last of them
    running fastest, `1` or `()` for an axis of size 1, and `...` for the axes that have no names.

    Shapes: `axes_lengths` gives the sizes that can not be worked out: of the names in parentheses on the left, all but
    one. Dtype: that of `tensor`.
    Raises: `ArgumentError` if the pattern is not one, or the two sides differ in their names; `ShapeError` if the
    tensor does not fit.
    Source: Rogozhnikov (2022), "Einops: Clear and Reliable Tensor Manipulations with Einstein-like Notation".

    >>> rearrange([[1, 2, 3, 4]], "a (b c) -> c (a b)", b=2)
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    return _rearrange(tensor, pattern, axes_lengths)


@op(name="rearrange")
def _rearrange(tensor: Tensor, pattern: str, axes_lengths: Any) -> Tensor:
    """Rearrange the axes of a tensor; see `rearrange`."""
    plan = rearrangement(pattern, len(tensor.shape))
    sizes = _sizes(plan.before, shape_of(tensor), axes_lengths, pattern)
    names = [name for group in plan.before for name in group]
    x = tensor
    if plan.before != tuple((name,) for name in names):
        x = reshape(x, [sizes[name] for name in names])
    if plan.order != tuple(range(len(names))):
        x = transpose(x, plan.order)
    if any(len(group) != 1 for group in plan.after):
        x = reshape(x, [math.prod(sizes[name] for name in group) for group in plan.after])
    return x


rearrange.op = op_of(_rearrange)  # type: ignore[attr-defined]


@functools.lru_cache(maxsize=1024)
def rearrangement(pattern: str, rank: int) -> Rearrangement:
    """Read a pattern for a tensor with that many axes.

    Raises:
        ArgumentError: if it is not a pattern, naming what is wrong with it.
        ShapeError: if it is for another number of axes.

    >>> rearrangement("a ... -> ... a", 3).order
    (1, 2, 0)
    """
    sides = pattern.split("->") if isinstance(pattern, str) else []
    if len(sides) != 2:
        raise ArgumentError(f"{pattern!r} is not a pattern", fix="write one with two sides, such as 'a b -> b a'")
    before, after = (_groups(side, pattern) for side in sides)
    _check_names(before, after, pattern)
    has_rest = ... in before
    missing = rank - len(before) + has_rest
    if missing < 0 or (missing and not has_rest):
        raise ShapeError(
            f"{pattern!r} is for a tensor with {len(before) - has_rest}{' axes or more' if has_rest else ' axes'}, and "
            f"this one has {rank}",
            fix="name each axis, or write ... for those without a name",
        )
    rest = [f"...{i}" for i in range(missing)]
    old, new = _with_rest(before, rest), _with_rest(after, rest)
    names = [name for group in old for name in group]
    return Rearrangement(old, new, tuple(names.index(name) for group in new for name in group))


def _groups(side: str, pattern: str) -> Groups:
    """Read one side of a pattern: a tuple of names for each axis."""
    groups: list[Group | EllipsisType] = []
    inside: list[str] | None = None
    position = 0
    while side[position:].strip():
        match = _TOKEN.match(side, position)
        if match is None:
            raise ArgumentError(
                f"{pattern!r} has {side[position:].split()[0]!r} where an axis should be",
                fix="use names of letters, digits and _, parentheses, 1 and ...",
            )
        token, position = match[1], match.end()
        if (token == "(") if inside is not None else (token == ")"):
            raise ArgumentError(
                f"the parentheses of {pattern!r} do not match", fix="close each, and put none inside another"
            )
        if token == "(":
            inside = []
        elif token == ")":
            groups.append(tuple(inside or ()))
            inside = None
        elif inside is None:
            groups.append(... if token == "..." else () if token == "1" else (token,))
        elif token != "1":
            inside.append(token)
    if inside is not None:
        raise ArgumentError(
            f"the parentheses of {pattern!r} do not match", fix="close each, and put none inside another"
        )
    return tuple(groups)


def _check_names(before: Groups, after: Groups, pattern: str) -> None:
    if any(group is not ... and "..." in group for group in before):
        raise ArgumentError(f"{pattern!r} has ... in parentheses on its left side", fix="take it out of them")
    left, right = (
        Counter(name for group in groups for name in (["..."] if group is ... else group)) for groups in (before, after)
    )
    twice = sorted(name for name, times in (left | right).items() if times > 1)
    if twice:
        raise ArgumentError(f"{pattern!r} has {_list(twice)} twice on one side", fix="use each name once on a side")
    single = sorted(set(left) ^ set(right))
    if single:
        raise ArgumentError(
            f"{pattern!r} has {_list(single)} on one side only",
            fix="name the same axes on both sides; repeat makes new ones, sum and mean remove them",
        )


def _list(names: Sequence[str]) -> str:
    return " and ".join(names)


def _with_rest(groups: Groups, rest: Sequence[str]) -> tuple[Group, ...]:
    """Put the names of the axes that `...` stands for in its place."""
    result: list[Group] = []
    for group in groups:
        if group is ...:
            result += [(name,) for name in rest]
        else:
            result.append(tuple(n for name in group for n in (rest if name == "..." else [name])))
    return tuple(result)


def _sizes(groups: Sequence[Group], shape: Sequence[Any], lengths: dict[str, Any], pattern: str) -> dict[str, Any]:
    """Return the size of each named axis."""
    strange = sorted(set(lengths) - {name for group in groups for name in group})
    if strange:
        raise ArgumentError(f"{pattern!r} has no {_list(strange)}", fix="give sizes of names in the pattern only")
    sizes = dict(lengths)
    for group, size in zip(groups, shape, strict=True):
        unknown = [name for name in group if name not in lengths]
        known = math.prod(lengths[name] for name in group if name in lengths)
        if len(unknown) > 1:
            raise ArgumentError(
                f"the sizes of {_list(unknown)} in {pattern!r} can not both be worked out",
                fix=f"give all but one, for example {unknown[0]}=2",
            )
        if _misfits(size, known, bool(unknown)):
            raise ShapeError(
                f"an axis of size {show_size(size)} of a tensor of shape {show_shape(shape)} can not be "
                f"({' '.join(group)}) with {_given(group, lengths)}",
                fix="the sizes in parentheses must multiply to that of the axis",
            )
        if unknown:
            sizes[unknown[0]] = size if known == 1 else size // known
    return sizes


def _misfits(size: Any, known: Any, has_rest: bool) -> bool:
    """Return whether an axis is known not to be of that size, or of a multiple of it."""
    if is_unknown(size) or not isinstance(size, int) or not isinstance(known, int) or is_unknown(known):
        return False
    return (known < 1 or size % known != 0) if has_rest else differ(size, known)


def _given(group: Sequence[str], lengths: dict[str, Any]) -> str:
    given = [f"{name}={show_size(lengths[name])}" for name in group if name in lengths]
    return ", ".join(given) or "size 1"
