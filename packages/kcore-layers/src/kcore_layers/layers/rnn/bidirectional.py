"""`Bidirectional`: a recurrent layer run forwards and backwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Unpack, get_args

import kcore_ops as ops
from kcore_ops import tree
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.base.layer import Layer
from kcore_layers.base.masking import none_without_one
from kcore_layers.options.argument_types import Array, LayerOptions, Shape
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_layers.serialization.registry import builtin, original_class

__all__ = ["Bidirectional"]

MergeMode = Literal["concat", "sum", "mul", "ave"]


@builtin("keras.layers")
class Bidirectional(Layer):
    """Run a recurrent layer over sequences in both directions, and join what comes out.

    Shapes: the input is that of the layer, `(batch, time, n)`; the output is `(batch, 2 * units)` with "concat" and
    `(batch, units)` otherwise, with an axis for time if the layer returns sequences, which are in the order of the
    input. The initial states are those of the forward layer, then those of the backward one; so are the last ones.

    Args:
        layer: layer, an `RNN`, `LSTM` or the like; a copy of it runs forwards.
        merge_mode: "concat", "sum", "mul" or "ave", how outputs are joined; None returns both; "concat".
        weights: list of arrays that the weights begin with, those of the forward layer first; None asks the
            initializers.
        backward_layer: layer that runs backwards, with `go_backwards`; None is a copy of `layer`.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `layer` is not recurrent, the merge mode is unknown, or the two layers do not go together.

    >>> from kcore_layers.layers.rnn.lstm import LSTM
    >>> Bidirectional(LSTM(4))(np.ones((2, 5, 3), "float32")).shape
    (2, 8)
    """

    _first_weights: Any

    def __init__(
        self,
        layer: Layer,
        merge_mode: MergeMode | None = "concat",
        weights: Sequence[Array] | None = None,
        backward_layer: Layer | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        for each in (layer, backward_layer):
            if each is not None and not (isinstance(each, Layer) and hasattr(each, "go_backwards")):
                problem = f"{each!r} is not a recurrent layer: it has no go_backwards"
                raise ArgumentError(problem, fix="pass a layer such as LSTM(8)").at("Bidirectional")
        if merge_mode is not None and merge_mode not in get_args(MergeMode):
            allowed = ", ".join(map(repr, get_args(MergeMode)))
            raise ArgumentError(f"merge_mode can not be {merge_mode!r}", fix=f"use {allowed} or None").at(
                "Bidirectional"
            )
        wrapped: Any = layer  # of any class that has the options of `RNN`
        kwargs.setdefault("dtype", layer.dtype_policy)
        kwargs.setdefault("trainable", layer.trainable)
        super().__init__(**kwargs)
        self.merge_mode = merge_mode
        self.forward_layer = _copy(wrapped, "forward_", go_backwards=wrapped.go_backwards)
        backward: Any = backward_layer
        if backward is None:
            backward = _copy(wrapped, "backward_", go_backwards=not wrapped.go_backwards)
        self._check_pair(self.forward_layer, backward)
        self.backward_layer = backward
        if wrapped.return_sequences:
            # What one direction returns where the mask is False would be joined with what the other returns.
            self.forward_layer.zero_output_for_mask = backward.zero_output_for_mask = True
        self.return_sequences = wrapped.return_sequences
        self.return_state = wrapped.return_state
        self.stateful = wrapped.stateful
        self.input_spec = layer.input_spec
        self.supports_masking = True
        self._kcore_set_untracked("_first_weights", weights)

    def _check_pair(self, forward: Any, backward: Any) -> None:
        if forward.go_backwards == backward.go_backwards:
            raise ArgumentError(
                f"layer and backward_layer both have go_backwards={forward.go_backwards}",
                fix="make backward_layer with go_backwards=True",
            ).at("Bidirectional")
        for name in ("stateful", "return_sequences", "return_state"):
            values = getattr(forward, name), getattr(backward, name)
            if values[0] != values[1]:
                problem = f"layer has {name}={values[0]} and backward_layer {name}={values[1]}"
                raise ArgumentError(problem, fix="give both the same").at("Bidirectional")

    def build(self, sequences_shape: Shape, initial_state_shape: Tree = None) -> None:
        """Build both layers for sequences of a shape.

        Args:
            sequences_shape: sizes of the sequences, the batch included; None for one that is not known.
            initial_state_shape: sizes of the initial states, on which nothing depends; None.
        """
        for layer in (self.forward_layer, self.backward_layer):
            layer.build(sequences_shape)
        if self._first_weights is not None:
            self.set_weights(self._first_weights)

    def call(
        self, sequences: Tensor, initial_state: Tree = None, mask: Tensor | None = None, training: bool | None = None
    ) -> Tree:
        """Return the joined outputs; with `return_state` also the last states.

        Args:
            sequences: tensor `(batch, time, ...)`.
            initial_state: tensor or list of tensors, the states to begin with; None begins with those of the cell.
            mask: boolean tensor `(batch, time)`, False for steps to leave out; None keeps all.
            training: bool, whether there is dropout; None is False.
        """
        first: Any = [None, None]
        if initial_state is not None:
            states = list(initial_state) if isinstance(initial_state, list | tuple) else [initial_state]
            if len(states) % 2:
                problem = f"initial_state holds {len(states)} states, which two layers can not share"
                raise ArgumentError(problem, fix="pass the forward layer's states, then the backward layer's")
            first = [states[: len(states) // 2], states[len(states) // 2 :]]
        forward, backward = (
            layer(sequences, initial_state=state, mask=mask, training=training)
            for layer, state in zip((self.forward_layer, self.backward_layer), first, strict=True)
        )
        last: tuple[Any, ...] = ()
        if self.return_state:
            last = (*forward[1:], *backward[1:])
            forward, backward = forward[0], backward[0]
        if self.return_sequences:
            backward = ops.flip(backward, axis=1)
        if self.merge_mode is None:
            return (forward, backward, *last)
        output = self._merge(forward, backward)
        return (output, *last) if self.return_state else output

    def _merge(self, forward: Any, backward: Any) -> Any:
        if self.merge_mode == "concat":
            return ops.concatenate([forward, backward], axis=-1)
        if self.merge_mode == "mul":
            return ops.multiply(forward, backward)
        total = ops.add(forward, backward)
        return ops.divide(total, 2) if self.merge_mode == "ave" else total

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
        masks = [output_mask] if self.merge_mode is not None else [output_mask, output_mask]
        if self.return_state:
            num_states = len(tree.flatten(self.forward_layer.state_size))
            masks += [None] * (2 * num_states)
        return masks if len(masks) > 1 else output_mask

    @property
    def states(self) -> Any:
        """The states of both stateful layers, or None."""
        if self.forward_layer.states is None:
            return None
        return (*self.forward_layer.states, *self.backward_layer.states)

    def reset_state(self) -> None:
        """Set the states of stateful layers to what they were at first.

        Raises:
            ArgumentError: if the layers are not stateful.
        """
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def reset_states(self) -> None:
        """Call `reset_state`, by its name of Keras 2."""
        self.reset_state()

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        layers = {"layer": self.forward_layer, "backward_layer": self.backward_layer}
        written = {name: serialize_keras_object(layer) for name, layer in layers.items()}
        return {**super().get_config(), "merge_mode": self.merge_mode, **written}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Make one from what `get_config` returned.

        Args:
            config: dict, as `get_config` returns it.
            custom_objects: dict from names to classes and functions, beside those registered; None for no more.
        """
        made = {
            name: deserialize_keras_object(config[name], custom_objects=custom_objects)
            for name in ("layer", "backward_layer")
            if isinstance(config.get(name), dict)
        }
        return super().from_config({**config, **made})


def _copy(layer: Any, prefix: str, go_backwards: bool) -> Any:
    """Make a layer like another, with no weights yet."""
    more = {"use_cudnn": layer.use_cudnn} if hasattr(layer, "use_cudnn") else {}  # not in configs, as in Keras
    name = prefix + layer.name.removeprefix("forward_").removeprefix("backward_")
    cls: Any = original_class(type(layer))
    return cls.from_config({**layer.get_config(), "name": name, "go_backwards": go_backwards, **more})
