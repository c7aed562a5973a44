"""The metrics a model was compiled with, each at its output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import kcore_ops as ops
from kcore_ops.errors import ArgumentError

from kcore_train import metrics
from kcore_train.metrics import MeanMetricWrapper, Metric
from kcore_train.metrics.by_shape import metric_for
from kcore_train.outputs import is_single, names_of_outputs, per_output

__all__ = ["CompiledMetrics"]


class CompiledMetrics:
    """Metrics of outputs, with and without sample weights.

    Args:
        plain: as given to `compile` for `metrics`.
        weighted: as given to `compile` for `weighted_metrics`.
    """

    def __init__(self, plain: Any = None, weighted: Any = None) -> None:
        self.plain = plain
        self.weighted = weighted
        self.is_built = False
        # Number of the output, the metric, and whether it takes sample weights.
        self.entries: list[tuple[int, Metric, bool]] = []
        self.names: list[str] = []
        self.result_names: list[str] = []
        for each in ops.tree.flatten([plain, weighted]):
            if isinstance(each, str) and metric_for(each, (None,), (None,)) is None:
                metrics.get(each)

    @property
    def metrics(self) -> list[Metric]:
        """The metrics, in the order of the outputs."""
        return [metric for _, metric, _ in self.entries]

    def build(self, y: Any, y_pred: Any, output_names: Sequence[str] | None) -> None:
        """Make the metrics, now that it is known which outputs there are and what the targets look like.

        Args:
            y: the targets, or their specs.
            y_pred: the outputs, or their specs.
            output_names: the names that the model has for its outputs, if it has any.

        Raises:
            ArgumentError: if there are metrics for outputs that the model has not.
        """
        self.names = names_of_outputs(y_pred, output_names)
        outputs = ops.tree.flatten(y_pred)
        names: list[str] = []
        targets = [y] if is_single(y_pred) else per_output(y, y_pred, self.names, "y")
        for what, given, is_weighted in (("metrics", self.plain, False), ("weighted_metrics", self.weighted, True)):
            for i, chosen in enumerate(self._chosen(given, y_pred, what)):
                for identifier in chosen:
                    metric = _metric_of(identifier, targets[i], outputs[i])
                    metric.build(_shape(targets[i]), _shape(outputs[i]))
                    self.entries.append((i, metric, is_weighted))
                    # A metric given by its name goes by what the user called it: "mae", not "mean_absolute_error".
                    name = identifier if isinstance(identifier, str) else metric.name
                    names.append(name if is_single(y_pred) else f"{self.names[i]}_{name}")
        self.result_names = _unique(names)
        self.is_built = True

    def _chosen(self, given: Any, y_pred: Any, what: str) -> list[list[Any]]:
        if given is None:
            return [[] for _ in self.names]
        if is_single(y_pred):
            if isinstance(given, Mapping):
                given = per_output(given, [y_pred], self.names, what)[0]
            if isinstance(given, list | tuple) and len(given) == 1 and isinstance(given[0], list | tuple):
                given = given[0]
            return [_listed(given)]
        return [_listed(each) for each in per_output(given, y_pred, self.names, what)]

    def update_state(self, y: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account."""
        if is_single(y_pred):
            target = y[0] if isinstance(y, list | tuple) and len(y) == 1 else y
            for _, metric, is_weighted in self.entries:
                metric.update_state(target, y_pred, sample_weight=sample_weight if is_weighted else None)
            return
        outputs = ops.tree.flatten(y_pred)
        targets = per_output(y, y_pred, self.names, "y")
        is_shared = sample_weight is None or is_single(sample_weight)
        weights = [sample_weight] * len(outputs) if is_shared else per_output(
            sample_weight, y_pred, self.names, "sample_weight"
        )  # fmt: skip
        for i, metric, is_weighted in self.entries:
            metric.update_state(targets[i], outputs[i], sample_weight=weights[i] if is_weighted else None)

    def results(self) -> dict[str, Any]:
        """Give the results by name."""
        found: dict[str, Any] = {}
        for name, (_, metric, _) in zip(self.result_names, self.entries, strict=True):
            result = metric.result()
            found.update(result if isinstance(result, Mapping) else {name: result})
        return found


def _listed(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) else [given]


def _metric_of(identifier: Any, y: Any, y_pred: Any) -> Metric:
    shape_of_y = _shape(y)
    if shape_of_y is not None:
        found = metric_for(identifier, shape_of_y, _shape(y_pred) or ())
        if found is not None:
            return found  # type: ignore[no-any-return]
    found = metrics.get(identifier)
    if isinstance(found, Metric):
        if isinstance(identifier, str) and identifier != type(found).__name__:
            found.name = identifier  # "mse" is what its user will look for in the logs
        return found
    if not callable(found):
        raise ArgumentError(f"{identifier!r} is not a metric", fix="pass a Metric, its name or a function").at(
            "compile"
        )
    name = getattr(found, "name", None) or getattr(found, "__name__", type(found).__name__)
    return MeanMetricWrapper(found, name=name)


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
