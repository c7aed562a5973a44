"""`SymbolicScope`, which Keras marks its inference of shapes with."""

from __future__ import annotations

from typing import Self

__all__ = ["SymbolicScope"]


class SymbolicScope:
    """Mark a block as one that infers shapes.

    What is computed inside is computed as outside, in Keras as well as here: specs and symbolic tensors say by
    themselves that nothing is to be computed. It is there for code that enters Keras's.

    >>> import kcore_ops as ops
    >>> with SymbolicScope():
    ...     ops.add(ops.KerasTensor((None, 3)), 1).shape
    (None, 3)
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass
