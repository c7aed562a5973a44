"""The layers, each in the file of its name."""

from kcore_layers.input_layer import Input, InputLayer
from kcore_layers.input_spec import InputSpec
from kcore_layers.layer import Layer
from kcore_layers.layers.activation import Activation
from kcore_layers.layers.activity_regularization import ActivityRegularization
from kcore_layers.layers.adaptive_pooling import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
)
from kcore_layers.layers.alpha_dropout import AlphaDropout
from kcore_layers.layers.attention import AdditiveAttention, Attention
from kcore_layers.layers.batch_normalization import BatchNormalization
from kcore_layers.layers.bidirectional import Bidirectional
from kcore_layers.layers.concatenate import Concatenate, concatenate
from kcore_layers.layers.convolution import Conv1D, Conv2D, Conv3D, Convolution1D, Convolution2D, Convolution3D
from kcore_layers.layers.cropping import Cropping1D, Cropping2D, Cropping3D
from kcore_layers.layers.dense import Dense
from kcore_layers.layers.depthwise_convolution import DepthwiseConv1D, DepthwiseConv2D
from kcore_layers.layers.dot import Dot, dot
from kcore_layers.layers.dropout import Dropout
from kcore_layers.layers.einsum_dense import EinsumDense
from kcore_layers.layers.embedding import Embedding
from kcore_layers.layers.flatten import Flatten
from kcore_layers.layers.gaussian_noise import GaussianDropout, GaussianNoise
from kcore_layers.layers.global_pooling import (
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
from kcore_layers.layers.group_normalization import GroupNormalization
from kcore_layers.layers.grouped_query_attention import GroupedQueryAttention
from kcore_layers.layers.gru import GRU, GRUCell
from kcore_layers.layers.identity import Identity
from kcore_layers.layers.jax_layer import JaxLayer
from kcore_layers.layers.lambda_layer import Lambda
from kcore_layers.layers.layer_normalization import LayerNormalization
from kcore_layers.layers.lstm import LSTM, LSTMCell
from kcore_layers.layers.masking_layer import Masking
from kcore_layers.layers.merging import (
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
from kcore_layers.layers.multi_head_attention import MultiHeadAttention
from kcore_layers.layers.normalization import Normalization
from kcore_layers.layers.permute import Permute
from kcore_layers.layers.pooling import (
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
from kcore_layers.layers.prelu import PReLU
from kcore_layers.layers.rectifiers import ELU, LeakyReLU, ReLU
from kcore_layers.layers.repeat_vector import RepeatVector
from kcore_layers.layers.rescaling import Rescaling
from kcore_layers.layers.reshape import Reshape
from kcore_layers.layers.rms_normalization import RMSNormalization
from kcore_layers.layers.rnn import RNN
from kcore_layers.layers.separable_convolution import (
    SeparableConv1D,
    SeparableConv2D,
    SeparableConvolution1D,
    SeparableConvolution2D,
)
from kcore_layers.layers.simple_rnn import SimpleRNN, SimpleRNNCell
from kcore_layers.layers.softmax import Softmax
from kcore_layers.layers.spatial_dropout import SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from kcore_layers.layers.spectral_normalization import SpectralNormalization
from kcore_layers.layers.stacked_rnn_cells import StackedRNNCells
from kcore_layers.layers.time_distributed import TimeDistributed
from kcore_layers.layers.torch_module_wrapper import TorchModuleWrapper
from kcore_layers.layers.transposed_convolution import (
    Conv1DTranspose,
    Conv2DTranspose,
    Conv3DTranspose,
    Convolution1DTranspose,
    Convolution2DTranspose,
    Convolution3DTranspose,
)
from kcore_layers.layers.unit_normalization import UnitNormalization
from kcore_layers.layers.up_sampling import UpSampling1D, UpSampling2D, UpSampling3D
from kcore_layers.layers.wrapper import Wrapper
from kcore_layers.layers.zero_padding import ZeroPadding1D, ZeroPadding2D, ZeroPadding3D

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
