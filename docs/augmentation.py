"""Draw `docs/augmentation.png`: what each layer that changes images makes of one image.

Run it with `python docs/augmentation.py`; it takes kcore on NumPy, matplotlib, and the image of scikit-learn.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_layers import layers
from matplotlib import pyplot
from sklearn.datasets import load_sample_image

SIZE = (120, 180)
LAYERS: dict[str, tuple[Any, ...]] = {
    "RandomFlip": ("horizontal",),
    "RandomCrop": (80, 120),
    "RandomTranslation": (0.3, 0.3),
    "RandomRotation": (0.15,),
    "RandomZoom": ((-0.4, -0.3),),
    "RandomShear": (0.4, 0.4),
    "RandomPerspective": (1.0, 0.6),
    "RandomElasticTransform": (1.0,),
    "CenterCrop": (80, 120),
    "Resizing": (30, 45),
    "RandomBrightness": ((0.25, 0.3),),
    "RandomContrast": ((0.5, 1.0),),
    "RandomColorDegeneration": ((0.7, 0.8),),
    "RandomColorJitter": ((0, 255), 0.3, 0.5, (0.3, 0.7), 0.4),
    "RandomGaussianBlur": ((1.0, 1.0), 7, (2.0, 3.0)),
    "RandomGrayscale": (1.0,),
    "RandomHue": ((0.5, 0.6),),
    "RandomInvert": ((1.0, 1.0),),
    "RandomPosterization": ((2, 3),),
    "RandomSaturation": ((0.65, 0.7),),
    "RandomSharpness": ((1.0, 1.0),),
    "RandomErasing": ((1.0, 1.0), (0.1, 0.2)),
    "AutoContrast": (),
    "Equalization": (),
    "ContrastLimitedAdaptiveHistogramEqualization": (),
    "Solarization": (0.0, (0.5, 0.6)),
    "MixUp": (5.0,),
    "CutMix": ((1.0, 1.0),),
    "RandAugment": (),
    "AugMix": (),
}
DETERMINISTIC = (
    "AutoContrast",
    "CenterCrop",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "Equalization",
    "Resizing",
)


def changed(name: str, arguments: tuple[Any, ...], batch: Any) -> Any:
    """Return the first image as a layer changes it, by the first seed that does so visibly."""
    layer = getattr(layers, name)
    if name in DETERMINISTIC:
        return np.asarray(layer(*arguments)(batch))[0]
    results = (np.asarray(layer(*arguments, seed=seed)(batch, training=True))[0] for seed in range(3, 40))
    return next(y for y in results if y.shape != batch[0].shape or np.abs(y - batch[0]).mean() > 0.2)


def main() -> None:
    """Write the sheet beside this file."""
    images = [load_sample_image(name).astype("float32") for name in ("flower.jpg", "china.jpg")]
    batch = np.asarray(layers.Resizing(*SIZE, antialias=True)(np.stack(images)))
    shown = [("the image", batch[0])]
    for name, arguments in LAYERS.items():
        if hasattr(layers, name):
            shown.append((name, changed(name, arguments, batch)))
    columns = 6
    rows = -(-len(shown) // columns)
    figure, axes = pyplot.subplots(rows, columns, figsize=(12, 1.75 * rows), layout="constrained")
    for axis in axes.flat:
        axis.axis("off")
    for axis, (name, image) in zip(axes.flat, shown, strict=False):
        axis.imshow(np.clip(image, 0, 255).astype("uint8"))
        axis.set_title(name.replace("AdaptiveHistogram", "\nAdaptiveHistogram"), fontsize=7)
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=68)


if __name__ == "__main__":
    with ops.use_backend("numpy"):
        main()
