"""What layers add to the loss belongs to the call that added it, and replaces what the call before has added."""

import gc
import weakref

import kcore_ops as ops
import numpy as np
from kcore_layers import Model
from kcore_layers.base.layer import Layer
from kcore_layers.layers import Dense

X = np.ones((2, 3), "float32")


class Penalty(Layer):
    def call(self, x):
        self.add_loss(ops.sum(x))
        return x * 2


class Net(Model):
    def __init__(self):
        super().__init__()
        self.first, self.dense, self.second = Penalty(), Dense(3, kernel_initializer="ones"), Penalty()

    def call(self, x):
        y = self.second(self.first(x))
        self.inside = [float(ops.convert_to_numpy(loss)) for loss in self.losses]
        return self.dense(y)


def numbers(losses):
    return [float(ops.convert_to_numpy(loss)) for loss in losses]


def test_a_call_replaces_what_the_call_before_has_added(backend):
    model = Net()
    for factor in (1, 2, 3):
        model(X * factor)
        assert numbers(model.losses) == model.inside == [6.0 * factor, 12.0 * factor]
        assert numbers(model.first.losses) == [6.0 * factor]


def test_a_layer_called_by_itself_replaces_its_own(backend):
    model = Net()
    model(X)
    model.second(X)
    assert numbers(model.losses) == [6.0, 6.0]


def test_a_layer_that_adds_now_and_then_keeps_none_of_what_it_added_before(backend):
    class Sometimes(Layer):
        def call(self, x, training=None):
            if training:
                self.add_loss(ops.sum(x))
            return x

    layer, x = Sometimes(), ops.convert_to_tensor(X)
    for training, expected in ((None, []), (None, []), (True, [6.0]), (True, [6.0]), (None, [])):
        layer(x, training=training)
        assert numbers(layer.losses) == expected


def test_pure_calls_give_their_losses_and_leave_none(backend):
    class Traced(Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = Penalty(), Penalty()

        def call(self, x):
            return self.second(self.first(x))

    model = Traced()
    model(X)
    for factor in (2, 3):
        _, _, losses = model.stateless_call([], [], X * factor, return_losses=True)
        assert numbers(losses) == [6.0 * factor, 12.0 * factor]
        model.stateless_call([], [], X * factor)
    assert numbers(model.losses) == [6.0, 12.0]


def test_pure_calls_keep_no_tensor(backend):
    kept = []

    class Keeps(Layer):
        def call(self, x):
            loss = ops.sum(x)
            try:
                kept.append(weakref.ref(loss))
            except TypeError:
                kept.append(lambda: None)  # the framework's tensors can not be watched
            self.add_loss(loss)
            return x

    layer = Keeps()
    layer(X)
    for _ in range(5):
        layer.stateless_call([], [], X)
    gc.collect()
    assert sum(ref() is not None for ref in kept) <= 1


def test_a_function_that_is_compiled_leaves_losses_that_can_be_read(backend):
    layer = Penalty()
    layer(X)
    compiled = ops.jit(lambda x: layer(x) + sum(layer.losses))
    y = compiled(ops.convert_to_tensor(X))
    assert np.allclose(ops.convert_to_numpy(y), 2 * X + 6)
    assert all(np.isfinite(number) for number in numbers(layer.losses))
