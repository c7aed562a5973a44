"""`vectorize` and `vectorized_map`, against NumPy's `vectorize` and plain loops."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import KerasTensor, TensorSpec
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.transforms.vectorizing import vectorize, vectorized_map

numpy = ops.convert_to_numpy
X = np.arange(6, dtype="float32").reshape(2, 3)


def tensor(x, dtype="float32"):
    return ops.convert_to_tensor(np.asarray(x, dtype))


def test_vectorized_map_stacks_trees(backend):
    result = vectorized_map(lambda v: {"sum": v[0] + v[1], "one": 1.0}, (tensor([1, 2]), tensor([10, 20])))
    np.testing.assert_array_equal(numpy(result["sum"]), [11, 22])
    np.testing.assert_array_equal(numpy(result["one"]), [1, 1])


def test_vectorized_map_of_nothing_is_empty(backend):
    result = vectorized_map(lambda v: ops.sum(v) * 2.0, ops.zeros((0, 3)))
    assert tuple(result.shape) == (0,)
    assert ops.dtype(result) == "float32"


def test_vectorized_map_of_symbols():
    assert vectorized_map(lambda v: ops.sum(v), TensorSpec((None, 3))).shape == (None,)
    assert vectorized_map(lambda v: ops.sum(v), KerasTensor((4, 3))).shape == (4,)


@pytest.mark.needs("gradient")
def test_gradients_flow_through_vectorized_map(backend):
    f = lambda x: ops.sum(vectorized_map(lambda row: ops.sum(row) * row, x))  # noqa: E731
    np.testing.assert_allclose(numpy(ops.grad(f)(tensor(X))), np.repeat(2 * X.sum(1, keepdims=True), 3, 1))


@pytest.mark.parametrize("shapes", [((), ()), ((3,), ()), ((3, 1), (2,)), ((1, 2), (3, 1)), ((1,), (1,))])
def test_vectorize_broadcasts_as_numpy_does(backend, shapes):
    rng = np.random.default_rng(0)
    a, b = (rng.uniform(size=shape).astype("float32") for shape in shapes)
    result = numpy(vectorize(lambda x, y: x * y + 1)(tensor(a), tensor(b)))
    np.testing.assert_allclose(result, np.vectorize(lambda x, y: x * y + 1)(a, b), rtol=1e-6)


def test_vectorize_by_signature_is_numpys(backend):
    rng = np.random.default_rng(0)
    matrices, vectors = rng.uniform(size=(4, 1, 2, 3)).astype("float32"), rng.uniform(size=(5, 3)).astype("float32")
    product = vectorize(lambda m, v: (ops.matmul(m, v), ops.sum(v)), signature="(m, n), (n) -> (m), ()")
    results = product(tensor(matrices), tensor(vectors))
    expected = np.vectorize(lambda m, v: (m @ v, v.sum()), signature="(m,n),(n)->(m),()")(matrices, vectors)
    assert isinstance(results, tuple)
    for result, wanted in zip(results, expected, strict=True):
        np.testing.assert_allclose(numpy(result), wanted, rtol=1e-5)


def test_vectorize_leaves_out_what_is_excluded(backend):
    f = lambda a, b, scale=1.0: a * ops.sum(b) * scale  # noqa: E731
    np.testing.assert_allclose(numpy(vectorize(f, excluded={1})(tensor([1, 2]), tensor(X))), [15, 30])
    result = vectorize(f, excluded={1, "scale"})(tensor([1, 2]), tensor(X), scale=2.0)
    np.testing.assert_allclose(numpy(result), [30, 60])
    by_name = vectorize(f, excluded={1})(tensor([1, 2]), tensor(X), scale=tensor([1, 10]))
    np.testing.assert_allclose(numpy(by_name), [15, 300])


def test_vectorize_takes_lists_and_numbers_to_the_tensors_they_come_with(backend):
    result = vectorize(lambda a, b: a + b)(tensor([1, 2]), [10.0, 20.0])
    assert isinstance(result, backend.tensor_types)
    np.testing.assert_allclose(numpy(result), [11, 22])
    np.testing.assert_allclose(numpy(vectorize(lambda a, b: a + b)(1.0, tensor([1, 2]))), [2, 3])


def test_vectorize_under_jit(backend):
    f = vectorize(lambda a, b: ops.sum(a * b), signature="(n),(n)->()")
    np.testing.assert_allclose(numpy(ops.jit(f)(tensor(X), tensor([1, 1, 1]))), X.sum(1))


def test_vectorize_keeps_the_name():
    def half(x):
        return x / 2

    assert vectorize(half).__name__ == "half"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: vectorize(3), ArgumentError, "in vectorize\n  pyfunc must be a function and is 3"),
        (lambda: vectorize(len, signature="n->n"), ArgumentError, "'n->n' is not a signature"),
        (
            lambda: vectorize(lambda a, b: a, signature="(n),(n)->(n)")(X),
            ArgumentError,
            "the signature has 2 arguments, and 1 are given",
        ),
        (
            lambda: vectorize(lambda a, b: a, signature="(n),(n)->(n)")(X, X[0, :2]),
            ShapeError,
            "axis 'n' has size 3, and 2 in argument 1",
        ),
        (
            lambda: vectorize(lambda a: a, signature="(m,n)->(n)")(X[0]),
            ShapeError,
            r"argument 0 has shape \(3,\), and the signature gives it 2 axes",
        ),
        (
            lambda: vectorize(lambda a: a, signature="(n)->()")(X),
            ShapeError,
            r"result 0 has shape \(3,\), and the signature gives it 0 axes",
        ),
        (
            lambda: vectorize(lambda a: a, signature="(n)->(n),(n)")(X),
            ArgumentError,
            "the signature has 2 results, and pyfunc returned 1",
        ),
        (lambda: vectorize(lambda a: a, signature="(2)->(2)")(X), ShapeError, "axis '2' has size 2, and 3 in argument"),
        (
            lambda: vectorize(lambda a, b: a)(X, X[0, :2]),
            ShapeError,
            r"in vectorize\n  shapes \(2, 3\) and \(2,\) do not broadcast",
        ),
        (
            lambda: vectorized_map(lambda x: x, (X, X[0])),
            ShapeError,
            "in vectorized_map\n  the first axes of elements differ in size: 2 and 3",
        ),
        (lambda: vectorized_map(lambda x: x, X[0, 0]), ShapeError, "elements holds a scalar"),
        (lambda: vectorized_map(lambda x: x, ()), ArgumentError, "elements holds no tensors"),
    ],
)
def test_wrong_arguments(backend, call, error, message):
    with pytest.raises(error, match=message):
        call()
