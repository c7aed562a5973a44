"""Classes of layers and models that nobody holds any more are collected."""

from __future__ import annotations

import gc
import weakref

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Layer, Model, Sequential

X = np.ones((4, 3), "float32")


def test_a_layer_class_made_in_a_function_is_collected(backend):
    def use():
        class Scaling(Layer):
            def build(self, shape):
                self.factor = self.add_weight(shape=(shape[-1],), initializer="ones")

            def call(self, x, training=None):
                return ops.multiply(x, self.factor)

        layer = Scaling()
        for _ in range(2):
            layer(X)
        Sequential([Input((3,)), Scaling()]).predict(X, verbose=0)
        return weakref.ref(Scaling)

    reference = use()
    gc.collect()
    assert reference() is None


@pytest.mark.needs("gradient")
def test_a_model_class_made_in_a_function_is_collected_after_training(backend):
    def use():
        class Line(Model):
            def build(self, shape):
                self.slope = self.add_weight(shape=(shape[-1], 1))

            def call(self, x):
                return ops.matmul(x, self.slope)

            def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
                return ops.mean(ops.square(y_pred - y))

        model = Line()
        model.compile("sgd")
        model.fit(X, X[:, :1], verbose=0)
        return weakref.ref(Line)

    reference = use()
    gc.collect()
    assert reference() is None
