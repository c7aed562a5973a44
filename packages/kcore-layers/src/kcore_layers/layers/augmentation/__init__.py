"""Layers that crop, turn and otherwise change images, with their boxes, masks and labels."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.layers.augmentation.cropping import *
from kcore_layers.layers.augmentation.random_flip import *
from kcore_layers.layers.augmentation.random_rotation import *
from kcore_layers.layers.augmentation.random_shear import *
from kcore_layers.layers.augmentation.random_translation import *
from kcore_layers.layers.augmentation.random_zoom import *
from kcore_layers.layers.augmentation.resizing import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
