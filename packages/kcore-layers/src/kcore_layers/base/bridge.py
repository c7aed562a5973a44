"""What the framework's class of modules may ask of a layer and tell it, and no more of the layer than that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kcore_ops import Variable

from kcore_layers.base.call_plan import drop_plan

if TYPE_CHECKING:
    from kcore_layers.base.layer import Layer

__all__ = ["LayerBridge"]


class LayerBridge:
    """The `ModuleBridge` of a layer.

    Args:
        layer: the layer.
    """

    __slots__ = ("_layer",)

    def __init__(self, layer: Layer) -> None:
        self._layer = layer

    @property
    def trainable(self) -> Sequence[Variable]:
        """The layer's own variables that were made to be trained, frozen or not."""
        found: list[Variable] = self._layer._kcore_trainable_variables
        return found

    @property
    def non_trainable(self) -> Sequence[Variable]:
        """The layer's own variables that were not."""
        found: list[Variable] = self._layer._kcore_non_trainable_variables
        return found

    @property
    def seed_states(self) -> Sequence[Variable]:
        """The variables that hold the states of its seed generators."""
        return [generator.state for generator in self._layer._kcore_seed_generators]

    @property
    def metric_variables(self) -> Sequence[Variable]:
        """The variables of metrics that it holds."""
        return [variable for metric in self._layer._kcore_metrics for variable in metric.variables]

    @property
    def layers(self) -> Sequence[tuple[str, Any]]:
        """The layers right inside, each with the path of the attribute that holds it."""
        found: list[tuple[str, Any]] = self._layer._kcore_named_sublayers()
        return found

    @property
    def all_layers(self) -> Sequence[Any]:
        """The layers inside, at any depth."""
        return list(self._layer._kcore_sublayers(include_self=False))

    @property
    def native_modules(self) -> Mapping[str, Any]:
        """The framework's own modules that it wraps, by name."""
        found: Mapping[str, Any] = self._layer.__dict__.get("_kcore_native_modules", {})
        return found

    def add_storage(self, name: str, storage: Any, trainable: bool) -> None:
        """Track storage of the framework's own making as a variable, under the name of an attribute.

        Args:
            name: the attribute's name.
            storage: a parameter, buffer or variable of the framework's.
            trainable: bool, whether optimizers change it.
        """
        self._layer._kcore_track_storage(name, storage, trainable)

    def set_mode(self, training: bool | None) -> None:
        """Let calls that are told no training flag have this one.

        Args:
            training: bool, the flag; None if there is none.
        """
        self._layer.__dict__["_kcore_mode"] = training
        drop_plan(self._layer)

    def changed(self) -> None:
        """Make the next call find out anew how the layer is to be called."""
        drop_plan(self._layer)

    def call(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Return what a call of the layer returns, hooks left to whoever calls this.

        Args:
            args: arguments by position.
            kwargs: arguments by name.
        """
        return self._layer._kcore_general_call(tuple(args), dict(kwargs))
