"""Settings: default float, epsilon, image layout, backend, dtype policy, limits of training, errors."""

from kcore_ops.backends.current import backend as backend
from kcore_ops.backends.current import set_backend as set_backend
from kcore_ops.dtype_policies import dtype_policy as dtype_policy
from kcore_ops.dtype_policies import set_dtype_policy as set_dtype_policy
from kcore_ops.foundation.settings import *
