"""Symbolic tensors: specs that remember which op they came from."""

from __future__ import annotations

import itertools
from typing import Any

from kcore_ops.foundation import tree
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.specs.operators import functions
from kcore_ops.specs.spec import TensorSpec

__all__ = ["KerasTensor", "Node", "is_keras_tensor"]

_counter = itertools.count()


class KerasTensor(TensorSpec):
    """A tensor of a graph that is being built: shape, dtype, and the node that computes it.

    Ops given a `KerasTensor` compute nothing; they add a node and return its outputs.

    Args:
        shape: the sizes; None is one that is not known.
        dtype: a dtype or its name; None is `config.floatx()`.
        sparse: only False: there are no sparse tensors.
        ragged: only False.
        record_history: only True; specs without a history are `TensorSpec`s.
        name: shown in summaries and errors; made up if None.
        ragged_rank: only None.
        row_splits_dtype: only None.
        node: the call that computes it.

    Raises:
        ArgumentError: if an argument is something else.

    >>> x = KerasTensor((None, 4))
    >>> y = x[:, 0] + 1
    >>> y.shape, y.node.op.name
    ((None,), 'add')
    """

    __slots__ = ("__weakref__", "name", "node")

    def __init__(
        self,
        shape: Any,
        dtype: Any = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
        *,
        ragged_rank: int | None = None,
        row_splits_dtype: Any = None,
        node: Node | None = None,
    ) -> None:
        super().__init__(shape, dtype)
        if sparse or ragged or ragged_rank is not None or row_splits_dtype is not None:
            raise ArgumentError(
                "there are no sparse or ragged tensors", fix="leave out sparse=, ragged= and what belongs to them"
            ).at("KerasTensor")
        if not record_history:
            raise ArgumentError("a symbolic tensor remembers its calls", fix="use a TensorSpec").at("KerasTensor")
        self.name = name or f"keras_tensor_{next(_counter)}"
        self.node = node

    @property
    def sparse(self) -> bool:
        """False: there are no sparse tensors."""
        return False

    @property
    def ragged(self) -> bool:
        """False: there are no ragged tensors."""
        return False

    @property
    def ragged_rank(self) -> int | None:
        """None, as no axis is ragged."""
        return None

    @property
    def row_splits_dtype(self) -> str | None:
        """None, as no axis is ragged."""
        return None

    @property
    def record_history(self) -> bool:
        """True: the calls it takes part in are remembered."""
        return True

    def reshape(self, newshape: Any) -> Any:
        """Return it in another shape, as `ops.reshape` does."""
        return functions["reshape"](self, newshape)

    def squeeze(self, axis: Any = None) -> Any:
        """Return it without axes of size 1, as `ops.squeeze` does."""
        return functions["squeeze"](self, axis)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape} dtype={self.dtype} name={self.name}>"

    __eq__ = object.__eq__
    __hash__ = object.__hash__


class Node:
    """One call in a graph.

    Attributes:
        op: what was called: an op, or a layer.
        args: its arguments, by position; the symbolic tensors among them are the edges of the graph.
        kwargs: its arguments by name.
        outputs: its results.
    """

    def __init__(self, op: Any, args: list[Any], result: Any, kwargs: dict[str, Any] | None = None) -> None:
        self.op = op
        self.args = args
        self.kwargs = kwargs or {}
        self.outputs = tree.map_structure(
            lambda s: KerasTensor(s.shape, s.dtype, node=self) if isinstance(s, TensorSpec) else s, result
        )

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic tensors among the arguments."""
        return [leaf for leaf in tree.flatten((self.args, self.kwargs)) if isinstance(leaf, KerasTensor)]


def is_keras_tensor(x: Any) -> bool:
    """Return whether `x` is a tensor of a graph that is being built."""
    return isinstance(x, KerasTensor)
