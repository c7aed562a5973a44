"""Draws that are the same on every backend, whatever the setting says, on the host and in compiled functions."""

from __future__ import annotations

import multiprocessing

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import config
from kcore_ops.ops.random.portable import portable_uniform
from kcore_ops.random import SeedGenerator


def test_they_are_the_numbers_of_the_definition(backend):
    drawn = ops.convert_to_numpy(portable_uniform(11, (3, 5)))
    config.set_identical_draws(True)
    try:
        expected = ops.convert_to_numpy(ops.random.uniform((3, 5), dtype="float32", seed=11))
    finally:
        config.set_identical_draws(False)
    np.testing.assert_array_equal(drawn, expected)
    assert drawn.dtype == "float32" and len(np.unique(drawn)) == 15


@pytest.mark.needs("jit")
def test_a_compiled_function_draws_the_same(backend):
    seed = np.array([3, 2**32 - 1], "uint32")
    compiled = ops.jit(lambda s: portable_uniform(s, (4,)))(ops.convert_to_tensor(seed))
    np.testing.assert_array_equal(ops.convert_to_numpy(compiled), ops.convert_to_numpy(portable_uniform(seed, (4,))))


def test_a_generator_draws_others_each_time(backend):
    generator = SeedGenerator(1)
    first, second = (ops.convert_to_numpy(portable_uniform(generator, (4,))) for _ in range(2))
    assert not np.array_equal(first, second)


def test_a_generator_of_another_backend_is_asked_on_the_host(backend, other_backend):
    own, foreign = SeedGenerator(6), None
    with ops.use_backend(other_backend.name):
        foreign = SeedGenerator(6)
    for _ in range(2):
        np.testing.assert_array_equal(
            ops.convert_to_numpy(portable_uniform(own, (4,))), ops.convert_to_numpy(portable_uniform(foreign, (4,)))
        )


def _drawn(queue):
    with ops.use_backend("numpy"):
        queue.put(np.asarray(portable_uniform(SeedGenerator(1), (2,))))


def test_each_worker_process_draws_its_own():
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    workers = [context.Process(target=_drawn, args=(queue,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    first, second = (queue.get(timeout=120) for _ in workers)
    for worker in workers:
        worker.join()
    assert not np.array_equal(first, second)
