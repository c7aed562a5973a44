"""Masks drawn on pictures as Keras draws them."""

from __future__ import annotations

import kcore.visualization
import numpy as np

rng = np.random.default_rng(0)


def test_masks_are_drawn_as_in_keras(keras, backend):
    images = rng.integers(0, 256, (2, 5, 7, 3)).astype("float32")
    masks = rng.integers(-1, 3, (2, 5, 7, 1)).astype("int32")
    colours = {0: (0, 0, 0), 1: (255, 0, 10), 2: (7, 80, 9)}
    for alpha in (0.0, 0.3, 0.8, 1.0):
        for blend in (True, False):
            for ignored in (-1, 1):
                if ignored == 1 and not blend:
                    continue  # Keras draws the class there, which is to be left as it is
                options = {"num_classes": 3, "color_mapping": colours, "alpha": alpha, "blend": blend}
                given = np.abs(masks) if ignored == 1 else masks  # Keras has no colour for what is not ignored
                theirs, ours = (
                    np.asarray(
                        module.visualization.draw_segmentation_masks(images, given, ignore_index=ignored, **options)
                    )
                    for module in (keras, kcore)
                )
                assert ours.shape == theirs.shape
                np.testing.assert_allclose(ours.astype(float), theirs.astype(float), atol=1)
