"""Layers with random numbers: what they keep, what they drop, and when."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.layers.regularization.alpha_dropout import AlphaDropout
from kcore_layers.layers.regularization.dropout import Dropout
from kcore_layers.layers.regularization.gaussian_noise import GaussianDropout, GaussianNoise
from kcore_layers.layers.regularization.spatial_dropout import SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from kcore_ops.foundation.errors import ArgumentError

ALL = [
    lambda: Dropout(0.4, seed=3), lambda: AlphaDropout(0.4, seed=3), lambda: GaussianDropout(0.4, seed=3),
    lambda: GaussianNoise(0.4, seed=3),
]  # fmt: skip


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


@pytest.mark.parametrize("make", ALL)
def test_the_input_passes_unchanged_outside_training(backend, make):
    x = np.ones((4, 5), "float32")
    for training in (False, None):
        np.testing.assert_array_equal(numbers(make()(x, training=training)), x)


@pytest.mark.parametrize("make", ALL)
def test_the_same_seed_draws_the_same_and_each_call_anew(backend, make):
    x = np.ones((40, 5), "float32")
    one, other = make(), make()
    first = numbers(one(x, training=True))
    np.testing.assert_array_equal(first, numbers(other(x, training=True)))
    assert np.any(first != numbers(one(x, training=True)))


def test_dropout_drops_the_rate_and_scales_what_it_keeps(backend):
    y = numbers(Dropout(0.25, seed=1)(np.ones((200, 50), "float32"), training=True))
    assert set(np.unique(y).tolist()) == {0.0, np.float32(1 / 0.75).item()}
    assert abs((y == 0).mean() - 0.25) < 0.02


def test_a_noise_shape_shares_the_mask(backend):
    y = numbers(Dropout(0.5, noise_shape=(None, 1, None), seed=1)(np.ones((8, 5, 6), "float32"), training=True))
    assert (y == y[:, :1]).all()
    assert len(np.unique(y)) == 2
    with pytest.raises(ValueError, match=r"noise_shape=\(None, 1\) does not have 3 axes"):
        Dropout(0.5, noise_shape=(None, 1))(np.ones((8, 5, 6), "float32"), training=True)


@pytest.mark.parametrize(
    ("layer", "shape", "spatial"),
    [
        (SpatialDropout1D, (9, 4, 8), (1,)),
        (SpatialDropout2D, (9, 3, 4, 8), (1, 2)),
        (SpatialDropout3D, (9, 3, 4, 2, 8), (1, 2, 3)),
    ],
)
def test_spatial_dropout_drops_whole_channels(backend, layer, shape, spatial):
    y = numbers(layer(0.5, seed=1)(np.ones(shape, "float32"), training=True))
    assert (y.max(spatial) == y.min(spatial)).all()
    assert set(np.unique(y).tolist()) == {0.0, 2.0}


def test_spatial_dropout_knows_where_channels_are(backend):
    y = numbers(SpatialDropout2D(0.5, "channels_first", seed=1)(np.ones((9, 8, 3, 4), "float32"), training=True))
    assert (y == y[:, :, :1, :1]).all()


def test_alpha_dropout_keeps_mean_and_variance_of_standard_normal_inputs(backend):
    x = np.random.default_rng(0).normal(size=(400, 100)).astype("float32")
    y = numbers(AlphaDropout(0.3, seed=1)(x, training=True))
    assert abs(y.mean()) < 0.03
    assert abs(y.std() - 1) < 0.03


def test_gaussian_noise_has_the_deviation_asked_for(backend):
    x = np.full((300, 100), 2, "float32")
    y = numbers(GaussianNoise(0.3, seed=1)(x, training=True))
    assert abs(y.mean() - 2) < 0.01
    assert abs(y.std() - 0.3) < 0.01
    y = numbers(GaussianDropout(0.2, seed=1)(x, training=True))
    assert abs(y.mean() - 2) < 0.02
    assert abs(y.std() - 2 * 0.5) < 0.02


@pytest.mark.parametrize("layer", [Dropout, GaussianDropout, AlphaDropout, SpatialDropout1D])
@pytest.mark.parametrize("rate", [-0.1, 1.5, "0.5", None])
def test_a_rate_that_is_no_fraction_is_refused(backend, layer, rate):
    with pytest.raises(ArgumentError, match=rf"Argument(Type)?Error in {layer.__name__}\n  rate can not be {rate!r}"):
        layer(rate)


def test_without_a_rate_there_is_no_state(backend):
    assert Dropout(0.0).variables == []
    assert len(Dropout(0.1).variables) == 1
    assert Dropout(0.1).weights == []
    y = Dropout(1.0)(np.ones((2, 3), "float32"), training=True)
    np.testing.assert_array_equal(numbers(y), np.zeros((2, 3)))
    with pytest.raises(ArgumentError, match="stddev can not be -1"):
        GaussianNoise(-1)
