"""Special functions, segments, spectra and other mathematics beside the NumPy API."""

from kcore_ops.ops.math.distances import *
from kcore_ops.ops.math.fourier import *
from kcore_ops.ops.math.logdet import *
from kcore_ops.ops.math.logsumexp import *
from kcore_ops.ops.math.segments import *
from kcore_ops.ops.math.special_functions import *
from kcore_ops.ops.math.spectra import *
from kcore_ops.ops.math.top_k import *
