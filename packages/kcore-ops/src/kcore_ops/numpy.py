"""The NumPy API on tensors, as in Keras's `ops.numpy`."""

from kcore_ops.ops.core.conversion import ndim as ndim
from kcore_ops.ops.core.conversion import size as size
from kcore_ops.ops.numpy.arithmetic import *
from kcore_ops.ops.numpy.comparison import *
from kcore_ops.ops.numpy.correlation import *
from kcore_ops.ops.numpy.creation import *
from kcore_ops.ops.numpy.cumulative import *
from kcore_ops.ops.numpy.determinants import *
from kcore_ops.ops.numpy.diagonals import *
from kcore_ops.ops.numpy.exponentials import *
from kcore_ops.ops.numpy.histograms import *
from kcore_ops.ops.numpy.indexing import *
from kcore_ops.ops.numpy.joining import *
from kcore_ops.ops.numpy.logic import *
from kcore_ops.ops.numpy.manipulation import *
from kcore_ops.ops.numpy.nan_reductions import *
from kcore_ops.ops.numpy.polynomials import *
from kcore_ops.ops.numpy.positions import *
from kcore_ops.ops.numpy.products import *
from kcore_ops.ops.numpy.quantiles import *
from kcore_ops.ops.numpy.reductions import *
from kcore_ops.ops.numpy.rounding import *
from kcore_ops.ops.numpy.sets import *
from kcore_ops.ops.numpy.sorting import *
from kcore_ops.ops.numpy.statistics import *
from kcore_ops.ops.numpy.trigonometry import *
from kcore_ops.ops.numpy.views import *
from kcore_ops.ops.numpy.window_functions import *
from kcore_ops.transforms.vectorizing import vectorize as vectorize
