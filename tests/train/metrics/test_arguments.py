"""Arguments of metrics: refused where they mean nothing, and attributes where they are kept."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_train import losses, metrics

REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "beta in a text": ("FBetaScore", {"beta": "1"}, "beta='1' is not a positive float\n  fix: pass 1.0"),
    "beta that is no float": ("FBetaScore", {"beta": 1}, "beta=1 is not a positive float"),
    "beta below 0": ("FBetaScore", {"beta": -1.0}, "beta=-1.0 is not a positive float"),
    "threshold in a text": ("F1Score", {"threshold": "a"}, "threshold='a' is not a float above 0"),
    "threshold that is no float": ("F1Score", {"threshold": 1}, "threshold=1 is not a float above 0"),
    "thresholds in a text": ("Precision", {"thresholds": "a"}, "thresholds='a' are not probabilities"),
    "thresholds above 1": ("Recall", {"thresholds": [0.5, 1.5]}, r"thresholds=\[0.5, 1.5\] are not probabilities"),
    "no threshold": ("BinaryAccuracy", {"threshold": None}, "threshold=None is not between 0 and 1"),
    "a fraction of a class": ("Precision", {"top_k": 2.5}, "top_k=2.5 is not a count\n  fix: pass 1 or more"),
    "no best class": ("TopKCategoricalAccuracy", {"k": 0}, "k=0 is not a count\n  fix: pass 1 or more"),
    "best classes in a text": ("SparseTopKCategoricalAccuracy", {"k": "a"}, "k='a' is not a count"),
    "one threshold of a curve": (
        "AUC",
        {"num_thresholds": 1},
        "num_thresholds=1 is not a count\n  fix: pass 2 or more",
    ),
    "thresholds in words": ("AUC", {"num_thresholds": "a"}, "num_thresholds='a' is not a count"),
    "no thresholds": ("PrecisionAtRecall", {"recall": 0.5, "num_thresholds": 0}, "num_thresholds=0 is not a count"),
    "no classes": ("MeanIoU", {"num_classes": 0}, "num_classes=0 is not a count"),
    "half a regressor": ("R2Score", {"num_regressors": 1.5}, "num_regressors=1.5 is not a count"),
    "no function": ("MeanMetricWrapper", {"fn": "mse"}, "fn='mse' is not a function"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_an_argument_that_means_nothing_is_refused_at_once(backend, what):
    name, arguments, message = REFUSED[what]
    with pytest.raises(ArgumentError, match=f"in {name}\n  {message}"):
        getattr(metrics, name)(**arguments)


@pytest.mark.parametrize("name", ["Precision", "Recall"])
def test_a_class_is_one_of_an_axis_of_classes(backend, name):
    message = f"in {name}\n  y_pred has shape .*, and no axis of classes, of which class_id=2 is one"
    with pytest.raises(ShapeError, match=message):
        getattr(metrics, name)(class_id=2)(np.ones(3), np.ones(3))


def test_labels_that_are_not_those_of_the_predictions_are_refused(backend):
    """Keras compares each of the two labels with each of the two predictions here."""
    scores = np.array([[[0.9, 0.1, 0.0], [0.8, 0.1, 0.1]]], "float32")
    with pytest.raises(ShapeError, match=r"needs shape \(1, 2\) or \(1, 2, 1\)"):
        metrics.SparseCategoricalAccuracy()(np.array([[0], [1]]), scores)


@pytest.mark.parametrize(
    ("made", "attributes"),
    [
        (lambda: metrics.TopKCategoricalAccuracy(k=3), {"k": 3}),
        (lambda: metrics.BinaryAccuracy(threshold=0.3), {"threshold": 0.3}),
        (lambda: metrics.BinaryCrossentropy(from_logits=True), {"from_logits": True, "label_smoothing": 0}),
        (lambda: losses.Huber(delta=2.0), {"delta": 2.0}),
        (lambda: losses.Circle(gamma=2.0), {"gamma": 2.0, "margin": 0.4, "remove_diagonal": True}),
        (lambda: losses.SparseCategoricalCrossentropy(ignore_class=1), {"ignore_class": 1, "from_logits": False}),
    ],
)
def test_arguments_are_attributes(backend, made, attributes):
    found = made()
    assert {name: getattr(found, name) for name in attributes} == attributes
    assert attributes.items() <= found.get_config().items()


def test_an_argument_set_anew_counts(backend):
    loss, metric = losses.Huber(), metrics.TopKCategoricalAccuracy(k=1)
    loss.delta, metric.k = 0.5, 2
    expected = losses.Huber(delta=0.5)([[0.0]], [[3.0]])
    assert ops.convert_to_numpy(loss([[0.0]], [[3.0]])) == ops.convert_to_numpy(expected)
    assert ops.convert_to_numpy(metric([[0, 1, 0]], [[0.2, 0.3, 0.5]])) == 1.0
    assert (loss.get_config()["delta"], metric.get_config()["k"]) == (0.5, 2)


def test_a_variable_of_a_metric_may_start_as_an_array(backend):
    metric = metrics.Mean()
    start = np.array([1.0, 2.0], "float32")
    variable = metric.add_variable(shape=(2,), initializer=start, name="start")
    np.testing.assert_array_equal(ops.convert_to_numpy(variable.value), start)
    with pytest.raises(ShapeError, match=r"\(2,\).*\(3,\)|\(3,\).*\(2,\)"):
        metric.add_variable(shape=(3,), initializer=start)
