"""Dtypes by name, and the rules by which they are promoted."""

from kcore_ops.dtypes.names import *
