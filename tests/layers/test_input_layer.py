"""`InputLayer` and `Input`: which arguments go together."""

from __future__ import annotations

import numpy as np
import pytest
from kcore_layers.layers.core.input_layer import Input, InputLayer
from kcore_ops import KerasTensor
from kcore_ops.foundation.errors import ArgumentError


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({}, "an input needs a shape\n  fix: pass shape="),
        ({"shape": (3,), "batch_shape": (2, 3)}, "shape and batch_shape were both given\n  fix: pass one of them"),
        ({"batch_size": 4, "batch_shape": (2, 3)}, "batch_size and batch_shape were both given"),
        ({"shape": (4,), "tensor": KerasTensor((2, 3))}, r"shape can not be \(4,\), as the tensor has \(3,\)"),
        ({"batch_size": 5, "tensor": KerasTensor((2, 3))}, "batch_size can not be 5, as the tensor has 2"),
        ({"batch_shape": (7, 3), "tensor": KerasTensor((2, 3))}, r"batch_shape can not be \(7, 3\)"),
        ({"dtype": "int32", "tensor": KerasTensor((2, 3))}, "dtype can not be 'int32'.*'float32'\n  fix: leave out"),
        ({"tensor": np.ones((2, 3))}, "input_tensor is of class ndarray\n  fix: pass a KerasTensor"),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(backend, kwargs, message):
    with pytest.raises(ArgumentError, match=message):
        Input(**kwargs)


def test_what_agrees_with_the_tensor_may_be_given_beside_it(backend):
    tensor = KerasTensor((2, 3), "int32")
    layer = InputLayer(shape=(3,), batch_size=2, dtype="int32", input_tensor=tensor)
    assert (layer.batch_shape, layer.dtype) == ((2, 3), "int32")


def test_an_input_layer_gives_what_it_is_given_and_nothing_for_nothing(backend):
    layer = InputLayer((3,))
    assert layer.call() is None
    assert layer.call(7) == 7
