"""Settings and dtypes, under the names Keras has had since its first version."""

from kcore_layers.base.naming import get_uid as get_uid
from kcore_layers.base.session import clear_session as clear_session
from kcore_ops.config import backend as backend
from kcore_ops.config import epsilon as epsilon
from kcore_ops.config import floatx as floatx
from kcore_ops.config import image_data_format as image_data_format
from kcore_ops.config import set_epsilon as set_epsilon
from kcore_ops.config import set_floatx as set_floatx
from kcore_ops.config import set_image_data_format as set_image_data_format
from kcore_ops.dtypes import is_float_dtype as is_float_dtype
from kcore_ops.dtypes import is_int_dtype as is_int_dtype
from kcore_ops.dtypes import result_type as result_type
from kcore_ops.dtypes import standardize_dtype as standardize_dtype
from kcore_ops.specs.symbolic import is_keras_tensor as is_keras_tensor
