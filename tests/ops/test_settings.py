"""Settings: what each changes, and what is said of a wrong value."""

from __future__ import annotations

import traceback

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import config, random
from kcore_ops.foundation.errors import ArgumentError, ShapeError


@pytest.fixture
def identical_draws():
    config.set_identical_draws(True)
    yield
    config.set_identical_draws(False)


DRAWS = {
    "uniform": lambda: random.uniform((3, 5), seed=7),
    "randint": lambda: random.randint((30,), -5, 1000, seed=7),
    "shuffle": lambda: random.shuffle(np.arange(20), seed=7),
    "dropout": lambda: random.dropout(np.ones(30, "float32"), 0.5, seed=7),
    "normal": lambda: random.normal((200,), seed=7),
    "truncated_normal": lambda: random.truncated_normal((200,), seed=7),
    "categorical": lambda: random.categorical(np.zeros((2, 5), "float32"), 6, seed=7),
    "gamma": lambda: random.gamma((200,), 2.0, seed=7),
    "beta": lambda: random.beta((200,), 2.0, 0.5, seed=7),
    "binomial": lambda: random.binomial((200,), 20.0, 0.25, seed=7),
}


@pytest.mark.parametrize("name", DRAWS)
def test_identical_draws_are_those_of_numpy(backend, identical_draws, name):
    with ops.use_backend("numpy"):
        expected = ops.convert_to_numpy(DRAWS[name]())
    np.testing.assert_allclose(ops.convert_to_numpy(DRAWS[name]()), expected, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", ["uniform", "randint", "shuffle", "dropout"])
def test_identical_draws_that_need_no_functions_are_equal_bit_for_bit(backend, identical_draws, name):
    with ops.use_backend("numpy"):
        expected = ops.convert_to_numpy(DRAWS[name]())
    np.testing.assert_array_equal(ops.convert_to_numpy(DRAWS[name]()), expected)


def test_draws_are_the_frameworks_own_unless_set(backend):
    before = ops.convert_to_numpy(DRAWS["normal"]())
    config.set_identical_draws(True)
    try:
        between = ops.convert_to_numpy(DRAWS["normal"]())
    finally:
        config.set_identical_draws(False)
    assert not config.has_identical_draws()
    np.testing.assert_array_equal(ops.convert_to_numpy(DRAWS["normal"]()), before)
    assert not np.allclose(before, between)


def shown(function):
    with pytest.raises(ShapeError, match="^ShapeError in logaddexp") as caught:
        function()
    return [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]


def test_tracebacks_leave_out_our_own_lines_unless_asked_for(backend):
    def wrong():
        return ops.logaddexp(np.ones(2, "float32"), np.ones(3, "float32"))

    short = shown(wrong)
    config.disable_traceback_filtering()
    try:
        assert not config.is_traceback_filtering_enabled()
        whole = shown(wrong)
    finally:
        config.enable_traceback_filtering()
    assert short[:2] == whole[:2] == ["shown", "wrong"]
    assert len(short) < len(whole)


@pytest.mark.parametrize("setter", [config.set_max_epochs, config.set_max_steps_per_epoch])
@pytest.mark.parametrize("value", [0, -1, 1.5, "two", True])
def test_a_limit_that_is_no_count_is_refused(setter, value):
    name = setter.__name__.removeprefix("set_")
    with pytest.raises(ArgumentError, match=f"{name} can not be {value!r}\n  fix: use a positive integer, or None"):
        setter(value)
    assert getattr(config, name)() is None


def test_flash_attention_can_be_disabled_for_all_calls_that_do_not_ask_for_it(backend):
    x = np.random.default_rng(0).normal(size=(2, 5, 4, 8)).astype("float32")
    expected = ops.convert_to_numpy(ops.dot_product_attention(x, x, x))
    config.disable_flash_attention()
    try:
        assert not config.is_flash_attention_enabled()
        found = ops.convert_to_numpy(ops.dot_product_attention(x, x, x))
    finally:
        config.enable_flash_attention()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_layers_are_no_nnx_modules():
    assert config.is_nnx_enabled() is False
