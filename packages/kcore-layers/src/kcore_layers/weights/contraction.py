"""The axes of a product of inputs and a weight, by the letters of an einsum equation."""

from __future__ import annotations

import functools
import re
import string
from typing import Any, NamedTuple

import kcore_ops as ops

__all__ = ["Contraction", "contraction_of", "input_of_einsum"]


class Contraction(NamedTuple):
    """An equation without dots, in parts.

    Attributes:
        inputs: the letters of the input's axes.
        weight: those of the weight's.
        outputs: those of the output's.
    """

    inputs: str
    weight: str
    outputs: str

    @property
    def equation(self) -> str:
        """The whole equation."""
        return f"{self.inputs},{self.weight}->{self.outputs}"

    @property
    def summed_of_weight(self) -> tuple[int, ...]:
        """The weight's axes that are summed over."""
        return _missing(self.weight, self.outputs)

    @property
    def summed_of_inputs(self) -> tuple[int, ...]:
        """The input's axes that are summed over."""
        return _missing(self.inputs, self.outputs)

    @property
    def has_inverse(self) -> bool:
        """Whether every axis of the input is one of the output or of the weight, so that gradients are a product."""
        return set(self.inputs) <= set(self.outputs) | set(self.weight)

    def aligned(self, x: Any, letters: str) -> Any:
        """Return a tensor with axes named by `letters`, of size 1 where the output has none, as one that broadcasts.

        Args:
            x: tensor.
            letters: the letters of its axes.
        """
        kept = [letter for letter in letters if letter in self.outputs]
        x = ops.squeeze(x, axis=_missing(letters, self.outputs))
        order = sorted(kept, key=self.outputs.index)
        if order != kept:
            x = ops.transpose(x, [kept.index(letter) for letter in order])
        sizes = ops.shape(x)
        return ops.reshape(x, [sizes[order.index(letter)] if letter in order else 1 for letter in self.outputs])


def _missing(letters: str, outputs: str) -> tuple[int, ...]:
    return tuple(i for i, letter in enumerate(letters) if letter not in outputs)


@functools.lru_cache(maxsize=1024)
def contraction_of(equation: str, num_axes: int) -> Contraction | None:
    """Return the parts of an equation of an input and a weight, or None if it is of another kind.

    Args:
        equation: str, "ab,bc->ac"; with dots for axes of the input that the output has too.
        num_axes: int, the number of the input's axes.
    """
    match = re.fullmatch(r"([a-zA-Z.]+),([a-zA-Z]+)->([a-zA-Z.]+)", re.sub(r"\s", "", equation))
    if match is None:
        return None
    inputs, weight, outputs = match.groups()
    num_dotted = num_axes - len(inputs.replace("...", ""))
    free = [letter for letter in string.ascii_letters if letter not in equation][: max(num_dotted, 0)]
    inputs, outputs = (part.replace("...", "".join(free)) for part in (inputs, outputs))
    is_plain = len(inputs) == num_axes and all(len(set(part)) == len(part) for part in (inputs, weight, outputs))
    return Contraction(inputs, weight, outputs) if is_plain and "." not in inputs + outputs else None


def input_of_einsum(op: Any, args: tuple[Any, ...], weight: Any) -> Any:
    """Return what a call of `einsum` multiplies a weight with, or None if it is no such call.

    Args:
        op: the op that is called.
        args: its arguments, as `__kcore_op__` gets them.
        weight: the second of two operands.
    """
    if op is not ops.einsum:
        return None
    operands = args[1]
    return operands[0] if len(operands) == 2 and operands[1] is weight and operands[0] is not weight else None
