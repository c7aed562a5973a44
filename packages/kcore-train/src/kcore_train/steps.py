"""One step of training, evaluation or prediction: as a function of the state, and in place.

On a backend whose variables are changed in place a step runs the model as it is. On any other a step is a function
`(state, data) -> (results, state)`, of which the framework takes gradients and which it compiles; `value_and_grad` and
`jit` are all it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kcore_ops import StatelessScope, Variable

from kcore_train.data import unpack_x_y_sample_weight

if TYPE_CHECKING:
    from kcore_train.trainer import Trainer

__all__ = ["FunctionalSteps", "InPlaceSteps"]


def call_model(trainer: Trainer, x: Any, training: bool) -> Any:
    """Run the model on a batch."""
    return trainer.model(x, training=training)


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
            loss = model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=True)
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
        loss = trainer.model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False)
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
        trainable, non_trainable, optimizer_values, metric_values = state
        batch = unpack_x_y_sample_weight(data)
        differentiated = trainer.backend.value_and_grad(self.loss_and_updates, (0,), True)
        (_, aux), (gradients,) = differentiated(list(trainable), list(non_trainable), list(metric_values), *batch)
        loss, y_pred, non_trainable, metric_values = aux
        variables = trainer.model.trainable_variables
        trainable, optimizer_values = trainer.optimizer.stateless_apply_to(
            variables, list(optimizer_values), gradients, list(trainable)
        )
        x, y, sample_weight = batch
        metric_values = self._noted(metric_values, loss, x, y, y_pred, sample_weight)
        return trainable, non_trainable, optimizer_values, metric_values

    def loss_and_updates(
        self, trainable: Any, non_trainable: Any, metric_values: Any, x: Any, y: Any, sample_weight: Any
    ) -> tuple[Any, Any]:
        """Give the loss to differentiate, and beside it the loss itself, the outputs and what else has changed."""
        model = self.trainer.model
        fixed, tracked = model.non_trainable_variables, model.metrics_variables
        mapping = _pairs((model.trainable_variables, trainable), (fixed, non_trainable), (tracked, metric_values))
        with StatelessScope(mapping, collect_losses=True) as scope:
            y_pred = call_model(self.trainer, x, training=True)
            loss = model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=True)
            scaled = self.trainer.optimizer.scale_loss(loss)
            after = _values(scope, fixed), _values(scope, tracked)
        return scaled, (loss, y_pred, *after)

    def test(self, state: Any, data: Any) -> Any:
        """Give the state after the evaluation of one batch."""
        trainer = self.trainer
        model = trainer.model
        trainable, non_trainable, metric_values = state
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        fixed, tracked = model.non_trainable_variables, model.metrics_variables
        mapping = _pairs((model.trainable_variables, trainable), (fixed, non_trainable), (tracked, metric_values))
        with StatelessScope(mapping, collect_losses=True) as scope:
            y_pred = call_model(trainer, x, training=False)
            loss = model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False)
            trainer.note(loss, x, y, y_pred, sample_weight)
            return trainable, _values(scope, fixed), _values(scope, tracked)

    def predict(self, state: Any, data: Any) -> tuple[Any, Any]:
        """Give the outputs for one batch, and the variables that are not trained as they are afterwards."""
        trainable, non_trainable = state
        x, _, _ = unpack_x_y_sample_weight(data)
        outputs, after = self.trainer.model.stateless_call(trainable, non_trainable, x, training=False)
        return outputs, after

    def _noted(self, values: Any, loss: Any, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> list[Any]:
        """Give the values of the metrics' variables once a batch is taken into account."""
        tracked = self.trainer.model.metrics_variables
        with StatelessScope(_pairs((tracked, values))) as scope:
            self.trainer.note(loss, x, y, y_pred, sample_weight)
            return _values(scope, tracked)

    def results(self, metric_values: Any) -> dict[str, Any]:
        """Give the results of the metrics for values of their variables."""
        with StatelessScope(_pairs((self.trainer.model.metrics_variables, metric_values))):
            return self.trainer.get_metrics_result()


def _pairs(*lists: tuple[list[Variable], Any]) -> list[tuple[Variable, Any]]:
    return [pair for variables, values in lists for pair in zip(variables, values, strict=True)]


def _values(scope: StatelessScope, variables: list[Variable]) -> list[Any]:
    return [scope.get_current_value(v) for v in variables]
