"""`RNN`: a cell run over the steps of sequences."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops import tree
from kcore_ops.engine.call import beside
from kcore_ops.engine.inference import is_inferring
from kcore_ops.engine.op import Tensor, Tree, op_of
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import differ, show_shape
from kcore_ops.specs.spec import is_unknown

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.base.masking import none_without_one
from kcore_layers.layers.rnn.recurrent_cell import RecurrentCell
from kcore_layers.layers.rnn.stacked_rnn_cells import Cell, StackedRNNCells, build_cell
from kcore_layers.options.argument_types import Array, LayerOptions, LayerOptionsBesideRegularizer, Shape
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin

__all__ = ["RNN"]


class LoopOptions(LayerOptionsBesideRegularizer, total=False):
    """The keywords of `RNN` that layers with a cell of their own do not name themselves."""

    zero_output_for_mask: bool


class RecurrentOptions(LoopOptions, total=False):
    """The same, and a keyword of Keras's `LSTM` and `GRU` that is without effect here."""

    implementation: int


@builtin("keras.layers")
class RNN(Layer):
    """Run a cell over the steps of sequences.

    A cell is an object with `call(inputs, states)`, which returns the output and the states after a step, with
    `state_size`, the size of its state or a list of those of several, and, if its output is not of the size of the
    first, `output_size`. Where a mask is False a step leaves the states as they are, and its output is that of the step
    before. The last states of a stack of cells are those of each, in a list where the cell's first ones are.

    Shapes: the input is `(batch, time, ...)`, a mask `(batch, time)`, a state `(batch, size)`; the output is `(batch,
    size)`, or `(batch, time, size)` with `return_sequences`; with `return_state`, a tuple of it and the last states.

    Args:
        cell: cell, or a list of cells, each fed by the one before.
        return_sequences: bool, whether to return the outputs of all steps, rather than that of the last; False.
        return_state: bool, whether to return the last states too; False.
        go_backwards: bool, whether to begin with the last step; outputs are in the order they are computed in; False.
        stateful: bool, whether a batch begins with the states that the one before ended with; False.
        unroll: bool, whether to write out the loop: faster to run for short sequences, slower to compile; False.
        zero_output_for_mask: bool, whether the output of a step that is masked is zero; False.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if the cell is none, or there are more or fewer initial states than it has.
        ShapeError: if a state has another size than the cell's, or the batch of a stateful layer is not known.

    >>> class Sum:
    ...     state_size = 1
    ...     def call(self, inputs, states):
    ...         return states[0] + inputs, [states[0] + inputs]
    >>> RNN(Sum(), return_sequences=True)(np.array([[[1.0], [2.0], [3.0]]], "float32"))
    array([[[1.],
            [3.],
            [6.]]], dtype=float32)
    """

    state_size: Any

    def __init__(
        self,
        cell: Cell | Sequence[Cell],
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        if isinstance(cell, list | tuple):
            cell = StackedRNNCells(cell)
        if not callable(getattr(cell, "call", None)) or not hasattr(cell, "state_size"):
            problem = f"{cell!r} is not a cell: it has no call and state_size"
            raise ArgumentError(problem, fix="pass a cell such as LSTMCell(8)").at("RNN")
        super().__init__(**kwargs)
        held: Any = cell
        self.cell = held
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.supports_masking = True
        self._kcore_set_untracked("state_size", _as_list(_plain(held.state_size)))
        self.states: list[Any] | None = None

    def build(self, sequences_shape: Shape, initial_state_shape: Tree = None) -> None:
        """Build the cell for the steps of sequences of a shape, and make the states of a stateful layer.

        Args:
            sequences_shape: sizes of the sequences, the batch included; None for one that is not known.
            initial_state_shape: sizes of the initial states, on which nothing depends; None.
        """
        spec = self.input_spec if isinstance(self.input_spec, InputSpec) else InputSpec(min_ndim=3)
        fault = spec.fault(sequences_shape) if isinstance(sequences_shape, tuple) else None
        if fault is not None:  # the cell would speak of the shape of a step
            raise ShapeError(
                f"the input has shape {show_shape(sequences_shape)}: {fault}",
                fix="pass batch and time, and what a step has",
            )
        build_cell(self.cell, (sequences_shape[0], *sequences_shape[2:]), self.compute_dtype)
        if not self.stateful:
            return
        batch = sequences_shape[0]
        if batch is None:
            raise ShapeError(
                f"a stateful layer must know the size of its batch, and sequences have shape {tuple(sequences_shape)}",
                fix="give it, for example in Input(batch_shape=...)",
            )
        self.states = [
            self.add_weight(shape, "zeros", trainable=False, name="rnn_state") for shape in self._state_shapes(batch)
        ]

    def _state_shapes(self, batch: Any) -> list[tuple[Any, ...]]:
        """Return the shapes of the states for a batch."""
        return [_state_shape(batch, size) for size in tree.flatten(self.state_size)]

    def call(
        self, sequences: Tensor, initial_state: Tree = None, mask: Tensor | None = None, training: bool | None = False
    ) -> Tree:
        """Return the output of the last step, or those of all; with `return_state` also the last states.

        Args:
            sequences: tensor `(batch, time, ...)`.
            initial_state: tensor or list of tensors, the states to begin with; None begins with those of the cell.
            mask: boolean tensor `(batch, time)`, False for steps to leave out; None keeps all.
            training: bool, whether there is dropout; False.
        """
        with beside(sequences):  # where states and masks of zeros are to be
            return self._outputs(sequences, initial_state, mask, training)

    def _outputs(self, sequences: Any, initial_state: Any, mask: Any, training: Any) -> Any:
        states = self._first_states(sequences, initial_state)
        mask = _mask_of_steps(mask, sequences)
        if self.go_backwards:
            sequences = ops.flip(sequences, axis=1)
            mask = None if mask is None else ops.flip(mask, axis=1)
        last, outputs, states = self.inner_loop(sequences, states, mask, training)
        if self.stateful:
            for variable, state in zip(self.states or (), tree.flatten(states), strict=True):
                variable.assign(state)
        output = outputs if self.return_sequences else last
        return (output, *states) if self.return_state else output

    def get_initial_state(self, batch_size: int | Tensor) -> list[Tree]:
        """Return the states that the cell begins with: its own, or zeros.

        Args:
            batch_size: int, or a scalar tensor, number of examples.
        """
        make = getattr(self.cell, "get_initial_state", None)
        if make is not None:
            return _as_list(make(batch_size=batch_size))
        dtype = self.compute_dtype
        return tree.map_structure(  # type: ignore[no-any-return]
            lambda size: ops.zeros(_state_shape(batch_size, size), dtype), self.state_size
        )

    def _first_states(self, sequences: Any, initial_state: Any) -> list[Any]:
        """Return the states to begin with, as nested as the cell's."""
        batch = ops.shape(sequences)[0]
        if initial_state is None and self.states is not None:
            known = self.states[0].shape[0]
            if not is_unknown(batch) and isinstance(batch, int) and batch != known:
                raise ShapeError(
                    f"a batch of {batch} was given to a stateful layer that was built for batches of {known}",
                    fix="pass batches of one size",
                )
            initial_state = [state.value for state in self.states]
        if initial_state is None:
            return self._states_for(sequences)
        given = tree.flatten(initial_state)
        sizes = tree.flatten(self.state_size)
        if len(given) != len(sizes):
            raise ArgumentError(
                f"initial_state holds {len(given)} tensors, and the cell has {len(sizes)} states",
                fix="pass one tensor for each state",
            )
        self._check_states(given)
        # In the form of those that the cells of a stack begin with, so that the last states have it too.
        is_stack = isinstance(self.cell, StackedRNNCells)
        form = self.get_initial_state(batch) if is_stack else self.state_size
        packed: list[Any] = tree.pack_sequence_as(form, given)
        return packed

    def _states_for(self, sequences: Any) -> list[Any]:
        """Return the states to begin sequences with."""
        return self.get_initial_state(ops.shape(sequences)[0])

    def _check_states(self, given: list[Any]) -> None:
        """Raise if states that were passed have other sizes than the cell's."""
        for number, (state, size) in enumerate(zip(given, tree.flatten(self.state_size), strict=True)):
            if isinstance(size, int) and (len(state.shape) != 2 or _differ(state.shape[1], size)):
                raise ShapeError(
                    f"initial_state[{number}] has shape {_shown(state.shape)}, and the cell's state {size} numbers",
                    fix=f"pass a tensor of shape (batch, {size})",
                )

    # The loop.

    def inner_loop(
        self, sequences: Tensor, initial_state: list[Tree], mask: Tensor | None, training: bool | None = False
    ) -> tuple[Tensor, Tensor | None, list[Tree]]:
        """Run the cell. Return the last output, the outputs (None if they are not asked for), and the last states.

        Args:
            sequences: tensor `(batch, time, ...)`, the inputs in the order of the steps.
            initial_state: list of the states to begin with.
            mask: boolean tensor `(batch, time)`; None keeps all.
            training: bool, whether there is dropout; False.
        """
        cell = self.cell
        has_dropout = bool(training) and hasattr(cell, "start_sequence")
        if has_dropout:
            cell.start_sequence(sequences[:, 0])
        try:
            xs, step = self._steps(sequences, training)
            first = self._first_output(sequences, initial_state)
            carry, outputs = self._scan(self._turn(step), (initial_state, first), (xs, _time_first(mask)))
        finally:
            if has_dropout:
                cell.end_sequence()
        states, last = carry
        return last, None if outputs is None else _time_first(outputs), states

    def _steps(self, sequences: Any, training: Any) -> tuple[Any, Any]:
        """Return what each step takes, time first, and the function of it and the states."""
        cell: Any = self.cell
        if isinstance(cell, RecurrentCell) and cell.can_project() and cell.compute_dtype == self.compute_dtype:
            recurrent_mask = cell.get_recurrent_dropout_mask(None) if training else None
            if training and cell.dropout:
                sequences = ops.multiply(sequences, ops.expand_dims(cell.get_dropout_mask(None), 1))
            return cell.project(_time_first(sequences)), lambda x, states: cell.step(x, states, recurrent_mask)
        if isinstance(cell, Layer):
            return _time_first(sequences), lambda x, states: cell(x, states, training=training)
        return _time_first(sequences), cell.call

    def _turn(self, step: Any) -> Any:
        """Return the function of the loop: from states and last output, and input and mask, to the next."""

        def turn(carry: Any, x_and_mask: Any) -> Any:
            states, last = carry
            x, mask = x_and_mask
            output, new = step(x, states)
            new = tree.pack_sequence_as(states, tree.flatten(new))
            if mask is not None:
                new = tree.map_structure(lambda after, before: _where(mask, after, before), new, states)
                output = _where(mask, output, ops.zeros_like(output) if self.zero_output_for_mask else last)
            return (new, output), output if self.return_sequences else None

        return turn

    def _scan(self, turn: Any, carry: Any, xs: Any) -> Any:
        if not self.unroll or is_inferring():
            return ops.scan(turn, carry, xs)
        if not isinstance(xs[0].shape[0], int):
            raise ShapeError("unroll=True needs to know the number of steps", fix="give it, or leave out unroll=True")
        return op_of("scan").definition(turn, carry, xs)  # type: ignore[misc]

    def _first_output(self, sequences: Any, states: Any) -> Any:
        """Return zeros, shaped like an output: what comes before the first."""
        size = getattr(self.cell, "output_size", None)
        if size is None:
            size = tree.flatten(self.state_size)[0]
        dtype = getattr(self.cell, "compute_dtype", self.compute_dtype)
        return ops.zeros(_state_shape(ops.shape(sequences)[0], size), dtype)

    @none_without_one
    def compute_mask(
        self, _: Tree, mask: Tensor | Sequence[Tensor | None] | None
    ) -> Tensor | list[Tensor | None] | None:
        """Return the masks of the outputs: that of the inputs, if there is an output for each step.

        Args:
            _: inputs of `call`; not used.
            mask: boolean tensor, or a list that begins with it, the mask of the inputs; None, no mask.
        """
        mask = tree.flatten(mask)[0] if isinstance(mask, list | tuple) else mask
        output_mask = mask if self.return_sequences else None
        if self.return_state:
            return [output_mask, *[None for _ in tree.flatten(self.state_size)]]
        return output_mask

    # States that last.

    def reset_state(self) -> None:
        """Set the states of a stateful layer to what they were at first.

        Raises:
            ArgumentError: if the layer is not stateful.
        """
        if not self.stateful:
            raise ArgumentError(f'layer "{self.name}" is not stateful: it has no states to reset', fix="stateful=True")
        if self.states is not None:
            first = self.get_initial_state(self.states[0].shape[0])
            for variable, state in zip(self.states, tree.flatten(first), strict=True):
                variable.assign(state)

    def reset_states(self) -> None:
        """Call `reset_state`, by its name of Keras 2."""
        self.reset_state()

    def _kcore_list_weights(self) -> list[Any]:
        return self._without_states(super()._kcore_list_weights())

    def _without_states(self, variables: list[Any]) -> list[Any]:
        """Leave out the states, which files do not hold."""
        states = {id(state) for state in self.states or ()}
        return [v for v in variables if id(v) not in states]

    def save_own_variables(self, store: MutableMapping[str, Array]) -> None:
        """Put the layer's own weights, without its states, into a mapping.

        Args:
            store: mapping from numbers, as strings, to arrays.
        """
        for i, v in enumerate(
            self._without_states([*self._kcore_trainable_variables, *self._kcore_non_trainable_variables])
        ):
            store[str(i)] = v.numpy()

    def load_own_variables(self, store: Mapping[str, Array]) -> None:
        """Set the layer's own weights from a mapping.

        Args:
            store: mapping from numbers, as strings, to arrays.
        """
        own = self._without_states([*self._kcore_trainable_variables, *self._kcore_non_trainable_variables])
        if own or len(store):
            super().load_own_variables(store)

    # Configuration.

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        config = {**super().get_config(), **self._loop_config()}
        config["cell"] = serialize_keras_object(self.cell)
        return config

    def _loop_config(self) -> dict[str, Any]:
        names = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
            custom_objects: dict from names to classes and functions, beside those registered; None for no more.
        """
        if isinstance(config.get("cell"), dict):
            config = {**config, "cell": deserialize_keras_object(config["cell"], custom_objects=custom_objects)}
        return super().from_config(config)


def of_cell(name: str) -> Any:
    """Return a property that reads an attribute of the cell.

    Args:
        name: string, the name of the attribute.
    """
    return property(lambda self: getattr(self.cell, name), doc=f"The cell's `{name}`.")


def checked_use_cudnn(layer: Layer, value: Any) -> Any:
    """Return `use_cudnn`: whether a kernel of the backend's may be used.

    Args:
        layer: layer that the error names.
        value: what was passed.

    Raises:
        ArgumentError: if it is neither "auto" nor a boolean.
    """
    if not isinstance(value, bool) and value != "auto":
        raise ArgumentError(f"use_cudnn can not be {value!r}", fix="pass 'auto', True or False").at(
            type(layer).__name__
        )
    return value


def _mask_of_steps(mask: Any, sequences: Any) -> Any:
    """Return the mask of the steps, or None; one of shape `(batch,)` leaves out no step of a sequence.

    Raises:
        ShapeError: if it has another batch or other steps than the sequences.
    """
    mask = tree.flatten(mask)[0] if isinstance(mask, list | tuple) else mask
    if mask is None:
        return None
    if len(mask.shape) > 2 or any(map(differ, mask.shape, sequences.shape)):
        raise ShapeError(
            f"the mask has shape {show_shape(mask.shape)}, and the sequences {show_shape(sequences.shape)}",
            fix=f"pass a mask of shape {show_shape(sequences.shape[:2])}",
        )
    return mask if len(mask.shape) == 2 else None


def _as_list(states: Any) -> list[Any]:
    return list(states) if isinstance(states, list | tuple) else [states]


def _plain(sizes: Any) -> Any:
    """Return sizes in plain lists; those that a layer has among its attributes are of a class of their own."""
    return [_plain(size) for size in sizes] if isinstance(sizes, list) else sizes


def _state_shape(batch: Any, size: Any) -> tuple[Any, ...]:
    return (batch, *(size if isinstance(size, tuple) else (size,)))


def _time_first(x: Any) -> Any:
    """Swap the first two axes."""
    return None if x is None else ops.swapaxes(x, 0, 1)


def _where(mask: Any, x: Any, y: Any) -> Any:
    """Return `x` for the samples where a mask is True, `y` for the others."""
    return ops.where(ops.reshape(mask, (-1, *[1] * (len(x.shape) - 1))), x, y)


def _differ(size: Any, wanted: int) -> bool:
    return type(size) is int and size != wanted


def _shown(shape: Any) -> tuple[Any, ...]:
    return tuple(size if type(size) is int else None for size in shape)
