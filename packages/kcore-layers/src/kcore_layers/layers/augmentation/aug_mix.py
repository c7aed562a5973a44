"""`AugMix`: images mixed with others that are made of them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.layers.augmentation.choosing import ChoosingLayer, repeated
from kcore_layers.layers.augmentation.factors import Factor
from kcore_layers.layers.augmentation.mixing import DIRICHLET_NUMBERS, symmetric_beta, symmetric_dirichlet
from kcore_layers.layers.augmentation.moving import Interpolation
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.options.weight_options import checked_count, checked_number, config_of
from kcore_layers.serialization.registry import builtin

__all__ = ["AugMix"]

# The greatest depth of a chain whose depth is drawn.
_DEPTH = 3


@builtin("keras.layers")
class AugMix(ChoosingLayer):
    """Mix images with what chains of layers make of them, which are chosen at random; only while training.

    The result is `w * x + (1 - w) * (w_1 * chain_1(x) + w_2 * chain_2(x) + ...)`, where `w` is drawn from the beta
    distribution and `w_1, w_2, ...`, whose sum is 1, from Dirichlet's. The links of a chain are chosen among
    `RandomShear`, `RandomTranslation`, `RandomRotation`, `RandomBrightness`, `RandomColorDegeneration`,
    `RandomContrast`, `RandomSharpness`, `RandomPosterization`, `Solarization`, `AutoContrast`, `Equalization`, and a
    link that changes nothing, each as often as the others. All this is drawn once for a batch; how much a link changes
    an image is drawn for each.

    Segmentation masks are mixed in the same way, so that those of classes should be given as one channel for each
    class. Boxes and labels stay what they are.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. There are 3
    channels, red, green and blue, or 1. Dtype: the layer's, for integers too. Numbers are the same on every backend for
    the same seed.

    Args:
        value_range: pair of numbers, the least and greatest value of a pixel; (0, 255).
        num_chains: int, how many chains are mixed; 3.
        chain_depth: int, how many links a chain has; -1 draws it for each chain, 1, 2 or 3; 3.
        factor: number from 0 to 1, or pair of them, the `factor` of each of the layers; a number `f` is the pair
            (0, f); 0.3.
        alpha: number above 0, the parameters of both distributions: below 1 most of a result is of one chain, or of the
            image; 1.
        all_ops: bool, whether brightness, colour degeneration, contrast and sharpness are among the layers; they are
            left out where the robustness against just these is measured; True.
        interpolation: "bilinear" or "nearest", how pixels between others are read; "bilinear".
        seed: int, the seed of the random numbers; None draws one.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `bounding_box_format`, the format of boxes, which stay what they are, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.

    Source: Hendrycks et al. (2020), arXiv:1912.02781.

    >>> AugMix(seed=1)(np.ones((2, 8, 8, 3), "float32")).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Factor = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: Interpolation = "bilinear",
        seed: int | None = None,
        data_format: DataFormat | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(value_range, factor, interpolation, seed, data_format, all_ops, **kwargs)
        self.num_chains = checked_count(self, "num_chains", num_chains)
        self.chain_depth = checked_count(self, "chain_depth", chain_depth, least=-1)
        self.alpha = checked_number(self, "alpha", alpha, "a number above 0")
        if not alpha > 0:
            raise ArgumentError(f"alpha can not be {alpha!r}", fix="pass a number above 0").at(type(self).__name__)
        self.all_ops = all_ops

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        chains, kinds = self.num_chains, len(self._names) + 1
        length = _DEPTH if self.chain_depth == -1 else self.chain_depth
        counts = (4, chains * DIRICHLET_NUMBERS, chains, chains * length)
        chances, numbers = self._draw(seed, sum(counts), chains * length, images)
        share, weights, depths, choices = ops.split(chances, list(itertools.accumulate(counts[:-1])))
        indices = ops.reshape(self._indices(choices, kinds), (chains, length))
        if self.chain_depth == -1:
            last = ops.expand_dims(self._indices(depths, _DEPTH), 1)
            indices = ops.where(ops.less_equal(ops.arange(_DEPTH, dtype="int32"), last), indices, kinds - 1)
        return {
            "weight_sample": symmetric_beta(ops.expand_dims(share, 1), self.alpha)[0],
            "chain_mixing_weights": symmetric_dirichlet(ops.reshape(weights, (-1, chains)), self.alpha),
            "layer_idxes": indices,
            "numbers": ops.reshape(numbers, (chains, length, *ops.shape(numbers)[1:])),
            "input_shape": self._shape_of(images),
        }

    def _mixed(self, what: str, x: Any, transformation: Any) -> Any:
        """Return images or masks, mixed with what the chains make of them."""
        weights, indices, numbers = (transformation[key] for key in ("chain_mixing_weights", "layer_idxes", "numbers"))

        def chain(i: Any, total: Any) -> Any:
            links = ops.take(indices, i, axis=0), ops.take(numbers, i, axis=0)
            changed = self._in_turn(what, x, *links, transformation)
            return total + ops.cast(ops.take(weights, i, axis=0), ops.dtype(x)) * changed

        mixed = repeated(indices, chain, ops.zeros_like(x))
        share = ops.cast(transformation["weight_sample"], ops.dtype(x))
        return share * x + (1.0 - share) * mixed

    def _change_images(self, images: Any, transformation: Any) -> Any:
        return self._mixed("transform_images", images, transformation)

    def _change_masks(self, masks: Any, transformation: Any) -> Any:
        return self._mixed("transform_segmentation_masks", masks, transformation)

    def transform_bounding_boxes(
        self, bounding_boxes: Mapping[str, Any], transformation: Any, training: bool = True
    ) -> Any:
        """Return the boxes as they are, as the image is still there.

        Args:
            bounding_boxes: dict with `"boxes"`, `([batch,] boxes, 4)`, in `bounding_box_format`, and `"labels"`,
                `([batch,] boxes)`.
            transformation: what `get_random_transformation` returned.
            training: bool, whether to make random changes; True.
        """
        self._check_boxes(bounding_boxes)
        return bounding_boxes

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), **config_of(self, "num_chains", "chain_depth", "alpha", "all_ops")}
