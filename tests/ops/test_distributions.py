"""Gamma, beta and binomial draws: frequencies, moments, supports, and the same under `jit` and `vmap`."""

from __future__ import annotations

import math

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import random
from kcore_ops.engine.op import op_of
from kcore_ops.foundation.errors import DTypeError, ShapeError

numpy = ops.convert_to_numpy
N = 20000
NAMES = ("random_gamma", "random_beta", "random_binomial")


@pytest.fixture(params=["native", "definition"])
def draws(request, backend, monkeypatch):
    """Draw by the backend's own functions, or by the definitions."""
    if request.param == "definition":
        for name in NAMES:
            monkeypatch.delitem(backend.ops, name, raising=False)
            op_of(name).forget_plans()
    yield backend
    for name in NAMES:
        op_of(name).forget_plans()


def standardized_moments(x):
    x = np.asarray(x, "float64")
    z = (x - x.mean()) / x.std()
    return x.mean(), x.var(), (z**3).mean()


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.5, 1e4])
def test_gamma_has_its_moments(draws, alpha):
    mean, variance, skew = standardized_moments(numpy(random.gamma((N,), alpha, seed=1)))
    deviation = math.sqrt(alpha)
    assert mean == pytest.approx(alpha, abs=4 * deviation / math.sqrt(N))
    assert variance == pytest.approx(alpha, rel=4 * math.sqrt((2 + 6 / alpha) / N))
    assert skew == pytest.approx(2 / deviation, abs=0.1 + 0.5 / deviation)


@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 0.5), (2.0, 5.0), (1.0, 1.0), (1e-3, 1e-3), (1e5, 3e5)])
def test_beta_has_its_moments(draws, alpha, beta):
    x = numpy(random.beta((N,), alpha, beta, seed=1))
    mean, variance, _ = standardized_moments(x)
    total = alpha + beta
    expected = alpha * beta / total**2 / (total + 1)
    assert x.min() >= 0 and x.max() <= 1
    assert mean == pytest.approx(alpha / total, abs=4 * math.sqrt(expected / N))
    assert variance == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(("n", "p"), [(1, 0.3), (7, 0.5), (40, 0.1), (22, 0.5), (60, 0.8), (500, 0.03)])
def test_binomial_frequencies_are_the_probabilities(draws, n, p):
    x = numpy(random.binomial((N,), n, p, seed=2))
    assert x.min() >= 0 and x.max() <= n and (x == np.floor(x)).all()
    probabilities = np.array([math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)])
    counts = np.bincount(x.astype(int), minlength=n + 1)
    # Of classes that expect 5 or more; chi square is then within 4.5 of its deviations.
    likely = probabilities * N >= 5
    expected = N * probabilities[likely]
    statistic = ((counts[likely] - expected) ** 2 / expected).sum()
    freedom = likely.sum()
    assert statistic < freedom + 4.5 * math.sqrt(2 * freedom)
    assert counts[~likely].sum() <= 5 * math.sqrt(N * probabilities[~likely].sum() + 1)


@pytest.mark.parametrize(("n", "p"), [(10**6, 0.5), (10**6, 1e-3), (10**6, 1e-7)])
def test_binomial_of_many_trials_has_its_moments(draws, n, p):
    x = numpy(random.binomial((N,), n, p, dtype="float32", seed=1))
    mean, variance, _ = standardized_moments(x)
    expected = n * p * (1 - p)
    assert mean == pytest.approx(n * p, abs=4 * math.sqrt(expected / N))
    assert variance == pytest.approx(expected, rel=4 * math.sqrt((2 + 1 / expected) / N))


def test_each_element_has_its_own_parameters(draws):
    alpha = np.array([[0.5], [50.0]], "float32")
    x = numpy(random.gamma((3, 2, N), alpha, seed=1))
    np.testing.assert_allclose(x.mean((0, 2)), [0.5, 50.0], rtol=0.05)
    x = numpy(random.beta((N, 2), [1.0, 9.0], 1, seed=1))
    np.testing.assert_allclose(x.mean(0), [0.5, 0.9], rtol=0.05)
    x = numpy(random.binomial((2, 3, N), [[[1]], [[100]]], [[0.0], [0.25], [1.0]], seed=1))
    np.testing.assert_allclose(x.mean(2), [[0, 0.25, 1], [0, 25, 100]], rtol=0.1)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_draws_are_of_the_dtype_asked_for(draws, dtype):
    for x in (
        random.gamma((2,), 2, dtype=dtype, seed=1),
        random.gamma((2,), np.array([1.0, 2.0]), dtype=dtype, seed=1),
        random.beta((2,), 2.0, np.array([1, 2]), dtype=dtype, seed=1),
        random.binomial((2,), 9, 0.5, dtype=dtype, seed=1),
    ):
        assert ops.dtype(x) == dtype
        assert np.isfinite(numpy(x).astype("float64")).all()


def test_parameters_without_meaning_give_nan_and_limits_give_limits(draws):
    nan, inf = np.nan, np.inf
    x = numpy(random.gamma((4,), np.array([-1.0, nan, 0.0, 1.0], "float32"), seed=1))
    np.testing.assert_array_equal(np.isnan(x), [True, True, False, False])
    assert x[2] <= 1e-37 < x[3]
    x = numpy(random.beta((5,), np.array([-0.5, nan, 0.0, 1.0, 1.0]), np.array([1.0, 1.0, 1.0, 0.0, inf]), seed=1))
    np.testing.assert_array_equal(x, [nan, nan, 0, 1, 0])
    counts = np.array([-1, nan, 10, 10, 10, 0, 10, 10, 2.7], "float32")
    probabilities = np.array([0.5, 0.5, nan, -0.1, 1.1, 0.5, 0, 1, 1], "float32")
    x = numpy(random.binomial((9,), counts, probabilities, seed=1))
    np.testing.assert_array_equal(x, [nan, nan, nan, nan, nan, 0, 0, 10, 2])


@pytest.mark.parametrize(
    "draw",
    [
        lambda seed, a: random.gamma((50,), a, seed=seed),
        lambda seed, a: random.beta((50,), a, 2.0, seed=seed),
        lambda seed, a: random.binomial((50,), 10 * a, 0.4, seed=seed),
    ],
    ids=["gamma", "beta", "binomial"],
)
class TestTransformed:
    """One seed gives the same draws however they are computed."""

    def test_under_jit_draws_follow_the_seed(self, draws, draw):
        compiled = ops.jit(lambda seed, a: draw(seed, a))  # JAX would know `draw` itself from the other test
        a = ops.convert_to_tensor(2.0)
        seeds = [ops.convert_to_tensor(np.array([1, i], "uint32")) for i in range(2)]
        first, again, other = (numpy(compiled(seeds[i], a)) for i in (0, 0, 1))
        np.testing.assert_array_equal(first, again)
        np.testing.assert_allclose(first, numpy(draw(seeds[0], a)), rtol=1e-5)
        assert (first != other).any()

    @pytest.mark.only("jax", "numpy", "torch")  # TensorFlow's graphs of it take seconds each
    def test_under_vmap_each_seed_and_parameter_has_its_own(self, draws, draw):
        seeds = ops.convert_to_tensor(np.array([[1, 0], [1, 1], [1, 0]], "uint32"))
        parameters = ops.convert_to_tensor(np.array([2.0, 2.0, 4.0], "float32"))
        rows = numpy(ops.vmap(draw)(seeds, parameters))
        for row, seed, parameter in zip(rows, seeds, parameters, strict=True):
            np.testing.assert_allclose(row, numpy(draw(seed, parameter)), rtol=1e-4)
        of_one_seed = numpy(ops.vmap(lambda a: draw(seeds[0], a))(parameters))
        np.testing.assert_allclose(of_one_seed[[0, 2]], rows[[0, 2]], rtol=1e-4)
        compiled = numpy(ops.jit(ops.vmap(lambda a: draw(np.array([1, 0], "uint32"), a)))(parameters))
        np.testing.assert_allclose(compiled, of_one_seed, rtol=1e-4)

    @pytest.mark.only("numpy", "tensorflow", "torch")  # on JAX sizes are known
    def test_in_a_graph_of_unknown_sizes(self, draws, draw):
        specs = [ops.TensorSpec((None,), "float32")] if "dynamic_shapes" in draws.capabilities else None

        def like(x):
            return random.gamma(ops.shape(x), x, seed=1) + draw(1, 1.0)[0]

        compiled = draws.jit(like, specs=specs)
        for size in (2, 5):
            x = ops.ones((size,))
            np.testing.assert_allclose(numpy(compiled(x)), numpy(like(x)), rtol=1e-5)


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("alpha", [0.5, 2.0, 30.0])
def test_gradients_by_the_parameters_are_those_of_the_means(backend, alpha):
    def mean(a):
        return ops.mean(random.gamma((N,), a, seed=1))

    deviation = 2 / math.sqrt(N)
    assert float(ops.grad(mean)(alpha)) == pytest.approx(1, abs=4 * deviation)
    assert float(ops.jit(ops.grad(mean))(ops.convert_to_tensor(alpha))) == pytest.approx(1, abs=4 * deviation)
    gradient = float(ops.grad(lambda a: ops.mean(random.beta((N,), a, 2.0, seed=1)))(alpha))
    assert gradient == pytest.approx(2 / (alpha + 2) ** 2, rel=0.06)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: random.gamma((2,), 1.0, dtype="int32"), DTypeError, "random floats can not be int32"),
        (lambda: random.binomial((2,), 3, 0.5, dtype="int32"), DTypeError, "random floats can not be int32"),
        (
            lambda: random.gamma((3,), np.ones((2, 3))),
            ShapeError,
            r"in random_gamma\n  a tensor of shape \(2, 3\) does not broadcast to \(3,\)",
        ),
        (lambda: random.beta((3,), np.ones(3), np.ones(2)), ShapeError, r"shapes \(2,\) and \(3,\) do not broadcast"),
        (lambda: random.binomial((3,), np.ones(2), 0.5), ShapeError, r"shapes \(2,\) and \(3,\) do not broadcast"),
        (lambda: random.gamma((2,), 1j), DTypeError, "the op takes real numbers and got complex"),
    ],
)
def test_wrong_arguments(backend, call, error, message):
    with pytest.raises(error, match=message):
        call()
