"""`RandAugment` and `AugMix`: which layers they choose, and what they make of what those give."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from augmentation_cases import IMAGES, boxes_of
from kcore_layers.layers.augmentation.aug_mix import AugMix
from kcore_layers.layers.augmentation.drawn_numbers import DrawnNumbers
from kcore_layers.layers.augmentation.mixing import DIRICHLET_NUMBERS, symmetric_dirichlet
from kcore_layers.layers.augmentation.rand_augment import RandAugment
from kcore_ops.foundation.errors import ArgumentError
from scipy import stats


def numbers(x):
    return ops.tree.map_structure(lambda each: np.asarray(ops.convert_to_numpy(each)), x)


def transformation_of(indices, **others):
    """A transformation of `IMAGES` by the layers with these numbers, each by as much as it can be."""
    draws = np.full((*np.shape(indices), 2, len(IMAGES)), 0.999, "float32")
    return {"layer_idxes": np.array(indices, "int32"), "numbers": draws, "input_shape": IMAGES.shape, **others}


@pytest.mark.only("numpy")
def test_each_layer_is_chosen_as_often_as_the_others(backend):
    # In a chain there may be one that changes nothing.
    for layer, kinds in ((RandAugment(num_ops=3000, seed=1), 11), (AugMix(num_chains=60, chain_depth=50, seed=1), 12)):
        indices = np.ravel(layer.get_random_transformation((1, 4, 4, 3))["layer_idxes"])
        assert stats.chisquare(np.bincount(indices, minlength=kinds)).pvalue > 1e-3 and indices.max() < kinds


@pytest.mark.only("numpy")
def test_where_robustness_is_measured_seven_layers_are_left(backend):
    layer = AugMix(num_chains=30, all_ops=False, seed=1)
    assert set(np.ravel(layer.get_random_transformation(IMAGES)["layer_idxes"])) == set(range(8))
    assert not hasattr(layer, "random_brightness") and hasattr(layer, "random_posterization")


@pytest.mark.only("numpy")
def test_a_depth_that_is_drawn_is_1_2_or_3(backend):
    indices = AugMix(num_chains=2000, chain_depth=-1, seed=1).get_random_transformation((1, 4, 4, 3))["layer_idxes"]
    empty = np.mean(indices == 11, axis=0)
    np.testing.assert_allclose(empty, [1 / 12, 1 / 3 + 2 / 3 / 12, 2 / 3 + 1 / 3 / 12], atol=0.04)


@pytest.mark.parametrize("alpha", [0.3, 1.0, 7.0])
def test_weights_of_chains_are_distributed_as_by_dirichlet(backend, alpha):
    even = np.random.default_rng(1).random((DIRICHLET_NUMBERS, 3000, 3), "float32")
    weights = numbers(symmetric_dirichlet(ops.convert_to_tensor(even), alpha)).astype("float64")
    np.testing.assert_allclose(weights.sum(-1), 1.0, atol=1e-6)
    for i in range(3):
        assert stats.kstest(weights[:, i], stats.beta(alpha, 2 * alpha).cdf).pvalue > 1e-3


def test_layers_are_applied_one_after_another(backend):
    layer = RandAugment(num_ops=2, seed=1, bounding_box_format="xyxy")
    first, last = 2, 8  # a rotation, a solarization
    change = transformation_of([first, last])
    draws = DrawnNumbers(ops.convert_to_tensor(change["numbers"][0]))
    turned = layer.random_rotation.get_random_transformation(IMAGES, seed=draws)
    solarized = layer.solarization.get_random_transformation(IMAGES, seed=draws)
    expected = layer.random_rotation.transform_images(IMAGES, turned)
    np.testing.assert_allclose(
        numbers(layer.transform_images(IMAGES, change)),
        numbers(layer.solarization.transform_images(expected, solarized)),
        atol=1e-3,
    )
    for what, x in (("segmentation_masks", IMAGES[..., :1] // 64), ("bounding_boxes", boxes_of(IMAGES))):
        found = getattr(layer, f"transform_{what}")(x, change)
        expected = getattr(layer.random_rotation, f"transform_{what}")(x, turned)
        for one, other in zip(*map(ops.tree.flatten, (numbers(found), numbers(expected))), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4)


def test_a_box_that_has_left_the_image_stays_gone(backend):
    layer = RandAugment(factor=(0.0, 1.0), bounding_box_format="xyxy")
    change = transformation_of([1, 1])  # moved to the right and down by all the width and height, twice
    found = numbers(layer.transform_bounding_boxes(boxes_of(IMAGES), change))
    assert (found["labels"] == -1).all()


def test_images_are_mixed_with_what_chains_make_of_them(backend):
    layer, alone = AugMix(num_chains=2, chain_depth=2, seed=1), RandAugment(factor=0.3, seed=1)
    links = [[0, 8], [5, 11]]  # a shear and a solarization, a contrast and nothing
    masks = (IMAGES[..., :1] > 128).astype("float32")
    change = transformation_of(links, weight_sample=np.float32(0.2), chain_mixing_weights=np.float32([0.7, 0.3]))
    for what, x in (("images", IMAGES), ("segmentation_masks", masks)):
        chains = [numbers(getattr(alone, f"transform_{what}")(x, transformation_of(chain))) for chain in links]
        found = numbers(getattr(layer, f"transform_{what}")(x, change))
        np.testing.assert_allclose(found, 0.2 * x + 0.8 * (0.7 * chains[0] + 0.3 * chains[1]), rtol=1e-4, atol=1e-2)
        assert not np.allclose(found, x, atol=0.1)


def test_boxes_and_labels_of_mixed_images_stay_what_they_are(backend):
    layer = AugMix(bounding_box_format="xyxy", seed=1)
    data = {"images": IMAGES, "labels": np.arange(3), "bounding_boxes": boxes_of(IMAGES)}
    found = numbers(layer(data))
    np.testing.assert_array_equal(found["labels"], data["labels"])
    for key, value in data["bounding_boxes"].items():
        np.testing.assert_array_equal(found["bounding_boxes"][key], value)


@pytest.mark.only("numpy")
def test_of_no_layers_and_of_empty_chains_images_come_out_as_they_are(backend):
    for layer in (RandAugment(num_ops=0), AugMix(chain_depth=0)):
        np.testing.assert_allclose(layer(IMAGES), IMAGES, atol=1e-3)


@pytest.mark.only("numpy")
def test_arguments_are_checked():
    with pytest.raises(ArgumentError, match="num_ops can not be -1\n  fix: .* 0 or more"):
        RandAugment(num_ops=-1)
    with pytest.raises(ArgumentError, match="factor can not be 1.5\n  fix: pass numbers from 0 to 1"):
        RandAugment(factor=1.5)
    with pytest.raises(ArgumentError, match="in AugMix\n.*interpolation can not be 'bicubic'\n  fix: use one of"):
        AugMix(interpolation="bicubic")
    with pytest.raises(ArgumentError, match="num_chains can not be 0\n  fix: .*positive"):
        AugMix(num_chains=0)
    with pytest.raises(ArgumentError, match="chain_depth can not be -2\n  fix: .* -1 or more"):
        AugMix(chain_depth=-2)
    with pytest.raises(ArgumentError, match="alpha can not be 0\n  fix: pass a number above 0"):
        AugMix(alpha=0)
    with pytest.raises(ArgumentError, match=r"value_range can not be \(1, 0\)"):
        RandAugment((1, 0))
