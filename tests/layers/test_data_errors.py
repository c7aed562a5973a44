"""What is wrong with data, its layers and their weights is said in the same words on every backend."""

from __future__ import annotations

import re

import numpy as np
import pytest
from kcore import layers


def ones(*shape):
    return np.ones(shape, "float32")


def twice(layer, first, second):
    """Call a layer with two inputs."""
    layer(first)
    return layer(second)


def built(layer):
    layer.build((None, 2))
    return layer


def adapted_twice():
    layer = built(layers.Dense(2))
    layer.enable_lora(2)
    layer.enable_lora(2)


TEXTS = np.array(["a"])

# What is done, and what is said of it after the name of the class of the error.
CASES = {
    "rank: RandomFlip of 2 axes": (
        lambda: layers.RandomFlip()(ones(3, 3)),
        'ShapeError in layer "random_flip"\n'
        "  images has 2 axes, (3, 3)\n"
        "  fix: pass (height, width, channels), or a batch of such",
    ),
    "rank: Resizing of 1 axis": (
        lambda: layers.Resizing(2, 2)(ones(3)),
        'ShapeError in layer "resizing"\n'
        "  images has 1 axes, (3,)\n"
        "  fix: pass (height, width, channels), or a batch of such",
    ),
    "rank: CenterCrop of 5": (
        lambda: layers.CenterCrop(2, 2)(ones(1, 1, 3, 3, 3)),
        'ShapeError in layer "center_crop"\n'
        "  images has 5 axes, (1, 1, 3, 3, 3)\n"
        "  fix: pass (height, width, channels), or a batch of such",
    ),
    "rank: Conv2D": (
        lambda: layers.Conv2D(2, 3)(ones(1, 4, 4)),
        'ShapeError in layer "conv2d"\n'
        "  the input has shape (1, 4, 4): it must have 4 axes\n"
        "  fix: pass a batch axis, 2 spatial ones and one of channels",
    ),
    "rank: ConvLSTM2D": (
        lambda: layers.ConvLSTM2D(2, 3)(ones(1, 4, 4, 3)),
        'ShapeError in layer "conv_lstm2d"\n'
        "  the input has shape (1, 4, 4, 3): it must have 5 axes and has 4\n"
        "  fix: pass batch and time, and what a step has",
    ),
    "rank: RNN": (
        lambda: layers.RNN(layers.LSTMCell(2))(ones(1, 4)),
        'ShapeError in layer "rnn"\n'
        "  the input has shape (1, 4): it must have at least 3 axes and has 2\n"
        "  fix: pass batch and time, and what a step has",
    ),
    "rank: STFTSpectrogram": (
        lambda: layers.STFTSpectrogram()(ones(2, 2, 2, 2)),
        'ShapeError in layer "stft_spectrogram"\n'
        "  the input has shape (2, 2, 2, 2): it must have 3 axes and has 4\n"
        "  fix: pass a tensor with 3 axes",
    ),
    "channels: RandomGrayscale": (
        lambda: layers.RandomGrayscale(1.0)(ones(1, 4, 4, 2), training=True),
        'ShapeError in layer "random_grayscale"\n'
        "  images of shape (1, 4, 4, 2) have 2 channels, and not 3 or 1\n"
        "  fix: pass images in red, green and blue; where channels are is said by data_format",
    ),
    "channels: RandomSaturation": (
        lambda: layers.RandomSaturation(1.0)(ones(1, 4, 4, 2), training=True),
        'ShapeError in layer "random_saturation"\n'
        "  images of shape (1, 4, 4, 2) have 2 channels, and not 3\n"
        "  fix: pass images in red, green and blue; where channels are is said by data_format",
    ),
    "channels: RandomHue": (
        lambda: layers.RandomHue(1.0)(ones(1, 4, 4, 4), training=True),
        'ShapeError in layer "random_hue"\n'
        "  images of shape (1, 4, 4, 4) have 4 channels, and not 3\n"
        "  fix: pass images in red, green and blue; where channels are is said by data_format",
    ),
    "channels: Conv2D built for others": (
        lambda: twice(layers.Conv2D(2, 3), ones(1, 4, 4, 3), ones(1, 4, 4, 2)),
        'ShapeError in layer "conv2d"\n'
        "  the input has shape (1, 4, 4, 2): axis -1 must have size 3 and has size 2\n"
        "  fix: pass a tensor with 4 axes and 3 at axis -1",
    ),
    "vocabulary: StringLookup twice": (
        lambda: layers.StringLookup(vocabulary=["a", "a"]),
        "ArgumentError in StringLookup\n  tokens stand there twice: ['a']\n  fix: name each once",
    ),
    "vocabulary: size": (
        lambda: layers.StringLookup(max_tokens=2, vocabulary=["a", "b", "c", "d"]),
        "ArgumentError in StringLookup\n"
        "  the vocabulary has the size 5, and max_tokens is 2\n"
        "  fix: pass fewer tokens, or a larger max_tokens",
    ),
    "vocabulary: IntegerLookup of strings": (
        lambda: layers.IntegerLookup(vocabulary=["x"]),
        "DTypeError in IntegerLookup\n"
        "  tokens are strings, where integers are needed\n"
        "  fix: pass integers, or use StringLookup for strings",
    ),
    "vocabulary: no OOV": (
        lambda: layers.StringLookup(num_oov_indices=0, vocabulary=["a"])(np.array(["b"])),
        'ArgumentError in layer "string_lookup"\n'
        "  the vocabulary lacks ['b']\n"
        "  fix: pass num_oov_indices=1 for one index of all strings that it lacks",
    ),
    "option: RandomFlip": (
        lambda: layers.RandomFlip("sideways"),
        "ArgumentError in RandomFlip\n"
        "  mode can not be 'sideways'\n"
        "  fix: use one of 'horizontal', 'vertical', 'horizontal_and_vertical'",
    ),
    "option: TextVectorization": (
        lambda: layers.TextVectorization(output_mode="many"),
        "ArgumentError in TextVectorization\n"
        "  output_mode can not be 'many'\n"
        "  fix: use one of 'int', 'multi_hot', 'count', 'tf_idf'",
    ),
    "option: Hashing bins": (
        lambda: layers.Hashing(num_bins=0),
        "ArgumentError in Hashing\n  num_bins can not be 0\n  fix: pass a positive integer",
    ),
    "option: RandomRotation fill": (
        lambda: layers.RandomRotation(0.1, fill_mode="no"),
        "ArgumentError in RandomRotation\n"
        "  fill_mode can not be 'no'\n"
        "  fix: use one of 'reflect', 'wrap', 'constant', 'nearest'",
    ),
    "option: Discretization": (
        lambda: layers.Discretization(),
        "ArgumentError in Discretization\n"
        "  neither bin_boundaries nor num_bins was given\n"
        "  fix: pass boundaries, or num_bins and call adapt",
    ),
    "option: boxes": (
        lambda: layers.RandomFlip(bounding_box_format="xy"),
        "ArgumentError in RandomFlip\n"
        "  bounding_box_format can not be 'xy'\n"
        "  fix: use one of 'xyxy', 'yxyx', 'xywh', 'center_xywh', 'center_yxhw', 'rel_xyxy', 'rel_yxyx', 'rel_xywh', "
        "'rel_center_xywh'",
    ),
    "unadapted: StringLookup": (
        lambda: layers.StringLookup()(TEXTS),
        'ArgumentError in layer "string_lookup"\n'
        "  there is no vocabulary yet\n"
        "  fix: call adapt or set_vocabulary, or pass vocabulary=",
    ),
    "unadapted: TextVectorization": (
        lambda: layers.TextVectorization()(TEXTS),
        'ArgumentError in layer "text_vectorization"\n'
        "  there is no vocabulary yet\n"
        "  fix: call adapt or set_vocabulary, or pass vocabulary=",
    ),
    "unadapted: Discretization": (
        lambda: layers.Discretization(num_bins=3)(ones(2)),
        'ArgumentError in layer "discretization"\n'
        "  there are no boundaries of bins yet\n"
        "  fix: call adapt, or pass bin_boundaries=",
    ),
    "strings: Dense": (
        lambda: layers.Dense(2)(np.array([["a"]])),
        'DTypeError in layer "dense"\n'
        "  strings are no numbers, which is what tensors are made of\n"
        "  fix: make numbers of them first, with a layer: StringLookup, TextVectorization or Hashing",
    ),
    "strings: Rescaling": (
        lambda: layers.Rescaling(2.0)(TEXTS),
        'DTypeError in layer "rescaling"\n'
        "  strings are no numbers, which is what tensors are made of\n"
        "  fix: make numbers of them first, with a layer: StringLookup, TextVectorization or Hashing",
    ),
    "strings: CategoryEncoding": (
        lambda: layers.CategoryEncoding(3)(TEXTS),
        'DTypeError in layer "category_encoding"\n'
        "  the inputs are strings, where integers are needed\n"
        "  fix: use StringLookup or Hashing for strings",
    ),
    "strings: Normalization": (
        lambda: layers.Normalization(mean=0.0, variance=1.0)(TEXTS),
        'DTypeError in layer "normalization"\n'
        "  strings are no numbers, which is what tensors are made of\n"
        "  fix: make numbers of them first, with a layer: StringLookup, TextVectorization or Hashing",
    ),
    "strings: RandomFlip": (
        lambda: layers.RandomFlip()(np.array([[["a"]]]), training=True),
        'DTypeError in layer "random_flip"\n'
        "  strings are no numbers, which is what tensors are made of\n"
        "  fix: make numbers of them first, with a layer: StringLookup, TextVectorization or Hashing",
    ),
    "strings: IntegerLookup": (
        lambda: layers.IntegerLookup(vocabulary=[1])(TEXTS),
        'DTypeError in layer "integer_lookup"\n'
        "  the inputs are strings, where integers are needed\n"
        "  fix: use StringLookup or Hashing for strings",
    ),
    "numbers: StringLookup": (
        lambda: layers.StringLookup(vocabulary=["a"])(ones(2)),
        'DTypeError in layer "string_lookup"\n'
        "  the inputs are numbers, where strings are needed\n"
        "  fix: use IntegerLookup, or pass strings",
    ),
    "numbers: TextVectorization": (
        lambda: layers.TextVectorization(vocabulary=["a"])(ones(2)),
        'DTypeError in layer "text_vectorization"\n  the inputs are numbers, where text is needed\n  fix: pass strings',
    ),
    "quantize unbuilt": (
        lambda: layers.Dense(2).quantize("int8"),
        'ArgumentError in layer "dense"\n'
        "  it is not built: there is no weight to quantize yet\n"
        "  fix: call it once, or call build, before",
    ),
    "quantize mode": (
        lambda: built(layers.Dense(2)).quantize("int3"),
        "ArgumentError in quantize\n  there is no mode 'int3'\n  fix: use one of int8, int4, float8, gptq, awq",
    ),
    "lora twice": (
        adapted_twice,
        'ArgumentError in layer "dense"\n  it has an adapter already\n  fix: call enable_lora once',
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_text_is_this(backend, name):
    call, text = CASES[name]
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    assert re.sub(r'_[0-9]+"', '"', str(caught.value)) == text  # layers of one class are numbered
