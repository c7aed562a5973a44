"""How initial weights are spread: that of Keras, in every layer and by every initializer."""

from __future__ import annotations

import itertools

import kcore_layers
import numpy as np
import pytest
from kcore_layers.options import initializers
from kcore_layers.options.initializers.windows import WINDOWS

# Layers whose kernels hold some thousand numbers, with inputs and outputs of other sizes.
STEPS = (None, 4, 30)
HEADS = ((None, 10, 32), (None, 10, 48), (None, 10, 64))
WIDE_HEADS = ((None, 3, 10, 32), (None, 3, 10, 32))
LAYERS = {
    "additive_attention": (lambda k: k.AdditiveAttention(), [(None, 4, 4000), (None, 5, 4000)]),
    "batch_normalization": (lambda k: k.BatchNormalization(gamma_initializer="he_normal"), (None, 4000)),
    "bidirectional": (lambda k: k.Bidirectional(k.LSTM(40)), STEPS),
    "conv1d": (lambda k: k.Conv1D(60, 3), (None, 8, 20)),
    "conv2d": (lambda k: k.Conv2D(40, 3), (None, 8, 8, 20)),
    "conv2d_groups": (lambda k: k.Conv2D(40, 3, groups=4), (None, 8, 8, 40)),
    "conv3d": (lambda k: k.Conv3D(40, 3), (None, 4, 4, 4, 10)),
    "conv1d_transpose": (lambda k: k.Conv1DTranspose(60, 3), (None, 8, 20)),
    "conv2d_transpose": (lambda k: k.Conv2DTranspose(40, 3), (None, 8, 8, 20)),
    "conv3d_transpose": (lambda k: k.Conv3DTranspose(40, 3), (None, 4, 4, 4, 10)),
    "dense": (lambda k: k.Dense(80), (None, 30)),
    "depthwise_conv1d": (lambda k: k.DepthwiseConv1D(3, depth_multiplier=4), (None, 8, 200)),
    "depthwise_conv2d": (lambda k: k.DepthwiseConv2D(3, depth_multiplier=4), (None, 8, 8, 90)),
    "einsum_dense": (lambda k: k.EinsumDense("abc,cde->abde", (None, 8, 16)), (None, 10, 32)),
    "einsum_dense_of_two": (lambda k: k.EinsumDense("abcd,cde->abe", (None, 40)), (None, 5, 8, 16)),
    "einsum_dense_each": (lambda k: k.EinsumDense("abc,bcd->abd", (10, 30)), (None, 10, 20)),
    "einsum_dense_turned": (lambda k: k.EinsumDense("abc,dc->abd", (None, 90)), (None, 3, 40)),
    "einsum_dense_dots": (lambda k: k.EinsumDense("...x,xyz->...yz", (5, 20)), (None, 4, 60)),
    "embedding": (lambda k: k.Embedding(100, 30), (None, 4)),
    "group_normalization": (lambda k: k.GroupNormalization(4, gamma_initializer="he_normal"), (None, 4000)),
    "grouped_query_attention": (lambda k: k.GroupQueryAttention(16, 8, 2, use_gate=True), HEADS),
    "gru": (lambda k: k.GRU(60), STEPS),
    "layer_normalization": (lambda k: k.LayerNormalization((1, 2), gamma_initializer="he_normal"), (None, 40, 90)),
    "lstm": (lambda k: k.LSTM(60), STEPS),
    "multi_head_attention": (lambda k: k.MultiHeadAttention(8, 16), HEADS),
    "multi_head_attention_he": (lambda k: k.MultiHeadAttention(8, 16, kernel_initializer="he_normal"), HEADS),
    "multi_head_attention_shaped": (
        lambda k: k.MultiHeadAttention(8, 16, value_dim=24, use_gate=True, output_shape=(5, 7)),
        HEADS,
    ),
    "multi_head_attention_axes": (lambda k: k.MultiHeadAttention(8, 16, attention_axes=(2,)), WIDE_HEADS),
    "prelu": (lambda k: k.PReLU("glorot_uniform"), (None, 10, 20, 30)),
    "separable_conv1d": (lambda k: k.SeparableConv1D(40, 3, depth_multiplier=2), (None, 8, 200)),
    "separable_conv2d": (lambda k: k.SeparableConv2D(40, 3, depth_multiplier=2), (None, 8, 8, 90)),
    "simple_rnn": (lambda k: k.SimpleRNN(60), STEPS),
    "spectral_normalization": (lambda k: k.SpectralNormalization(k.Dense(4000)), (None, 3)),
    "time_distributed": (lambda k: k.TimeDistributed(k.Dense(80)), STEPS),
}
NAMES = (
    "glorot_normal glorot_uniform he_normal he_uniform lecun_normal lecun_uniform orthogonal random_normal "
    "random_uniform truncated_normal variance_scaling"
).split()


def built(layers, case):
    make, shape = LAYERS[case]
    layer = make(layers)
    layer.build(*(shape if shape in (HEADS, WIDE_HEADS) else (shape,)))
    return layer


def check(actual, expected, name):
    """Ask for the same spread and the same tails, both of which some 2,000 numbers tell to a few percent."""
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual.std(), expected.std(), rtol=0.08, atol=1e-7, err_msg=name)
    if actual.std() > 1e-7:
        np.testing.assert_allclose(kurtosis(actual), kurtosis(expected), rtol=0.15, err_msg=name)


def kurtosis(w):
    """Give 1.8 for uniform numbers, 2.36 for normal ones within two deviations, 3 for all normal ones."""
    w = w.astype("float64")
    return np.mean((w - w.mean()) ** 4) / w.var() ** 2


@pytest.mark.parametrize("case", LAYERS)
def test_the_weights_of_a_layer_are_spread_as_those_of_keras(backend, keras, case):
    keras.utils.set_random_seed(1)
    ours, theirs = built(kcore_layers.layers, case), built(keras.layers, case)
    assert len(ours.weights) == len(theirs.weights)
    for one, other in zip(ours.weights, theirs.weights, strict=True):
        check(one.numpy(), keras.ops.convert_to_numpy(other.value), one.path)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        (name, shape)
        for name, shape in itertools.product(NAMES, [(60, 70), (3, 3, 16, 32), (10, 20, 30), (4000,)])
        if name != "orthogonal" or len(shape) > 1
    ],
)
def test_numbers_of_an_initializer_are_spread_as_those_of_keras(keras, name, shape):
    keras.utils.set_random_seed(1)
    ours = initializers.get(name)(shape)
    theirs = keras.ops.convert_to_numpy(keras.initializers.get(name)(shape))
    check(ours, theirs, name)


def test_an_initializer_told_its_axes_is_read_by_either_from_the_others_config(keras):
    kwargs = dict(scale=2.0, mode="fan_out", input_axes=[0], output_axes=[1, 2])
    ours, theirs = initializers.VarianceScaling(**kwargs), keras.initializers.VarianceScaling(**kwargs)
    assert ours.get_config() == theirs.get_config()
    loaded = keras.initializers.deserialize(initializers.serialize(ours))
    again = initializers.deserialize(keras.initializers.serialize(theirs))
    check(again((5, 40, 50)), keras.ops.convert_to_numpy(loaded((5, 40, 50))), "VarianceScaling")


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("window", WINDOWS)
def test_windows_of_stft_kernels_are_those_of_keras(keras, window, periodic):
    pytest.importorskip("scipy", reason="Keras takes its windows from scipy")
    ours, theirs = (module.STFT(window=window, periodic=periodic) for module in (initializers, keras.initializers))
    for shape in ((8, 1, 5), (9, 1, 5)):
        np.testing.assert_allclose(ours(shape), keras.ops.convert_to_numpy(theirs(shape)), atol=1e-6)
