"""`Objective`: the loss and the metrics of a model, as compiled and as its layers add to them."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import kcore_ops as ops
from kcore_layers import Model
from kcore_ops import StatelessScope
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.foundation.errors import ArgumentError, KcoreError

from kcore_train.data import Batch, unpack_x_y_sample_weight
from kcore_train.metrics import Mean, Metric
from kcore_train.objective.compiled_losses import CompiledLosses, LossArgument, LossWeights
from kcore_train.objective.compiled_metrics import CompiledMetrics, MetricArgument
from kcore_train.objective.outputs import mapped_outputs
from kcore_train.objective.specs import specs_of

__all__ = ["Objective"]


class Objective:
    """The loss that a model is trained for, and the metrics it is measured by.

    Args:
        model: the model, whose layers may add losses and hold metrics.

    Attributes:
        loss: the loss as it was given to `compile`, or None.
        losses: the loss of each output.
        metrics: the compiled metrics, each at its output.
        loss_tracker: the mean of the loss over batches; None where no loss is reported.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.loss: LossArgument = None
        self.losses = CompiledLosses(None)
        self.metrics = CompiledMetrics()
        self.loss_tracker: Mean | None = None

    def compile(
        self,
        loss: LossArgument = None,
        loss_weights: LossWeights = None,
        metrics: MetricArgument = None,
        weighted_metrics: MetricArgument = None,
    ) -> None:
        """Choose loss and metrics; if one of them is wrong, those before stay.

        Args:
            loss: a loss, its name or a function; or a list or dict of them for several outputs; None for none.
            loss_weights: factors of the losses, in a list or dict; 1 if None.
            metrics: a list of metrics or their names; for several outputs a list of lists or a dict.
            weighted_metrics: metrics that take the sample weights into account.

        Raises:
            ArgumentError: if a name is unknown.
        """
        losses = CompiledLosses(loss, loss_weights)
        compiled_metrics = CompiledMetrics(metrics, weighted_metrics)
        self.loss_tracker = Mean(name="loss") if loss is not None or self._may_have_own_loss() else None
        self.loss, self.losses, self.metrics = loss, losses, compiled_metrics

    def _may_have_own_loss(self) -> bool:
        """Return whether there may be a loss without a compiled one: of `compute_loss`, or added by layers.

        A `train_step` that computes no such loss finds its own metrics alone among the model's.
        """
        cls = type(self.model)
        return cls.compute_loss is not Model.compute_loss or cls.train_step is Model.train_step

    # Building.

    def is_built_for(self, y: Tree) -> bool:
        """Return whether losses and metrics are known for each output, as far as targets like `y` tell them.

        Args:
            y: the targets, or None.
        """
        return (self.loss is None or self.losses.is_built) and (y is None or self.metrics.is_built)

    def build(self, y: Tree, y_pred: Tree) -> None:
        """Find the losses and metrics of each output, where that has not been done.

        Args:
            y: the targets, or their specs; metrics wait until there are some.
            y_pred: the outputs, or their specs.
        """
        if self.loss is not None and not self.losses.is_built:
            self.losses.build(y, y_pred, self._output_names())
        if y is not None and not self.metrics.is_built:
            self.metrics.build(y, y_pred, self._output_names())

    def _output_names(self) -> Sequence[str] | None:
        return getattr(self.model, "output_names", None)

    # The loss.

    def compute_loss(self, y: Tree, y_pred: Tree, sample_weight: Tree = None) -> Tensor:
        """Return the sum of the compiled losses and those that layers added, a scalar.

        Args:
            y: the targets.
            y_pred: the outputs.
            sample_weight: weights of the samples, or None.

        Raises:
            ArgumentError: if there are no losses.
        """
        total = None
        if self.loss is not None:
            if not self.losses.is_built:
                self.losses.build(y, y_pred, self._output_names())
            total = self.losses(y, y_pred, sample_weight)
        for loss in self.model.losses:
            loss = ops.sum(ops.cast(loss, ops.config.floatx()))
            total = loss if total is None else total + loss
        if total is None:
            raise ArgumentError(
                "there is nothing to minimise: the model was compiled without a loss, and its layers add none",
                fix="pass loss= to compile, or call add_loss in a layer",
            ).at("compute_loss")
        return total

    def loss_of_model(self, x: Tree, y: Tree, y_pred: Tree, sample_weight: Tree, training: bool) -> Tensor:
        """Return what the model's `compute_loss` returns, which a subclass may have defined without `training`.

        Args:
            x: the inputs.
            y: the targets.
            y_pred: the outputs.
            sample_weight: weights of the samples, or None.
            training: whether the model is trained, rather than evaluated.
        """
        model = self.model
        mode = {"training": training} if _takes_training(type(model).compute_loss) else {}
        return model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, **mode)

    def stateless_compute_loss(
        self,
        trainable: Sequence[Tensor],
        non_trainable: Sequence[Tensor],
        metric_values: Sequence[Tensor],
        x: Tree = None,
        y: Tree = None,
        y_pred: Tree = None,
        sample_weight: Tree = None,
        training: bool = True,
    ) -> tuple[Tensor, tuple[list[Tensor], ...]]:
        """Return the loss and the values of the variables afterwards, as a function of their values.

        Args:
            trainable: values of the model's trainable variables.
            non_trainable: values of its other variables.
            metric_values: values of the variables of its metrics.
            x: the inputs.
            y: the targets.
            y_pred: the outputs.
            sample_weight: weights of the samples, or None.
            training: whether the model is trained, rather than evaluated.
        """
        lists = self._lists(trainable, non_trainable, metric_values)
        with StatelessScope(_pairs(lists), collect_losses=True) as scope:
            loss = self.loss_of_model(x, y, y_pred, sample_weight, training)
            after = [[scope.get_current_value(v) for v in variables] for variables, _ in lists]
        return loss, tuple(after)

    def compute_loss_and_updates(
        self,
        optimizer: Any,
        trainable: Sequence[Tensor],
        non_trainable: Sequence[Tensor],
        metric_values: Sequence[Tensor],
        x: Tree,
        y: Tree,
        sample_weight: Tree = None,
        training: bool = False,
        optimizer_values: Sequence[Tensor] | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tree, list[Tensor], list[Tensor]]]:
        """Return what `Model.compute_loss_and_updates` does.

        Args:
            optimizer: the model's optimizer, or None.
            trainable: values of the model's trainable variables.
            non_trainable: values of its other variables.
            metric_values: values of the variables of its metrics.
            x: the inputs.
            y: the targets.
            sample_weight: weights of the samples, or None.
            training: whether the model is trained, rather than evaluated.
            optimizer_values: values of the optimizer's variables; those that they have if None.
        """
        lists = self._lists(trainable, non_trainable, metric_values)
        if optimizer is not None and optimizer_values is not None:
            lists.append((optimizer.variables, optimizer_values))
        with StatelessScope(_pairs(lists), collect_losses=True) as scope:
            y_pred = self.model(x, training=training)
            loss = scaled = self.loss_of_model(x, y, y_pred, sample_weight, training)
            if training and optimizer is not None:
                scaled = optimizer.scale_loss(loss)
            _, others, metrics = ([scope.get_current_value(v) for v in variables] for variables, _ in lists[:3])
        return scaled, (loss, y_pred, others, metrics)

    def _lists(
        self, trainable: Sequence[Tensor], non_trainable: Sequence[Tensor], metric_values: Sequence[Tensor]
    ) -> list[tuple[list[Any], Sequence[Tensor]]]:
        model = self.model
        return [
            (model.trainable_variables, trainable),
            (model.non_trainable_variables, non_trainable),
            (model.metrics_variables, metric_values),
        ]

    def fault_of(self, batch: Batch) -> KcoreError | None:
        """Return the error that the shapes of a batch lead to, or None.

        Args:
            batch: the batch, of tensors.
        """
        x, y, sample_weight = (specs_of(part, False) for part in unpack_x_y_sample_weight(batch))
        try:
            y_pred = self.model(x)
            if self.loss is not None:
                self.losses(y, y_pred, sample_weight)
        except KcoreError as error:
            return error
        return None

    # The metrics.

    def all_metrics(self, held: Sequence[Metric]) -> list[Metric]:
        """Return all metrics: the loss's, those of several losses, those compiled, and those that layers hold.

        Args:
            held: those that layers hold.
        """
        own = [self.loss_tracker] if self.loss_tracker is not None else []
        return [*own, *self.losses.trackers, *self.metrics.metrics, *held]

    def update_state(self, loss: Tensor, x: Tree, y: Tree, y_pred: Tree, sample_weight: Tree) -> None:
        """Update the loss tracker and the metrics with a batch.

        Args:
            loss: the batch's loss.
            x: the inputs, whose first axis tells how many samples there are.
            y: the targets.
            y_pred: the outputs.
            sample_weight: weights of the samples, or None.
        """
        if self.loss_tracker is not None:
            self.loss_tracker.update_state(ops.stop_gradient(loss), sample_weight=_batch_size(x))
        y_pred = mapped_outputs(ops.stop_gradient, y_pred)
        if type(self.model).compute_metrics is Model.compute_metrics:
            self.update_metrics(y, y_pred, sample_weight)
        else:
            self.model.compute_metrics(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)

    def update_metrics(self, y: Tree, y_pred: Tree, sample_weight: Tree) -> None:
        """Update the compiled metrics with a batch.

        Args:
            y: the targets.
            y_pred: the outputs.
            sample_weight: weights of the samples, or None.
        """
        metrics = self.metrics
        if not metrics.is_built:
            metrics.build(y, y_pred, self._output_names())
        if metrics.entries:
            metrics.update_state(y, y_pred, sample_weight)

    def results(self) -> dict[str, Tensor]:
        """Return the results of all metrics by name: the loss first, then those compiled, then those of layers."""
        compiled = {id(metric) for metric in self.metrics.metrics}
        found: dict[str, Tensor] = {}
        rest: dict[str, Tensor] = {}
        for metric in self.model.metrics:
            if id(metric) in compiled:
                continue
            result = metric.result()
            results = result if isinstance(result, Mapping) else {metric.name: result}
            (found if metric is self.loss_tracker or metric in self.losses.trackers else rest).update(results)
        found.update(self.metrics.results())
        found.update(rest)
        return found


_training_taken: weakref.WeakKeyDictionary[Callable[..., Any], bool] = weakref.WeakKeyDictionary()


def _takes_training(compute_loss: Callable[..., Any]) -> bool:
    known = _training_taken.get(compute_loss)
    if known is None:
        parameters = inspect.signature(compute_loss).parameters.values()
        known = any(each.name == "training" or each.kind is each.VAR_KEYWORD for each in parameters)
        _training_taken[compute_loss] = known
    return known


def _batch_size(x: Tree) -> Tensor:
    leaf = x if hasattr(x, "shape") else next(leaf for leaf in ops.tree.flatten(x) if hasattr(leaf, "shape"))
    return ops.shape(leaf)[0]


def _pairs(lists: Sequence[tuple[list[Any], Sequence[Tensor]]]) -> list[tuple[Any, Tensor]]:
    return [pair for variables, values in lists for pair in zip(variables, values, strict=True)]
