"""Nested structures."""

from kcore_ops.tree import *
