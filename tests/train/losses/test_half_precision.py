"""Losses of half precision are those of float32, rounded once, and keep their dtype."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import ml_dtypes
import numpy as np
import pytest
from kcore_train import losses, metrics

rng = np.random.default_rng(0)
CLASSES = 5
SHAPE = (6, CLASSES)
HALVES = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16}


def numbers(scale: float) -> Any:
    return rng.normal(size=SHAPE) * scale, rng.normal(size=SHAPE) * scale


def positives(scale: float) -> Any:
    return rng.uniform(0.1, 1, SHAPE) * scale, rng.uniform(0.1, 1, SHAPE) * scale


def probabilities() -> Any:
    x = rng.uniform(1e-4, 1.0, SHAPE)
    return x / x.sum(-1, keepdims=True)


def distributions(scale: float) -> Any:
    return probabilities(), probabilities()


def yes_or_no(scale: float) -> Any:
    return rng.integers(0, 2, SHAPE).astype("float64"), rng.uniform(0.001, 0.999, SHAPE)


def regions(scale: float) -> Any:  # sums beyond 2048, where half precision counts no further
    return rng.integers(0, 2, (2, 6000)).astype("float64"), rng.uniform(0.0, 1.0, (2, 6000))


def signs(scale: float) -> Any:
    return rng.choice([-1.0, 1.0], SHAPE), rng.normal(size=SHAPE) * scale


def one_hot(scale: float) -> Any:
    return np.eye(CLASSES)[rng.integers(0, CLASSES, 6)], probabilities()


def one_hot_logits(scale: float) -> Any:
    return np.eye(CLASSES)[rng.integers(0, CLASSES, 6)], rng.normal(size=SHAPE) * scale


def indices(scale: float) -> Any:
    return rng.integers(0, CLASSES, 6), probabilities()


def index_logits(scale: float) -> Any:
    return rng.integers(0, CLASSES, 6), rng.normal(size=SHAPE) * scale


def yes_or_no_logits(scale: float) -> Any:
    return rng.integers(0, 2, SHAPE).astype("float64"), rng.normal(size=SHAPE) * scale


def embeddings(scale: float) -> Any:
    x = rng.normal(size=SHAPE)
    return rng.integers(0, 2, 6), x / np.linalg.norm(x, axis=1, keepdims=True)


def spellings(scale: float) -> Any:
    return np.array([[1, 2], [3, 0]]), rng.normal(size=(2, 7, CLASSES)) * min(scale, 5.0)


LOGITS = {"from_logits": True}
# Name, arguments, what is drawn, and at which scales.
CASES: list[tuple[str, dict[str, Any], Any, tuple[float, ...]]] = [
    ("mean_squared_error", {}, numbers, (1e-3, 1.0, 200.0)),
    ("mean_absolute_error", {}, numbers, (1e-3, 1.0, 1e4)),
    ("mean_absolute_percentage_error", {}, positives, (1e-2, 1.0, 1e4)),
    ("mean_squared_logarithmic_error", {}, positives, (1.0, 1e4)),
    ("cosine_similarity", {}, numbers, (1e-3, 1.0, 1e4)),
    ("huber", {}, numbers, (1e-3, 1.0, 200.0)),
    ("log_cosh", {}, numbers, (0.1, 1.0, 1e4)),
    ("poisson", {}, positives, (1e-2, 1.0, 200.0)),
    ("hinge", {}, signs, (1e-3, 1.0, 1e4)),
    ("squared_hinge", {}, signs, (1e-3, 1.0, 100.0)),
    ("categorical_hinge", {}, one_hot_logits, (1.0, 1e4)),
    ("kl_divergence", {}, distributions, (1.0,)),
    ("binary_crossentropy", {}, yes_or_no, (1.0,)),
    ("binary_crossentropy", LOGITS, yes_or_no_logits, (1.0, 300.0)),
    ("categorical_crossentropy", {}, one_hot, (1.0,)),
    ("categorical_crossentropy", LOGITS, one_hot_logits, (1.0, 300.0)),
    ("sparse_categorical_crossentropy", {}, indices, (1.0,)),
    ("sparse_categorical_crossentropy", LOGITS, index_logits, (1.0, 300.0)),
    ("categorical_generalized_cross_entropy", {"q": 0.5}, indices, (1.0,)),
    ("binary_focal_crossentropy", LOGITS, yes_or_no_logits, (1.0, 20.0)),
    ("categorical_focal_crossentropy", LOGITS, one_hot_logits, (1.0, 20.0)),
    ("dice", {}, regions, (1.0,)),
    ("tversky", {}, regions, (1.0,)),
    ("circle", {}, embeddings, (1.0,)),
    ("ctc", {}, spellings, (1.0,)),
]


def test_every_loss_is_tried_here():
    functions = {name for name in losses.__all__ if not isinstance(getattr(losses, name), type)}
    assert functions - {"deserialize", "get", "serialize"} == {name for name, *_ in CASES}


def tensor(x: np.ndarray[Any, Any], dtype: str) -> Any:
    return ops.convert_to_tensor(x, dtype=dtype if x.dtype.kind not in "iu" else None)


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize(("name", "kwargs", "draw", "scales"), CASES, ids=[f"{name}-{kw}" for name, kw, *_ in CASES])
def test_a_loss_is_computed_in_float32_and_rounded_once(backend, name, kwargs, draw, scales, half):
    function = getattr(losses, name)
    for scale in scales:
        y_true, y_pred = (x.astype(HALVES[half]) if x.dtype == "float64" else x for x in draw(scale))
        found = function(tensor(y_true, half), tensor(y_pred, half), **kwargs)
        assert ops.dtype(found) == half
        wide = [x.astype("float32") if x.dtype == HALVES[half] else x for x in (y_true, y_pred)]
        expected = ops.convert_to_numpy(function(*(tensor(x, "float32") for x in wide), **kwargs))
        with np.errstate(over="ignore"):
            rounded = expected.astype(HALVES[half]).astype("float64")
        np.testing.assert_allclose(
            ops.convert_to_numpy(found).astype("float64"),
            rounded,
            rtol=2 * float(ml_dtypes.finfo(HALVES[half]).eps),
            atol=float(ml_dtypes.finfo(HALVES[half]).smallest_subnormal),
        )


CLASS_CASES = {"Circle": embeddings, "SparseCategoricalCrossentropy": indices, "CTC": spellings,
               "CategoricalGeneralizedCrossEntropy": indices}  # fmt: skip
CLASS_NAMES = [
    name for name in losses.__all__ if isinstance(getattr(losses, name), type) and name not in ("Loss", "FunctionLoss")
]


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("name", CLASS_NAMES)
def test_a_loss_keeps_its_dtype_however_it_is_reduced(backend, name, half):
    y_true, y_pred = CLASS_CASES.get(name, distributions)(1.0)
    for reduction in ("sum_over_batch_size", "sum", "mean_with_sample_weight", "none"):
        for weight in (None, 2.0, np.ones(len(y_true))):
            if name in ("Dice", "Tversky") and np.ndim(weight):
                continue
            result = getattr(losses, name)(dtype=half, reduction=reduction)(y_true, y_pred, sample_weight=weight)
            expected = getattr(losses, name)(reduction=reduction)(y_true, y_pred, sample_weight=weight)
            assert ops.dtype(ops.convert_to_tensor(result)) == half
            np.testing.assert_allclose(
                ops.convert_to_numpy(result).astype("float64"), ops.convert_to_numpy(expected), rtol=0.05, atol=1e-3
            )


@pytest.mark.parametrize("name", ["MeanSquaredError", "RootMeanSquaredError", "CosineSimilarity"])
def test_metrics_of_half_precision_are_not_rounded_before_they_are_averaged(backend, name):
    y_true, y_pred = (x.astype("float16") for x in numbers(300.0))
    found = getattr(metrics, name)()(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))
    expected = getattr(metrics, name)()(y_true.astype("float32"), y_pred.astype("float32"))
    np.testing.assert_allclose(ops.convert_to_numpy(found), ops.convert_to_numpy(expected), rtol=1e-5)
