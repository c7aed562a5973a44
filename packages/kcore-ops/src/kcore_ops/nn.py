"""What neural networks need beside the NumPy API, as in Keras's `ops.nn`."""

from kcore_ops.ops.nn.activations import *
from kcore_ops.ops.nn.attention import *
from kcore_ops.ops.nn.biased import *
from kcore_ops.ops.nn.blocks import *
from kcore_ops.ops.nn.convolution import *
from kcore_ops.ops.nn.ctc import *
from kcore_ops.ops.nn.encodings import *
from kcore_ops.ops.nn.folding import *
from kcore_ops.ops.nn.losses import *
from kcore_ops.ops.nn.moments import *
from kcore_ops.ops.nn.normalization import *
from kcore_ops.ops.nn.polar import *
from kcore_ops.ops.nn.pooling import *
from kcore_ops.ops.nn.psnr import *
