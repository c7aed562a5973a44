"""Nested structures."""

from kcore_ops.foundation.tree import *
