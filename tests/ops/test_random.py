"""Random numbers: moments, supports, seeds, and the same under `jit` and `vmap`."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import random
from kcore_ops.engine.op import op_of
from kcore_ops.foundation.errors import ArgumentError, DTypeError, ShapeError

numpy = ops.convert_to_numpy
N = 20000


@pytest.fixture(params=["native", "definition"])
def draws(request, backend, monkeypatch):
    """Draw by the backend's own generator, or by the definitions."""
    if request.param == "definition":
        for name in [name for name in backend.ops if name.startswith("random_")]:
            monkeypatch.delitem(backend.ops, name)
        for name in ("random_bits", "random_uniform", "random_normal", "random_truncated_normal", "random_randint"):
            op_of(name).forget_plans()
    yield
    for name in ("random_bits", "random_uniform", "random_normal", "random_truncated_normal", "random_randint"):
        op_of(name).forget_plans()


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_uniform_fills_its_interval_evenly(draws, dtype):
    x = numpy(random.uniform((N,), -1.0, 3.0, dtype=dtype, seed=1)).astype("float64")
    assert ops.dtype(random.uniform((2,), dtype=dtype, seed=1)) == dtype
    assert x.min() >= -1 and x.max() <= 3
    assert np.mean(x) == pytest.approx(1, abs=0.05)
    assert np.var(x) == pytest.approx(16 / 12, abs=0.05)
    unit = numpy(random.uniform((N,), dtype=dtype, seed=2)).astype("float64")
    assert unit.max() < 1


def test_normal_has_its_moments(draws):
    x = numpy(random.normal((N,), 2.0, 3.0, seed=1)).astype("float64")
    z = (x - 2) / 3
    assert np.isfinite(x).all()
    assert [np.mean(z), np.mean(z**2), np.mean(z**3), np.mean(z**4)] == pytest.approx([0, 1, 0, 3], abs=0.15)


def test_truncated_normal_stays_within_two_deviations(draws):
    z = numpy(random.truncated_normal((N,), seed=1)).astype("float64")
    assert np.abs(z).max() <= 2
    assert np.var(z) == pytest.approx(0.774, abs=0.03)  # 1 - 4 phi(2) / (2 Phi(2) - 1)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "int8"])
def test_randint_takes_every_value_about_as_often(draws, dtype):
    x = random.randint((N,), 3, 8, dtype=dtype, seed=1)
    assert ops.dtype(x) == dtype
    values, counts = np.unique(numpy(x), return_counts=True)
    assert values.tolist() == [3, 4, 5, 6, 7]
    assert counts / N == pytest.approx(0.2, abs=0.02)


def test_one_seed_gives_one_sequence_and_others_give_others(draws):
    first, again, other = (numpy(random.normal((50,), seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(np.corrcoef(first, other)[0, 1]) < 0.5 and (first != other).any()


def test_bits_are_those_of_the_published_cipher(backend):
    # Known answers of Threefry-2x32-20 from the authors' Random123 library: key 0, counter 0 and all ones.
    bits = numpy(op_of("random_bits").definition(ops.convert_to_tensor(np.zeros(2, "uint32")), (1,)))
    assert bits.dtype == np.uint32
    assert hex(int(bits[0])) == "0x6b200159"


def test_a_generator_advances_and_starts_again(backend):
    generator = random.SeedGenerator(5)
    a, b = numpy(random.uniform((4,), seed=generator)), numpy(random.uniform((4,), seed=generator))
    assert (a != b).all()
    again = random.SeedGenerator.from_config(generator.get_config())
    np.testing.assert_array_equal(numpy(random.uniform((4,), seed=again)), a)
    assert generator.state.numpy().tolist() == [5, 2]


def test_seeds_none_come_from_the_process_and_can_be_set(backend):
    random.set_seed(3)
    first = [numpy(random.uniform((4,))) for _ in range(2)]
    random.set_seed(3)
    np.testing.assert_array_equal(numpy(random.uniform((4,))), first[0])
    assert (first[0] != first[1]).all()


def test_dropout_keeps_the_mean(backend):
    x = ops.ones((200, 100))
    y = numpy(random.dropout(x, 0.25, seed=1))
    assert np.unique(y).tolist() == pytest.approx([0, 4 / 3])
    assert np.mean(y) == pytest.approx(1, abs=0.02)
    whole_rows = numpy(random.dropout(x, 0.5, noise_shape=(None, 1), seed=1))
    assert all(len(set(row.tolist())) == 1 for row in whole_rows)
    np.testing.assert_array_equal(numpy(random.dropout(x, 0.0, seed=1)), numpy(x))
    assert numpy(random.dropout(x, 1.0, seed=1)).sum() == 0


def test_shuffle_permutes_slices(backend):
    x = np.arange(60).reshape(20, 3)
    y = numpy(random.shuffle(x, seed=1))
    assert (y != x).any()
    np.testing.assert_array_equal(np.sort(y[:, 0]), x[:, 0])
    np.testing.assert_array_equal(y - y[:, :1], x - x[:, :1])
    np.testing.assert_array_equal(np.sort(numpy(random.shuffle(x, axis=1, seed=1)), axis=1), x)


def test_categorical_follows_the_probabilities(backend):
    p = np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 0.0]])
    with np.errstate(divide="ignore"):
        draws = numpy(random.categorical(np.log(p).astype("float32"), 5000, seed=1))
    assert draws.shape == (2, 5000) and draws.dtype == np.int32
    for row, expected in zip(draws, p, strict=True):
        assert np.bincount(row, minlength=3) / 5000 == pytest.approx(expected, abs=0.03)


def test_draws_under_jit_follow_the_seed(backend):
    draw = ops.jit(lambda seed: random.normal((100,), seed=seed))
    seeds = [ops.convert_to_tensor(np.array([1, i], "uint32")) for i in range(2)]
    first, again, other = numpy(draw(seeds[0])), numpy(draw(seeds[0])), numpy(draw(seeds[1]))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_draws_under_vmap_differ_by_seed(backend):
    seeds = ops.convert_to_tensor(np.array([[1, 0], [1, 1], [1, 0]], "uint32"))
    rows = numpy(ops.vmap(lambda seed: random.uniform((100,), seed=seed))(seeds))
    np.testing.assert_array_equal(rows[0], rows[2])
    assert (rows[0] != rows[1]).any()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: random.uniform((2,), dtype="int32"), DTypeError, "random floats can not be int32"),
        (
            lambda: random.randint((2,), 3, 3),
            ArgumentError,
            "there are no int32 integers from minval=3 to below maxval=3",
        ),
        (lambda: random.randint((2,), 0, 300, dtype="uint8"), ArgumentError, "no uint8 integers"),
        (lambda: random.randint((2,), 0, 3, dtype="float32"), DTypeError, "random integers can not be float32"),
        (lambda: random.dropout(np.ones(3), 1.5), ArgumentError, "rate must be a fraction from 0 to 1 and is 1.5"),
        (lambda: random.categorical(np.ones(3), 2), ShapeError, r"two axes, \(batch, classes\), and have shape \(3,\)"),
        (lambda: random.shuffle(np.ones(3), axis=2), ShapeError, "axis=2 is out of range"),
        (lambda: random.normal((2,), seed="a"), ArgumentError, "'a' is not a seed"),
        (lambda: random.normal((2,), seed=-1), ArgumentError, "a seed is not negative"),
    ],
)
def test_wrong_arguments(backend, call, error, message):
    with pytest.raises(error, match=message):
        call()
