"""`StackedRNNCells`: several cells as one, each fed by the one before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, Unpack

import kcore_ops as ops
from kcore_ops import TensorSpec
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.base.build import building
from kcore_layers.base.layer import Layer
from kcore_layers.base.symbolic_call import infer_outputs
from kcore_layers.options.argument_types import LayerOptions, Shape
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin

__all__ = ["StackedRNNCells"]


class Cell(Protocol):
    """What `RNN` runs at each step: `call(inputs, states)` returns the output and the states after the step."""

    @property
    def state_size(self) -> int | Sequence[Any]:
        """The size of the state, or a list of those of several."""

    @property
    def call(self) -> Callable[..., tuple[Tensor, Tree]]:
        """The function of a step."""


@builtin("keras.layers")
class StackedRNNCells(Layer):
    """Run several cells at each step, each on the output of the one before.

    Shapes: the input is that of the first cell, the output that of the last; the states are a list of each cell's.

    Args:
        cells: cells, the first one first.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if one of them is not a cell.

    >>> from kcore_layers.layers.rnn.lstm import LSTMCell
    >>> from kcore_layers.layers.rnn.gru import GRUCell
    >>> StackedRNNCells([LSTMCell(4), GRUCell(3)]).state_size
    [[4, 4], 3]
    """

    def __init__(self, cells: Sequence[Cell], **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        for cell in cells:
            if not callable(getattr(cell, "call", None)) or not hasattr(cell, "state_size"):
                problem = f"{cell!r} is not a cell: it has no call and state_size"
                raise ArgumentError(problem, fix="pass cells such as LSTMCell(8)").at("StackedRNNCells")
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """The sizes of the states of each cell."""
        return [list(c.state_size) if isinstance(c.state_size, list | tuple) else c.state_size for c in self.cells]

    @property
    def output_size(self) -> Any:
        """The size of the output of the last cell."""
        return _output_size(self.cells[-1])

    def get_initial_state(self, batch_size: int | Tensor | None = None) -> list[Tree]:
        """Return the states that each cell begins with.

        Args:
            batch_size: int, or a scalar tensor, number of examples.
        """
        states = []
        for cell in self.cells:
            if hasattr(cell, "get_initial_state"):
                states.append(cell.get_initial_state(batch_size=batch_size))
            elif isinstance(cell.state_size, list | tuple):
                states.append([ops.zeros((batch_size, size), self.compute_dtype) for size in cell.state_size])
            else:
                states.append(ops.zeros((batch_size, cell.state_size), self.compute_dtype))
        return states

    def build(self, input_shape: Shape) -> None:
        """Build each cell for the output of the one before.

        Args:
            input_shape: sizes of the inputs of a step, the batch included.
        """
        for cell in self.cells:
            build_cell(cell, input_shape, self.compute_dtype)
            input_shape = (input_shape[0], _output_size(cell))

    def call(
        self, inputs: Tensor, states: Sequence[Tree], training: bool | None = False, **kwargs: Any
    ) -> tuple[Tensor, list[Tree]]:
        """Return the output of the last cell, and the states of all.

        Args:
            inputs: tensor `(batch, n)`.
            states: list of the states of each cell.
            training: bool, whether there is dropout; False.
            **kwargs: further arguments of the cells' `call`.
        """
        after = []
        for cell, own in zip(self.cells, states, strict=True):
            own = list(own) if isinstance(own, list | tuple) else [own]
            if isinstance(cell, Layer):
                inputs, new = cell(inputs, own, training=training, **kwargs)
            else:
                inputs, new = cell.call(inputs, own, **kwargs)
            after.append(list(new) if isinstance(new, list | tuple) else [new])
        return inputs, after

    def start_sequence(self, step_input: Tensor) -> None:
        """Draw the cells' dropout masks before a loop.

        Args:
            step_input: tensor `(batch, n)`, the inputs of a step.
        """
        for cell in self.cells:
            if hasattr(cell, "start_sequence"):
                cell.start_sequence(step_input)
            step_input = ops.zeros((ops.shape(step_input)[0], _output_size(cell)), self.compute_dtype)

    def end_sequence(self) -> None:
        """Forget the cells' dropout masks."""
        for cell in self.cells:
            if hasattr(cell, "end_sequence"):
                cell.end_sequence()

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "cells": [serialize_keras_object(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
            custom_objects: dict from names to classes and functions, beside those registered; None for no more.
        """
        cells = [deserialize_keras_object(cell, custom_objects=custom_objects) for cell in config["cells"]]
        return super().from_config({**config, "cells": cells})


def _output_size(cell: Any) -> Any:
    size = getattr(cell, "output_size", None)
    if size is None:
        size = cell.state_size[0] if isinstance(cell.state_size, list | tuple) else cell.state_size
    return size


def build_cell(cell: Any, step_shape: Shape, dtype: str) -> None:
    """Build a cell for inputs of a shape, before the loop that calls it.

    Args:
        cell: cell, a layer or another object with `call`.
        step_shape: sizes of the inputs of a step, the batch included.
        dtype: string, the dtype of the states.
    """
    if not isinstance(cell, Layer):
        if hasattr(cell, "build") and not getattr(cell, "built", False):
            cell.build(step_shape)
    elif not cell._kcore_built and getattr(cell.build, "__wrapped__", None) is Layer.build:
        # It has no build of its own: what is inside is built as `call` reaches it.
        size_or_sizes: Any = cell.state_size  # type: ignore[attr-defined]
        sizes = size_or_sizes if isinstance(size_or_sizes, list | tuple) else [size_or_sizes]
        states = [TensorSpec((step_shape[0], size), dtype) for size in sizes]
        with building(cell):
            infer_outputs(cell, [TensorSpec(step_shape, dtype), states], {})
            cell.built = True
    else:
        cell.build(step_shape)
