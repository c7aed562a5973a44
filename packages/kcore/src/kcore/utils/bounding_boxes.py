"""Bounding boxes of objects in images."""

from kcore_layers.bounding_boxes import *
