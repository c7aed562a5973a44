"""A framework that has names of its own for dtypes, a fresh object for each, and shapes that are lists."""

from __future__ import annotations

import kcore
import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import tree
from kcore_ops.backends import registry
from kcore_ops.conformance.case import all_cases, iterate
from kcore_ops.conformance.trials import TRIALS, try_inputs
from kcore_ops.dtypes import numpy_dtype
from kcore_ops.engine import dispatch
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.op import all_ops
from kcore_ops.plugin import Backend, TensorOperators

NAMES = {"float32": "float", "float64": "double", "float16": "half", "int32": "int", "int64": "long", "bool": "boolean"}
OURS = {name: ours for ours, name in NAMES.items()}


class Kind:
    """A dtype: equal to others of its name, and never the same object."""

    def __init__(self, word):
        self.word = word

    def __eq__(self, other):
        return isinstance(other, Kind) and self.word == other.word

    def __hash__(self):
        return hash(self.word)

    def __str__(self):
        return self.word


class Box(TensorOperators):
    """A tensor over a NumPy array."""

    def __init__(self, array):
        self.array = np.asarray(array)

    shape = property(lambda self: list(self.array.shape))
    dtype = property(lambda self: Kind(NAMES.get(self.array.dtype.name, self.array.dtype.name)))
    __hash__ = object.__hash__

    def __bool__(self):
        return bool(self.array)

    def __int__(self):
        return int(self.array)

    def __float__(self):
        return float(self.array)

    def __index__(self):
        return self.array.__index__()

    def __len__(self):
        return len(self.array)


def boxed(function):
    def run(*args):
        result = function(*tree.map_structure(lambda x: x.array if isinstance(x, Box) else x, list(args)))
        return tuple(map(Box, result)) if isinstance(result, list | tuple) else Box(result)

    return run


class Named(Backend):
    """NumPy's functions for what has no definition; all else is defined by it."""

    name = "named"
    tensor_types = (Box,)
    capabilities = frozenset({"float64", "complex"})

    def __init__(self):
        numpy = registry.load("numpy")
        self.widened = {name: numpy.widened[name] for name in self._natives() if name in numpy.widened}
        super().__init__()

    @staticmethod
    def _natives():
        return [name for name, op in all_ops().items() if op.definition is None and "." not in name]

    def table(self):
        numpy = registry.load("numpy").ops
        return {name: boxed(numpy[name]) for name in self._natives()}

    def to_tensor(self, value, dtype):
        return Box(np.array(value, None if dtype is None else numpy_dtype(dtype)))

    def to_numpy(self, x):
        return x.array

    def dtype(self, x):
        return OURS.get(x.dtype.word, x.dtype.word)

    def shape(self, x):
        return tuple(x.shape)


@pytest.fixture(scope="module")
def named():
    all_cases()  # every op is known from here on
    backend = Named()
    registry.register(backend)
    yield backend
    registry.unregister("named")


CASES = [(name, i, case) for name, i, case in iterate(all_cases()) if all_ops()[name].definition is not None]


@pytest.mark.parametrize(("name", "number", "case"), CASES, ids=[f"{name}-{i}" for name, i, _ in CASES])
def test_definitions_ask_the_backend_for_dtypes_and_shapes(named, name, number, case):
    for trial in ("value_dtype_and_spec", "errors"):
        try_inputs(TRIALS[trial], named, case, 0.05)


def test_dtype_of_gives_our_names(named):
    x = named.to_tensor([1.0], "float64")
    assert str(x.dtype) == "double"
    assert [dtype_of(x), ops.dtype(x), dtype_of(x.array), dtype_of(ops.TensorSpec((), "float16"))] == [
        "float64",
        "float64",
        "float64",
        "float16",
    ]


@pytest.mark.parametrize(
    "call",
    [
        lambda x, y: ops.exp(x),
        lambda x, y: ops.add(x, y),
        lambda x, y: ops.multiply(x, 2.0),
        lambda x, y: ops.where(ops.greater(x, 0.0), x, y),
        lambda x, y: ops.concatenate([x, x]),
        lambda x, y: ops.concatenate([x, y]),
    ],
    ids=["one", "two", "number", "three", "alike", "others"],
)
def test_plans_are_found_by_dtypes_that_are_equal(named, monkeypatch, call):
    made = []
    make = dispatch.make_plan
    monkeypatch.setattr(dispatch, "make_plan", lambda *args: made.append(args) or make(*args))
    x, y = named.to_tensor([1.0, 2.0], "float32"), named.to_tensor([1.0, 2.0], "float64")
    first = call(x, y).array
    made.clear()
    np.testing.assert_array_equal(call(x, y).array, first)
    assert not made


def evaluated(name):
    with ops.use_backend(name):
        layers = kcore.layers
        model = kcore.Sequential(
            [
                layers.Input((4,)),
                layers.Dense(8, activation="gelu", kernel_initializer=kcore.initializers.GlorotUniform(seed=1)),
                layers.BatchNormalization(),
                layers.LayerNormalization(),
                layers.Dense(3, activation="softmax", kernel_initializer=kcore.initializers.GlorotUniform(seed=2)),
            ]
        )
        model.compile(
            loss="sparse_categorical_crossentropy", metrics=["accuracy", kcore.metrics.SparseTopKCategoricalAccuracy(2)]
        )
        rng = np.random.default_rng(0)
        x, y = rng.uniform(-1, 1, (10, 4)).astype("float32"), rng.integers(0, 3, 10)
        return model.evaluate(x, y, sample_weight=rng.uniform(0, 1, 10), verbose=0), model.predict(x, verbose=0)


def test_layers_losses_and_metrics_do_too(named):
    scores, outputs = evaluated("named")
    expected, theirs = evaluated("numpy")
    np.testing.assert_allclose(scores, expected, 1e-5)
    np.testing.assert_allclose(outputs, theirs, 1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize(
    "loss",
    ["mse", "mae", "kl_divergence", "binary_crossentropy", "categorical_crossentropy", "hinge", "huber", "log_cosh"],
)
def test_losses_are_of_the_dtype_of_predictions(named, loss, dtype):
    rng = np.random.default_rng(0)
    y_true, y_pred = (rng.dirichlet(np.ones(3), 4).astype(dtype) for _ in range(2))
    function = kcore.losses.get(loss)
    with ops.use_backend("numpy"):
        expected = function(y_true, y_pred)
    with ops.use_backend("named"):
        found = function(named.to_tensor(y_true, None), named.to_tensor(y_pred, None))
    assert dtype_of(found) == dtype_of(expected)
    np.testing.assert_allclose(found.array, expected, 2e-3 if dtype == "float16" else 1e-5)
