"""kcore's layers as `tf.Module`s, and its optimizers, whose variables TensorFlow's checkpoints and SavedModels find."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

__all__ = ["TensorflowLayer", "TensorflowOptimizer"]


class _Submodules:
    """The layers inside, in place of tf.Module's property; an attribute of a user's under this name comes first."""

    def __get__(self, layer: Any, owner: type | None = None) -> Any:
        return self if layer is None else tuple(layer._kcore_sublayers(include_self=False))


class TensorflowLayer:
    """Mixin that comes before a layer's own class, as `tf.Module` comes after it."""

    name: Any = None  # the layer's own attribute, in place of tf.Module's property
    name_scope: Any = None
    # What is left of tf.Module's own way of finding what is inside, which `_trackable_children` replaces.
    _kcore_yielding_names = frozenset({"_flatten", "with_name_scope"})

    def _kcore_join_framework(self: Any) -> None:
        tf.Module.__init__(self)

    submodules = _Submodules()

    def _trackable_children(self: Any, save_type: Any = "checkpoint", **kwargs: Any) -> dict[str, Any]:
        children: dict[str, Any] = {}
        if save_type != "checkpoint":
            children.update(super()._trackable_children(save_type, **kwargs))  # type: ignore[misc]
        for variable in (*self._kcore_trainable_variables, *self._kcore_non_trainable_variables):
            name = variable.name
            while name in children:
                name += "_"
            children[name] = variable._storage
        for i, generator in enumerate(self._kcore_seed_generators):
            children[f"seed_{i}"] = generator.state._storage
        children.update(self._kcore_named_sublayers())
        return children


class TensorflowOptimizer(tf.__internal__.tracking.Trackable):  # type: ignore[misc]
    """Base that comes before an optimizer's own class; its variables go by their numbers in checkpoints."""

    def note_part(self, name: str, part: Any) -> None:
        """Take a variable, or an optimizer inside, for a part: a checkpoint read before it was made sets it now."""
        self._track_trackable(getattr(part, "_storage", part), name, overwrite=True)
