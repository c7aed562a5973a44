"""kcore's layers as `tf.Module`s, and its optimizers, whose variables TensorFlow's checkpoints and SavedModels find."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from kcore_ops import Variable
from kcore_ops.plugin import Modules, bridge_of

__all__ = ["TensorflowLayer", "TensorflowModules", "TensorflowOptimizer"]


class _Submodules:
    """The layers inside, in place of tf.Module's property; an attribute of a user's under this name comes first."""

    def __get__(self, layer: Any, owner: type | None = None) -> Any:
        return self if layer is None else tuple(bridge_of(layer).all_layers)


class TensorflowLayer:
    """Mixin that comes before a layer's own class, as `tf.Module` comes after it."""

    name: Any = None  # the layer's own attribute, in place of tf.Module's property
    name_scope: Any = None
    submodules = _Submodules()

    def _trackable_children(self: Any, save_type: Any = "checkpoint", **kwargs: Any) -> dict[str, Any]:
        children: dict[str, Any] = {}
        if save_type != "checkpoint":
            children.update(super()._trackable_children(save_type, **kwargs))  # type: ignore[misc]
        bridge = bridge_of(self)
        for variable in (*bridge.trainable, *bridge.non_trainable):
            name = variable.name
            while name in children:
                name += "_"
            children[name] = variable._storage
        for i, state in enumerate(bridge.seed_states):
            children[f"seed_{i}"] = state._storage
        children.update(bridge.layers)
        return children


class TensorflowOptimizer(tf.__internal__.tracking.Trackable):  # type: ignore[misc]
    """Base that comes before an optimizer's own class; its variables go by their numbers in checkpoints."""

    def add_part(self, name: str, part: Any) -> None:
        """Take a variable, or an optimizer inside, for a part: a checkpoint read before it was made sets it now."""
        self._track_trackable(getattr(part, "_storage", part), name, overwrite=True)


class TensorflowModules(Modules):
    """Layers are `tf.Module`s, and optimizers are tracked by checkpoints."""

    base = tf.Module
    mixin = TensorflowLayer
    optimizer_mixin = TensorflowOptimizer
    storage_types = (tf.Variable,)
    # What is left of tf.Module's own way of finding what is inside, which `_trackable_children` replaces.
    user_names = frozenset({"_flatten", "with_name_scope"})

    def start(self, layer: Any) -> None:
        tf.Module.__init__(layer)

    def variable_over(self, storage: Any, name: str) -> Variable | None:
        is_variable = isinstance(storage, tf.Variable)
        return Variable.over(self.backend, storage, name, storage.trainable) if is_variable else None
