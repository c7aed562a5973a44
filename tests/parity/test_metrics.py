"""Every metric gives the number that Keras gives for the same batches of targets, predictions and weights."""

from __future__ import annotations

import zlib
from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.base.masking import set_mask
from kcore_train import metrics
from largest import note

CLASSES = 4
rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _seeded(request):
    """Draw for a test what it always draws, whichever tests ran before."""
    global rng
    rng = np.random.default_rng(zlib.crc32(request.node.name.encode()))


def numbers(shape):
    return rng.uniform(-2.0, 2.0, shape), rng.uniform(-2.0, 2.0, shape)


def positives(shape):
    return rng.uniform(0.1, 3.0, shape), rng.uniform(0.1, 3.0, shape)


def probabilities(shape):
    x = rng.uniform(0.05, 1.0, shape).astype("float32")
    return x / x.sum(-1, keepdims=True)


def distributions(shape):
    return probabilities(shape), probabilities(shape)


def yes_or_no(shape):
    return rng.integers(0, 2, shape).astype("float32"), rng.uniform(0.0, 1.0, shape).astype("float32")


def yes_or_no_logits(shape):
    return rng.integers(0, 2, shape).astype("float32"), rng.uniform(-4.0, 4.0, shape).astype("float32")


def signs(shape):
    return rng.choice([-1.0, 1.0], shape), rng.uniform(-2, 2, shape)


def one_hot(shape):
    return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])], probabilities(shape)


def indices(shape):
    return rng.integers(0, shape[-1], shape[:-1]), probabilities(shape)


def categories(shape):
    return rng.integers(0, CLASSES, shape), rng.integers(0, CLASSES, shape)


def one_hot_scores(shape):
    return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])], rng.uniform(-1, 1, shape)


Case = tuple[str, dict[str, Any], Any]

MEANS: list[Case] = [
    ("Accuracy", {}, categories),
    ("BinaryAccuracy", {}, yes_or_no),
    ("BinaryAccuracy", {"threshold": 0.3}, yes_or_no),
    ("CategoricalAccuracy", {}, one_hot),
    ("SparseCategoricalAccuracy", {}, indices),
    ("TopKCategoricalAccuracy", {"k": 2}, one_hot),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, indices),
    ("MeanSquaredError", {}, numbers),
    ("RootMeanSquaredError", {}, numbers),
    ("MeanAbsoluteError", {}, numbers),
    ("MeanAbsolutePercentageError", {}, numbers),
    ("MeanSquaredLogarithmicError", {}, positives),
    ("CosineSimilarity", {}, numbers),
    ("LogCoshError", {}, numbers),
    ("Hinge", {}, signs),
    ("SquaredHinge", {}, signs),
    ("CategoricalHinge", {}, one_hot),
    ("KLDivergence", {}, distributions),
    ("Poisson", {}, positives),
    ("BinaryCrossentropy", {}, yes_or_no),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, yes_or_no_logits),
    ("CategoricalCrossentropy", {}, one_hot),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, one_hot_scores),
    ("SparseCategoricalCrossentropy", {}, indices),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, indices),
    ("PearsonCorrelation", {}, numbers),
    ("ConcordanceCorrelation", {}, numbers),
]
COUNTS: list[Case] = [
    ("TruePositives", {}, yes_or_no),
    ("FalsePositives", {"thresholds": [0.2, 0.7]}, yes_or_no),
    ("TrueNegatives", {"thresholds": 0.3}, yes_or_no),
    ("FalseNegatives", {"thresholds": [0.1 * i for i in range(10)]}, yes_or_no),
    ("Precision", {}, yes_or_no),
    ("Precision", {"thresholds": [0.2, 0.7]}, yes_or_no),
    ("Precision", {"thresholds": [0.7, 0.2, 0.5, 0.4, 0.1, 0.9]}, yes_or_no),
    ("Precision", {"top_k": 2}, yes_or_no),
    ("Precision", {"top_k": 2, "thresholds": 0.6}, yes_or_no),
    ("Precision", {"top_k": 2, "class_id": 1}, yes_or_no),
    ("Precision", {"class_id": 2}, yes_or_no),
    ("Recall", {}, yes_or_no),
    ("Recall", {"thresholds": [0.05 * i for i in range(20)]}, yes_or_no),
    ("Recall", {"top_k": 1}, yes_or_no),
    ("Recall", {"class_id": 0}, yes_or_no),
    ("AUC", {}, yes_or_no),
    ("AUC", {"num_thresholds": 10}, yes_or_no),
    ("AUC", {"curve": "PR"}, yes_or_no),
    ("AUC", {"curve": "PR", "summation_method": "minoring"}, yes_or_no),
    ("AUC", {"curve": "PR", "summation_method": "majoring"}, yes_or_no),
    ("AUC", {"curve": "PRGAIN"}, yes_or_no),
    ("AUC", {"summation_method": "minoring"}, yes_or_no),
    ("AUC", {"summation_method": "majoring"}, yes_or_no),
    ("AUC", {"thresholds": [0.8, 0.1, 0.5]}, yes_or_no),
    ("AUC", {"from_logits": True}, yes_or_no_logits),
    ("SensitivityAtSpecificity", {"specificity": 0.6}, yes_or_no),
    ("SensitivityAtSpecificity", {"specificity": 0.6, "num_thresholds": 1}, yes_or_no),
    ("SpecificityAtSensitivity", {"sensitivity": 0.6}, yes_or_no),
    ("PrecisionAtRecall", {"recall": 0.6}, yes_or_no),
    ("RecallAtPrecision", {"precision": 0.5, "class_id": 1}, yes_or_no),
]
TABLES: list[Case] = [
    ("AUC", {"multi_label": True}, yes_or_no),
    ("AUC", {"multi_label": True, "num_labels": CLASSES, "curve": "PR"}, yes_or_no),
    ("AUC", {"multi_label": True, "label_weights": [1.0, 2.0, 0.5, 0.0]}, yes_or_no),
    ("AUC", {"multi_label": True, "curve": "PR", "label_weights": [1.0, 2.0, 0.5, 0.0]}, yes_or_no),
    ("AUC", {"label_weights": [1.0, 2.0, 0.5, 0.0]}, yes_or_no),
    ("F1Score", {}, one_hot),
    ("F1Score", {"average": "micro"}, one_hot),
    ("F1Score", {"average": "macro", "threshold": 0.3}, yes_or_no),
    ("FBetaScore", {"beta": 2.0, "average": "weighted"}, one_hot),
    ("FBetaScore", {"beta": 0.5, "threshold": 0.5}, yes_or_no),
    ("R2Score", {}, numbers),
    ("R2Score", {"class_aggregation": None}, numbers),
    ("R2Score", {"class_aggregation": "variance_weighted_average"}, numbers),
    ("R2Score", {"num_regressors": 2}, numbers),
]
REGIONS: list[Case] = [
    ("IoU", {"num_classes": CLASSES, "target_class_ids": [0, 2]}, categories),
    ("IoU", {"num_classes": CLASSES, "target_class_ids": [0, 2], "ignore_class": 0}, categories),
    ("IoU", {"num_classes": CLASSES + 2, "target_class_ids": [0, 5]}, categories),
    ("MeanIoU", {"num_classes": CLASSES}, categories),
    ("MeanIoU", {"num_classes": CLASSES, "ignore_class": 3, "sparse_y_pred": False}, indices),
    ("BinaryIoU", {}, yes_or_no),
    ("BinaryIoU", {"target_class_ids": [1], "threshold": 0.3}, yes_or_no),
    ("OneHotIoU", {"num_classes": CLASSES, "target_class_ids": [1]}, one_hot_scores),
    ("OneHotMeanIoU", {"num_classes": CLASSES}, one_hot_scores),
]


def named(cases: list[Case]) -> dict[str, Any]:
    return {"argvalues": cases, "ids": [f"{name}-{kwargs}-{draw.__name__}" for name, kwargs, draw in cases]}


def ours(name: str, batches: list[Any], kwargs: dict[str, Any]) -> np.ndarray:
    metric = getattr(metrics, name)(**kwargs)
    for y_true, y_pred, weight in batches:
        metric.update_state(y_true, y_pred, sample_weight=weight)
    return ops.convert_to_numpy(metric.result())


def theirs(keras: Any, name: str, batches: list[Any], kwargs: dict[str, Any]) -> np.ndarray:
    metric = getattr(keras.metrics, name)(**kwargs)
    for y_true, y_pred, weight in batches:
        metric.update_state(y_true, y_pred, sample_weight=weight)
    return keras.ops.convert_to_numpy(metric.result())


def assert_same(result: np.ndarray, wanted: np.ndarray) -> None:
    assert result.shape == np.shape(wanted)
    note("metrics", result, wanted)
    np.testing.assert_allclose(result.astype("float64"), np.asarray(wanted, "float64"), rtol=2e-5, atol=2e-6)


def compare(keras: Any, case: Case, shapes: list[Any], weights: list[Any]) -> None:
    name, kwargs, draw = case
    batches = []
    for shape, weight in zip(shapes, weights, strict=True):
        drawn = None if weight is None else rng.uniform(0.0, 2.0, weight).astype("float32")
        batches.append((*draw(shape), drawn))
    assert_same(ours(name, batches, kwargs), theirs(keras, name, batches, kwargs))


@pytest.mark.parametrize("case", **named(MEANS))
def test_a_mean_is_that_of_keras(keras, backend, case):
    compare(keras, case, [(6, CLASSES), (3, CLASSES)], [None, None])
    compare(keras, case, [(6, CLASSES), (3, CLASSES)], [(6,), (3,)])
    compare(keras, case, [(5, 3, CLASSES), (2, 3, CLASSES)], [None, None])
    compare(keras, case, [(5, 3, CLASSES)], [(5,)])
    compare(keras, case, [(5, 3, CLASSES)], [(5, 3)])


@pytest.mark.parametrize("case", **named(COUNTS))
def test_counts_of_decisions_are_those_of_keras(keras, backend, case):
    by_row = "class_id" in case[1] or "top_k" in case[1]
    compare(keras, case, [(16, CLASSES), (5, CLASSES)], [None, None])
    compare(keras, case, [(16, CLASSES)], [(16,)])
    if not by_row:
        compare(keras, case, [(40,), (60,)], [None, (60,)])
        compare(keras, case, [(40, 1)], [(40,)])
        compare(keras, case, [(6, CLASSES)], [(6, CLASSES)])
        compare(keras, case, [(6, CLASSES)], [(6, 1)])


@pytest.mark.parametrize("case", **named(TABLES))
def test_scores_of_columns_are_those_of_keras(keras, backend, case):
    compare(keras, case, [(16, CLASSES), (5, CLASSES)], [None, None])
    compare(keras, case, [(16, CLASSES), (5, CLASSES)], [(16,), (5,)])


@pytest.mark.parametrize("case", **named(REGIONS))
def test_overlaps_of_regions_are_those_of_keras(keras, backend, case):
    compare(keras, case, [(16, CLASSES), (5, CLASSES)], [None, None])
    name, kwargs, draw = case
    if not name.startswith("OneHot") and draw is not indices:
        compare(keras, (name, {**kwargs, "dtype": "float32"} if name != "BinaryIoU" else kwargs, draw), [(16,)], [None])
    if draw is categories:
        compare(keras, (name, {**kwargs, "dtype": "float32"}, draw), [(16,)], [(16,)])


FUNCTIONS = [
    ("binary_accuracy", yes_or_no), ("categorical_accuracy", one_hot), ("sparse_categorical_accuracy", indices),
    ("mean_squared_error", numbers), ("mean_absolute_error", numbers), ("huber", numbers),
    ("mean_absolute_percentage_error", numbers),
    ("mean_squared_logarithmic_error", positives), ("log_cosh", numbers), ("hinge", signs), ("squared_hinge", signs),
    ("categorical_hinge", one_hot), ("kl_divergence", distributions), ("poisson", positives),
    ("binary_crossentropy", yes_or_no), ("binary_focal_crossentropy", yes_or_no), ("categorical_crossentropy", one_hot),
    ("categorical_focal_crossentropy", one_hot), ("sparse_categorical_crossentropy", indices),
    ("pearson_correlation", numbers), ("concordance_correlation", numbers),
]  # fmt: skip


@pytest.mark.parametrize(("name", "draw"), FUNCTIONS)
def test_a_function_of_a_metric_is_that_of_keras(keras, backend, name, draw):
    y_true, y_pred = (x.astype("float32") if x.dtype == "float64" else x for x in draw((6, CLASSES)))
    wanted = getattr(keras.metrics, name)(keras.ops.convert_to_tensor(y_true), keras.ops.convert_to_tensor(y_pred))
    result = getattr(metrics, name)(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))
    assert_same(np.asarray(ops.convert_to_numpy(result)), np.asarray(keras.ops.convert_to_numpy(wanted)))


@pytest.mark.parametrize(("name", "draw"), [("top_k_categorical_accuracy", one_hot),
                                            ("sparse_top_k_categorical_accuracy", indices)])  # fmt: skip
def test_the_best_k_of_a_function_are_those_of_keras(keras, backend, name, draw):
    y_true, y_pred = (x.astype("float32") if x.dtype == "float64" else x for x in draw((6, CLASSES)))
    for k in (1, 3):
        wanted = getattr(keras.metrics, name)(*map(keras.ops.convert_to_tensor, (y_true, y_pred)), k=k)
        result = getattr(metrics, name)(*map(ops.convert_to_tensor, (y_true, y_pred)), k=k)
        assert_same(np.asarray(ops.convert_to_numpy(result)), np.asarray(keras.ops.convert_to_numpy(wanted)))


@pytest.mark.parametrize(
    ("name", "axis", "draw"),
    [("CategoricalCrossentropy", 0, yes_or_no), ("BinaryCrossentropy", -1, yes_or_no), ("CosineSimilarity", 1, numbers),
     ("SparseCategoricalCrossentropy", -1, indices)],
)  # fmt: skip
def test_another_axis_is_that_of_keras(keras, backend, name, axis, draw):
    kwargs = {"axis": axis} if name != "BinaryCrossentropy" else {"label_smoothing": 0.1}
    compare(keras, (name, kwargs, draw), [(6, CLASSES), (3, CLASSES)], [None, None])


def test_the_mean_of_a_function_is_that_of_keras(keras, backend):
    batches = [
        (*numbers(shape), weight) for shape, weight in (((6, CLASSES), None), ((3, CLASSES), np.array([1, 0, 2])))
    ]
    results = []
    for module, k in ((metrics, ops), (keras.metrics, keras.ops)):
        metric = module.MeanMetricWrapper(lambda y, y_pred, power, k=k: k.abs(y - y_pred) ** power, "m", power=3)
        for y_true, y_pred, weight in batches:
            metric.update_state(y_true, y_pred, sample_weight=weight)
        results.append(np.asarray(k.convert_to_numpy(metric.result())))
    assert_same(*results)


@pytest.mark.parametrize("name", ["Mean", "Sum"])
def test_means_and_sums_take_weights_as_those_of_keras(keras, backend, name):
    for shape, weight in [
        ((), None), ((), ()), ((3,), None), ((3,), ()), ((3,), (3,)), ((3,), (3, 1)), ((3,), (1,)), ((3, 1), (3,)),
        ((2, 3), None), ((2, 3), ()), ((2, 3), (2,)), ((2, 3), (2, 1)), ((2, 3), (2, 3)), ((2, 3), (1, 3)),
        ((2, 3, 2), None), ((2, 3, 2), (2,)), ((2, 3, 2), (2, 1)), ((2, 3, 2), (2, 3)), ((2, 3, 2), (2, 3, 1)),
        ((2, 3, 2), (2, 3, 2)),
    ]:  # fmt: skip
        values = rng.uniform(-1, 1, shape)
        factors = None if weight is None else rng.uniform(0, 2, weight)
        metric, wanted = getattr(metrics, name)(), getattr(keras.metrics, name)()
        for _ in range(2):
            metric.update_state(values, sample_weight=factors)
            wanted.update_state(values, sample_weight=factors)
        for ours, theirs in zip(
            [*metric.variables, metric.result()], [*wanted.variables, wanted.result()], strict=True
        ):
            np.testing.assert_allclose(ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(theirs), rtol=2e-5)


@pytest.mark.parametrize("shapes", [((5, 1), (5,)), ((5,), (5, 1)), ((5, 1), (5, 1))], ids=str)
@pytest.mark.parametrize("name", ["AUC", "Precision", "BinaryAccuracy", "MeanSquaredError", "TrueNegatives"])
def test_a_last_axis_of_size_one_is_put_right_as_by_keras(keras, backend, name, shapes):
    batch = (rng.integers(0, 2, shapes[0]).astype("float32"), rng.uniform(0, 1, shapes[1]).astype("float32"), None)
    assert_same(ours(name, [batch], {}), theirs(keras, name, [batch], {}))


def test_samples_of_an_ignored_class_do_not_count_as_with_weights_in_keras(keras, backend):
    """Keras leaves them out where there are weights, and else counts them as a cost of 0: we always leave them out."""
    y_true, y_pred = np.array([0, 1, 2, 1, 3]), probabilities((5, CLASSES))
    name, kwargs = "SparseCategoricalCrossentropy", {"ignore_class": 1}
    weight = rng.uniform(0.5, 2.0, 5)
    batch = (y_true, y_pred, weight)
    assert_same(ours(name, [batch], kwargs), theirs(keras, name, [batch], kwargs))
    unweighted = ours(name, [(y_true, y_pred, None)], kwargs)
    assert_same(unweighted, theirs(keras, name, [(y_true, y_pred, np.ones(5))], kwargs))
    assert_same(unweighted * 3 / 5, theirs(keras, name, [(y_true, y_pred, None)], kwargs))


def test_sorted_ids_are_compared_as_by_keras(keras, backend):
    batch = (np.array([1, 2, 3]), np.array([[3, 1, 0], [0, 1, 2], [3, 2, 1]]), None)
    kwargs = {"k": 2, "from_sorted_ids": True}
    name = "SparseTopKCategoricalAccuracy"
    assert_same(ours(name, [batch], kwargs), theirs(keras, name, [batch], kwargs))


ALL = MEANS + COUNTS + TABLES + REGIONS


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("case", **named(ALL))
def test_a_mask_of_the_predictions_counts_as_weights_of_zero_in_keras(keras, backend, case, weighted):
    """Keras looks at masks in its mean metrics alone, and counts what is masked in all others; we in none.

    Its tensors do not all take the attribute that holds a mask; its weights mean the same.
    """
    name, kwargs, draw = case
    y_true, y_pred = draw((6, CLASSES))
    y_true, y_pred = (x.astype("float32") if x.dtype == "float64" else x for x in (y_true, y_pred))
    mask = np.array([True, True, False, True, False, True])
    weight = rng.integers(1, 4, 6) if weighted else np.ones(6, "int64")
    if draw in (categories, yes_or_no) and "IoU" in name:  # one weight for each number
        weight, factors = np.broadcast_to(weight[:, None], (6, CLASSES)), (weight * mask)[:, None]
        factors = np.broadcast_to(factors, (6, CLASSES))
    else:
        factors = weight * mask
    x = ops.convert_to_tensor(y_pred)
    set_mask(x, ops.convert_to_tensor(mask))
    result = ours(name, [(ops.convert_to_tensor(y_true), x, weight if weighted else None)], kwargs)
    assert_same(result, theirs(keras, name, [(y_true, y_pred, factors)], kwargs))


def test_weights_and_masks_of_steps_go_together_as_in_keras(keras, backend):
    y_true, y_pred = (x.astype("float32") for x in numbers((2, 4, 3)))
    mask = np.array([[True, True, False, False], [True, True, True, True]])
    weight = rng.uniform(0, 2, (2, 4))
    x = ops.convert_to_tensor(y_pred)
    set_mask(x, ops.convert_to_tensor(mask))
    result = ours("MeanSquaredError", [(ops.convert_to_tensor(y_true), x, weight)], {})
    assert_same(result, theirs(keras, "MeanSquaredError", [(y_true, y_pred, mask * weight)], {}))


@pytest.mark.parametrize("case", **named(ALL))
def test_keras_reads_the_config_of_a_metric_and_the_other_way_round(keras, backend, case):
    name, kwargs, draw = case
    metric, wanted = getattr(metrics, name)(**kwargs, name="m"), getattr(keras.metrics, name)(**kwargs, name="m")
    batch = (*draw((6, CLASSES)), None)
    for source, read in (
        (metric, keras.metrics.deserialize(metrics.serialize(metric))),
        (wanted, metrics.deserialize(keras.metrics.serialize(wanted))),
    ):
        for each in (source, read):
            each.update_state(*batch[:2])
        assert read.name == "m"
        results = [np.asarray(ops.convert_to_numpy(each.result())) for each in (source, read)]
        np.testing.assert_allclose(results[1], results[0], rtol=2e-5, atol=2e-6)


NAMES = (
    "accuracy mse MSE mae MAE mape msle bce BCE auc AUC precision Recall cosine_similarity LogCoshError "
    "top_k_categorical_accuracy binary_accuracy root_mean_squared_error mean sum f1_score r2_score true_positives "
    "pearson_correlation hinge binary_crossentropy binary_io_u BinaryIoU kl_divergence poisson"
)


@pytest.mark.parametrize("name", NAMES.split())
def test_a_name_means_what_it_means_to_keras(keras, backend, name):
    found, wanted = metrics.get(name), keras.metrics.get(name)
    assert type(found).__name__ == type(wanted).__name__
    assert found.name.rstrip("_0123456789") == wanted.name.rstrip("_0123456789")
    assert [tuple(v.shape) for v in found.variables] == [tuple(v.shape) for v in wanted.variables]
    assert [v.name for v in found.variables] == [v.name for v in wanted.variables]
