"""Sizes that are not known when a graph is built: in specs, in symbolic tensors, and in graphs the backend compiles."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import KerasTensor, TensorSpec, random
from kcore_ops.engine.inference import evaluate
from kcore_ops.foundation.errors import ShapeError


def reshape_to_a_product(x):
    n, m, c = ops.shape(x)
    return ops.reshape(x, (n * m, c))


def reshape_to_a_quotient(x):
    n, m, c = ops.shape(x)
    return ops.reshape(x, (n // 2, 2 * m, c))


def branch_on_a_size(x):
    return ops.cond(ops.convert_to_tensor(ops.shape(x)[0] > 2), lambda: x * 2.0, lambda: x * 3.0)


def random_of_that_shape(x):
    return random.uniform(ops.shape(x), seed=3)


def a_size_as_data(x):
    return ops.sum(x, axis=0) / ops.cast(ops.shape(x)[0], "float32") + ops.arange(ops.shape(x)[2], dtype="float32")


CASES = {
    reshape_to_a_product: (None, 3),
    reshape_to_a_quotient: (None, 4, 3),
    branch_on_a_size: (None, 2, 3),
    random_of_that_shape: (None, 2, 3),
    a_size_as_data: (2, 3),
}


@pytest.fixture(params=CASES, ids=lambda case: case.__name__)
def case(request):
    return request.param


def test_in_a_compiled_graph(backend, case):
    x = ops.convert_to_tensor(np.arange(24, dtype="float32").reshape(4, 2, 3))
    spec = TensorSpec((None, None, None) if case is reshape_to_a_product else (None, 2, 3))
    specs = [spec] if "dynamic_shapes" in backend.capabilities else None
    compiled = backend.jit(case, specs=specs)
    for rows in (4, 2):
        expected = ops.convert_to_numpy(case(x[:rows]))
        np.testing.assert_allclose(ops.convert_to_numpy(compiled(x[:rows])), expected, rtol=1e-6)


def test_in_specs(backend, case):
    assert evaluate(case, [TensorSpec((None, 2, 3))]).shape == CASES[case]


@pytest.mark.parametrize("case", [reshape_to_a_product, reshape_to_a_quotient, a_size_as_data])
def test_in_a_symbolic_tensor(backend, case):
    result = case(KerasTensor((None, 2, 3)))
    assert isinstance(result, KerasTensor)
    known = [size for size in result.shape if size is not None]
    assert len(result.shape) == len(CASES[case])
    assert all(size in (CASES[case]) for size in known)


def test_a_result_whose_rank_depends_on_a_size_is_refused():
    def f(x):
        return x if x.shape[0] > 1 else ops.sum(x)

    with pytest.raises(ShapeError, match="depends on a size that is not known"):
        evaluate(f, [TensorSpec((None, 2))])


def test_unknown_sizes_broadcast_with_known_ones():
    assert ops.add(TensorSpec((None, 3)), TensorSpec((5, 1))).shape == (5, 3)
    assert ops.add(TensorSpec((None, 3)), TensorSpec((1, 3))).shape == (None, 3)
    assert ops.matmul(TensorSpec((None, None)), TensorSpec((4, 5))).shape == (None, 5)


def test_a_size_computed_away_stays_unknown():
    assert evaluate(lambda x: ops.zeros((x.shape[0] % 8,)), [TensorSpec((None,))]).shape == (None,)


@pytest.mark.needs("jit")
def test_a_loop_may_close_over_a_tensor_of_unknown_size(backend):
    def search(x):
        lengths = ops.zeros_like(ops.argmax(x[:, 0], axis=-1)) + ops.shape(x)[1]
        return ops.ctc_decode(x, lengths, "beam_search", beam_width=3)

    x = ops.convert_to_tensor(np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32"))
    dynamic = "dynamic_shapes" in backend.capabilities
    compiled = backend.jit(search, specs=[TensorSpec((None, None, None))] if dynamic else None)
    for found, expected in zip(compiled(x), search(x), strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(found), ops.convert_to_numpy(expected), rtol=1e-5)
