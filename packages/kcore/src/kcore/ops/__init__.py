"""Operations on the tensors of any backend: the NumPy API, and what neural networks need beside it."""

from kcore_ops.core import *
from kcore_ops.linalg import *
from kcore_ops.math import *
from kcore_ops.nn import *
from kcore_ops.numpy import *
from kcore_ops.transforms.gradients import *
from kcore_ops.transforms.recomputation import *
from kcore_ops.transforms.vectorizing import *

from kcore.ops import image as image
from kcore.ops import linalg as linalg
from kcore.ops import nn as nn
from kcore.ops import numpy as numpy
