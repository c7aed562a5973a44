"""Operations on images: `(height, width, channels)`, `(channels, height, width)`, or batches of such."""

from __future__ import annotations

from kcore_ops.image.colour import hsv_to_rgb, rgb_to_grayscale, rgb_to_hsv
from kcore_ops.image.crops import crop_images, pad_images
from kcore_ops.image.filters import gaussian_blur, sobel_edges, ssim
from kcore_ops.image.patches import extract_patches, extract_patches_3d
from kcore_ops.image.resize import resize as resize
from kcore_ops.image.resize import scale_and_translate
from kcore_ops.image.warp import affine_transform, elastic_transform, map_coordinates, perspective_transform

__all__ = [
    "affine_transform",
    "crop_images",
    "elastic_transform",
    "extract_patches",
    "extract_patches_3d",
    "gaussian_blur",
    "hsv_to_rgb",
    "map_coordinates",
    "pad_images",
    "perspective_transform",
    "resize",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "scale_and_translate",
    "sobel_edges",
    "ssim",
]
