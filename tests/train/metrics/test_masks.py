"""What a mask of the predictions leaves out counts in no metric, as it counts in no loss."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Layer, Model
from kcore_layers.base.masking import set_mask
from kcore_layers.layers import Dense, Embedding
from kcore_train import metrics

rng = np.random.default_rng(0)
CLASSES = 3
KEPT = np.array([True, False, True, True, False, True])


def numbers(shape: tuple[int, ...]) -> Any:
    return rng.uniform(0.1, 2.0, shape), rng.uniform(0.1, 2.0, shape)


def yes_or_no(shape: tuple[int, ...]) -> Any:
    return rng.integers(0, 2, shape), rng.uniform(0.0, 1.0, shape)


def one_hot(shape: tuple[int, ...]) -> Any:
    return np.eye(CLASSES)[rng.integers(0, CLASSES, shape[:-1])], rng.uniform(0.1, 1.0, shape)


def indices(shape: tuple[int, ...]) -> Any:
    return rng.integers(0, CLASSES, shape[:-1]), rng.uniform(0.1, 1.0, shape)


def categories(shape: tuple[int, ...]) -> Any:
    return rng.integers(0, CLASSES, shape), rng.integers(0, CLASSES, shape)


CASES: list[tuple[str, dict[str, Any], Any]] = [
    *((name, {}, numbers) for name in (
        "MeanSquaredError", "RootMeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError",
        "MeanSquaredLogarithmicError", "CosineSimilarity", "LogCoshError", "KLDivergence", "Poisson", "R2Score",
        "PearsonCorrelation", "ConcordanceCorrelation",
    )),
    *((name, {}, yes_or_no) for name in (
        "BinaryAccuracy", "BinaryCrossentropy", "Hinge", "SquaredHinge", "AUC", "TruePositives", "FalsePositives",
        "TrueNegatives", "FalseNegatives", "Precision", "Recall",
    )),
    *((name, {}, one_hot) for name in (
        "CategoricalAccuracy", "CategoricalCrossentropy", "CategoricalHinge", "FBetaScore", "F1Score",
    )),
    *((name, {}, indices) for name in ("SparseCategoricalAccuracy", "SparseCategoricalCrossentropy")),
    ("Accuracy", {}, categories),
    ("AUC", {"from_logits": True}, yes_or_no),
    ("AUC", {"multi_label": True, "num_labels": CLASSES}, yes_or_no),
    ("BinaryIoU", {"dtype": "float32"}, yes_or_no),
    ("F1Score", {"average": "weighted", "threshold": 0.5}, yes_or_no),
    ("IoU", {"num_classes": CLASSES, "target_class_ids": [1]}, categories),
    ("MeanIoU", {"num_classes": CLASSES}, categories),
    ("MeanIoU", {"num_classes": CLASSES, "sparse_y_pred": False}, indices),
    ("OneHotIoU", {"num_classes": CLASSES, "target_class_ids": [1]}, one_hot),
    ("OneHotMeanIoU", {"num_classes": CLASSES}, one_hot),
    ("Precision", {"class_id": 1}, yes_or_no),
    ("PrecisionAtRecall", {"recall": 0.5}, yes_or_no),
    ("Recall", {"top_k": 1}, yes_or_no),
    ("RecallAtPrecision", {"precision": 0.5}, yes_or_no),
    ("SensitivityAtSpecificity", {"specificity": 0.5}, yes_or_no),
    ("SparseCategoricalCrossentropy", {"ignore_class": 0}, indices),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, indices),
    ("SpecificityAtSensitivity", {"sensitivity": 0.5}, yes_or_no),
    ("TopKCategoricalAccuracy", {"k": 2}, one_hot),
]  # fmt: skip
UNMASKED = {"Mean", "Sum", "MeanMetricWrapper"}  # of any values, and of any function


def masked(x: Any, mask: Any) -> Any:
    x = ops.convert_to_tensor(x)
    set_mask(x, ops.convert_to_tensor(mask))
    return x


def result(name: str, kwargs: dict[str, Any], *batch: Any) -> np.ndarray[Any, Any]:
    metric = getattr(metrics, name)(**kwargs)
    if batch:
        metric.update_state(*batch)
    return ops.convert_to_numpy(metric.result())


def test_every_metric_of_predictions_is_tried_here():
    named = [name for name in metrics.__all__ if isinstance(getattr(metrics, name), type)]
    of_predictions = {name for name in named if getattr(metrics, name) is not metrics.Metric} - UNMASKED
    assert of_predictions == {name for name, _, _ in CASES}


@pytest.mark.parametrize(("name", "kwargs", "draw"), CASES, ids=[f"{name}-{kwargs}" for name, kwargs, _ in CASES])
@pytest.mark.parametrize("weighted", [False, True])
def test_masked_samples_count_as_little_as_those_that_are_not_there(backend, name, kwargs, draw, weighted):
    y_true, y_pred = draw((6, CLASSES))
    weight = rng.integers(1, 4, 6) if weighted else None
    if weighted and "IoU" in name and y_true.ndim == 2 and kwargs.get("sparse_y_true", not name.startswith("OneHot")):
        weight = np.broadcast_to(weight[:, None], y_true.shape)  # one for each number
    found = result(name, kwargs, y_true, masked(y_pred, KEPT), weight)
    expected = result(name, kwargs, y_true[KEPT], y_pred[KEPT], weight[KEPT] if weighted else None)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("name", "kwargs", "draw"), CASES, ids=[f"{name}-{kwargs}" for name, kwargs, _ in CASES])
def test_where_all_is_masked_nothing_was_seen(backend, name, kwargs, draw):
    y_true, y_pred = draw((6, CLASSES))
    found = result(name, kwargs, y_true, masked(y_pred, np.zeros(6, "bool")))
    np.testing.assert_array_equal(found, np.broadcast_to(result(name, kwargs), found.shape))


@pytest.mark.parametrize("name", ["MeanSquaredError", "RootMeanSquaredError", "AUC", "Precision"])
def test_weights_of_samples_and_masks_of_steps_go_together(backend, name):
    y_true, y_pred = yes_or_no((6, 4, 1))
    mask, weight = rng.integers(0, 2, (6, 4)).astype("bool"), rng.uniform(0.5, 2.0, 6)
    expected = result(name, {}, y_true, y_pred, mask * weight[:, None])
    for each in (weight, weight[:, None], np.broadcast_to(weight[:, None], (6, 4))):
        np.testing.assert_allclose(result(name, {}, y_true, masked(y_pred, mask), each), expected, rtol=1e-5)


class Halved(Layer):
    """Hands its mask on."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, x):
        return 0.5 * x


def model_of_steps(form: str) -> Model:
    x = Input((4,), dtype="int32")
    steps = Embedding(3, 2, mask_zero=True, embeddings_initializer="ones")(x)
    first, second = (Halved(name=name)(Dense(1, kernel_initializer="ones")(steps)) for name in "ab")
    return Model(x, first if form == "one" else [first, second])


def unreduced(y_true, y_pred):
    return ops.abs(y_true - y_pred)


@pytest.mark.parametrize("form", ["one", "several"])
@pytest.mark.parametrize("run_eagerly", [False, True])
def test_metrics_of_a_masked_model_count_what_its_loss_counts(backend, form, run_eagerly):
    model = model_of_steps(form)
    x, y = np.array([[1, 2, 0, 0], [1, 0, 0, 0]]), rng.uniform(0, 1, (2, 4, 1)).astype("float32")
    names = ["mse", "mae", unreduced, "root_mean_squared_error"]
    wrap = (lambda v: v) if form == "one" else (lambda v: [v, v])
    model.compile("sgd", wrap("mse"), metrics=wrap(names), weighted_metrics=wrap(["mse"]), run_eagerly=run_eagerly)
    errors = np.abs(1.0 - y[x > 0])
    kept = (x > 0).astype("float32")
    # A mean metric averages the steps of a sample first, a loss all of them at once.
    by_sample = (np.abs(1.0 - y[..., 0]) * kept).mean(1).sum() / kept.mean(1).sum()
    found = [model.evaluate(x, wrap(y), verbose=0, return_dict=True)]
    if "gradient" in backend.capabilities:
        model.optimizer.learning_rate = 0.0
        found.append({name: values[0] for name, values in model.fit(x, wrap(y), verbose=0).history.items()})
    for scores in found:
        prefix = "" if form == "one" else "b_"
        assert scores[f"{prefix}loss"] == pytest.approx((errors**2).mean(), rel=1e-5)
        assert scores[f"{prefix}mse"] == scores[f"{prefix}weighted_mse"] == pytest.approx((errors**2).mean(), rel=1e-5)
        assert scores[f"{prefix}mae"] == pytest.approx(errors.mean(), rel=1e-5)
        assert scores[f"{prefix}unreduced"] == pytest.approx(by_sample, rel=1e-5)
        assert scores[f"{prefix}root_mean_squared_error"] == pytest.approx(np.sqrt((errors**2).mean()), rel=1e-5)
    assert model.evaluate(0 * x, wrap(y), verbose=0) == pytest.approx([0.0] * len(found[0]))
