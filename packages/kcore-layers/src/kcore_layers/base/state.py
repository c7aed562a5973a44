"""The state of a layer as lists of variables, and a layer as a pure function of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np
from kcore_ops import StatelessScope, Variable
from kcore_ops.engine.op import Tree
from kcore_ops.foundation.errors import ArgumentError, ShapeError

from kcore_layers.base.naming import current_path
from kcore_layers.base.tracking import Tracking, state_changed, state_version

__all__ = ["State"]


class State(Tracking):
    """Mixin with the Keras-shaped views of a layer's state, and the calls that take the state as arguments."""

    name: str
    _kcore_path: str | None
    _kcore_trainable: bool
    # Those that stay as they are while the layer is trained: a weight that an adapter is for.
    _kcore_frozen_variables: Sequence[Variable] = ()
    _kcore_lists: dict[str, Any]

    @property
    def path(self) -> str:
        """Where it stands: the names of the layers it was built in, and its own."""
        return self._kcore_path or self.name

    def _kcore_resolve_path(self) -> str:
        """Return the path, set for good if it was not yet: under the layer being built now."""
        if self._kcore_path is None:
            outer = current_path()
            self._kcore_path = f"{outer}/{self.name}" if outer else self.name
        return self._kcore_path

    def _kcore_sublayers(self, recursive: bool = True, include_self: bool = True) -> Iterator[Any]:
        """Return the layers inside, each once, parents first."""
        seen: set[int] = set()
        rest: list[Any] = [self] if include_self else list(self._kcore_layers)
        seen.add(id(self))
        while rest:
            layer = rest.pop(0)
            yield layer
            if recursive or layer is self:
                inner = [each for each in layer._kcore_layers if id(each) not in seen]
                seen.update(id(each) for each in inner)
                rest[:0] = inner

    def _kcore_named_sublayers(self) -> list[tuple[str, Any]]:
        """Return the layers directly inside, each with its place among the attributes: `dense`, `blocks.0`."""
        places: dict[int, str] = {}
        for place, value in self._kcore_tracked_attributes():
            places.setdefault(id(value), place)
        return [(places.get(id(layer), layer.name), layer) for layer in self._kcore_layers]

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> Iterator[Any]:
        return self._kcore_sublayers(recursive, include_self)

    def _kcore_listed(self, name: str) -> list[Any]:
        """Return a list that is made anew only when some state has changed."""
        lists = self._kcore_lists
        if lists.get("version") != state_version():
            lists.clear()
            lists["version"] = state_version()
        if name not in lists:
            lists[name] = getattr(self, f"_kcore_list_{name}")()
        found: list[Any] = lists[name]
        return found

    def _kcore_own_variables(self) -> list[Variable]:
        """Return the variables of the layer itself, without those of layers inside."""
        return [*self._kcore_trainable_variables, *self._kcore_non_trainable_variables]

    def _kcore_saved_variables(self) -> list[Variable]:
        """Return those of the layer's own variables that a file holds, in its order."""
        return self._kcore_own_variables()

    def _kcore_values_to_save(self) -> Mapping[int, Any]:
        """Return what a file is to hold in place of a variable's value, by the variable's id()."""
        return {}

    def _kcore_after_load(self) -> None:
        """Act on its variables having been set from a file."""

    def _kcore_list_sublayers(self) -> list[Any]:
        return list(self._kcore_sublayers())

    def _kcore_list_variables(self) -> list[Variable]:
        seeds = [generator.state for generator in self._kcore_seed_generators]
        return _unique(
            [*self._kcore_trainable_variables, *self._kcore_non_trainable_variables, *seeds],
            *(layer.variables for layer in self._kcore_layers),
        )

    def _kcore_list_weights(self) -> list[Variable]:
        own = self._kcore_own_variables()
        return _unique(own, *(layer.weights for layer in self._kcore_layers))

    def _kcore_list_reachable(self) -> list[Variable]:
        """Return the variables that no layer with `trainable=False` holds back."""
        if not self._kcore_trainable:
            return []
        own = self._kcore_own_variables()
        return _unique(own, *(layer._kcore_listed("reachable") for layer in self._kcore_layers))

    def _kcore_list_metrics(self) -> list[Any]:
        return _unique(list(self._kcore_metrics), *(layer.metrics for layer in self._kcore_layers))

    @property
    def variables(self) -> list[Variable]:
        """All variables: weights, and the states of seed generators; not those of metrics."""
        return list(self._kcore_listed("variables"))

    @property
    def weights(self) -> list[Variable]:
        """The variables that a file of weights holds: without the states of seed generators."""
        return list(self._kcore_listed("weights"))

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that an optimizer changes: none if the layer is not trainable."""
        return [v for v in self._kcore_listed("reachable") if v._trainable]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The same as `trainable_variables`."""
        return self.trainable_variables

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that an optimizer does not change, states of seed generators included."""
        trainable = {id(v) for v in self.trainable_variables}
        return [v for v in self._kcore_listed("variables") if id(v) not in trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that an optimizer does not change."""
        trainable = {id(v) for v in self.trainable_variables}
        return [v for v in self._kcore_listed("weights") if id(v) not in trainable]

    @property
    def metrics(self) -> list[Any]:
        """The metrics held by the layer and those inside it."""
        return list(self._kcore_listed("metrics"))

    @property
    def metrics_variables(self) -> list[Variable]:
        """The variables of all metrics."""
        return [v for metric in self.metrics for v in metric.variables]

    @property
    def trainable(self) -> bool:
        """Whether an optimizer may change the layer's variables."""
        return self._kcore_trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        value = bool(value)
        object.__setattr__(self, "_kcore_trainable", value)
        frozen = {id(variable) for variable in self._kcore_frozen_variables}
        for variable in self._kcore_trainable_variables:
            variable.trainable = value and id(variable) not in frozen
        for layer in self._kcore_layers:
            layer.trainable = value
        state_changed()

    def count_params(self) -> int:
        """Return the number of numbers in all weights."""
        return sum(int(np.prod(v.shape)) for v in self.weights)

    def get_weights(self) -> list[np.ndarray[Any, Any]]:
        """Return the values of all weights as NumPy arrays of their own, which training leaves as they are."""
        return [np.array(v.numpy()) for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all weights; none, if one does not fit.

        Args:
            weights: list of an array for each of `self.weights`, in their shapes.

        Raises:
            ArgumentError: if there are too few or too many.
            ShapeError: naming every weight whose shape is another.
        """
        variables = self.weights
        if len(weights) != len(variables):
            raise ArgumentError(
                f"{len(weights)} arrays were given and the layer has {len(variables)} weights",
                fix="pass one array for each of layer.weights" if variables else "build the layer first",
            ).at(f'set_weights of "{self.name}"')
        faults = [
            f"{v.path} has shape {v.shape} and its array {np.shape(value)}"
            for v, value in zip(variables, weights, strict=True)
            if tuple(np.shape(value)) != v.shape
        ]
        if faults:
            raise ShapeError("; ".join(faults), fix="pass arrays of the weights' shapes").at(
                f'set_weights of "{self.name}"'
            )
        for v, value in zip(variables, weights, strict=True):
            v.assign(value)

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Put the layer's own variables, not those of layers inside, into a mapping from "0", "1", ... to arrays.

        Args:
            store: what the arrays are put into.
        """
        values = self._kcore_values_to_save()
        for i, v in enumerate(self._kcore_saved_variables()):
            store[str(i)] = values[id(v)] if id(v) in values else v.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Set the layer's own variables from what `save_own_variables` put into a mapping.

        Args:
            store: arrays by "0", "1", ...

        Raises:
            ArgumentError: if the mapping has too few or too many.
        """
        own = self._kcore_saved_variables()
        if len(store) != len(own):
            raise ArgumentError(
                f'layer "{self.name}" has {len(own)} variables of its own and the file {len(store)} for it',
                fix="build the layer first" if not own else "load into a model of the same architecture",
            )
        for i, v in enumerate(own):
            v.assign(store[str(i)])
        self._kcore_after_load()

    def save_own_assets(self, store: MutableMapping[str, bytes]) -> None:
        """Put files that are saved with the model beside the layer's variables, a vocabulary say, into a mapping.

        There are none, unless a class has a method of its own for them.

        Args:
            store: what is put into it is the contents of files, by their names.
        """

    def load_own_assets(self, store: Mapping[str, bytes]) -> None:
        """Take what `save_own_assets` put into a mapping. It is called if the model's file has files of the layer's.

        Args:
            store: contents of files, by their names.
        """

    def stateless_call(
        self,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        *args: Tree,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Return what a call returns, as a pure function of the values of the layer's variables.

        Args:
            trainable_variables: list of a value for each of `self.trainable_variables`.
            non_trainable_variables: list of a value for each of `self.non_trainable_variables`.
            *args: what `call` takes.
            return_losses: bool, whether to return the losses the call added as well; False by default.
            **kwargs: what `call` takes.

        Returns:
            `(outputs, non_trainable_variables)`, the latter as they are after the call; and the losses.

        Raises:
            ArgumentError: if the layer is not built, or the numbers of values do not fit.
        """
        if not self.built:  # type: ignore[attr-defined]
            raise ArgumentError("stateless_call needs a built layer", fix="call it once, or call build").at(
                f'layer "{self.name}"'
            )
        trainable, rest = self.trainable_variables, self.non_trainable_variables
        for what, values, variables in (
            ("trainable_variables", trainable_variables, trainable),
            ("non_trainable_variables", non_trainable_variables, rest),
        ):
            if len(values) != len(variables):
                raise ArgumentError(
                    f"{len(values)} {what} were given and the layer has {len(variables)}",
                    fix=f"pass a value for each of layer.{what}",
                ).at(f'stateless_call of "{self.name}"')
        mapping = [*zip(trainable, trainable_variables, strict=True), *zip(rest, non_trainable_variables, strict=True)]
        with StatelessScope(mapping, collect_losses=return_losses) as scope:
            outputs = self(*args, **kwargs)  # type: ignore[operator]
            losses = self.losses if return_losses else []  # type: ignore[attr-defined]
        after = [final_value(scope, v) for v in rest]
        return (outputs, after, losses) if return_losses else (outputs, after)


def final_value(scope: StatelessScope, variable: Variable) -> Any:
    """Return the value a variable has at the end of a stateless scope.

    Args:
        scope: the scope, whose block may have ended.
        variable: the variable.
    """
    value = scope.get_current_value(variable)
    return variable.value if value is None else value


def _unique(*lists: list[Any]) -> list[Any]:
    return list({id(value): value for values in lists for value in values}.values())
