"""One of each layer that changes images: what holds for all of them is tested over these."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kcore_layers.layers.augmentation.adaptive_equalization import ContrastLimitedAdaptiveHistogramEqualization
from kcore_layers.layers.augmentation.aug_mix import AugMix
from kcore_layers.layers.augmentation.auto_contrast import AutoContrast
from kcore_layers.layers.augmentation.cropping import CenterCrop, RandomCrop
from kcore_layers.layers.augmentation.equalization import Equalization
from kcore_layers.layers.augmentation.rand_augment import RandAugment
from kcore_layers.layers.augmentation.random_brightness import RandomBrightness
from kcore_layers.layers.augmentation.random_color_degeneration import RandomColorDegeneration
from kcore_layers.layers.augmentation.random_color_jitter import RandomColorJitter
from kcore_layers.layers.augmentation.random_contrast import RandomContrast
from kcore_layers.layers.augmentation.random_erasing import RandomErasing
from kcore_layers.layers.augmentation.random_flip import RandomFlip
from kcore_layers.layers.augmentation.random_gaussian_blur import RandomGaussianBlur
from kcore_layers.layers.augmentation.random_grayscale import RandomGrayscale
from kcore_layers.layers.augmentation.random_hue import RandomHue
from kcore_layers.layers.augmentation.random_invert import RandomInvert
from kcore_layers.layers.augmentation.random_perspective import RandomPerspective
from kcore_layers.layers.augmentation.random_posterization import RandomPosterization
from kcore_layers.layers.augmentation.random_rotation import RandomRotation
from kcore_layers.layers.augmentation.random_saturation import RandomSaturation
from kcore_layers.layers.augmentation.random_sharpness import RandomSharpness
from kcore_layers.layers.augmentation.random_shear import RandomShear
from kcore_layers.layers.augmentation.random_translation import RandomTranslation
from kcore_layers.layers.augmentation.random_zoom import RandomZoom
from kcore_layers.layers.augmentation.resizing import Resizing
from kcore_layers.layers.augmentation.solarization import Solarization

# A function that makes the layer. Those that draw take a seed too.
# Images are made by ops, which are the same everywhere; where each op is compiled anew that takes minutes.
quick = pytest.mark.only("numpy", "torch")

RANDOM: dict[str, Any] = {
    "RandomFlip": lambda **k: RandomFlip(**k),
    "RandomFlip horizontal": lambda **k: RandomFlip("horizontal", **k),
    "RandomFlip vertical": lambda **k: RandomFlip("vertical", **k),
    "RandomCrop": lambda **k: RandomCrop(3, 4, **k),
    "RandomTranslation": lambda **k: RandomTranslation((-0.2, 0.3), 0.4, **k),
    "RandomRotation": lambda **k: RandomRotation(0.3, "constant", fill_value=5.0, **k),
    "RandomZoom": lambda **k: RandomZoom(0.3, (-0.2, 0.4), "nearest", **k),
    "RandomShear": lambda **k: RandomShear(0.3, (0.1, 0.2), "nearest", "wrap", **k),
    "RandomBrightness": lambda **k: RandomBrightness(0.3, **k),
    "RandomColorDegeneration": lambda **k: RandomColorDegeneration((0.2, 0.9), **k),
    "RandomColorJitter": lambda **k: RandomColorJitter((0, 255), 0.2, 0.3, 0.4, 0.2, **k),
    "RandomContrast": lambda **k: RandomContrast(0.5, **k),
    "RandomErasing": lambda **k: RandomErasing(**k),
    "RandomErasing constant": lambda **k: RandomErasing((0.5, 1.0), fill_value=(10.0, 20.0, 30.0), **k),
    "RandomGaussianBlur": lambda **k: RandomGaussianBlur(kernel_size=(3, 5), **k),
    "RandomGrayscale": lambda **k: RandomGrayscale(**k),
    "RandomHue": lambda **k: RandomHue(0.5, **k),
    "RandomInvert": lambda **k: RandomInvert(**k),
    "RandomPosterization": lambda **k: RandomPosterization(5, **k),
    "RandomSaturation": lambda **k: RandomSaturation((0.1, 0.7), **k),
    "RandomSharpness": lambda **k: RandomSharpness(0.9, **k),
    "Solarization": lambda **k: Solarization(0.3, 0.6, **k),
    "RandomPerspective": lambda **k: RandomPerspective(1.0, 0.6, **k),
    "AugMix": lambda **k: AugMix(num_chains=2, chain_depth=-1, **k),
    "RandAugment": lambda **k: RandAugment(**k),
}
DETERMINISTIC: dict[str, Any] = {
    "Resizing": lambda **k: Resizing(4, 12, **k),
    "Resizing nearest": lambda **k: Resizing(5, 7, "nearest", **k),
    "Resizing cropped": lambda **k: Resizing(6, 6, crop_to_aspect_ratio=True, **k),
    "Resizing padded": lambda **k: Resizing(6, 6, pad_to_aspect_ratio=True, antialias=True, fill_value=3.0, **k),
    "CenterCrop": lambda **k: CenterCrop(5, 6, **k),
    "CenterCrop resized": lambda **k: CenterCrop(12, 6, **k),
    "AutoContrast": lambda **k: AutoContrast(**k),
    "ContrastLimitedAdaptiveHistogramEqualization": lambda **k: ContrastLimitedAdaptiveHistogramEqualization(
        tile_grid_size=(3, 2), **k
    ),
    "Equalization": lambda **k: Equalization(**k),
}
ALL = RANDOM | DETERMINISTIC
# Their graphs hold those of all others, which takes seconds: of TensorFlow's functions they are tried on one backend.
LARGE = ("AugMix", "RandAugment")

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 8, 10, 3)).astype("float32")


def boxes_of(images: Any, layout: str = "channels_last") -> dict[str, Any]:
    """Make three boxes in each image, in "xyxy", and their labels."""
    height, width = images.shape[-3:-1] if layout == "channels_last" else images.shape[-2:]
    whole = np.array([width, height, width, height], "float32")
    boxes = np.array([[0.1, 0.2, 0.5, 0.7], [0.0, 0.0, 1.0, 1.0], [0.6, 0.5, 0.95, 0.9]], "float32") * whole
    batch = images.shape[:-3]
    return {
        "boxes": np.broadcast_to(boxes, (*batch, 3, 4)).copy(),
        "labels": np.broadcast_to(np.array([4, 5, 6], "int32"), (*batch, 3)).copy(),
    }


def dict_of(images: Any, layout: str = "channels_last") -> dict[str, Any]:
    """Make a dict of images with all that may belong to them."""
    channels = slice(0, 1)
    masks = images[..., channels] if layout == "channels_last" else images[..., channels, :, :]
    return {
        "images": images,
        "labels": np.arange(len(images)).astype("float32") if images.ndim == 4 else np.float32(1),
        "bounding_boxes": boxes_of(images, layout),
        "segmentation_masks": (masks // 64).astype("float32"),
    }
