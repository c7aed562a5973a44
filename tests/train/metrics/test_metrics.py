"""What metrics do besides giving Keras's numbers, which tests/parity compares."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import Variable
from kcore_ops.foundation.errors import ArgumentError
from kcore_train import metrics
from kcore_train.metrics import by_shape

rng = np.random.default_rng(5)


def array(x):
    return ops.convert_to_numpy(x)


def cases():
    """A metric of each class, with targets and predictions that suit it."""
    p = rng.uniform(0.1, 0.9, (8, 6)).astype("float32")
    y = rng.integers(0, 2, (8, 6)).astype("float32")
    classes = rng.integers(0, 6, 8)
    one_hot = np.eye(6, dtype="float32")[classes]
    arguments = {
        "IoU": {"num_classes": 6, "target_class_ids": [0, 2]},
        "OneHotIoU": {"num_classes": 6, "target_class_ids": [0, 2]},
        "MeanIoU": {"num_classes": 6},
        "OneHotMeanIoU": {"num_classes": 6},
        "PrecisionAtRecall": {"recall": 0.5},
        "RecallAtPrecision": {"precision": 0.5},
        "SensitivityAtSpecificity": {"specificity": 0.5},
        "SpecificityAtSensitivity": {"sensitivity": 0.5},
    }
    found = []
    for name in metrics.__all__:
        kind = getattr(metrics, name)
        if not isinstance(kind, type) or name in ("Metric", "Mean", "Sum", "MeanMetricWrapper"):
            continue
        targets, predictions = y, p
        if name.startswith("Sparse"):
            targets = classes
        elif name in ("IoU", "MeanIoU"):
            targets, predictions = classes, classes[::-1].copy()
        elif "Categorical" in name or name.startswith("OneHot"):
            targets = one_hot
        found.append((kind, arguments.get(name, {}), targets, predictions))
    found.append((metrics.AUC, {"multi_label": True}, y, p))
    return found


CASES = cases()
each = pytest.mark.parametrize(("kind", "kwargs", "y_true", "y_pred"), CASES, ids=lambda x: getattr(x, "__name__", ""))


@each
def test_a_reset_metric_knows_nothing_of_what_it_saw(backend, kind, kwargs, y_true, y_pred):
    metric, fresh = kind(**kwargs), kind(**kwargs)
    metric.update_state(y_true[::-1].copy(), y_pred)
    metric.reset_state()
    assert all((array(variable.value) == 0).all() for variable in metric.variables)
    np.testing.assert_array_equal(array(metric(y_true, y_pred)), array(fresh(y_true, y_pred)))


@each
def test_a_result_stays_what_it_was(backend, kind, kwargs, y_true, y_pred):
    metric = kind(**kwargs)
    result = metric(y_true, y_pred)
    before = array(result).copy()
    metric.update_state(y_true[:3], y_pred[:3])
    metric.reset_state()
    np.testing.assert_array_equal(array(result), before)


def test_a_sum_stays_what_it_was(backend):
    metric = metrics.Sum()
    result = metric([1.0, 2.0])
    metric.update_state([1.0])
    assert float(array(result)) == 3.0


@each
def test_a_metric_comes_back_from_its_config_and_its_data(backend, kind, kwargs, y_true, y_pred):
    metric = kind(**kwargs, name="own")
    for again in (kind.from_config(metric.get_config()), metrics.deserialize(metrics.serialize(metric))):
        assert type(again) is kind
        assert again.name == "own"
        assert again.get_config() == metric.get_config()


@each
def test_updating_without_state_is_updating(backend, kind, kwargs, y_true, y_pred):
    metric, other = kind(**kwargs), kind(**kwargs)
    for made in (metric, other):
        made.build(y_true.shape, y_pred.shape)
    state = metric.stateless_reset_state()
    for rows in (slice(0, 5), slice(5, 8)):
        state = metric.stateless_update_state(state, y_true[rows], y_pred[rows])
        other.update_state(y_true[rows], y_pred[rows])
    np.testing.assert_allclose(array(metric.stateless_result(state)), array(other.result()), rtol=1e-6)
    for value, variable in zip(state, other.variables, strict=True):
        np.testing.assert_allclose(array(value), array(variable.value), rtol=1e-6)
    assert all((array(variable.value) == 0).all() for variable in metric.variables)


@pytest.mark.needs("jit")
@each
def test_a_compiled_update_is_an_update(backend, kind, kwargs, y_true, y_pred):
    metric, other = kind(**kwargs), kind(**kwargs)
    metric.build(y_true.shape, y_pred.shape)
    update = ops.jit(lambda state, y, p: metric.stateless_update_state(state, y, p))
    state = [variable.value for variable in metric.variables]
    for _ in range(2):
        state = update(state, ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))
        other.update_state(y_true, y_pred)
    np.testing.assert_allclose(array(metric.stateless_result(state)), array(other.result()), rtol=1e-5, atol=1e-6)


@pytest.mark.needs("jit", "dynamic_shapes", "mutable_state")
@each
def test_an_update_is_compiled_once_for_batches_of_any_size(backend, kind, kwargs, y_true, y_pred):
    metric, other = kind(**kwargs), kind(**kwargs)
    metric.build(y_true.shape, y_pred.shape)

    def update(y, p, weight):
        metric.update_state(y, p, sample_weight=weight)
        metric.update_state(y, p)
        return metric.result()

    weight_shape = (None,) if kind not in (metrics.IoU, metrics.MeanIoU, metrics.OneHotIoU, metrics.OneHotMeanIoU,
                                           metrics.BinaryIoU) else ()  # fmt: skip
    specs = [ops.TensorSpec((None, *x.shape[1:]), x.dtype.name) for x in (y_true, y_pred)]
    compiled = backend.jit(update, [*specs, ops.TensorSpec(weight_shape, "int32")])
    for rows in (slice(0, 5), slice(5, 8)):
        size = rows.stop - rows.start
        weight = np.arange(1, size + 1, dtype="int32") if weight_shape else np.array(2, "int32")
        batch = [ops.convert_to_tensor(x) for x in (y_true[rows], y_pred[rows], weight)]
        result = compiled(*batch)
        other.update_state(*batch[:2], sample_weight=batch[2])
        other.update_state(*batch[:2])
        np.testing.assert_allclose(array(result), array(other.result()), rtol=1e-5, atol=1e-6)


@each
def test_batches_together_give_what_they_give_apart(backend, kind, kwargs, y_true, y_pred):
    if kind in (metrics.PearsonCorrelation, metrics.ConcordanceCorrelation):
        kwargs = {"axis": -1}
    whole, parts = kind(**kwargs), kind(**kwargs)
    whole.update_state(y_true, y_pred)
    for rows in (slice(0, 3), slice(3, 8)):
        parts.update_state(y_true[rows], y_pred[rows])
    np.testing.assert_allclose(array(parts.result()), array(whole.result()), rtol=1e-5, atol=1e-6)


@each
def test_a_metric_belongs_to_the_backend_it_was_made_under(backend, other_backend, kind, kwargs, y_true, y_pred):
    metric = kind(**kwargs)
    expected = array(kind(**kwargs)(y_true, y_pred))
    with ops.use_backend(other_backend.name):
        result = metric(y_true, y_pred)
        metric.reset_state()
    assert isinstance(result, backend.tensor_types)
    np.testing.assert_allclose(backend.to_numpy(result), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("curve", ["ROC", "PR"])
def test_the_area_under_a_curve_is_that_of_all_pairs_of_samples(backend, curve):
    """The area under the ROC curve is the chance that a positive sample has the higher score (Mann & Whitney)."""
    y = rng.integers(0, 2, 500)
    p = np.clip(rng.normal(0.4 + 0.2 * y, 0.2), 0, 1).astype("float32")
    area = float(array(metrics.AUC(num_thresholds=2000, curve=curve)(y, p)))
    positive, negative = p[y == 1], p[y == 0]
    if curve == "ROC":
        expected = np.mean((positive[:, None] > negative) + 0.5 * (positive[:, None] == negative))
    else:
        order = np.argsort(-p, kind="stable")
        precision = np.cumsum(y[order]) / np.arange(1, 501)
        expected = np.sum(precision * y[order]) / y.sum()
    assert abs(area - expected) < 5e-3


@pytest.mark.parametrize("num_thresholds", [1, 3, 5, 50])
def test_counting_by_bins_and_by_comparison_is_the_same(backend, num_thresholds):
    values = np.linspace(0.05, 0.95, num_thresholds).round(2)
    # Among the predictions are the thresholds themselves: these are not above.
    p = np.concatenate([rng.uniform(0, 1, 60), values]).astype("float32")
    y = rng.integers(0, 2, p.size)
    weight = rng.uniform(0, 2, p.size).astype("float32")
    metric = metrics.TruePositives(thresholds=values.tolist())
    result = np.atleast_1d(array(metric(y, p, sample_weight=weight)))
    expected = [weight[(p > np.float32(value)) & (y == 1)].sum() for value in values]
    np.testing.assert_allclose(result, expected, rtol=1e-5)


def test_the_state_of_a_metric_includes_the_metrics_it_holds(backend):
    class Several(metrics.Metric):
        def __init__(self, name=None):
            super().__init__(name=name)
            self.peak = self.add_weight((2,), name="peak")
            self.mean = metrics.Mean()
            self.more = [metrics.Sum(), {"last": metrics.Mean()}]
            self.loose = Variable(0.0, trainable=False)

        def update_state(self, x):
            self.peak.assign(ops.maximum(self.peak, x))
            self.mean.update_state(x)
            self.more[1]["last"].update_state(x)

        def result(self):
            return {"peak": self.peak.value, "mean": self.mean.result()}

    metric = Several()
    assert metric.name.startswith("several")
    assert [v.name for v in metric.variables if v is not metric.loose] == [
        "peak", "total", "count", "total", "total", "count"
    ]  # fmt: skip
    assert any(v is metric.loose for v in metric.variables)
    assert not any(v.trainable for v in metric.variables)
    result = metric(np.array([1.0, 3.0], "float32"))
    assert float(array(result["mean"])) == 2.0
    state = metric.stateless_update_state(metric.stateless_reset_state(), np.array([4.0, 2.0], "float32"))
    np.testing.assert_array_equal(array(metric.stateless_result(state)["peak"]), [4.0, 2.0])
    np.testing.assert_array_equal(array(metric.peak.value), [1.0, 3.0])
    metric.reset_state()
    assert float(array(metric.result()["mean"])) == 0.0


def test_a_state_of_another_length_is_refused(backend):
    with pytest.raises(ArgumentError, match="has 2 variables, and metric_variables has 1"):
        metrics.Mean().stateless_result([0.0])


def test_names_are_counted_where_none_is_given(backend):
    first, second = metrics.AUC(), metrics.AUC()
    assert first.name != second.name
    assert second.name.startswith("auc_")
    assert metrics.Mean().name == metrics.Mean().name == "mean"


def test_weights_with_fractions_warn_where_whole_numbers_are_counted(backend):
    metric = metrics.MeanIoU(num_classes=2)
    with pytest.warns(UserWarning, match="pass dtype='float32'"):
        metric.update_state([0, 1], [0, 1], sample_weight=[0.5, 1.0])


def test_accuracy_is_told_by_the_shapes(backend):
    found = {
        (y, p): type(by_shape.accuracy_for(y, p)).__name__
        for y, p in [((8, 1), (8, 1)), ((8,), (8,)), ((8,), (8, 1)), ((8, 3), (8, 3)), ((8,), (8, 3)), ((8, 1), (8, 3))]
    }
    assert list(found.values()) == [
        "BinaryAccuracy", "BinaryAccuracy", "BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy",
        "SparseCategoricalAccuracy",
    ]  # fmt: skip
    assert type(by_shape.crossentropy_for((8, 5), (8, 5, 9))).__name__ == "SparseCategoricalCrossentropy"
    assert by_shape.metric_for("acc", (8,), (8, 3)).name == "acc"
    assert by_shape.metric_for("ce", (8, 3), (8, 3)).name == "ce"
    assert by_shape.metric_for("auc", (8,), (8,)) is None


@pytest.mark.needs("gradient")
def test_updating_without_state_leaves_gradients_as_they_are(backend):
    metric = metrics.MeanSquaredError()
    state = metric.stateless_reset_state()

    def pure(p):
        return ops.sum(p), metric.stateless_update_state(state, np.zeros((2, 2), "float32"), p)

    p = ops.convert_to_tensor(np.ones((2, 2), "float32"))
    (value, new), gradient = ops.value_and_grad(pure, has_aux=True)(p)
    np.testing.assert_array_equal(array(gradient), np.ones((2, 2)))
    assert float(array(metric.stateless_result(new))) == 1.0
