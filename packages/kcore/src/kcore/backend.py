"""Settings and dtypes, under the names Keras has had since its first version."""

from kcore_layers.base.naming import get_uid
from kcore_layers.base.session import clear_session
from kcore_ops.config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from kcore_ops.dtypes import is_float_dtype, is_int_dtype, result_type, standardize_dtype
from kcore_ops.specs.symbolic import is_keras_tensor

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]
