"""Bounding boxes of objects in images: formats, overlaps, transforms, and what detectors learn in their place."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.bounding_boxes.clipping import *
from kcore_layers.bounding_boxes.deltas import *
from kcore_layers.bounding_boxes.formats import *
from kcore_layers.bounding_boxes.overlap import *
from kcore_layers.bounding_boxes.transforms import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
