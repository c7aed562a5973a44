"""Linear algebra."""

from kcore_ops.linalg import *
