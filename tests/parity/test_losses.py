"""Every loss gives the number that Keras gives for the same targets, predictions and weights, on the same framework."""

from __future__ import annotations

import zlib
from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.base.masking import set_mask
from kcore_train import losses
from largest import note

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _seeded(request):
    """Draw for a test what it always draws, whichever tests ran before."""
    global rng
    rng = np.random.default_rng(zlib.crc32(request.node.name.encode()))


CLASSES = 4
SHAPES = [(6, CLASSES), (5, 3, CLASSES)]


def probabilities(shape):
    x = rng.uniform(0.05, 1.0, shape)
    return x / x.sum(-1, keepdims=True)


def numbers(shape):
    return rng.uniform(-2.0, 2.0, shape), rng.uniform(-2.0, 2.0, shape)


def positives(shape):
    return rng.uniform(0.1, 3.0, shape), rng.uniform(0.1, 3.0, shape)


def distributions(shape):
    return probabilities(shape), probabilities(shape)


def yes_or_no(shape):
    return rng.integers(0, 2, shape).astype("float64"), rng.uniform(0.02, 0.98, shape)


def yes_or_no_logits(shape):
    return rng.integers(0, 2, shape).astype("float64"), rng.uniform(-4, 4, shape)


def one_hot(shape):
    return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])], probabilities(shape)


def one_hot_logits(shape):
    return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])], rng.uniform(-4, 4, shape)


def indices(shape):
    return rng.integers(0, shape[-1], shape[:-1]), probabilities(shape)


def indices_logits(shape):
    return rng.integers(0, shape[-1], shape[:-1]), rng.uniform(-4, 4, shape)


def signs(shape):
    return rng.choice([-1.0, 1.0], shape), rng.uniform(-2, 2, shape)


CASES: list[tuple[str, dict[str, Any], Any]] = [
    ("MeanSquaredError", {}, numbers),
    ("MeanAbsoluteError", {}, numbers),
    ("MeanAbsolutePercentageError", {}, numbers),
    ("MeanSquaredLogarithmicError", {}, positives),
    ("MeanSquaredLogarithmicError", {}, numbers),
    ("CosineSimilarity", {}, numbers),
    ("CosineSimilarity", {"axis": 1}, numbers),
    ("Huber", {}, numbers),
    ("Huber", {"delta": 0.3}, numbers),
    ("LogCosh", {}, numbers),
    ("Hinge", {}, signs),
    ("Hinge", {}, yes_or_no_logits),
    ("Hinge", {}, numbers),
    ("SquaredHinge", {}, signs),
    ("SquaredHinge", {}, yes_or_no_logits),
    ("CategoricalHinge", {}, one_hot_logits),
    ("KLDivergence", {}, distributions),
    ("KLDivergence", {}, one_hot),
    ("Poisson", {}, positives),
    ("BinaryCrossentropy", {}, yes_or_no),
    ("BinaryCrossentropy", {"from_logits": True}, yes_or_no_logits),
    ("BinaryCrossentropy", {"label_smoothing": 0.2, "axis": 0}, yes_or_no),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, yes_or_no_logits),
    ("CategoricalCrossentropy", {}, one_hot),
    ("CategoricalCrossentropy", {}, distributions),
    ("CategoricalCrossentropy", {}, yes_or_no),  # probabilities that do not sum to one
    ("CategoricalCrossentropy", {"from_logits": True}, one_hot_logits),
    ("CategoricalCrossentropy", {"label_smoothing": 0.2}, one_hot),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, one_hot_logits),
    ("SparseCategoricalCrossentropy", {}, indices),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, indices_logits),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2}, indices),
    ("SparseCategoricalCrossentropy", {"ignore_class": 0, "from_logits": True}, indices_logits),
    ("BinaryFocalCrossentropy", {}, yes_or_no),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "alpha": 0.7, "gamma": 1.5}, yes_or_no),
    ("BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, yes_or_no_logits),
    ("CategoricalFocalCrossentropy", {}, one_hot),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, one_hot_logits),
    ("CategoricalFocalCrossentropy", {"alpha": 0.6, "gamma": 1.5}, one_hot),
    ("Dice", {}, yes_or_no),
    ("Dice", {"axis": 1}, yes_or_no),
    ("Tversky", {"alpha": 0.3, "beta": 0.6}, yes_or_no),
    ("Tversky", {"axis": -1}, yes_or_no),
]
NAMES = [f"{name}-{kwargs}-{draw.__name__}" for name, kwargs, draw in CASES]
# Where these give less than one loss for each sample, weights for samples do not fit.
WHOLE = {"Dice", "Tversky"}


def ours(name: str, y_true: Any, y_pred: Any, weight: Any = None, **kwargs: Any) -> np.ndarray:
    return ops.convert_to_numpy(getattr(losses, name)(**kwargs)(y_true, y_pred, sample_weight=weight))


def theirs(keras: Any, name: str, y_true: Any, y_pred: Any, weight: Any = None, **kwargs: Any) -> np.ndarray:
    loss = getattr(keras.losses, name)(**kwargs)
    return keras.ops.convert_to_numpy(loss(y_true, y_pred, sample_weight=weight))


def assert_same(result: np.ndarray, wanted: np.ndarray, rtol: float = 2e-5, atol: float = 1e-6) -> None:
    assert result.shape == wanted.shape
    assert result.dtype == wanted.dtype
    note(f"losses of {result.dtype}", result, wanted)
    np.testing.assert_allclose(result.astype("float64"), wanted.astype("float64"), rtol=rtol, atol=atol)


@pytest.mark.parametrize(("name", "kwargs", "draw"), CASES, ids=NAMES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_loss_is_that_of_keras(keras, backend, name, kwargs, draw, shape):
    y_true, y_pred = draw(shape)
    for reduction in ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None):
        arguments = {**kwargs, "reduction": reduction}
        assert_same(ours(name, y_true, y_pred, **arguments), theirs(keras, name, y_true, y_pred, **arguments))


@pytest.mark.parametrize(("name", "kwargs", "draw"), CASES, ids=NAMES)
def test_a_weighted_loss_is_that_of_keras(keras, backend, name, kwargs, draw):
    if name in WHOLE or kwargs.get("axis") not in (None, -1):
        shapes: list[tuple[int, ...]] = [()]
    else:
        # Keras on torch refuses one weight for all beside a mask, that of an ignored class for one.
        shapes = [(6,), (6, 1)] if "ignore_class" in kwargs else [(), (6,), (6, 1)]
    y_true, y_pred = draw((6, CLASSES))
    for shape in shapes:
        weight = rng.uniform(0.0, 2.0, shape)
        for reduction in ("sum_over_batch_size", "sum", "mean_with_sample_weight", "none"):
            arguments = {**kwargs, "reduction": reduction}
            result = ours(name, y_true, y_pred, weight, **arguments)
            assert_same(result, theirs(keras, name, y_true, y_pred, weight, **arguments))


@pytest.mark.parametrize("shape", [(2, 1), (2, 4), (2, 4, 1), (4,), (2, 1, 1), (1, 4)], ids=str)
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", "none"])
def test_weights_broadcast_to_losses_as_those_of_keras(keras, backend, shape, reduction):
    y_true, y_pred = numbers((2, 4, 3))
    weight = rng.uniform(0.0, 2.0, shape)
    result = ours("MeanSquaredError", y_true, y_pred, weight, reduction=reduction)
    assert_same(result, theirs(keras, "MeanSquaredError", y_true, y_pred, weight, reduction=reduction))


@pytest.mark.parametrize("name", ["MeanSquaredError", "Huber", "BinaryCrossentropy"])
@pytest.mark.parametrize(
    "shapes", [((4,), (4, 1)), ((4, 1), (4,)), ((4, 1), (4, 1)), ((4, 3, 1), (4, 3)), ((4,), (4,))], ids=str
)
def test_a_last_axis_of_size_one_is_put_right_as_by_keras(keras, backend, name, shapes):
    y_true, y_pred = rng.uniform(0.1, 0.9, shapes[0]), rng.uniform(0.1, 0.9, shapes[1])
    assert_same(ours(name, y_true, y_pred), theirs(keras, name, y_true, y_pred))


@pytest.mark.parametrize("with_axis", [False, True])
def test_class_indices_may_have_an_axis_of_size_one_as_in_keras(keras, backend, with_axis):
    y_true, y_pred = indices((6, CLASSES))
    y_true = y_true[:, None] if with_axis else y_true
    for kind in ("int32", "int64", "float32", "uint8"):
        name = "SparseCategoricalCrossentropy"
        result = ours(name, y_true.astype(kind), y_pred, reduction=None)
        assert_same(result, theirs(keras, name, y_true.astype(kind), y_pred, reduction=None))


def test_classes_may_lie_along_another_axis_as_in_keras(keras, backend):
    y_pred = probabilities((2, 3, CLASSES))
    y_true = rng.integers(0, 3, (2, CLASSES))
    name = "SparseCategoricalCrossentropy"
    result = ours(name, y_true, y_pred, axis=1, reduction=None)
    try:
        wanted = theirs(keras, name, y_true, y_pred, axis=1, reduction=None)
    except ValueError:  # Keras on NumPy takes no other axis: the last one means the same
        wanted = theirs(keras, name, y_true, np.moveaxis(y_pred, 1, -1), reduction=None)
    assert_same(result, wanted)
    name = "CategoricalCrossentropy"
    y_true = np.moveaxis(np.eye(3)[y_true], -1, 1)
    for logits in (False, True):
        result = ours(name, y_true, y_pred, axis=1, from_logits=logits, reduction=None)
        assert_same(result, theirs(keras, name, y_true, y_pred, axis=1, from_logits=logits, reduction=None))


@pytest.mark.parametrize("name", ["MeanSquaredError", "MeanAbsoluteError", "Huber", "BinaryCrossentropy"])
def test_a_loss_computes_in_its_dtype_as_in_keras(keras, backend, name):
    y_true, y_pred = yes_or_no((6, CLASSES))
    result = ours(name, y_true, y_pred, dtype="float16")
    assert_same(result, theirs(keras, name, y_true, y_pred, dtype="float16"), rtol=4e-3)


@pytest.mark.parametrize("name", ["BinaryCrossentropy", "CategoricalCrossentropy", "KLDivergence", "Poisson"])
def test_saturated_probabilities_cost_what_they_cost_in_keras(keras, backend, name):
    y_true, y_pred = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.0, 1.0], [0.0, 1.0]])
    result = ours(name, y_true, y_pred, reduction=None)
    assert np.isfinite(result).all()
    # The logarithm of a number next to 1 has that number's rounding error.
    assert_same(result, theirs(keras, name, y_true, y_pred, reduction=None), rtol=0.02, atol=3e-7)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", "none"])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_mask_of_the_predictions_counts_as_in_keras(keras, backend, reduction, weighted):
    y_true, y_pred = (x.astype("float32") for x in numbers((2, 4, 3)))
    mask = np.array([[True, True, False, False], [True, True, True, True]])
    weight = rng.uniform(0, 2, (2, 4)) if weighted else None
    x = ops.convert_to_tensor(y_pred)
    set_mask(x, ops.convert_to_tensor(mask))
    result = ours("MeanSquaredError", ops.convert_to_tensor(y_true), x, weight, reduction=reduction)
    # Keras's tensors do not all take the attribute that holds a mask; its weights mean the same.
    scale = mask * (8 / 6) if reduction == "sum_over_batch_size" else mask * 1.0
    weight = scale if weight is None else scale * weight
    assert_same(result, theirs(keras, "MeanSquaredError", y_true, y_pred, weight, reduction=reduction))


@pytest.mark.parametrize("kind", ["float32", "int32"])
def test_the_loss_of_sequences_is_that_of_keras(keras, backend, kind):
    y_pred = rng.normal(size=(4, 6, 5)).astype("float32")
    y_true = np.array([[1, 2, 0], [4, 4, 3], [2, 0, 0], [1, 1, 1]], kind)
    weight = np.array([1.0, 2.0, 0.0, 3.0])
    for reduction in ("sum_over_batch_size", "sum", None):
        result = ours("CTC", y_true, y_pred, weight, reduction=reduction)
        assert_same(result, theirs(keras, "CTC", y_true, y_pred, weight, reduction=reduction), rtol=1e-4)
    expected = keras.losses.ctc(keras.ops.convert_to_tensor(y_true), keras.ops.convert_to_tensor(y_pred))
    assert_same(ops.convert_to_numpy(losses.ctc(y_true, y_pred)), keras.ops.convert_to_numpy(expected), rtol=1e-4)


def test_the_generalized_crossentropy_is_that_of_keras(keras, backend):
    y_true, y_pred = indices((6, CLASSES))
    for q in (0.3, 0.9):
        result = ours("CategoricalGeneralizedCrossEntropy", y_true, y_pred, q=q, reduction=None)
        wanted = theirs(keras, "CategoricalGeneralizedCrossEntropy", y_true, y_pred, q=q, reduction=None)
        assert_same(result, wanted)


@pytest.mark.parametrize("kwargs", [{}, {"gamma": 2.0, "margin": 0.1}, {"remove_diagonal": False}], ids=str)
def test_the_circle_loss_is_that_of_keras(keras, backend, kwargs):
    labels, embeddings = np.array([0, 1, 0, 1, 2, 2]), rng.normal(size=(6, 3)).astype("float32")
    for y_true in (labels, labels[:, None], np.arange(6)):
        result = ours("Circle", y_true, embeddings, reduction=None, **kwargs)
        assert_same(result, theirs(keras, "Circle", y_true, embeddings, reduction=None, **kwargs), 1e-4, 1e-4)
    references = (np.array([1, 0, 0, 2]), rng.normal(size=(4, 3)).astype("float32"))
    result = ops.convert_to_numpy(losses.circle(labels, embeddings, *references, remove_diagonal=False))
    tensors = [keras.ops.convert_to_tensor(x) for x in (labels, embeddings, *references)]
    wanted = keras.ops.convert_to_numpy(keras.losses.circle(*tensors, remove_diagonal=False))
    assert_same(result, wanted, 1e-4, 1e-4)


def test_a_function_of_a_loss_is_that_of_keras(keras, backend):
    """The functions take the tensors as they are; the classes cast them first."""
    for name, draw in (
        ("mean_squared_error", numbers), ("huber", numbers), ("log_cosh", numbers), ("cosine_similarity", numbers),
        ("kl_divergence", distributions), ("poisson", positives), ("binary_crossentropy", yes_or_no),
        ("categorical_crossentropy", one_hot), ("sparse_categorical_crossentropy", indices), ("dice", yes_or_no),
        ("binary_focal_crossentropy", yes_or_no), ("categorical_focal_crossentropy", one_hot), ("hinge", signs),
        ("squared_hinge", signs), ("categorical_hinge", one_hot), ("mean_absolute_error", numbers),
        ("mean_absolute_percentage_error", numbers), ("mean_squared_logarithmic_error", positives),
        ("tversky", yes_or_no),
    ):  # fmt: skip
        y_true, y_pred = (x.astype("float32") if x.dtype == "float64" else x for x in draw((6, CLASSES)))
        wanted = getattr(keras.losses, name)(keras.ops.convert_to_tensor(y_true), keras.ops.convert_to_tensor(y_pred))
        result = getattr(losses, name)(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))
        assert_same(ops.convert_to_numpy(result), keras.ops.convert_to_numpy(wanted))


@pytest.mark.parametrize(("name", "kwargs", "draw"), CASES, ids=NAMES)
def test_keras_reads_the_config_of_a_loss_and_the_other_way_round(keras, backend, name, kwargs, draw):
    y_true, y_pred = draw((6, CLASSES))
    loss = getattr(losses, name)(**kwargs)
    read = keras.losses.deserialize(losses.serialize(loss))
    wanted = keras.ops.convert_to_numpy(getattr(keras.losses, name)(**kwargs)(y_true, y_pred))
    assert_same(keras.ops.convert_to_numpy(read(y_true, y_pred)), wanted)
    theirs = getattr(keras.losses, name)(**kwargs).get_config()
    assert {key: loss.get_config()[key] for key in theirs} == theirs


@pytest.mark.parametrize("name", "mse MSE mae MAE mape MAPE msle MSLE bce BCE kld KLD kl_divergence log_cosh huber "
                         "MeanSquaredError LogCosh dice tversky circle cosine_similarity poisson".split())  # fmt: skip
def test_a_name_means_what_it_means_to_keras(keras, name):
    found, wanted = losses.get(name), keras.losses.get(name)
    assert getattr(found, "__name__", None) == getattr(wanted, "__name__", None)
    assert getattr(found, "name", None) == getattr(wanted, "name", None)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_circle_loss_counts_what_that_of_keras_counts(keras, backend, reduction, weighted):
    """Embeddings without another of their class do not count in means."""
    embeddings = rng.normal(size=(5, 4)).astype("float32")
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    weight = np.arange(1.0, 6.0) if weighted else None
    for labels in (np.array([1, 1, 2, 2, 3]), np.arange(5)):
        result = ours("Circle", labels, embeddings, weight, reduction=reduction)
        assert_same(result, theirs(keras, "Circle", labels, embeddings, weight, reduction=reduction), 1e-4, 1e-4)
