"""Where results lie: with the tensors that they are computed of. The conformance suite asks it of every op."""

from __future__ import annotations

import re

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.backends import registry
from kcore_ops.backends.interface import Backend
from kcore_ops.conformance.places import other_device
from kcore_ops.engine.call import beside
from kcore_ops.foundation.errors import PluginError

X = np.arange(6, dtype="float32").reshape(2, 3)


@pytest.fixture
def there(backend):
    """From an array to a tensor of it on a second device, which calls do not leave."""
    device = other_device(backend)
    if device is None or not backend.follows_tensors:
        pytest.skip("calls go to one device, wherever their tensors are")
    return lambda array: backend.to_device(ops.convert_to_tensor(array), device)


CALLS = {
    "an array": lambda x: ops.add(x, X),
    "an array before it": lambda x: ops.subtract(X, x),
    "a list": lambda x: ops.add(x, [1.0, 2.0, 3.0]),
    "a number before it": lambda x: ops.maximum(1.5, x),
    "a variable's dtype": lambda x: ops.add(x, np.float64(2.0)),
    "a list of tensors": lambda x: ops.concatenate([X, x, X]),
    "three arguments": lambda x: ops.where(x > 2.0, X, 0.0),
    "a tree": lambda x: ops.scan(lambda carry, each: (carry + each, carry), np.zeros(3, "float32"), x)[0],
    "a definition": lambda x: ops.median(x, axis=1),
    "constants": lambda x: ops.one_hot(ops.cast(x, "int32"), 6),
    "a range": lambda x: ops.linspace(x, 2.0, 3),
    "an entry that leaves it to the definition": lambda x: ops.softmax(x, axis=(0, 1)),
    "a draw": lambda x: ops.random.dropout(x, 0.5, seed=3),
    "a loop": lambda x: ops.fori_loop(0, 2, lambda i, y: y + i, x),
    "a gradient": lambda x: ops.grad(lambda y: ops.sum(ops.square(y)))(x),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_a_result_lies_where_the_tensor_does(backend, there, call):
    if call is CALLS["a gradient"] and "gradient" not in backend.capabilities:
        pytest.skip("no gradients")
    x = there(X)
    assert backend.place_of(call(x)) == backend.place_of(x)


def test_what_is_made_of_sizes_lies_beside_a_tensor(backend, there):
    x = there(X)
    with beside(x):
        made = ops.add(ops.arange(3, dtype="float32"), 1.0)
    assert backend.elsewhere(made) is None or backend.place_of(made) == backend.place_of(x)
    assert backend.place_of(ops.add(x, made)) == backend.place_of(x)


def test_a_call_elsewhere_leaves_the_default_device_as_it_was(backend, there):
    x = there(X)
    before = backend.place_of(ops.zeros((2,)))
    ops.median(x)
    with pytest.raises(ValueError, match="inputs have shape"):
        ops.scatter(there(np.zeros((2, 3, 1), "int32")), x[0], (4,))
    assert backend.place_of(ops.zeros((2,))) == before


def test_a_tensor_of_a_second_device_keeps_its_numbers(backend):
    device = other_device(backend)
    if device is None or "meta" in device:
        pytest.skip("no second device has numbers")
    np.testing.assert_array_equal(backend.to_numpy(backend.to_device(ops.convert_to_tensor(X), device)), X)


def test_a_plugin_that_knows_places_must_take_like():
    class Placing(Backend):
        name = "placing"
        tensor_types = (dict,)

        def table(self):
            return {}

        def to_tensor(self, value, dtype):
            return {}

        def to_numpy(self, x):
            return np.zeros(())

        def elsewhere(self, x):
            return None

    with pytest.raises(PluginError, match=re.escape("elsewhere is there, and to_tensor takes no 'like'")):
        registry.register(Placing())
