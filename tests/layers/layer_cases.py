"""One of each layer there is, with inputs: what holds for every layer is tested over these."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_layers.layers.activations.activation import Activation
from kcore_layers.layers.activations.prelu import PReLU
from kcore_layers.layers.activations.rectifiers import ELU, LeakyReLU, ReLU
from kcore_layers.layers.activations.softmax import Softmax
from kcore_layers.layers.attention.attention import AdditiveAttention, Attention
from kcore_layers.layers.convolutional.convolution import Conv1D, Conv2D, Conv3D
from kcore_layers.layers.convolutional.depthwise_convolution import DepthwiseConv1D, DepthwiseConv2D
from kcore_layers.layers.convolutional.separable_convolution import SeparableConv1D, SeparableConv2D
from kcore_layers.layers.convolutional.transposed_convolution import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from kcore_layers.layers.core.dense import Dense
from kcore_layers.layers.core.einsum_dense import EinsumDense
from kcore_layers.layers.core.embedding import Embedding
from kcore_layers.layers.core.identity import Identity
from kcore_layers.layers.core.lambda_layer import Lambda
from kcore_layers.layers.core.masking_layer import Masking
from kcore_layers.layers.core.reversible_embedding import ReversibleEmbedding
from kcore_layers.layers.merging.concatenate import Concatenate
from kcore_layers.layers.merging.dot import Dot
from kcore_layers.layers.merging.merging import Add, Average, Maximum, Minimum, Multiply, Subtract
from kcore_layers.layers.normalization.batch_normalization import BatchNormalization
from kcore_layers.layers.normalization.group_normalization import GroupNormalization
from kcore_layers.layers.normalization.layer_normalization import LayerNormalization
from kcore_layers.layers.normalization.normalization import Normalization
from kcore_layers.layers.normalization.rms_normalization import RMSNormalization
from kcore_layers.layers.normalization.spectral_normalization import SpectralNormalization
from kcore_layers.layers.normalization.unit_normalization import UnitNormalization
from kcore_layers.layers.pooling.adaptive_pooling import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
)
from kcore_layers.layers.pooling.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from kcore_layers.layers.pooling.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from kcore_layers.layers.preprocessing.category_encoding import CategoryEncoding
from kcore_layers.layers.preprocessing.discretization import Discretization
from kcore_layers.layers.preprocessing.hashed_crossing import HashedCrossing
from kcore_layers.layers.preprocessing.hashing import Hashing
from kcore_layers.layers.preprocessing.integer_lookup import IntegerLookup
from kcore_layers.layers.preprocessing.mel_spectrogram import MelSpectrogram
from kcore_layers.layers.preprocessing.rescaling import Rescaling
from kcore_layers.layers.preprocessing.stft_spectrogram import STFTSpectrogram
from kcore_layers.layers.preprocessing.string_lookup import StringLookup
from kcore_layers.layers.preprocessing.text_vectorization import TextVectorization
from kcore_layers.layers.regularization.activity_regularization import ActivityRegularization
from kcore_layers.layers.regularization.alpha_dropout import AlphaDropout
from kcore_layers.layers.regularization.dropout import Dropout
from kcore_layers.layers.regularization.gaussian_noise import GaussianDropout, GaussianNoise
from kcore_layers.layers.regularization.spatial_dropout import SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from kcore_layers.layers.reshaping.cropping import Cropping1D, Cropping2D, Cropping3D
from kcore_layers.layers.reshaping.flatten import Flatten
from kcore_layers.layers.reshaping.permute import Permute
from kcore_layers.layers.reshaping.repeat_vector import RepeatVector
from kcore_layers.layers.reshaping.reshape import Reshape
from kcore_layers.layers.reshaping.up_sampling import UpSampling1D, UpSampling2D, UpSampling3D
from kcore_layers.layers.reshaping.zero_padding import ZeroPadding1D, ZeroPadding2D, ZeroPadding3D
from kcore_layers.layers.rnn.bidirectional import Bidirectional
from kcore_layers.layers.rnn.conv_lstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from kcore_layers.layers.rnn.gru import GRU
from kcore_layers.layers.rnn.lstm import LSTM, LSTMCell
from kcore_layers.layers.rnn.rnn import RNN
from kcore_layers.layers.rnn.simple_rnn import SimpleRNN
from kcore_layers.layers.rnn.time_distributed import TimeDistributed

SEQUENCE, IMAGE, VOLUME = (3, 8, 4), (2, 7, 6, 4), (2, 5, 4, 6, 2)

# A function that makes the layer, the shape of the input or inputs, and the axes, beside the batch, whose size
# need not be known when a graph is built.
CASES: dict[str, tuple[Any, Any, tuple[int, ...]]] = {
    "EinsumDense": (lambda **k: EinsumDense("abc,cd->abd", (None, 5), bias_axes="d", **k), SEQUENCE, (1,)),
    "EinsumDense with dots": (lambda **k: EinsumDense("...x,xy->...y", 5, activation="relu", **k), IMAGE, (1, 2)),
    "Embedding": (lambda **k: Embedding(9, 3, **k), "integers", (1,)),
    "ReversibleEmbedding": (lambda **k: ReversibleEmbedding(9, 3, tie_weights=False, **k), "integers", (1,)),
    "Activation": (lambda **k: Activation("softplus", **k), SEQUENCE, (1, 2)),
    "ReLU": (lambda **k: ReLU(0.5, 0.1, 0.2, **k), SEQUENCE, (1, 2)),
    "LeakyReLU": (lambda **k: LeakyReLU(0.1, **k), SEQUENCE, (1, 2)),
    "PReLU": (lambda **k: PReLU(shared_axes=[1], **k), SEQUENCE, (1,)),
    "ELU": (lambda **k: ELU(0.5, **k), SEQUENCE, (1, 2)),
    "Softmax": (lambda **k: Softmax(axis=(1, 2), **k), SEQUENCE, (1, 2)),
    "Identity": (lambda **k: Identity(**k), SEQUENCE, (1, 2)),
    "Flatten": (lambda **k: Flatten(**k), IMAGE, (1, 2)),
    "Flatten channels first": (lambda **k: Flatten("channels_first", **k), IMAGE, (1, 2)),
    "Reshape": (lambda **k: Reshape((4, -1), **k), SEQUENCE, (1,)),
    "Permute": (lambda **k: Permute((2, 1), **k), SEQUENCE, (1, 2)),
    "RepeatVector": (lambda **k: RepeatVector(3, **k), (2, 4), (1,)),
    "Dropout": (lambda **k: Dropout(0.5, seed=1, **k), SEQUENCE, (1, 2)),
    "SpatialDropout1D": (lambda **k: SpatialDropout1D(0.5, seed=1, **k), SEQUENCE, (1,)),
    "SpatialDropout2D": (lambda **k: SpatialDropout2D(0.5, seed=1, **k), IMAGE, (1, 2)),
    "SpatialDropout3D": (lambda **k: SpatialDropout3D(0.5, seed=1, **k), VOLUME, (1, 2, 3)),
    "GaussianNoise": (lambda **k: GaussianNoise(0.5, seed=1, **k), SEQUENCE, (1, 2)),
    "GaussianDropout": (lambda **k: GaussianDropout(0.5, seed=1, **k), SEQUENCE, (1, 2)),
    "AlphaDropout": (lambda **k: AlphaDropout(0.5, seed=1, **k), SEQUENCE, (1, 2)),
    "Conv1D": (lambda **k: Conv1D(6, 3, activation="relu", **k), SEQUENCE, (1,)),
    "Conv1D causal": (lambda **k: Conv1D(6, 3, padding="causal", dilation_rate=2, **k), SEQUENCE, (1,)),
    "Conv2D": (lambda **k: Conv2D(6, (2, 3), strides=2, padding="same", groups=2, **k), IMAGE, (1, 2)),
    "Conv2D channels first": (lambda **k: Conv2D(6, 3, data_format="channels_first", **k), (2, 3, 7, 6), (2, 3)),
    "Conv3D": (lambda **k: Conv3D(3, 2, **k), VOLUME, (1, 2, 3)),
    "Conv1DTranspose": (lambda **k: Conv1DTranspose(6, 3, strides=2, **k), SEQUENCE, (1,)),
    "Conv2DTranspose": (lambda **k: Conv2DTranspose(6, 3, strides=2, padding="same", **k), IMAGE, (1, 2)),
    "Conv3DTranspose": (lambda **k: Conv3DTranspose(3, 2, output_padding=0, **k), VOLUME, (1, 2, 3)),
    "DepthwiseConv1D": (lambda **k: DepthwiseConv1D(3, depth_multiplier=2, **k), SEQUENCE, (1,)),
    "DepthwiseConv2D": (lambda **k: DepthwiseConv2D(3, padding="same", **k), IMAGE, (1, 2)),
    "SeparableConv1D": (lambda **k: SeparableConv1D(6, 3, **k), SEQUENCE, (1,)),
    "SeparableConv2D": (lambda **k: SeparableConv2D(6, 3, depth_multiplier=2, **k), IMAGE, (1, 2)),
    "ZeroPadding1D": (lambda **k: ZeroPadding1D((2, 1), **k), SEQUENCE, (1, 2)),
    "ZeroPadding2D": (lambda **k: ZeroPadding2D(((1, 0), (2, 3)), **k), IMAGE, (1, 2)),
    "ZeroPadding3D": (lambda **k: ZeroPadding3D(1, **k), VOLUME, (1, 2, 3)),
    "Cropping1D": (lambda **k: Cropping1D((2, 1), **k), SEQUENCE, (1, 2)),
    "Cropping2D": (lambda **k: Cropping2D(((1, 0), (2, 3)), **k), IMAGE, (1, 2)),
    "Cropping3D": (lambda **k: Cropping3D(1, **k), VOLUME, (1, 2, 3)),
    "UpSampling1D": (lambda **k: UpSampling1D(3, **k), SEQUENCE, (1, 2)),
    "UpSampling2D": (lambda **k: UpSampling2D((2, 3), **k), IMAGE, (1, 2)),
    "UpSampling2D bilinear": (lambda **k: UpSampling2D((2, 3), interpolation="bilinear", **k), IMAGE, (1, 2)),
    "UpSampling3D": (lambda **k: UpSampling3D(2, **k), VOLUME, (1, 2, 3)),
    "MaxPooling1D": (lambda **k: MaxPooling1D(2, **k), SEQUENCE, (1,)),
    "MaxPooling2D": (lambda **k: MaxPooling2D(3, (1, 2), "same", **k), IMAGE, (1, 2)),
    "MaxPooling3D": (lambda **k: MaxPooling3D(2, **k), VOLUME, (1, 2, 3)),
    "AveragePooling1D": (lambda **k: AveragePooling1D(2, **k), SEQUENCE, (1,)),
    "AveragePooling2D": (lambda **k: AveragePooling2D(3, (1, 2), "same", **k), IMAGE, (1, 2)),
    "AveragePooling3D": (lambda **k: AveragePooling3D(2, **k), VOLUME, (1, 2, 3)),
    "AdaptiveAveragePooling1D": (lambda **k: AdaptiveAveragePooling1D(3, **k), SEQUENCE, ()),
    "AdaptiveAveragePooling2D": (lambda **k: AdaptiveAveragePooling2D((3, 2), **k), IMAGE, ()),
    "AdaptiveAveragePooling3D": (lambda **k: AdaptiveAveragePooling3D(2, **k), VOLUME, ()),
    "AdaptiveMaxPooling1D": (lambda **k: AdaptiveMaxPooling1D(3, **k), SEQUENCE, ()),
    "AdaptiveMaxPooling2D": (lambda **k: AdaptiveMaxPooling2D((3, 2), **k), IMAGE, ()),
    "AdaptiveMaxPooling3D": (lambda **k: AdaptiveMaxPooling3D(2, **k), VOLUME, ()),
    "GlobalAveragePooling1D": (lambda **k: GlobalAveragePooling1D(**k), SEQUENCE, (1, 2)),
    "GlobalAveragePooling2D": (lambda **k: GlobalAveragePooling2D(keepdims=True, **k), IMAGE, (1, 2)),
    "GlobalAveragePooling3D": (lambda **k: GlobalAveragePooling3D("channels_first", **k), VOLUME, (2, 3)),
    "GlobalMaxPooling1D": (lambda **k: GlobalMaxPooling1D(keepdims=True, **k), SEQUENCE, (1, 2)),
    "GlobalMaxPooling2D": (lambda **k: GlobalMaxPooling2D(**k), IMAGE, (1, 2)),
    "GlobalMaxPooling3D": (lambda **k: GlobalMaxPooling3D(**k), VOLUME, (1, 2, 3)),
    "BatchNormalization": (lambda **k: BatchNormalization(**k), SEQUENCE, (1,)),
    "BatchNormalization axis 1": (lambda **k: BatchNormalization(1, renorm=True, **k), IMAGE, (2, 3)),
    "LayerNormalization": (lambda **k: LayerNormalization((1, 2), center=False, **k), (2, 4, 3, 5), (3,)),
    "RMSNormalization": (lambda **k: RMSNormalization(**k), SEQUENCE, (1,)),
    "GroupNormalization": (lambda **k: GroupNormalization(2, **k), IMAGE, (1, 2)),
    "UnitNormalization": (lambda **k: UnitNormalization(**k), SEQUENCE, (1, 2)),
    "SpectralNormalization": (lambda **k: SpectralNormalization(Dense(3, **k), **k), SEQUENCE, (1,)),
    "Add": (lambda **k: Add(**k), [SEQUENCE, (3, 4), (3, 1, 4)], (1,)),
    "Subtract": (lambda **k: Subtract(**k), [SEQUENCE, SEQUENCE], (1, 2)),
    "Multiply": (lambda **k: Multiply(**k), [SEQUENCE, SEQUENCE], (1, 2)),
    "Average": (lambda **k: Average(**k), [SEQUENCE, SEQUENCE], (1, 2)),
    "Maximum": (lambda **k: Maximum(**k), [SEQUENCE, SEQUENCE], (1, 2)),
    "Minimum": (lambda **k: Minimum(**k), [SEQUENCE, SEQUENCE], (1, 2)),
    "Concatenate": (lambda **k: Concatenate(**k), [SEQUENCE, (3, 8, 2)], (1,)),
    "Dot": (lambda **k: Dot((2, 1), normalize=True, **k), [SEQUENCE, (3, 4, 5)], (1,)),
    "Rescaling": (lambda **k: Rescaling([1.0, 2.0, 3.0, 4.0], 0.5, **k), SEQUENCE, (1,)),
    "STFTSpectrogram": (lambda **k: STFTSpectrogram("psd", 4, **k), SEQUENCE, (1,)),
    "STFTSpectrogram channels first": (
        lambda **k: STFTSpectrogram("log", 4, expand_dims=True, data_format="channels_first", **k),
        (2, 3, 16),
        (2,),
    ),
    "MelSpectrogram": (lambda **k: MelSpectrogram(32, 16, num_mel_bins=3, sampling_rate=800, **k), (2, 200), (1,)),
    "Normalization": (lambda **k: Normalization(**k), SEQUENCE, (1,)),
    "Normalization given": (lambda **k: Normalization(mean=1.0, variance=4.0, invert=True, **k), SEQUENCE, (1,)),
    "Masking": (lambda **k: Masking(0.0, **k), SEQUENCE, (1, 2)),
    "Lambda": (lambda **k: Lambda(ops.tanh, **k), SEQUENCE, (1, 2)),
    "TimeDistributed": (lambda **k: TimeDistributed(Conv1D(3, 2, **k), **k), IMAGE, (1, 2)),
    "ActivityRegularization": (lambda **k: ActivityRegularization(0.1, 0.2, **k), SEQUENCE, (1, 2)),
}

# Layers of several weights and steps, which take longer to compile: not in all of the tests.
SLOW_CASES: dict[str, tuple[Any, Any, tuple[int, ...]]] = {
    "SimpleRNN": (lambda **k: SimpleRNN(3, **k), SEQUENCE, (1,)),
    "LSTM": (lambda **k: LSTM(3, return_sequences=True, **k), SEQUENCE, (1,)),
    "GRU": (lambda **k: GRU(3, **k), SEQUENCE, (1,)),
    "RNN": (lambda **k: RNN(LSTMCell(3, **k), **k), SEQUENCE, (1,)),
    "ConvLSTM1D": (lambda **k: ConvLSTM1D(3, 2, return_sequences=True, **k), (3, 4, 5, 2), (1, 2)),
    "ConvLSTM2D": (lambda **k: ConvLSTM2D(3, 2, padding="same", **k), (2, 3, 4, 4, 2), (1, 2, 3)),
    "ConvLSTM3D": (lambda **k: ConvLSTM3D(2, 2, **k), (2, 3, 3, 3, 3, 1), (1,)),
    "Bidirectional": (lambda **k: Bidirectional(GRU(3, **k), **k), SEQUENCE, (1,)),
    "Attention": (lambda **k: Attention(**k), [SEQUENCE, SEQUENCE], (1,)),
    "AdditiveAttention": (lambda **k: AdditiveAttention(**k), [SEQUENCE, SEQUENCE], (1,)),
}

# Layers that make numbers of strings, or integers of numbers: none trains, and none is in half precision.
WORDS = ["a", "b", "c", "d"]
DATA_CASES: dict[str, tuple[Any, Any]] = {
    "CategoryEncoding": (lambda **k: CategoryEncoding(9, output_mode="count", **k), "integers"),
    "CategoryEncoding one_hot": (lambda **k: CategoryEncoding(9, output_mode="one_hot", **k), "integers"),
    "Discretization": (lambda **k: Discretization([-1.0, 0.0, 1.0], **k), SEQUENCE),
    "Discretization multi_hot": (lambda **k: Discretization([0.0], output_mode="multi_hot", **k), (3, 4)),
    "Hashing": (lambda **k: Hashing(7, **k), "strings"),
    "Hashing integers": (lambda **k: Hashing(7, salt=3, output_mode="count", **k), "integers"),
    "HashedCrossing": (lambda **k: HashedCrossing(7, **k), ["words", "numbers"]),
    "HashedCrossing one_hot": (lambda **k: HashedCrossing(7, output_mode="one_hot", **k), ["words", "numbers"]),
    "IntegerLookup": (lambda **k: IntegerLookup(vocabulary=[3, 1, 8], num_oov_indices=2, **k), "integers"),
    "IntegerLookup inverted": (lambda **k: IntegerLookup(vocabulary=[3, 1, 8], invert=True, **k), "integers"),
    "IntegerLookup multi_hot": (
        lambda **k: IntegerLookup(vocabulary=[3, 1], output_mode="multi_hot", mask_token=0, **k), "integers",
    ),
    "StringLookup": (lambda **k: StringLookup(vocabulary=WORDS[:2], num_oov_indices=2, **k), "strings"),
    "StringLookup tf_idf": (
        lambda **k: StringLookup(vocabulary=["a"], idf_weights=[0.5], output_mode="tf_idf", **k), "strings",
    ),
    "TextVectorization": (lambda **k: TextVectorization(vocabulary=WORDS, **k), "words"),
    "TextVectorization count": (
        lambda **k: TextVectorization(vocabulary=WORDS, ngrams=2, output_mode="count", **k), "words",
    ),
    "TextVectorization length": (
        lambda **k: TextVectorization(vocabulary=WORDS, output_sequence_length=4, split="character", **k), "words",
    ),
}  # fmt: skip


def drawn(shape, seed=0):
    if shape in ("strings", "words"):
        return np.random.default_rng(seed).choice([*WORDS, "a b", ""], (3, 5) if shape == "strings" else (3, 1))
    if shape == "numbers":
        return np.random.default_rng(seed).integers(0, 9, (3, 1)).astype("int32")
    if shape == "integers":
        return np.random.default_rng(seed).integers(0, 9, (3, 5)).astype("int32")
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def inputs_of(shape):
    return [drawn(each, seed) for seed, each in enumerate(shape)] if isinstance(shape, list) else drawn(shape)


def symbols(x, axes=()):
    def symbol(array):
        unknown = {0, *axes} if axes is not None else ()
        return ops.KerasTensor([None if i in unknown else n for i, n in enumerate(array.shape)], array.dtype)

    return [symbol(each) for each in x] if isinstance(x, list) else symbol(x)
