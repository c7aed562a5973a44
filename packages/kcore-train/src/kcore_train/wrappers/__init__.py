"""Models as estimators of scikit-learn, which is imported when the first of them is made."""

import typing

from kcore_ops.foundation import public_names

from kcore_train.wrappers.classifier import *
from kcore_train.wrappers.regressor import *
from kcore_train.wrappers.transformer import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
