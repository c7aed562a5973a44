"""The layers, each in the file of its name."""

from kcore_layers.base.input_spec import InputSpec
from kcore_layers.base.layer import Layer
from kcore_layers.layers.activations.activation import Activation
from kcore_layers.layers.activations.prelu import PReLU
from kcore_layers.layers.activations.rectifiers import ELU, LeakyReLU, ReLU
from kcore_layers.layers.activations.softmax import Softmax
from kcore_layers.layers.attention.attention import AdditiveAttention, Attention
from kcore_layers.layers.attention.grouped_query_attention import GroupedQueryAttention
from kcore_layers.layers.attention.multi_head_attention import MultiHeadAttention
from kcore_layers.layers.convolutional.convolution import (
    Conv1D,
    Conv2D,
    Conv3D,
    Convolution1D,
    Convolution2D,
    Convolution3D,
)
from kcore_layers.layers.convolutional.depthwise_convolution import DepthwiseConv1D, DepthwiseConv2D
from kcore_layers.layers.convolutional.separable_convolution import (
    SeparableConv1D,
    SeparableConv2D,
    SeparableConvolution1D,
    SeparableConvolution2D,
)
from kcore_layers.layers.convolutional.transposed_convolution import (
    Conv1DTranspose,
    Conv2DTranspose,
    Conv3DTranspose,
    Convolution1DTranspose,
    Convolution2DTranspose,
    Convolution3DTranspose,
)
from kcore_layers.layers.core.dense import Dense
from kcore_layers.layers.core.einsum_dense import EinsumDense
from kcore_layers.layers.core.embedding import Embedding
from kcore_layers.layers.core.identity import Identity
from kcore_layers.layers.core.input_layer import Input, InputLayer
from kcore_layers.layers.core.lambda_layer import Lambda
from kcore_layers.layers.core.masking_layer import Masking
from kcore_layers.layers.core.wrapper import Wrapper
from kcore_layers.layers.merging.concatenate import Concatenate, concatenate
from kcore_layers.layers.merging.dot import Dot, dot
from kcore_layers.layers.merging.merging import (
    Add,
    Average,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    maximum,
    minimum,
    multiply,
    subtract,
)
from kcore_layers.layers.native.jax_layer import JaxLayer
from kcore_layers.layers.native.torch_module_wrapper import TorchModuleWrapper
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
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from kcore_layers.layers.pooling.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from kcore_layers.layers.preprocessing.rescaling import Rescaling
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
from kcore_layers.layers.rnn.gru import GRU, GRUCell
from kcore_layers.layers.rnn.lstm import LSTM, LSTMCell
from kcore_layers.layers.rnn.rnn import RNN
from kcore_layers.layers.rnn.simple_rnn import SimpleRNN, SimpleRNNCell
from kcore_layers.layers.rnn.stacked_rnn_cells import StackedRNNCells
from kcore_layers.layers.rnn.time_distributed import TimeDistributed

# Keras's other names for them.
GroupQueryAttention = GroupedQueryAttention

__all__ = [
    "Activation",
    "ActivityRegularization",
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "ELU",
    "EinsumDense",
    "Embedding",
    "Flatten",
    "GRU",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "GroupQueryAttention",
    "GroupedQueryAttention",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "JaxLayer",
    "LSTM",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "RNN",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "SpectralNormalization",
    "StackedRNNCells",
    "Subtract",
    "TimeDistributed",
    "TorchModuleWrapper",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]
