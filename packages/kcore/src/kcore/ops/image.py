"""Ops on images."""

from kcore_ops.image import *
