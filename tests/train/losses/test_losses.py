"""What losses do besides giving Keras's numbers, which tests/parity compares."""

from __future__ import annotations

import copy
import pickle

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.base.masking import set_mask
from kcore_train import losses

rng = np.random.default_rng(3)


def number(x):
    return float(ops.convert_to_numpy(x))


def cases():
    """A loss of each class, with targets and predictions that suit it."""
    p = rng.uniform(0.1, 0.9, (6, 4)).astype("float32")
    y = rng.integers(0, 2, (6, 4)).astype("float32")
    one_hot, classes = np.eye(4, dtype="float32")[[0, 1, 2, 3, 0, 1]], np.array([0, 1, 2, 3, 0, 1])
    wanted = {
        losses.CategoricalCrossentropy: one_hot,
        losses.CategoricalFocalCrossentropy: one_hot,
        losses.SparseCategoricalCrossentropy: classes,
        losses.CategoricalGeneralizedCrossEntropy: classes,
        losses.Circle: classes,
        losses.MeanAbsolutePercentageError: 1 - y / 2,
        losses.CTC: np.array([[1, 2], [3, 0], [2, 2], [1, 0], [0, 0], [3, 1]]),
    }
    given = {losses.CTC: np.log(rng.dirichlet(np.ones(4), (6, 5))).astype("float32")}
    names = [name for name in losses.__all__ if isinstance(getattr(losses, name), type)]
    kinds = [getattr(losses, name) for name in names if name not in ("Loss", "FunctionLoss")]
    return [(kind, wanted.get(kind, y), given.get(kind, p)) for kind in kinds]


CASES = cases()


@pytest.mark.parametrize(("kind", "y_true", "y_pred"), CASES, ids=lambda x: getattr(x, "__name__", ""))
def test_a_loss_comes_back_from_its_config_its_data_and_a_copy(backend, kind, y_true, y_pred):
    loss = kind(reduction="sum", dtype="float32")
    expected = number(loss(y_true, y_pred))
    for again in (
        kind.from_config(loss.get_config()),
        losses.deserialize(losses.serialize(loss)),
        copy.deepcopy(loss),
        pickle.loads(pickle.dumps(loss)),
    ):
        assert type(again) is kind
        assert again.get_config() == loss.get_config()
        assert number(again(y_true, y_pred)) == expected


@pytest.mark.parametrize(("kind", "y_true", "y_pred"), CASES, ids=lambda x: getattr(x, "__name__", ""))
def test_a_loss_of_numpy_arrays_lists_and_tensors_is_the_same(backend, kind, y_true, y_pred):
    loss = kind()
    expected = number(loss(y_true, y_pred))
    assert number(loss(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))) == expected
    assert number(loss(y_true, ops.convert_to_tensor(y_pred))) == expected
    np.testing.assert_allclose(number(loss(y_true.tolist(), y_pred.tolist())), expected, rtol=1e-6)
    # A second time, when what needs no conversion is known.
    assert number(loss(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))) == expected


@pytest.mark.parametrize(("kind", "y_true", "y_pred"), CASES, ids=lambda x: getattr(x, "__name__", ""))
def test_a_loss_has_the_dtype_asked_for(backend, kind, y_true, y_pred):
    for dtype in ("float16", "float64" if "float64" in backend.capabilities else "float32"):
        loss = kind(dtype=dtype)
        assert loss.dtype == dtype
        result = loss(y_true, y_pred)
        assert ops.dtype(result) == dtype
        assert np.isfinite(number(result))


@pytest.mark.needs("jit")
@pytest.mark.parametrize(("kind", "y_true", "y_pred"), CASES, ids=lambda x: getattr(x, "__name__", ""))
def test_a_compiled_loss_is_the_same(backend, kind, y_true, y_pred):
    loss = kind()
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    expected = number(loss(y_true, y_pred))
    np.testing.assert_allclose(number(ops.jit(loss)(y_true, y_pred)), expected, rtol=1e-5)


@pytest.mark.needs("jit", "dynamic_shapes")
@pytest.mark.parametrize(("kind", "y_true", "y_pred"), CASES, ids=lambda x: getattr(x, "__name__", ""))
def test_a_loss_is_compiled_once_for_batches_of_any_size(backend, kind, y_true, y_pred):
    loss = kind()
    specs = [ops.TensorSpec((None, *x.shape[1:]), x.dtype.name) for x in (y_true, y_pred)]
    compiled = backend.jit(lambda y, p, w: loss(y, p, w), [*specs, ops.TensorSpec((None,), "float32")])
    weighs_samples = kind not in (losses.Dice, losses.Tversky)
    for size in (6, 3):
        batch = [ops.convert_to_tensor(x[:size]) for x in (y_true, y_pred)]
        weight = ops.convert_to_tensor(np.arange(1.0, size + 1, dtype="float32"))
        if weighs_samples:
            np.testing.assert_allclose(number(compiled(*batch, weight)), number(loss(*batch, weight)), rtol=1e-5)
        else:
            assert np.isfinite(number(compiled(*batch, weight)))


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("name", ["BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy",
                                  "KLDivergence", "Poisson", "BinaryFocalCrossentropy"])  # fmt: skip
def test_the_gradient_at_saturated_probabilities_is_finite(backend, name):
    y_pred = ops.convert_to_tensor(np.array([[0.0, 1.0], [1.0, 0.0]], "float32"))
    y_true = [1, 1] if name.startswith("Sparse") else [[0.0, 1.0], [0.0, 1.0]]
    value, gradient = ops.value_and_grad(lambda p: getattr(losses, name)()(np.array(y_true), p))(y_pred)
    assert np.isfinite(number(value))
    assert np.isfinite(ops.convert_to_numpy(gradient)).all()


@pytest.mark.needs("gradient")
def test_the_gradient_of_a_mean_is_that_of_the_formula(backend):
    y_true, y_pred = rng.normal(size=(2, 5, 3)).astype("float32")
    gradient = ops.grad(lambda p: losses.MeanSquaredError()(y_true, p))(ops.convert_to_tensor(y_pred))
    np.testing.assert_allclose(ops.convert_to_numpy(gradient), 2 * (y_pred - y_true) / y_pred.size, rtol=1e-5)


def test_a_loss_takes_structures_of_targets_and_predictions(backend):
    class OfStructures(losses.Loss):
        def call(self, y_true, y_pred):
            return losses.mean_squared_error(y_true["a"], y_pred["a"]) + y_true["b"][0] - y_pred["b"][0]

    y_true = {"a": np.array([[1.0, 1.0]]), "b": [np.array([3.0])]}
    y_pred = {"a": np.array([[0.0, 1.0]]), "b": [np.array([1.0])]}
    loss = OfStructures(dtype="float32")
    assert loss.name == "of_structures"
    result = loss(y_true, y_pred)
    assert ops.dtype(result) == "float32"
    assert number(result) == 2.5


def test_what_a_mask_leaves_out_does_not_change_a_mean(backend):
    y_true, y_pred = rng.normal(size=(2, 3, 4, 2)).astype("float32")
    mask = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1]], bool)
    changed = np.where(mask[..., None], y_pred, 100.0).astype("float32")
    results = []
    for values in (y_pred, changed):
        x = ops.convert_to_tensor(values)
        set_mask(x, ops.convert_to_tensor(mask))
        results.append(number(losses.MeanSquaredError()(y_true, x)))
    assert results[0] == results[1]
    np.testing.assert_allclose(results[0], np.mean(np.square(y_true - y_pred)[mask]), rtol=1e-5)


def test_samples_of_an_ignored_class_do_not_count_in_a_mean(backend):
    y_pred = rng.uniform(0.1, 1.0, (4, 3)).astype("float32")
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    expected = number(losses.SparseCategoricalCrossentropy()(np.array([0, 2]), y_pred[[0, 2]]))
    np.testing.assert_allclose(number(loss(np.array([0, -1, 2, -1]), y_pred)), expected, rtol=1e-6)
    np.testing.assert_allclose(number(loss(np.array([[0], [-1], [2], [-1]]), y_pred)), expected, rtol=1e-6)


def test_class_indices_keep_apart_in_half_precision(backend):
    y_pred = np.zeros((2, 2050), "float32")
    y_pred[[0, 1], [2048, 2049]] = 9.0
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float16", reduction=None)
    assert (ops.convert_to_numpy(loss(np.array([2048, 2049]), y_pred)) < 1).all()


def test_a_function_becomes_a_loss_with_its_arguments(backend):
    def power(y_true, y_pred, exponent):
        return ops.mean(ops.power(ops.abs(y_true - y_pred), exponent), axis=-1)

    loss = losses.FunctionLoss(power, reduction="sum", exponent=3.0)
    assert loss.name == "power"
    assert number(loss([[0.0, 0.0]], [[1.0, 2.0]])) == 4.5
    assert losses.get(power) is power


def test_the_base_of_losses_says_what_is_missing(backend):
    with pytest.raises(NotImplementedError, match=r"Loss does not define call\(y_true, y_pred\)"):
        losses.Loss()(np.ones(2), np.ones(2))
