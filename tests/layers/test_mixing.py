"""`MixUp` and `CutMix`: each image of a batch with another, and what belongs to them."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from augmentation_cases import IMAGES, boxes_of, dict_of, quick
from kcore_layers.layers.augmentation.cut_mix import CutMix
from kcore_layers.layers.augmentation.mix_up import MixUp
from kcore_layers.layers.augmentation.mixing import symmetric_beta
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError

LABELS = np.eye(3, 5).astype("float32")
WEIGHT, ORDER = np.array([0.25, 0.5, 1.0], "float32"), np.array([1, 2, 0])
MIX = {"mix_weight": WEIGHT, "permutation_order": ORDER}


def numbers(x):
    return ops.tree.map_structure(lambda each: np.asarray(ops.convert_to_numpy(each)), x)


def data(layout="channels_last"):
    """A dict of images that takes no boxes, which `CutMix` refuses."""
    found = dict_of(IMAGES if layout == "channels_last" else np.moveaxis(IMAGES, -1, 1).copy(), layout)
    del found["bounding_boxes"]
    return {**found, "labels": LABELS}


@pytest.fixture(params=[MixUp, CutMix])
def kind(request):
    return request.param


def test_the_same_seed_mixes_the_same_images_on_every_backend(backend, kind):
    layer, again = kind(seed=5), kind(seed=5)
    found = numbers([layer(data()), layer(data())])
    with ops.use_backend("numpy"):
        other = kind(seed=5)
        expected = numbers([other(data()), other(data())])
    for x, y, z in zip(*map(ops.tree.flatten, (found, expected, numbers([again(data()), again(data())]))), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=0.05)
        np.testing.assert_allclose(x, z, rtol=1e-4, atol=0.05)
    assert not np.array_equal(found[0]["images"], found[1]["images"])


@quick
def test_nothing_is_mixed_where_training_is_false(backend, kind):
    layer = kind(seed=1)
    for x, y in zip(*map(ops.tree.flatten, (numbers(layer(data(), training=False)), data())), strict=True):
        np.testing.assert_array_equal(x, y)


@quick
def test_one_image_stays_what_it_is(backend, kind):
    layer = kind(seed=1)
    np.testing.assert_allclose(numbers(layer(IMAGES[0])), IMAGES[0], rtol=1e-5)
    np.testing.assert_allclose(numbers(layer({"images": IMAGES[0], "labels": LABELS[0]})["labels"]), LABELS[0])


@quick
def test_channels_may_come_first(backend, kind):
    last, first = kind(seed=3), kind(seed=3, data_format="channels_first")
    expected, found = numbers(last(data())), numbers(first(data("channels_first")))
    for key in ("images", "segmentation_masks"):
        np.testing.assert_allclose(np.moveaxis(found[key], 1, -1), expected[key], rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(found["labels"], expected["labels"], rtol=1e-5)


@quick
@pytest.mark.parametrize("dtype", ["uint8", "float16", "float64"])
def test_what_comes_out_has_the_compute_dtype(backend, kind, dtype):
    assert backend.dtype(kind(seed=1)(IMAGES.astype(dtype))) == "float32"
    assert backend.dtype(kind(seed=1, dtype="float16")(IMAGES.astype(dtype))) == "float16"
    whole = kind(seed=1)({"images": IMAGES, "labels": np.arange(3)})
    assert backend.dtype(whole["labels"]) == "float32"


@quick
def test_a_batch_of_nothing_stays_one(backend, kind):
    found = kind(seed=1)({"images": IMAGES[:0], "labels": LABELS[:0]})
    assert found["images"].shape == (0, 8, 10, 3) and found["labels"].shape == (0, 5)


def test_a_graph_knows_the_shape_and_dtype_of_what_comes_out(backend, kind):
    y = kind(seed=1)(ops.KerasTensor((None, None, None, 3), "uint8"))
    assert y.shape == (None, None, None, 3) and y.dtype == "float32"


@quick
def test_a_config_makes_the_layer_again(backend, kind):
    layer = kind(0.5, seed=3, data_format="channels_last")
    again = deserialize_keras_object(serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
    np.testing.assert_allclose(numbers(again(IMAGES)), numbers(kind(0.5, seed=3)(IMAGES)), rtol=1e-5)


@quick
def test_a_data_set_of_tensorflow_takes_it_whatever_its_backend(backend, kind):
    tf = pytest.importorskip("tensorflow")
    layer, eager = kind(seed=4), kind(seed=4)
    many = {key: np.concatenate([value, value, value[:1]]) for key, value in data().items()}
    batches = tf.data.Dataset.from_tensor_slices(many).batch(3)
    for found, batch in zip(batches.map(layer), batches, strict=True):
        expected = numbers(eager(numbers({**batch})))
        for key, value in expected.items():
            np.testing.assert_allclose(numbers({**found})[key], value, rtol=1e-4, atol=0.05)


@pytest.mark.needs("jit")
def test_a_compiled_function_mixes_as_it_does_at_once(backend, kind):
    seed = ops.convert_to_tensor(np.array([7, 9], "uint32"))
    images, layer = ops.convert_to_tensor(IMAGES), kind(seed=1)

    def change(seed, images):
        return layer.transform_images(images, layer.get_random_transformation(images, True, seed), True)

    np.testing.assert_allclose(numbers(ops.jit(change)(seed, images)), numbers(change(seed, images)), atol=0.05)


@quick
def test_mixed_images_labels_and_masks_are_weighted_means(backend):
    layer, masks = MixUp(), IMAGES[..., :1]
    share = WEIGHT.reshape(3, 1, 1, 1)
    for found, x in (
        (layer.transform_images(IMAGES, MIX), IMAGES),
        (layer.transform_segmentation_masks(masks, MIX), masks),
    ):
        np.testing.assert_allclose(numbers(found), share * x + (1 - share) * x[ORDER], rtol=1e-5)
    for labels in (LABELS, np.arange(3.0, dtype="float32"), IMAGES[:, :4, 0]):
        share = WEIGHT.reshape(3, *(1,) * (labels.ndim - 1))
        expected = share * labels + (1 - share) * labels[ORDER]
        np.testing.assert_allclose(numbers(layer.transform_labels(labels, MIX)), expected, rtol=1e-5)


@quick
def test_a_mixed_image_has_the_boxes_of_both(backend):
    boxes = boxes_of(IMAGES)
    boxes["labels"] = np.arange(9).reshape(3, 3)
    found = numbers(MixUp(bounding_box_format="xyxy").transform_bounding_boxes(boxes, MIX))
    np.testing.assert_allclose(found["boxes"], np.concatenate([boxes["boxes"], boxes["boxes"][ORDER]], axis=1))
    np.testing.assert_array_equal(found["labels"], np.concatenate([boxes["labels"], boxes["labels"][ORDER]], axis=1))


@quick
def test_a_rectangle_of_an_image_is_as_large_as_the_share_of_its_label(backend):
    images = np.stack([np.full((50, 40, 3), value, "float32") for value in range(64)])
    found = numbers(CutMix((1.0, 1.0), seed=2)({"images": images, "labels": np.eye(64, dtype="float32")}))
    own = found["images"][..., 0] == np.arange(64).reshape(-1, 1, 1)
    order = np.array([np.unique(image[~kept])[0] if not kept.all() else i
                      for i, (image, kept) in enumerate(zip(found["images"][..., 0], own, strict=True))])  # fmt: skip
    share = np.array([label[i] for i, label in enumerate(found["labels"])])
    others = order != np.arange(64)
    np.testing.assert_allclose(own.mean((1, 2))[others], share[others], atol=0.05)
    np.testing.assert_allclose(found["labels"].sum(1), 1.0, rtol=1e-5)
    for kept in own[others]:
        rows, columns = (~kept).any(1), (~kept).any(0)
        np.testing.assert_array_equal(~kept, np.outer(rows, columns))


@quick
@pytest.mark.parametrize("alpha", [0.1, 0.2, 0.5, 1.0, 3.0])
def test_shares_have_the_moments_of_a_beta_distribution(backend, alpha):
    x = numbers(symmetric_beta(np.random.default_rng(0).random((4, 20000), "float32"), alpha)).astype("float64")
    assert abs(x.mean() - 0.5) < 0.012
    assert abs(x.var() - 1 / (4 * (2 * alpha + 1))) < 0.005
    # The fourth central moment, by the kurtosis -6 / (2 alpha + 3) beyond that of a normal distribution.
    fourth = (3 - 6 / (2 * alpha + 3)) / (4 * (2 * alpha + 1)) ** 2
    assert abs(((x - 0.5) ** 4).mean() - fourth) < 0.003


@quick
def test_wrong_options_and_boxes_are_refused(backend):
    for alpha in (0, -1.0):
        with pytest.raises(ArgumentError, match="alpha can not be .*\n  fix: pass a number above 0"):
            MixUp(alpha)
    with pytest.raises(ArgumentTypeError, match="alpha can not be 'a'"):
        MixUp("a")
    with pytest.raises(ArgumentError, match="factor can not be 1.5\n  fix: pass numbers from 0 to 1"):
        CutMix(1.5)
    with pytest.raises(ArgumentError, match="boxes can not be cut: what is left of an object has no box"):
        CutMix(bounding_box_format="xyxy")(dict_of(IMAGES))
