"""`model.to(device)`: all that a model computes with moves along. torch's "meta" device is there on every machine."""

from __future__ import annotations

import kcore_layers.layers as layers
import kcore_ops as ops
import kcore_train.losses as losses
import kcore_train.metrics as metrics
import kcore_train.optimizers as optimizers
import numpy as np
import pytest
import torch
from kcore_layers import Input, Model, Sequential
from kcore_layers.options.regularizers import OrthogonalRegularizer

SHAPES = {2: (2, 6), 3: (2, 5, 4), 4: (2, 6, 6, 3)}


@pytest.fixture(autouse=True)
def _on_torch():
    with ops.use_backend("torch"):
        yield


def meta(*shape, dtype="float32"):
    return torch.ones(shape, dtype=getattr(torch, dtype), device="meta")


def assert_on_meta(found):
    tensors = [x for x in ops.tree.flatten(found) if isinstance(x, torch.Tensor)]
    assert tensors and all(x.is_meta for x in tensors), [x.device for x in tensors]


LAYERS = {
    "dense": (lambda: layers.Dense(3), 2),
    "dropout": (lambda: layers.Dropout(0.5), 2),
    "spatial dropout": (lambda: layers.SpatialDropout1D(0.5), 3),
    "gaussian noise": (lambda: layers.GaussianNoise(0.5), 2),
    "gaussian dropout": (lambda: layers.GaussianDropout(0.5), 2),
    "alpha dropout": (lambda: layers.AlphaDropout(0.5), 2),
    "batch normalization": (lambda: layers.BatchNormalization(), 2),
    "spectral normalization": (lambda: layers.SpectralNormalization(layers.Dense(3)), 2),
    "lstm": (lambda: layers.LSTM(3, return_sequences=True), 3),
    "lstm with dropout": (lambda: layers.LSTM(3, dropout=0.2, recurrent_dropout=0.2), 3),
    "stateful lstm": (lambda: layers.LSTM(3, stateful=True), 3),
    "cells": (lambda: layers.RNN([layers.LSTMCell(3, dropout=0.3), layers.GRUCell(2)]), 3),
    "both ways": (lambda: layers.Bidirectional(layers.GRU(3)), 3),
    "resizing": (lambda: layers.UpSampling2D(2, interpolation="bilinear"), 4),
    "convolution": (lambda: layers.Conv2D(2, 3, padding="same"), 4),
}


@pytest.mark.parametrize("make, rank", LAYERS.values(), ids=list(LAYERS))
def test_a_layer_that_was_moved_computes_where_it_is(make, rank):
    layer = make()
    x = np.ones(SHAPES[rank], "float32")
    layer(x)
    layer.to("meta")
    assert all(variable.value.is_meta for variable in layer.variables)
    assert_on_meta(layer(meta(*SHAPES[rank])))


@pytest.mark.parametrize("make", [lambda: layers.Dropout(0.5), lambda: layers.LSTM(3, dropout=0.2)])
def test_a_layer_that_was_moved_draws_where_it_is(make):
    layer = make()
    layer(np.ones((2, 5, 4), "float32"))
    layer.to("meta")
    assert_on_meta(layer(meta(2, 5, 4), training=True))


def test_a_seed_that_moves_there_and_back_goes_on_where_it_was():
    layer, other = layers.Dropout(0.5, seed=3), layers.Dropout(0.5, seed=3)
    x = torch.ones(4, 4)
    layer(x, training=True), other(x, training=True)
    layer.to("cpu")
    assert torch.equal(layer(x, training=True), other(x, training=True))


def self_attention(make, **options):
    with ops.use_backend("torch"):
        layer = make()
    several = not isinstance(layer, layers.Attention)
    return layer, lambda x: layer(x, x, **options) if several else layer([x, x], **options)


def with_mask(make):
    with ops.use_backend("torch"):
        layer = make()
    return layer, lambda x: layer(x, mask=ops.ones_like(x[:, :, 0], "bool"))


CALLS = {
    "a mask of steps": with_mask(lambda: layers.GRU(3)),
    "causal attention": self_attention(layers.Attention, use_causal_mask=True),
    "causal attention in additive form": self_attention(layers.AdditiveAttention, use_causal_mask=True),
    "causal attention with scores": self_attention(
        lambda: layers.MultiHeadAttention(2, 3), use_causal_mask=True, return_attention_scores=True
    ),
    "attention in a window": self_attention(lambda: layers.GroupedQueryAttention(4, 2, 2), use_causal_mask=True),
}


@pytest.mark.parametrize("layer, call", CALLS.values(), ids=list(CALLS))
def test_masks_that_are_made_lie_with_the_tensors(layer, call):
    call(torch.ones(2, 5, 4))
    layer.to("meta")
    assert_on_meta(call(meta(2, 5, 4)))


def test_what_is_made_of_sizes_lies_with_the_tensors():
    join = layers.Concatenate(axis=1)
    assert_on_meta(join.compute_mask([meta(2, 5, 4), meta(2, 3, 4)], [meta(2, 5, dtype="bool"), None]))
    assert_on_meta(OrthogonalRegularizer()(meta(3, 4)))
    assert_on_meta(losses.Circle()(meta(4, dtype="int32"), meta(4, 3)))


@pytest.mark.parametrize("name", ["Adam", "Adafactor", "SGD", "RMSprop", "Ftrl", "Muon", "Lion"])
def test_the_slots_of_an_optimizer_lie_with_the_weights(name):
    layer = layers.Dense(2)
    layer(np.ones((1, 3), "float32"))
    layer.to("meta")
    optimizer = getattr(optimizers, name)()
    optimizer.build(layer.trainable_variables)
    optimizer.apply([torch.ones_like(v.value) for v in layer.trainable_variables])
    assert all(v.value.is_meta for v in optimizer.variables if v.shape)


@pytest.mark.parametrize("make", [metrics.F1Score, metrics.R2Score])
def test_a_metric_counts_where_what_it_counts_is(make):
    metric = make()
    for variable in metric.variables:
        variable._storage = variable._storage.to("meta")
    metric.update_state(meta(4, 3), meta(4, 3))
    assert_on_meta([variable.value for variable in metric.variables])


def test_metrics_in_a_model_move_with_it():
    class Counting(Model):
        def __init__(self):
            super().__init__()
            self.seen = metrics.Mean()

        def call(self, x):
            return x * 2

    model = Counting()
    model(torch.ones(2, 3))
    model.to("meta")
    assert_on_meta([variable.value for variable in model.seen.variables])


def test_batches_go_where_the_model_is():
    seen = []

    class Noting(layers.Layer):
        def call(self, x):
            if isinstance(x, torch.Tensor):
                seen.append(x.device.type)
            return x

    model = Sequential([Input((4,)), Noting(), layers.Dropout(0.3), layers.Dense(3)])
    model.compile("adam", "mse", metrics=["mae"])
    model.to("meta")
    seen.clear()
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):  # for the progress bar's numbers
        model.fit(np.ones((8, 4), "float32"), np.ones((8, 3), "float32"), batch_size=4, verbose=0)
    assert set(seen) == {"meta"}
