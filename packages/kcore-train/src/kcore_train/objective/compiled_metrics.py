"""The metrics a model was compiled with, each at its output."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import kcore_ops as ops
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.foundation.errors import ArgumentError

from kcore_train import metrics
from kcore_train.metrics import MeanMetricWrapper, Metric
from kcore_train.metrics.by_shape import metric_for
from kcore_train.objective.outputs import is_single, names_of_outputs, per_output

__all__ = ["CompiledMetrics", "MetricArgument"]

# A list of metrics, their names or functions `(y_true, y_pred) -> values`; for several outputs a list of such lists, or
# a dict by the names of outputs.
MetricArgument: TypeAlias = (
    "Metric | str | Callable[..., Tensor] | Sequence[MetricArgument] | Mapping[str, MetricArgument | Any] | None"
)


class CompiledMetrics:
    """Metrics of outputs, with and without sample weights.

    Args:
        plain: as given to `compile` for `metrics`: those that leave the sample weights out; None for none.
        weighted: as given to `compile` for `weighted_metrics`; None for none.

    Raises:
        ArgumentError: if a name is unknown, or something is no metric.
    """

    def __init__(self, plain: MetricArgument = None, weighted: MetricArgument = None) -> None:
        self.plain = _made(plain)
        self.weighted = _made(weighted)
        self.is_built = False
        # Number of the output, the metric, and whether it takes sample weights.
        self.entries: list[tuple[int, Metric, bool]] = []
        self.names: list[str] = []
        self.result_names: list[str] = []

    @property
    def metrics(self) -> list[Metric]:
        """The metrics, in the order of the outputs; before it is known which outputs there are, those that can be."""
        if not self.is_built:
            return [each for each in ops.tree.flatten([self.plain, self.weighted]) if isinstance(each, Metric)]
        return [metric for _, metric, _ in self.entries]

    def build(self, y: Tree, y_pred: Tree, output_names: Sequence[str] | None) -> None:
        """Find which metric is for which output, now that these are known, and what the targets look like.

        Args:
            y: the targets, or their specs.
            y_pred: the outputs, or their specs.
            output_names: the names that the model has for its outputs, if it has any.

        Raises:
            ArgumentError: if there are metrics for outputs that the model has not.
        """
        self.names = names_of_outputs(y_pred, output_names)
        outputs = [y_pred] if is_single(y_pred) else ops.tree.flatten(y_pred)
        targets = per_output(y, y_pred, self.names, "y")
        names: list[str] = []
        plain_names: set[str] = set()
        for what, given, is_weighted in (("metrics", self.plain, False), ("weighted_metrics", self.weighted, True)):
            for i, chosen in enumerate(per_output(given, y_pred, self.names, what, holds_lists=True)):
                for identifier in _listed(chosen):
                    metric = _metric_of(identifier, targets[i], outputs[i])
                    metric.build(_shape(targets[i]), _shape(outputs[i]))
                    self.entries.append((i, metric, is_weighted))
                    name = metric.name if len(outputs) == 1 else f"{self.names[i]}_{metric.name}"
                    if is_weighted and name in plain_names:
                        name = f"{name.removesuffix(metric.name)}weighted_{metric.name}"
                    names.append(name)
            plain_names = set(names)
        self.result_names = _unique(names)
        self.is_built = True

    def update_state(self, y: Tree, y_pred: Tree, sample_weight: Tree = None) -> None:
        """Update each metric with a batch.

        Args:
            y: the targets.
            y_pred: the outputs.
            sample_weight: weights of the samples: one tensor for all outputs, or one for each; none if None.
        """
        names = self.names
        outputs = [y_pred] if is_single(y_pred) else ops.tree.flatten(y_pred)
        targets = [y] if is_single(y_pred) and is_single(y) else per_output(y, y_pred, names, "y")
        if sample_weight is None or is_single(sample_weight):
            weights = [sample_weight] * len(names)
        else:
            weights = per_output(sample_weight, y_pred, names, "sample_weight")
        for i, metric, is_weighted in self.entries:
            metric.update_state(targets[i], outputs[i], sample_weight=weights[i] if is_weighted else None)

    def results(self) -> dict[str, Tensor]:
        """Return the results by name."""
        found: dict[str, Tensor] = {}
        for name, (_, metric, _) in zip(self.result_names, self.entries, strict=True):
            result = metric.result()
            found.update(result if isinstance(result, Mapping) else {name: result})
        return found


def _listed(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) else [given]


def _made(given: Any) -> Any:
    """Return metrics in place of what names them, but for names whose meaning the shapes of the data tell."""
    if isinstance(given, list | tuple):
        return [_made(each) for each in given]
    if isinstance(given, Mapping) and "class_name" not in given:
        return {name: _made(each) for name, each in given.items()}
    if given is None or isinstance(given, str) and metric_for(given, (None,), (None,)) is not None:
        return given
    found = metrics.get(given)
    if isinstance(found, Metric):
        if isinstance(given, str):
            found.name = given  # "mse" is what its user will look for in the logs
        return found
    if not callable(found):
        raise ArgumentError(f"{given!r} is not a metric", fix="pass a Metric, its name or a function").at("compile")
    name = getattr(found, "name", None) or getattr(found, "__name__", type(found).__name__)
    return MeanMetricWrapper(found, name=name)


def _metric_of(made: Any, y: Any, y_pred: Any) -> Metric:
    """Return the metric that `_made` returned, or left to be told by the shapes of the data."""
    if isinstance(made, Metric):
        return made
    shape = _shape(y)
    if shape is None:
        raise ArgumentError(
            f"the metric {made!r} is told by the shape of the targets, and there are none", fix="pass y"
        ).at("compute_metrics")
    return metric_for(made, shape, _shape(y_pred) or ())  # type: ignore[no-any-return]


def _shape(x: Any) -> Any:
    return tuple(x.shape) if hasattr(x, "shape") else None


def _unique(names: Any) -> list[str]:
    found: list[str] = []
    for name in names:
        number, candidate = 1, name
        while candidate in found:
            candidate = f"{name}_{number}"
            number += 1
        found.append(candidate)
    return found
