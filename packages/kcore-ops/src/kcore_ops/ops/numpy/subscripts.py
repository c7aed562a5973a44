"""The grammar of einsum: which axis of which operand a letter names, and which of them must be equal in size."""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import broadcast_shapes, differ, show_size

__all__ = ["Contraction", "parse_subscripts"]

Labels = tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Contraction:
    """What subscripts say of operands with given numbers of axes.

    Attributes:
        inputs: the label of each axis of each operand: a letter, or `"...-1"` for the last axis that `...` covers.
        output: the label of each axis of the result.
        equation: the subscripts in full, as frameworks take them: no spaces, the result named, no `...` for no axes.
        equal: pairs of axes with one letter, each written `(operand, axis, operand, axis)`.
    """

    inputs: tuple[Labels, ...]
    output: Labels
    equation: str
    equal: tuple[tuple[int, int, int, int], ...]

    @functools.cached_property
    def num_summed(self) -> int:
        """How many axes are summed if, laid out as matrices, two operands are multiplied, and 0 otherwise.

        These axes are the last of one operand and the first of the other, in one order; the others of both stay.
        """
        if len(self.inputs) != 2:
            return 0
        x, kernel = self.inputs
        count = len(set(kernel) - set(self.output))
        is_product = count and x[-count:] == kernel[:count] and self.output == x[:-count] + kernel[count:]
        has_each_once = len(set(x + kernel)) == len(x + kernel) - count
        return count if is_product and has_each_once and kernel[count:] else 0

    def float_for_int8(self, shapes: Sequence[Sequence[Any]]) -> str:
        """Return the float in which sums of products of int8 are exact: for frameworks whose integers are slower.

        Args:
            shapes: those of the operands; None stands for a size that is not known.
        """
        summed = {
            label: size
            for labels, sizes in zip(self.inputs, shapes, strict=True)
            for label, size in zip(labels, sizes, strict=True)
            if label not in self.output
        }
        is_small = len(shapes) < 3 and all(isinstance(size, int) for size in summed.values())
        # A product is at most 2**14, and float32 has every integer up to 2**24.
        return "float32" if is_small and math.prod(summed.values()) <= 2**10 else "float64"

    def check(self, shapes: Sequence[Sequence[Any]]) -> None:
        """Check that axes of one letter are equal in size, and that those under `...` broadcast.

        Raises:
            ShapeError: naming the letter, the operands and the two sizes.
        """
        for i, a, j, b in self.equal:
            if differ(shapes[i][a], shapes[j][b]):
                raise ShapeError(
                    f"{self.inputs[i][a]!r} is size {show_size(shapes[i][a])} along axis {a} of operand {i} and "
                    f"size {show_size(shapes[j][b])} along axis {b} of operand {j}",
                    fix=f"axes of one letter in {self.equation!r} must be equal in size; only those of '...' broadcast",
                )
        covered = [
            tuple(size for size, label in zip(shape, labels, strict=True) if label.startswith("..."))
            for shape, labels in zip(shapes, self.inputs, strict=True)
        ]
        broadcast_shapes(*covered)

    def sizes_differ(self, operands: Sequence[Any]) -> bool:
        """Return whether axes of one letter differ in size; for frameworks that would broadcast an axis of size 1."""
        return any(operands[i].shape[a] != operands[j].shape[b] for i, a, j, b in self.equal)


@functools.lru_cache(maxsize=4096)
def parse_subscripts(subscripts: str, ranks: tuple[int, ...]) -> Contraction:
    """Read the subscripts of operands with these numbers of axes.

    Raises:
        ArgumentError: if the subscripts are not well-formed, or do not name the operands given.
        ShapeError: if an operand has not the axes its subscripts name.

    >>> parse_subscripts("ij, jk", (2, 2)).equation
    'ij,jk->ik'
    """
    if not isinstance(subscripts, str):
        raise ArgumentError(f"subscripts must be a string and is {subscripts!r}", fix="write it as in 'ij,jk->ik'")
    text = re.sub(r"\s", "", subscripts)
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    for term in [*terms, right]:
        if not re.fullmatch(r"[a-zA-Z]*(\.\.\.)?[a-zA-Z]*", term):
            raise ArgumentError(
                f"subscripts {subscripts!r} hold something else than letters, commas, one '->' and one '...' a term",
                fix="write them as in '...ij,jk->...ik'",
            )
    if len(terms) != len(ranks):
        raise ArgumentError(
            f"subscripts {subscripts!r} name {len(terms)} operands and there are {len(ranks)}",
            fix="separate the subscripts of the operands by commas",
        )
    inputs = tuple(_labels(i, term, rank) for i, (term, rank) in enumerate(zip(terms, ranks, strict=True)))
    covered = max((sum(label.startswith("...") for label in labels) for labels in inputs), default=0)
    letters = Counter(letter for labels in inputs for letter in labels if len(letter) == 1)
    if not arrow:
        has_dots = "..." if "..." in left else ""
        right = has_dots + "".join(sorted(letter for letter, count in letters.items() if count == 1))
    _check_output(subscripts, right, letters, covered)
    equation = f"{','.join(terms)}->{right}"
    output = _expand(right, covered) if covered else tuple(right.replace("...", ""))
    return Contraction(inputs, output, equation if covered else equation.replace("...", ""), _equal(inputs))


def _labels(number: int, term: str, rank: int) -> Labels:
    """Return the label of each axis of an operand."""
    named = len(term.replace("...", ""))
    if named > rank or (named < rank and "..." not in term):
        raise ShapeError(
            f"operand {number} has {rank} axes and its subscripts {term!r} name {named}",
            fix="name each axis by a letter; '...' stands for all the others",
        )
    return _expand(term, rank - named)


def _expand(term: str, covered: int) -> Labels:
    before, dots, after = term.partition("...")
    middle = [f"...{i}" for i in range(-covered, 0)] if dots else []
    return (*before, *middle, *after)


def _check_output(subscripts: str, right: str, letters: Counter[str], covered: int) -> None:
    problem = None
    for letter, count in Counter(right.replace("...", "")).items():
        if letter not in letters:
            problem = f"the result's {letter!r} names no axis of an operand"
        elif count > 1:
            problem = f"the result names {letter!r} {count} times"
    if covered and "..." not in right:
        problem = "the axes under '...' are missing from the result"
    if problem:
        fix = "the part after '->' names each axis of the result once, '...' included; the others are summed over"
        raise ArgumentError(f"in subscripts {subscripts!r}, {problem}", fix=fix)


def _equal(inputs: Sequence[Labels]) -> tuple[tuple[int, int, int, int], ...]:
    first: dict[str, tuple[int, int]] = {}
    pairs = []
    for i, labels in enumerate(inputs):
        for a, label in enumerate(labels):
            if label in first and len(label) == 1:
                pairs.append((*first[label], i, a))
            first.setdefault(label, (i, a))
    return tuple(pairs)
