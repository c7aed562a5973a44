"""Several threads predict with one model, as those of a server do."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import layers
from kcore_layers.models import Sequential


@pytest.mark.parametrize("is_compiled", [False, True])
def test_eight_threads_predict_with_one_model(backend, is_compiled):
    model = Sequential([layers.Input((4,)), layers.Dense(8, "relu"), layers.Dropout(0.5), layers.Dense(2)])
    if is_compiled and "gradient" in backend.capabilities:
        model.compile("adam", "mse", metrics=["mae"])
    x = np.random.default_rng(0).normal(size=(300, 4)).astype("float32")
    expected = ops.convert_to_numpy(model(x))
    start = threading.Barrier(8)

    def run(sizes):
        start.wait()
        with ops.use_backend(backend.name):
            return [model.predict(x[:size], batch_size=32, verbose=0) for size in sizes]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(run, [(300, 250, 300)] * 8))
    assert len(results) == 8
    for found in itertools.chain(*results):
        np.testing.assert_allclose(found, expected[: len(found)], rtol=1e-5, atol=1e-5)
