"""Tensors of TensorFlow's graphs have rows, where their number is known; eager ones are left alone."""

from __future__ import annotations

import subprocess
import sys

import kcore_ops as ops
import pytest
import tensorflow as tf


@pytest.fixture(autouse=True)
def _on_tensorflow():
    with ops.use_backend("tensorflow"):
        yield


def traced(function, *sizes):
    """Give what a function finds of a tensor of a graph with these sizes."""
    found = []
    signature = [tf.TensorSpec(sizes, "float32")]
    tf.function(lambda x: found.append(function(x)), autograph=False, input_signature=signature).get_concrete_function()
    return found[0]


def test_rows_of_known_number_are_counted_and_iterated_over():
    assert traced(len, 3, None) == 3
    assert traced(lambda x: [row.shape.as_list() for row in x], 2, None) == [[None], [None]]


def test_rows_of_unknown_number_are_refused_as_before():
    for sizes in ((None, 3), ()):
        with pytest.raises(TypeError, match="len is not well defined"):
            traced(len, *sizes)
        with pytest.raises(TypeError, match="Iterating over a symbolic|Cannot iterate over a scalar"):
            traced(lambda x: list(x), *sizes)


def test_eager_tensors_are_as_tensorflow_makes_them():
    eager = type(tf.zeros((2, 3)))
    for cls in (eager, tf.Tensor, *eager.__mro__):
        for name in ("__len__", "__iter__"):
            assert "kcore" not in getattr(getattr(cls, name, None), "__module__", "tensorflow")
    assert (len(tf.zeros((2, 3))), [row.shape for row in tf.zeros((2, 3))]) == (2, [(3,), (3,)])
    with pytest.raises(TypeError, match="Scalar tensor has no"):
        len(tf.zeros(()))


def test_autograph_makes_loops_of_the_graph_as_before():
    @tf.function
    def total(x):
        found = 0.0
        for number in x:
            found += number
        return found

    graph = total.get_concrete_function(tf.TensorSpec((1000,))).graph
    assert float(total(tf.ones((1000,)))) == 1000
    assert len(graph.get_operations()) < 100


def test_importing_kcore_leaves_tensorflow_alone():
    source = (
        "import kcore, tensorflow as tf\n"
        "from tensorflow.python.framework.ops import SymbolicTensor\n"
        "print('__len__' in vars(SymbolicTensor), tf.Tensor.__len__.__module__)"
    )
    found = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "tensorflow.python.framework.tensor"]
