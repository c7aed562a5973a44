"""Layers that crop, turn and otherwise change images, with their boxes, masks and labels."""

import typing

from kcore_ops.foundation import public_names

from kcore_layers.layers.augmentation.adaptive_equalization import *
from kcore_layers.layers.augmentation.aug_mix import *
from kcore_layers.layers.augmentation.auto_contrast import *
from kcore_layers.layers.augmentation.cropping import *
from kcore_layers.layers.augmentation.cut_mix import *
from kcore_layers.layers.augmentation.equalization import *
from kcore_layers.layers.augmentation.max_num_bounding_boxes import *
from kcore_layers.layers.augmentation.mix_up import *
from kcore_layers.layers.augmentation.pipeline import *
from kcore_layers.layers.augmentation.rand_augment import *
from kcore_layers.layers.augmentation.random_brightness import *
from kcore_layers.layers.augmentation.random_color_degeneration import *
from kcore_layers.layers.augmentation.random_color_jitter import *
from kcore_layers.layers.augmentation.random_contrast import *
from kcore_layers.layers.augmentation.random_elastic_transform import *
from kcore_layers.layers.augmentation.random_erasing import *
from kcore_layers.layers.augmentation.random_flip import *
from kcore_layers.layers.augmentation.random_gaussian_blur import *
from kcore_layers.layers.augmentation.random_grayscale import *
from kcore_layers.layers.augmentation.random_hue import *
from kcore_layers.layers.augmentation.random_invert import *
from kcore_layers.layers.augmentation.random_perspective import *
from kcore_layers.layers.augmentation.random_posterization import *
from kcore_layers.layers.augmentation.random_rotation import *
from kcore_layers.layers.augmentation.random_saturation import *
from kcore_layers.layers.augmentation.random_sharpness import *
from kcore_layers.layers.augmentation.random_shear import *
from kcore_layers.layers.augmentation.random_translation import *
from kcore_layers.layers.augmentation.random_zoom import *
from kcore_layers.layers.augmentation.resizing import *
from kcore_layers.layers.augmentation.solarization import *

if not typing.TYPE_CHECKING:
    __all__ = public_names.imported(globals())
