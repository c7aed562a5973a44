"""Metrics: what training is judged by."""

import typing

from kcore_ops.foundation import public_names

from kcore_train.losses.crossentropy import binary_crossentropy as binary_crossentropy
from kcore_train.losses.crossentropy import categorical_crossentropy as categorical_crossentropy
from kcore_train.losses.crossentropy import sparse_categorical_crossentropy as sparse_categorical_crossentropy
from kcore_train.losses.divergence import kl_divergence as kl_divergence
from kcore_train.losses.divergence import poisson as poisson
from kcore_train.losses.focal import binary_focal_crossentropy as binary_focal_crossentropy
from kcore_train.losses.focal import categorical_focal_crossentropy as categorical_focal_crossentropy
from kcore_train.losses.hinge import categorical_hinge as categorical_hinge
from kcore_train.losses.hinge import hinge as hinge
from kcore_train.losses.hinge import squared_hinge as squared_hinge
from kcore_train.losses.regression import huber as huber
from kcore_train.losses.regression import log_cosh as log_cosh
from kcore_train.losses.regression import mean_absolute_error as mean_absolute_error
from kcore_train.losses.regression import mean_absolute_percentage_error as mean_absolute_percentage_error
from kcore_train.losses.regression import mean_squared_error as mean_squared_error
from kcore_train.losses.regression import mean_squared_logarithmic_error as mean_squared_logarithmic_error
from kcore_train.metrics.accuracy import *
from kcore_train.metrics.confusion import *
from kcore_train.metrics.correlation import *
from kcore_train.metrics.curves import *
from kcore_train.metrics.f_score import *
from kcore_train.metrics.hinges import *
from kcore_train.metrics.iou import *
from kcore_train.metrics.lookup import *
from kcore_train.metrics.mean import *
from kcore_train.metrics.metric import Metric as Metric
from kcore_train.metrics.probabilistic import *
from kcore_train.metrics.r2_score import *
from kcore_train.metrics.regression import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
