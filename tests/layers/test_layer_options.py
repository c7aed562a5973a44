"""Options of layers: those that Keras has are taken, what is no option is refused where the layer is made."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.base.layer import Layer
from kcore_layers.layers.activations.prelu import PReLU
from kcore_layers.layers.activations.rectifiers import ELU, LeakyReLU
from kcore_layers.layers.activations.softmax import Softmax
from kcore_layers.layers.convolutional.convolution import Conv2D
from kcore_layers.layers.convolutional.transposed_convolution import Conv2DTranspose
from kcore_layers.layers.core.dense import Dense
from kcore_layers.layers.core.masking_layer import Masking
from kcore_layers.layers.normalization.batch_normalization import BatchNormalization
from kcore_layers.layers.normalization.unit_normalization import UnitNormalization
from kcore_layers.layers.pooling.adaptive_pooling import AdaptiveMaxPooling1D
from kcore_layers.layers.pooling.pooling import MaxPooling2D
from kcore_layers.layers.preprocessing.rescaling import Rescaling
from kcore_layers.layers.regularization.dropout import Dropout
from kcore_layers.layers.regularization.gaussian_noise import GaussianNoise
from kcore_layers.layers.reshaping.cropping import Cropping2D
from kcore_layers.layers.reshaping.permute import Permute
from kcore_layers.layers.reshaping.repeat_vector import RepeatVector
from kcore_layers.layers.reshaping.reshape import Reshape
from kcore_layers.layers.reshaping.up_sampling import UpSampling2D
from kcore_layers.layers.reshaping.zero_padding import ZeroPadding1D
from kcore_layers.layers.rnn.bidirectional import Bidirectional
from kcore_layers.layers.rnn.gru import GRU, GRUCell
from kcore_layers.layers.rnn.lstm import LSTM, LSTMCell
from kcore_layers.layers.rnn.rnn import RNN
from kcore_layers.layers.rnn.simple_rnn import SimpleRNNCell
from kcore_ops import config
from kcore_ops.foundation.errors import ArgumentError

X = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


REFUSED = {
    "a size": (lambda value: Dense(value), [0, -1, 1.5, "2", None, True, (2,)]),
    "a number of repeats": (lambda value: RepeatVector(value), [0, "3", 2.0]),
    "a kernel": (lambda value: Conv2D(2, value), [0, -1, 1.5, "2", None, (2,), (2, 2, 2), (0, 1), True]),
    "strides": (lambda value: Conv2D(2, 2, strides=value), [0, -1, True, (1.5, 2), [2, "a"]]),
    "padding of an output": (lambda value: Conv2DTranspose(2, 2, output_padding=value), [-1, 1.5, "2", (2,), (2, 0.5)]),
    "a window": (lambda value: MaxPooling2D(value), [0, True, (2, None)]),
    "a number of windows": (lambda value: AdaptiveMaxPooling1D(value), [0, True, "a"]),
    "padding": (lambda value: ZeroPadding1D(value), [-1, 1.5, True, (1, 2, 3), "2"]),
    "cropping": (lambda value: Cropping2D(value), [-1, True, (1, 1.5), ((1, 2), (3,))]),
    "a rate": (lambda value: Dropout(value), [-0.1, 1.1, "0.5", None, True, float("nan")]),
    "a rate of a cell": (lambda value: LSTM(2, recurrent_dropout=value), [-0.1, 2, "0.5"]),
    "a deviation": (lambda value: GaussianNoise(value), [-1, 2, None]),
    "the shape of noise": (
        lambda value: Dropout(0.5, noise_shape=value),
        [(20, 1.5), (20, 0), (2, -1), "Invalid", 3, (2, "a"), (True, 1)],
    ),
    "dims": (lambda value: Permute(value), [1.5, None, (1, 1), (0, 1), (1, "a"), 0]),
    "a shape": (lambda value: Reshape(value), [True, "2", (1.5, 2), (-2,), (-1, -1)]),
    "a slope": (lambda value: LeakyReLU(value), [-1, None, "a", True]),
    "alpha": (lambda value: ELU(value), [None, "a", (2,)]),
    "axes": (lambda value: UnitNormalization(value), [1.5, "a", None, (1, 0.5), True]),
    "axes of a softmax": (lambda value: Softmax(value), [1.5, "a", (1, "b")]),
    "shared axes": (lambda value: PReLU(shared_axes=value), [1.5, "a", 0, (0, 1)]),
    "a momentum": (lambda value: BatchNormalization(momentum=value), [None, "a", (1,)]),
    "a mask's number": (lambda value: Masking(value), [None, "a", (1,)]),
    "an interpolation": (lambda value: UpSampling2D(interpolation=value), ["area", None, 3]),
    "a kernel's use": (lambda value: GRU(2, use_cudnn=value), ["yes", 3, None]),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_option_is_refused_where_the_layer_is_made(backend, kind):
    make, values = REFUSED[kind]
    for value in values:
        with pytest.raises(ArgumentError, match=r"(?s)Argument(Type)?Error in \w+\n  .*\n  fix: (pass|use|count)"):
            make(value)


def test_an_option_of_another_type_is_a_type_error_too(backend):
    with pytest.raises(TypeError, match="n can not be '3'\n  fix: pass a positive integer"):
        RepeatVector("3")
    with pytest.raises(ValueError, match="n can not be 0") as caught:
        RepeatVector(0)
    assert not isinstance(caught.value, TypeError)


def test_numbers_of_numpy_are_numbers(backend):
    assert Dropout(np.float32(0.5)).rate == 0.5
    assert LSTM(np.int64(2), dropout=np.float32(0.25)).dropout == 0.25
    assert LeakyReLU(np.float64(0.5)).negative_slope == 0.5
    assert GaussianNoise(np.int64(1)).stddev == 1.0
    assert Masking(np.float32(2)).mask_value == 2.0
    assert Softmax(np.int64(1)).axis == 1
    assert (Softmax(None).axis, Softmax(None).get_config()["axis"]) == (None, None)
    assert Conv2D(2, np.int64(3)).kernel_size == (3, 3)


def test_options_of_keras_without_effect_are_taken(backend):
    for layer in (LSTM(2, implementation=1), GRU(2, implementation=2), LSTMCell(2, implementation=1)):
        assert "implementation" not in layer.get_config()
    assert GRUCell(2, implementation=2).units == 2
    with pytest.raises(ArgumentError, match="SimpleRNNCell has no argument 'implementation'"):
        SimpleRNNCell(2, implementation=1)


def test_both_directions_keep_the_options_of_the_layer(backend):
    options = dict(use_cudnn=False, unroll=True, dropout=0.25, zero_output_for_mask=True, return_state=True)
    layer = Bidirectional(LSTM(2, **options))
    for each in (layer.forward_layer, layer.backward_layer):
        assert {name: getattr(each, name) for name in options} == options


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos3", "lanczos5"])
def test_images_are_made_larger_as_resize_does(backend, interpolation):
    images = np.random.default_rng(0).normal(size=(1, 3, 4, 2)).astype("float32")
    expected = numbers(ops.image.resize(images, (6, 12), interpolation))
    layer = UpSampling2D((2, 3), interpolation=interpolation)
    np.testing.assert_allclose(numbers(layer(images)), expected, rtol=1e-4, atol=1e-5)
    first = UpSampling2D((2, 3), data_format="channels_first", interpolation=interpolation)
    turned = numbers(first(images.transpose(0, 3, 1, 2)))
    np.testing.assert_allclose(turned, expected.transpose(0, 3, 1, 2), rtol=1e-4, atol=1e-5)
    assert layer(ops.KerasTensor((None, None, 4, 2))).shape == (None, None, 12, 2)
    whole = layer((images * 40).astype("uint8"))
    assert backend.dtype(whole) == "uint8"


def test_vectors_that_rescale_lie_along_the_channels(backend):
    images = np.ones((2, 3, 4, 5), "float32")
    before = config.image_data_format()
    config.set_image_data_format("channels_first")
    try:
        layer = Rescaling([1.0, 2.0, 3.0], offset=(0.0, 1.0, 2.0))
    finally:
        config.set_image_data_format(before)
    np.testing.assert_array_equal(numbers(layer(images)), images * np.array([1, 3, 5])[:, None, None])
    np.testing.assert_array_equal(numbers(layer(images[0, :, 0, 0])), [1, 3, 5])
    last = Rescaling([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(numbers(last(images.transpose(0, 2, 3, 1)))[0, 0, 0], [1, 2, 3])
    assert backend.dtype(Rescaling(2, dtype="int32")(np.ones((2, 2), "int32"))) == "int32"


# States of cells.


class Counter(Layer):
    """A cell whose only state is no list."""

    state_size = output_size = 4

    def call(self, x, states):
        return x, [states[0] + x]


def form(states):
    return [form(state) for state in states] if isinstance(states, list | tuple) else tuple(states.shape)


def test_the_last_states_of_a_stack_have_the_form_of_its_first(backend):
    for cells, expected in [
        ([Counter(), Counter()], [(2, 4), (2, 4)]),
        ([GRUCell(3), LSTMCell(2)], [[(2, 3)], [(2, 2), (2, 2)]]),
    ]:
        layer = RNN(cells, return_state=True)
        assert form(layer.get_initial_state(2)) == expected
        _, *states = layer(X)
        assert form(states) == expected
        _, *again = layer(X, initial_state=states)
        assert form(again) == expected
        _, *again = layer(X, initial_state=ops.tree.flatten(states))
        assert form(again) == expected


def test_a_cell_of_one_state_takes_it_without_a_list(backend):
    state = np.full((2, 3), 0.5, "float32")
    for cell in (GRUCell(3), SimpleRNNCell(3)):
        output, (in_list,) = cell(X[:, 0], [state])
        alone_output, alone = cell(X[:, 0], state)
        np.testing.assert_array_equal(numbers(alone_output), numbers(output))
        np.testing.assert_array_equal(numbers(alone), numbers(in_list))
