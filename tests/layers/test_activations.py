"""Activations, against their formulas in NumPy."""

from __future__ import annotations

import inspect
import json
import math

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.options import activations
from kcore_layers.serialization.objects import register_keras_serializable
from kcore_ops.foundation.errors import ArgumentError, DTypeError

X = np.array([-7.0, -3.0, -1.0, -0.2, 0.0, 0.3, 0.5, 1.0, 2.5, 7.0], "float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.log1p(np.exp(x))


def scaled_elu(x, alpha=1.0, scale=1.0):
    return scale * np.where(x > 0, x, alpha * np.expm1(x))


FORMULAS = {
    "celu": scaled_elu,
    "elu": scaled_elu,
    "exponential": np.exp,
    "gelu": lambda x: x * np.vectorize(lambda each: (1 + math.erf(each / math.sqrt(2))) / 2)(x),
    "glu": lambda x: x[:5] * sigmoid(x[5:]),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hard_swish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "linear": lambda x: x,
    "log_sigmoid": lambda x: -softplus(-x),
    "log_softmax": lambda x: x - np.log(np.exp(x).sum()),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "selu": lambda x: scaled_elu(x, 1.6732632423543772, 1.0507009873554805),
    "sigmoid": sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(),
    "softplus": softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "sparse_plus": lambda x: np.where(x <= -1, 0, np.where(x >= 1, x, (x + 1) ** 2 / 4)),
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "sparsemax": lambda x: (x == x.max()).astype("float32"),
    "squareplus": lambda x: (x + np.sqrt(x**2 + 4)) / 2,
    "swish": lambda x: x * sigmoid(x),
    "tanh": np.tanh,
    "tanh_shrink": lambda x: x - np.tanh(x),
}  # fmt: skip

# Names, arguments and defaults of keras.activations in Keras 3.15.1, other than of one argument x.
SIGNATURES = {
    "celu": "(x, alpha=1.0)",
    "elu": "(x, alpha=1.0)",
    "gelu": "(x, approximate=False)",
    "glu": "(x, axis=-1)",
    "hard_shrink": "(x, threshold=0.5)",
    "leaky_relu": "(x, negative_slope=0.2)",
    "log_softmax": "(x, axis=-1)",
    "relu": "(x, negative_slope=0.0, max_value=None, threshold=0.0)",
    "soft_shrink": "(x, threshold=0.5)",
    "softmax": "(x, axis=-1)",
    "sparsemax": "(x, axis=-1)",
    "squareplus": "(x, b=4)",
    "threshold": "(x, threshold, default_value)",
}


@pytest.mark.parametrize("name", FORMULAS)
def test_an_activation_is_its_formula(backend, name):
    result = ops.convert_to_numpy(activations.get(name)(ops.convert_to_tensor(X)))
    assert result.dtype == "float32"
    np.testing.assert_allclose(result, FORMULAS[name](X.astype("float64")), rtol=3e-5, atol=1e-6)


@pytest.mark.parametrize("name", [*FORMULAS, "threshold"])
def test_the_arguments_are_those_of_keras(name):
    signature = inspect.signature(getattr(activations, name))
    plain = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
    assert str(inspect.Signature(plain)) == SIGNATURES.get(name, "(x)")


@pytest.mark.parametrize("slope", [0.0, 0.1, -0.1])
@pytest.mark.parametrize("top", [None, 6.0, 2.0, -1.0])
@pytest.mark.parametrize("threshold", [0.0, 0.5, -2.0])
def test_relu_bends_at_its_threshold_and_stops_at_its_maximum(backend, slope, top, threshold):
    result = ops.convert_to_numpy(activations.relu(ops.convert_to_tensor(X), slope, top, threshold))
    expected = np.where(X > threshold, X, slope * (X - threshold))
    np.testing.assert_allclose(result, expected if top is None else np.minimum(expected, top), rtol=1e-6)


def test_relu_keeps_integers(backend):
    result = activations.relu(ops.convert_to_tensor([-1, 2], dtype="int32"), max_value=1)
    assert ops.dtype(result) == "int32"
    assert ops.convert_to_numpy(result).tolist() == [0, 1]


@pytest.mark.needs("complex")
def test_relu_of_complex_numbers_is_refused(backend):
    with pytest.raises(DTypeError, match="in relu\n  the op takes real numbers and got complex64"):
        activations.relu(ops.convert_to_tensor([1j], dtype="complex64"))


def test_threshold_replaces_what_is_below(backend):
    result = activations.threshold(ops.convert_to_tensor(X), 1.0, 9.0)
    assert ops.convert_to_numpy(result).tolist() == np.where(X > 1, X, 9).tolist()


def test_approximate_gelu_is_near_gelu_and_not_the_same(backend):
    x = ops.convert_to_tensor(X)
    exact, approximate = (ops.convert_to_numpy(activations.gelu(x, approximate=a)) for a in (False, True))
    assert 0 < np.abs(exact - approximate).max() < 5e-4


@pytest.mark.parametrize("name", sorted(set(FORMULAS) - {"linear", "relu", "gelu", "mish", "exponential"}))
def test_an_activation_is_the_op_itself(name):
    op = {"hard_swish": "hard_silu", "swish": "silu"}.get(name, name)
    assert activations.get(name) is getattr(ops, op)


@pytest.mark.parametrize("name", [*FORMULAS, "threshold"])
def test_every_activation_is_saved_by_its_name(name):
    function = getattr(activations, name)
    saved = activations.serialize(function)
    assert saved == {"hard_swish": "hard_silu", "swish": "silu"}.get(name, name)
    assert activations.deserialize(json.loads(json.dumps(saved))) is function


def test_an_op_that_does_the_same_is_saved_by_the_same_name():
    assert activations.serialize(ops.relu) == "relu"
    assert activations.serialize(ops.exp) == "exponential"


def test_a_registered_function_is_an_activation():
    @register_keras_serializable("tests_of_activations")
    def doubled(x):
        return 2 * x

    saved = activations.serialize(doubled)
    assert saved["config"] == "tests_of_activations>doubled"
    assert activations.get(saved) is doubled


def test_none_is_linear():
    assert activations.get(None) is activations.linear
    assert activations.linear(X) is X


def test_a_misspelt_activation_is_answered_with_the_one_that_was_meant():
    with pytest.raises(ArgumentError, match="no activation named 'rulu'\n  fix: did you mean 'r?elu'"):
        activations.get("rulu")
    with pytest.raises(ArgumentError, match="3 is not an activation"):
        activations.get(3)


@pytest.mark.needs("jit")
def test_activations_compile(backend):
    def function(x):
        return activations.relu(x, 0.1, 6.0, 0.5) + activations.mish(x) + activations.gelu(x)

    x = ops.convert_to_tensor(X)
    compiled, plain = ops.convert_to_numpy(ops.jit(function)(x)), ops.convert_to_numpy(function(x))
    np.testing.assert_allclose(compiled, plain, rtol=1e-5, atol=1e-6)
