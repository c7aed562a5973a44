"""Labels that do not fit a loss are refused in the same words on every backend."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_train import losses, metrics

pytestmark = pytest.mark.usefixtures("backend")


def tensors(*shapes):
    return [ops.convert_to_tensor(np.full(shape, 0.5, "float32")) for shape in shapes]


def message(call, *args, kind=ShapeError, **kwargs):
    with pytest.raises(kind, match=r"\n  fix: ") as caught:
        call(*args, **kwargs)
    return str(caught.value)


def test_one_hot_labels_are_refused_where_class_indices_are_due():
    assert message(losses.SparseCategoricalCrossentropy(), *tensors((32, 10), (32, 10))) == (
        "ShapeError in SparseCategoricalCrossentropy\n"
        "  y_true has shape (32, 10), y_pred has shape (32, 10): y_true holds class indices, so it needs shape "
        "(32,) or (32, 1)\n"
        "  fix: use CategoricalCrossentropy for one-hot labels"
    )


def test_class_indices_are_refused_where_one_hot_labels_are_due():
    for shape in ((32,), (32, 1)):
        assert message(losses.CategoricalCrossentropy(), *tensors(shape, (32, 10))) == (
            "ShapeError in CategoricalCrossentropy\n"
            f"  y_true has shape {shape}, y_pred has shape (32, 10): y_true holds probabilities of the classes along "
            "axis -1, so it needs the shape of y_pred\n"
            "  fix: use SparseCategoricalCrossentropy for class indices"
        )


def test_a_function_is_named_as_the_user_called_it():
    text = message(losses.sparse_categorical_crossentropy, *tensors((4, 3), (4, 3)))
    assert text.startswith("ShapeError in sparse_categorical_crossentropy\n")


def test_one_output_unit_is_refused_where_classes_are_due():
    assert message(losses.CategoricalCrossentropy(), *tensors((4, 1), (4, 1))) == (
        "ShapeError in CategoricalCrossentropy\n"
        "  y_pred has shape (4, 1): one class along axis 1, of probability 1 whatever the logit\n"
        "  fix: use BinaryCrossentropy for one output unit"
    )


def test_too_few_class_indices_are_refused():
    text = message(losses.SparseCategoricalCrossentropy(), *tensors((3,), (4, 10)))
    assert "y_true has shape (3,), y_pred has shape (4, 10)" in text
    assert "fix: pass one class index for each prediction along axis -1" in text


@pytest.mark.parametrize("name", ["MeanSquaredError", "MeanAbsoluteError", "Huber", "Poisson", "Hinge", "LogCosh"])
def test_shapes_that_do_not_broadcast_are_refused(name):
    assert message(getattr(losses, name)(), *tensors((4, 2), (4, 3))) == (
        f"ShapeError in {name}\n"
        "  y_true has shape (4, 2), y_pred has shape (4, 3): they do not broadcast\n"
        "  fix: pass y_true with the shape of y_pred"
    )


@pytest.mark.parametrize("name", ["BinaryCrossentropy", "BinaryFocalCrossentropy", "Dice", "Tversky"])
def test_shapes_that_differ_are_refused(name):
    text = message(getattr(losses, name)(), *tensors((4, 1), (4, 3)))
    assert text.startswith(f"ShapeError in {name}\n  y_true has shape (4, 1), y_pred has shape (4, 3): they differ\n")


def test_weights_that_do_not_fit_are_refused_with_the_shape_that_does():
    y_true, y_pred = tensors((2, 4, 3), (2, 4, 3))
    assert message(losses.MeanSquaredError(), y_true, y_pred, sample_weight=np.ones(2)) == (
        "ShapeError in MeanSquaredError\n"
        "  sample_weight has shape (2,), the loss has shape (2, 4)\n"
        "  fix: reshape sample_weight to (2, 1)"
    )
    assert "fix: pass one weight for each sample, for example with shape (2,)" in message(
        losses.MeanSquaredError(), *tensors((2, 3), (2, 3)), sample_weight=np.ones(5)
    )


def test_arguments_without_a_meaning_are_refused():
    assert "reduction can not be 'median'" in message(losses.Huber, reduction="median", kind=ArgumentError)
    assert "label_smoothing=1.5 is not a fraction" in message(
        losses.CategoricalCrossentropy, label_smoothing=1.5, kind=ArgumentError
    )
    assert "delta=0 is not positive" in message(losses.Huber, delta=0, kind=ArgumentError)
    assert "q=2 is not between 0 and 1" in message(losses.CategoricalGeneralizedCrossEntropy, q=2, kind=ArgumentError)


def test_a_name_that_is_none_brings_those_that_are_like_it():
    assert "mean_squared_error" in message(losses.get, "mean_squared_errror", kind=ArgumentError)
    assert "no metric named 'acuracy'" in message(metrics.get, "acuracy", kind=ArgumentError)


def test_accuracies_refuse_the_labels_of_one_another():
    assert message(metrics.SparseCategoricalAccuracy(), *tensors((4, 3), (4, 3))) == (
        "ShapeError in SparseCategoricalAccuracy\n"
        "  y_true has shape (4, 3), y_pred has shape (4, 3): y_true holds class indices, so it needs shape (4,) or "
        "(4, 1)\n"
        "  fix: use CategoricalAccuracy for one-hot labels"
    )
    text = message(metrics.CategoricalAccuracy(), *tensors((4,), (4, 3)))
    assert text.endswith("fix: use SparseCategoricalAccuracy for class indices")
    assert text.startswith("ShapeError in CategoricalAccuracy\n")


def test_metrics_refuse_shapes_and_arguments_that_do_not_fit():
    assert "ShapeError in Precision\n  y_true has shape (4, 2), y_pred has shape (4, 3): they differ" in message(
        metrics.Precision(), *tensors((4, 2), (4, 3))
    )
    assert "ShapeError in AUC\n  y_pred has shape (4,), and with multi_label=True it needs two axes" in message(
        metrics.AUC(multi_label=True), *tensors((4,), (4,))
    )
    assert "ShapeError in F1Score\n  y_true has shape (4,)" in message(metrics.F1Score(), *tensors((4,), (4,)))
    assert "ShapeError in R2Score\n  y_true has shape (4,)" in message(metrics.R2Score(), *tensors((4,), (4,)))
    assert "thresholds=2.0 are not probabilities" in message(metrics.Recall, thresholds=2.0, kind=ArgumentError)
    assert "num_thresholds=1 is not a count" in message(metrics.AUC, num_thresholds=1, kind=ArgumentError)
    assert "class_id=7 is out of range" in message(
        metrics.Precision(class_id=7), *tensors((4, 3), (4, 3)), kind=ArgumentError
    )
    assert "label_weights has shape (2,)" in message(metrics.AUC(label_weights=[1.0, 2.0]), *tensors((4, 3), (4, 3)))
    assert "target_class_ids=[3] are not classes" in message(metrics.IoU, 3, [3], kind=ArgumentError)
    assert message(metrics.MeanSquaredError(), *tensors((4, 2), (4, 2)), sample_weight=np.ones(3)) == (
        "ShapeError in MeanSquaredError\n"
        "  sample_weight has shape (3,), the metric has shape (4,)\n"
        "  fix: pass one weight for each sample, for example with shape (4,)"
    )


class Doubled(losses.SparseCategoricalCrossentropy):
    def call(self, y_true, y_pred):
        return 2 * super().call(y_true, y_pred)


@pytest.mark.parametrize("kind", ["int32", "int64", "uint8", "float32"])
@pytest.mark.parametrize("shape", [(6, 4), (2, 3, 4), (4,)])
@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("labels", ["all classes", "with some that are none", "with an axis of size 1"])
def test_the_mean_of_class_losses_is_that_of_each(kind, shape, from_logits, labels):
    rng = np.random.default_rng(0)
    y_pred = ops.convert_to_tensor(rng.uniform(0.1, 1, shape).astype("float32"))
    y_true = rng.integers(0, 4, shape[:-1])
    if labels == "with some that are none" and y_true.ndim:
        y_true.flat[0], y_true.flat[-1] = 4, 200 if kind == "uint8" else -100
    if labels == "with an axis of size 1":
        y_true = y_true[..., None]
    y_true = ops.convert_to_tensor(y_true.astype(kind))
    for cls, options in [
        (losses.SparseCategoricalCrossentropy, {}),
        (losses.SparseCategoricalCrossentropy, {"ignore_class": 1}),
        (losses.SparseCategoricalCrossentropy, {"dtype": "float16"}),
        (Doubled, {}),
    ]:
        each = cls(from_logits=from_logits, reduction="none", **options)(y_true, y_pred)
        found = cls(from_logits=from_logits, **options)(y_true, y_pred)
        assert found.shape == ()
        assert ops.dtype(found) == ops.dtype(each)
        each = ops.convert_to_numpy(ops.cast(each, "float32"))
        count = each.size - (ops.convert_to_numpy(y_true) == 1).sum() if "ignore_class" in options else each.size
        tolerance = 2e-3 if "dtype" in options else 1e-6
        np.testing.assert_allclose(
            ops.convert_to_numpy(ops.cast(found, "float32")), each.sum() / max(count, 1), rtol=tolerance
        )
