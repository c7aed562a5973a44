"""`RandAugment` and `AugMix` against Keras's: what they are made of, what they draw, and what they make of that.

Ours differ where a chain's depth is -1, which draws it, as AugMix's authors do (Keras's chains are empty then); where
there are no chains, which is refused (Keras's images get darker); and in graphs: ours choose anew in each call, Keras's
`AugMix` when it is traced. `RandAugment` draws anew for a layer that is chosen twice.
"""

from __future__ import annotations

import itertools

import kcore_ops as ops
import numpy as np
import pytest
from augmentation_cases import IMAGES, boxes_of
from kcore_layers import layers
from kcore_layers.layers.augmentation.drawn_numbers import DrawnNumbers

MASKS = IMAGES[..., :1] // 64


def numbers(x):
    return ops.tree.map_structure(
        lambda each: np.asarray(ops.convert_to_numpy(each)) if hasattr(each, "dtype") else each, x
    )


def transformations_of(layer, drawn):
    """Return what each of the layers draws of some numbers, by their names."""
    return {
        name: numbers(getattr(layer, name).get_random_transformation(IMAGES, seed=DrawnNumbers(drawn)))
        for name in layer._names
    }


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("RandAugment", {}),
        ("RandAugment", {"value_range": (0, 1), "num_ops": 3, "factor": (0.1, 0.7), "interpolation": "nearest"}),
        ("AugMix", {}),
        ("AugMix", {"num_chains": 2, "chain_depth": -1, "factor": 0.0, "alpha": 0.5, "all_ops": False}),
    ],
)
def test_configs_are_those_of_keras(backend, keras, name, options):
    options = {**options, "seed": 3, "data_format": "channels_first"}
    expected, found = (getattr(where, name)(**options).get_config() for where in (keras.layers, layers))
    assert set(found) == set(expected)
    for key in set(expected) - {"name", "dtype"}:
        assert found[key] == expected[key], key


def test_the_layers_that_are_chosen_from_are_those_of_keras(backend, keras):
    for name, factor in itertools.product(("RandAugment", "AugMix"), (0.05, 0.5, (0.2, 1.0))):
        theirs, ours = (getattr(where, name)(factor=factor, seed=1) for where in (keras.layers, layers))
        for inner in ours._names:
            expected, found = (getattr(layer, inner).get_config() for layer in (theirs, ours))
            for key in set(expected) - {"name", "dtype"}:
                each = list if isinstance(expected[key], list | tuple) else lambda x: x
                assert each(found[key]) == each(expected[key]), (inner, key)


def test_each_layer_is_chosen_by_the_same_number_and_does_the_same(backend, keras):
    options = {"num_ops": 1, "bounding_box_format": "xyxy", "seed": 1}
    theirs, ours = keras.layers.RandAugment(**options), layers.RandAugment(**options)
    for index in range(len(ours._names)):
        drawn = ours.get_random_transformation(IMAGES)
        drawn["layer_idxes"] = np.array([index], "int32")
        change = {
            "layer_idxes": drawn["layer_idxes"],
            "transforms": transformations_of(ours, ops.convert_to_tensor(numbers(drawn["numbers"])[0])),
        }
        pairs = [("images", IMAGES)]
        if index in (1, 2, 4):  # at 0 Keras's boxes lean by fractions of the image, as pixels do in square ones only
            pairs += [("segmentation_masks", MASKS), ("bounding_boxes", boxes_of(IMAGES))]
        for what, x in pairs:
            given = keras.tree.map_structure(keras.ops.convert_to_tensor, x)
            expected = getattr(theirs, f"transform_{what}")(given, change)
            found = getattr(ours, f"transform_{what}")(x, drawn)
            for one, other in zip(*map(ops.tree.flatten, (numbers(found), numbers(expected))), strict=True):
                np.testing.assert_allclose(one, other, atol=0.1, err_msg=f"{ours._names[index]} {what}")


def test_chains_are_mixed_as_in_keras(backend, keras):
    theirs, ours = keras.layers.AugMix(seed=1), layers.AugMix(seed=1)
    for _ in range(2):
        drawn = numbers(ours.get_random_transformation(IMAGES))
        names = [*ours._names, None]
        change = {
            "chain_mixing_weights": drawn["chain_mixing_weights"],
            "weight_sample": drawn["weight_sample"],
            "chain_transforms": [
                [
                    {"layer_name": names[i], "transformation": transformations_of(ours, numbers_of_link)[names[i]]}
                    for i, numbers_of_link in zip(chain, map(ops.convert_to_tensor, numbers_of_chain), strict=True)
                    if names[i]
                ]
                for chain, numbers_of_chain in zip(drawn["layer_idxes"], drawn["numbers"], strict=True)
            ],
        }
        for what, x in (("images", IMAGES), ("segmentation_masks", MASKS)):
            expected = getattr(theirs, f"transform_{what}")(keras.ops.convert_to_tensor(x), change)
            found = numbers(getattr(ours, f"transform_{what}")(x, drawn))
            np.testing.assert_allclose(found, numbers(expected), atol=0.1)
        assert set(drawn) - set(change) == {"layer_idxes", "numbers", "input_shape"}


def test_as_much_is_drawn_as_in_keras(backend, keras):
    """What is drawn for all of a batch; for what each layer draws see `test_colour_augmentation.py`."""
    options = {"num_chains": 4, "chain_depth": 2, "alpha": 0.6, "seed": 1}
    theirs, ours = keras.layers.AugMix(**options), layers.AugMix(**options)
    image = keras.ops.zeros((1, 4, 4, 3))
    drawn = [theirs.get_random_transformation(image) for _ in range(20)]
    links = [len(chain) for each in drawn for chain in each["chain_transforms"]]
    again = [numbers(ours.get_random_transformation((1, 4, 4, 3))) for _ in range(60)]
    filled = np.mean([np.mean(each["layer_idxes"] < 11) for each in again])
    assert abs(np.mean(links) / 2 - filled) < 4 * np.sqrt(1 / 12 / len(links))
    for key, variance in (("chain_mixing_weights", 3 / 16 / 3.4), ("weight_sample", 1 / 4 / 2.2)):
        expected = np.array([numbers(each[key]) for each in drawn], "float64").reshape(len(drawn), -1)
        found = np.array([each[key] for each in again]).reshape(len(again), -1)
        assert found.shape[1] == expected.shape[1]
        for x in (expected, found):
            assert (np.abs(x.mean(0) - 1 / max(x.shape[1], 2)) < 4 * np.sqrt(variance / len(x))).all()
            assert np.abs(x.var() / variance - 1) < 7 / np.sqrt(len(x))


@pytest.mark.parametrize("name", ["RandAugment", "AugMix"])
def test_dicts_come_out_in_the_shapes_and_dtypes_of_keras(backend, keras, name):
    options = {"bounding_box_format": "xyxy", "seed": 1, "dtype": "float16"}
    theirs, ours = getattr(keras.layers, name)(**options), getattr(layers, name)(**options)
    data = {
        "images": IMAGES.astype("uint8"),
        "labels": np.arange(3),
        "segmentation_masks": MASKS.astype("float16" if name == "RandAugment" else "float32"),
        "bounding_boxes": boxes_of(IMAGES),
    }
    expected, found = theirs(keras.tree.map_structure(keras.ops.convert_to_tensor, data)), ours(data)
    for key, value in expected.items():
        for one, other in zip(*map(ops.tree.flatten, (found[key], value)), strict=True):
            assert tuple(one.shape) == tuple(other.shape), key
            if key in (
                "images",
                "bounding_boxes",
            ):  # Keras's masks are of one dtype or another, as colours change or not
                assert ops.dtype(one) == keras.backend.standardize_dtype(other.dtype), key
