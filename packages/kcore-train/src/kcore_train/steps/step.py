"""One step of training, evaluation or prediction: as a function of the state, and in place.

On a backend whose variables are changed in place a step runs the model as it is. On any other a step is a function
`(state, data) -> (results, state)`, of which the framework takes gradients and which it compiles; `value_and_grad` and
`jit` are all it needs.
"""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kcore_ops import StatelessScope, Variable
from kcore_ops.state.stateless_scope import in_stateless_scope
from kcore_train.data import unpack_x_y_sample_weight
from kcore_train.objective.outputs import masks_of, with_masks

if TYPE_CHECKING:
    from kcore_train.trainer import Trainer

__all__ = ["FunctionalSteps", "InPlaceSteps"]


def call_model(trainer: Trainer, x: Any, training: bool) -> Any:
    """Run the model on a batch."""
    return trainer.model(x, training=training)


def loss_of(trainer: Trainer, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
    """Give what the model's `compute_loss` gives, which may be of the time when it had no `training`."""
    model = trainer.model
    mode = {"training": training} if _takes_training(type(model).compute_loss) else {}
    return model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, **mode)


_training_taken: weakref.WeakKeyDictionary[Any, bool] = weakref.WeakKeyDictionary()


def _takes_training(compute_loss: Any) -> bool:
    known = _training_taken.get(compute_loss)
    if known is None:
        parameters = inspect.signature(compute_loss).parameters.values()
        known = any(each.name == "training" or each.kind is each.VAR_KEYWORD for each in parameters)
        _training_taken[compute_loss] = known
    return known


class InPlaceSteps:
    """Steps that change the variables as they go. `data` is a batch of tensors."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer

    def train(self, data: Any) -> None:
        """Take one training step."""
        trainer = self.trainer
        model, optimizer = trainer.model, trainer.optimizer
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        variables = model.trainable_variables

        def forward() -> tuple[Any, Any]:
            y_pred = call_model(trainer, x, training=True)
            loss = loss_of(trainer, x, y, y_pred, sample_weight, training=True)
            return optimizer.scale_loss(loss), (loss, y_pred)

        storages = [v._storage for v in variables]
        if storages:
            _, (loss, y_pred), gradients = trainer.backend.value_and_grad_in_place(forward, storages)
            optimizer.apply(gradients, variables)
        else:
            _, (loss, y_pred) = forward()
        trainer.note(loss, x, y, y_pred, sample_weight)

    def test(self, data: Any) -> None:
        """Evaluate one batch."""
        trainer = self.trainer
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = call_model(trainer, x, training=False)
        loss = loss_of(trainer, x, y, y_pred, sample_weight, training=False)
        trainer.note(loss, x, y, y_pred, sample_weight)

    def predict(self, data: Any) -> Any:
        """Give the outputs for one batch."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return call_model(self.trainer, x, training=False)


class FunctionalSteps:
    """Steps as functions of the state: lists of values, in the order of the model's lists of variables."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer

    def train(self, state: Any, data: Any) -> Any:
        """Give the state after one training step."""
        trainer = self.trainer
        trainable, *rest = map(list, state)
        batch = unpack_x_y_sample_weight(data)
        others: list[Variable] = []
        differentiated = trainer.backend.value_and_grad(functools.partial(self.loss_and_updates, others), (0,), True)
        (_, aux), (gradients,) = differentiated(trainable, rest, *batch)
        loss, y_pred, masks, (non_trainable, optimizer_values, metric_values), of_others = aux
        _assign_in_scope(zip(others, of_others, strict=True))
        variables = trainer.model.trainable_variables
        trainable, optimizer_values = trainer.optimizer.stateless_apply_to(
            variables, optimizer_values, gradients, trainable
        )
        x, y, sample_weight = batch
        with self._scope(trainable, non_trainable, optimizer_values, metric_values) as scope:
            trainer.note(loss, x, y, with_masks(y_pred, masks), sample_weight)
            after, beyond = scope.after(), scope.beyond()
        _assign_in_scope(beyond)
        return tuple(after)

    def loss_and_updates(
        self, others: list[Variable], trainable: Any, rest: Any, x: Any, y: Any, sample_weight: Any
    ) -> tuple[Any, Any]:
        """Give the loss to differentiate, and beside it the loss itself, the outputs and what else has changed.

        Args:
            others: receives the variables of none of the lists that were assigned to.
            trainable: the values to differentiate by.
            rest: the other lists of the state.
            x: inputs.
            y: targets.
            sample_weight: weights of the samples, or None.
        """
        trainer = self.trainer
        with self._scope(trainable, *rest) as scope:
            y_pred = call_model(trainer, x, training=True)
            loss = loss_of(trainer, x, y, y_pred, sample_weight, training=True)
            scaled = trainer.optimizer.scale_loss(loss)
            _, *after = scope.after()
            beyond = scope.beyond()
        others[:] = [variable for variable, _ in beyond]
        return scaled, (loss, y_pred, masks_of(y_pred), after, [value for _, value in beyond])

    def test(self, state: Any, data: Any) -> Any:
        """Give the state after the evaluation of one batch."""
        trainer = self.trainer
        trainable, non_trainable, metric_values = state
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with self._scope(trainable, non_trainable, None, metric_values) as scope:
            y_pred = call_model(trainer, x, training=False)
            loss = loss_of(trainer, x, y, y_pred, sample_weight, training=False)
            trainer.note(loss, x, y, y_pred, sample_weight)
            after, beyond = scope.after(), scope.beyond()
        _assign_in_scope(beyond)
        return tuple(after)

    def predict(self, state: Any, data: Any) -> tuple[Any, Any]:
        """Give the outputs for one batch, and the variables that are not trained as they are afterwards."""
        x, _, _ = unpack_x_y_sample_weight(data)
        with self._scope(*state, None, None) as scope:
            outputs = call_model(self.trainer, x, training=False)
            (_, after), beyond = scope.after(), scope.beyond()
        _assign_in_scope(beyond)
        return outputs, after

    def _scope(self, *values: Any) -> _ListsScope:
        """Give a scope in which the lists of variables have these values: all four, None for one that is left out."""
        trainer = self.trainer
        model, optimizer = trainer.model, trainer.optimizer
        lists = (
            model.trainable_variables,
            model.non_trainable_variables,
            [] if optimizer is None else optimizer.variables,
            model.metrics_variables,
        )
        given = [(variables, own) for variables, own in zip(lists, values, strict=True) if own is not None]
        return _ListsScope([variables for variables, _ in given], [own for _, own in given])

    def results(self, metric_values: Any) -> dict[str, Any]:
        """Give the results of the metrics for values of their variables."""
        with StatelessScope(_pairs((self.trainer.model.metrics_variables, metric_values))):
            found: dict[str, Any] = self.trainer.model.get_metrics_result()
            return found


def _pairs(*lists: tuple[list[Variable], Any]) -> list[tuple[Variable, Any]]:
    return [pair for variables, values in lists for pair in zip(variables, values, strict=True)]


class _ListsScope(StatelessScope):
    """A scope in which lists of variables have the values given."""

    def __init__(self, lists: list[list[Variable]], values: list[Any]) -> None:
        super().__init__(_pairs(*zip(lists, values, strict=True)), collect_losses=True)
        self.lists = lists

    def after(self) -> list[list[Any]]:
        """Give the values of each list now."""
        return [[self.get_current_value(v) for v in variables] for variables in self.lists]

    def beyond(self) -> list[tuple[Variable, Any]]:
        """Give the variables of none of the lists that were assigned to, with their values."""
        listed = {id(v) for variables in self.lists for v in variables}
        return [(v, value) for v, value in self.updates() if id(v) not in listed]


def _assign_in_scope(updates: Iterable[tuple[Variable, Any]]) -> None:
    """Hand assignments on to the scope around a step; where there is none, a pure function changes nothing."""
    if in_stateless_scope():
        for variable, value in updates:
            variable.assign(value)
