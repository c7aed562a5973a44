"""A function of NumPy arrays runs on the host wherever its tensors are: eagerly, compiled, mapped over data."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
from kcore_ops.backends.current import current_backend
from kcore_ops.specs.spec import TensorSpec

X = np.arange(6, dtype="float32").reshape(2, 3)


def doubled(x):
    def on_host(array):
        assert isinstance(array, np.ndarray)
        return [array * 2]

    return current_backend().call_on_host(on_host, [TensorSpec(x.shape, "float32")], [x])[0]


def test_it_runs_on_tensors_and_on_arrays(backend):
    for x in (X, ops.convert_to_tensor(X)):
        y = doubled(x)
        assert isinstance(y, current_backend().tensor_types)
        np.testing.assert_array_equal(ops.convert_to_numpy(y), X * 2)


def test_it_runs_each_time_that_compiled_code_does(backend):
    calls = []

    def counted(x):
        def on_host(array):
            calls.append(1)
            return [array + len(calls)]

        return current_backend().call_on_host(on_host, [TensorSpec((2, 3), "float32")], [x])[0]

    compiled = ops.jit(lambda x: ops.add(counted(x), 0.0))
    x = ops.convert_to_tensor(X)
    first, second = (ops.convert_to_numpy(compiled(x)) for _ in range(2))
    assert (second - first == second.flat[0] - first.flat[0]).all()
    assert len(calls) >= 2
