"""What holds for every layer that changes images, however it is called."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from augmentation_cases import ALL, DETERMINISTIC, IMAGES, LARGE, RANDOM, boxes_of, dict_of, quick
from kcore_layers import Sequential
from kcore_layers.layers.augmentation.cropping import CenterCrop, RandomCrop
from kcore_layers.layers.augmentation.max_num_bounding_boxes import MaxNumBoundingBoxes
from kcore_layers.layers.augmentation.pipeline import Pipeline
from kcore_layers.layers.augmentation.random_elastic_transform import RandomElasticTransform
from kcore_layers.layers.augmentation.random_flip import RandomFlip
from kcore_layers.layers.augmentation.random_perspective import RandomPerspective
from kcore_layers.layers.augmentation.random_rotation import RandomRotation
from kcore_layers.layers.augmentation.random_shear import RandomShear
from kcore_layers.layers.augmentation.random_translation import RandomTranslation
from kcore_layers.layers.augmentation.random_zoom import RandomZoom
from kcore_layers.layers.augmentation.resizing import Resizing
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, MissingMethod, ShapeError

FIRST = np.ascontiguousarray(np.moveaxis(IMAGES, -1, 1))


def numbers(x):
    return ops.tree.map_structure(lambda each: np.asarray(ops.convert_to_numpy(each)), x)


def assert_equal(actual, expected, **tolerance):
    actual, expected = ops.tree.flatten(numbers(actual)), ops.tree.flatten(numbers(expected))
    for x, y in zip(actual, expected, strict=True):
        np.testing.assert_allclose(x, y, **{"rtol": 1e-5, "atol": 1e-3, **tolerance})


@pytest.fixture(params=RANDOM)
def random(request):
    return RANDOM[request.param]


@pytest.fixture(params=ALL)
def make(request):
    make = ALL[request.param]
    return make if request.param in DETERMINISTIC else lambda **options: make(seed=3, **options)


def each_once(names):
    """Return the names of layers, those with large graphs for one backend only."""
    return [pytest.param(name, marks=pytest.mark.only("numpy")) if name in LARGE else name for name in names]


def test_the_same_seed_makes_the_same_images_on_every_backend(backend, random):
    from kcore_ops.backends import registry

    first, second = random(seed=5, bounding_box_format="xyxy"), random(seed=5, bounding_box_format="xyxy")
    expected = numbers([first(dict_of(IMAGES)), first(dict_of(IMAGES))])
    assert_equal([second(dict_of(IMAGES)), second(dict_of(IMAGES))], expected)
    if registry.backends()["numpy"].is_usable and backend.name != "numpy":
        with ops.use_backend("numpy"):
            other = random(seed=5, bounding_box_format="xyxy")
            assert_equal([other(dict_of(IMAGES)), other(dict_of(IMAGES))], expected, rtol=1e-4, atol=0.05)


@quick
def test_other_calls_make_other_changes(backend, random):
    layer = random(seed=1)
    results = [numbers(layer(IMAGES)) for _ in range(8)]
    assert any(not np.array_equal(results[0], other) for other in results[1:])


@quick
def test_nothing_is_changed_where_training_is_false(backend, random):
    layer = random(seed=1, bounding_box_format="xyxy")
    before = layer.generator.state.numpy()
    if layer(IMAGES, training=False).shape == IMAGES.shape:
        assert_equal(layer(dict_of(IMAGES), training=False), dict_of(IMAGES), atol=0)
    np.testing.assert_array_equal(layer.generator.state.numpy(), before)


@quick
@pytest.mark.parametrize("dtype", ["uint8", "int32", "float16", "float64"])
def test_images_come_out_in_the_compute_dtype(backend, make, dtype):
    layer = make(dtype="float32")
    keeps_integers = isinstance(layer, Resizing) and "int" in dtype
    assert backend.dtype(layer(IMAGES.astype(dtype))) == (dtype if keeps_integers else "float32")


@quick
def test_half_precision_is_as_exact_as_it_can_be(backend, make):
    half, whole = make(dtype="float16"), make(dtype="float32")
    y = half(IMAGES.astype("float16"))
    assert backend.dtype(y) == "float16"
    assert_equal(y, whole(IMAGES), atol=1.0)


@quick
def test_one_image_is_changed_as_a_batch_of_it_is(backend, make):
    single, batch = make(bounding_box_format="xyxy"), make(bounding_box_format="xyxy")
    one = single(dict_of(IMAGES[0]))
    many = batch(dict_of(IMAGES[:1]))
    for key in ("images", "bounding_boxes", "segmentation_masks"):
        assert_equal(one[key], ops.tree.map_structure(lambda x: x[0], many[key]))


@quick
def test_channels_may_come_first(backend, make):
    last = make(bounding_box_format="xyxy", data_format="channels_last")(dict_of(IMAGES))
    first = make(bounding_box_format="xyxy", data_format="channels_first")(dict_of(FIRST, "channels_first"))
    assert_equal(np.moveaxis(numbers(first["images"]), 1, -1), last["images"])
    assert_equal(np.moveaxis(numbers(first["segmentation_masks"]), 1, -1), last["segmentation_masks"])
    assert_equal(first["bounding_boxes"], last["bounding_boxes"])


@quick
@pytest.mark.parametrize("name", ["yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_center_xywh"])
def test_boxes_may_be_in_any_format(backend, make, name):
    from kcore_layers.bounding_boxes.formats import convert_format

    expected = make(bounding_box_format="xyxy")(dict_of(IMAGES))
    data = dict_of(IMAGES)
    data["bounding_boxes"] = convert_format(data["bounding_boxes"], "xyxy", name, 8, 10)
    given = make(bounding_box_format=name)(data)
    height, width = given["images"].shape[1:3]
    back = convert_format(given["bounding_boxes"], name, "xyxy", height, width)
    assert_equal(back["boxes"], expected["bounding_boxes"]["boxes"], atol=1e-4)
    assert_equal(back["labels"], expected["bounding_boxes"]["labels"])


@quick
def test_other_entries_are_kept(backend, make):
    names = np.array(["a", "b", "c"])
    result = make()({"images": IMAGES, "names": names})
    assert result["names"] is names and set(result) == {"images", "names"}


def test_a_graph_knows_the_shape_and_dtype_of_what_comes_out(backend, make):
    layer = make()
    for shape in ((None, *IMAGES.shape[1:]), (None, None, None, 3)):
        spec = layer(ops.KerasTensor(shape, "float32"))
        actual = layer(IMAGES)
        assert spec.dtype == backend.dtype(actual)
        known = [size for size in spec.shape if size is not None]
        assert all(size in tuple(actual.shape) for size in known)
        assert spec.shape[0] is None
    assert tuple(layer.compute_output_shape(IMAGES.shape)) == tuple(layer(IMAGES).shape)


@quick
def test_a_batch_of_nothing_stays_one(backend, make):
    y = make(bounding_box_format="xyxy")(dict_of(IMAGES[:0]))
    assert y["images"].shape[0] == 0 and y["bounding_boxes"]["boxes"].shape[0] == 0


@quick
def test_a_config_makes_the_layer_again(backend, make):
    layer = make(bounding_box_format="rel_xyxy", data_format="channels_last")
    again = deserialize_keras_object(serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
    assert again.bounding_box_format == "rel_xyxy"


@pytest.mark.needs("jit")
def test_a_compiled_function_makes_the_images_that_are_made_at_once(backend, random):
    seed = ops.convert_to_tensor(np.array([7, 9], "uint32"))
    images, layer = ops.convert_to_tensor(IMAGES), random(seed=1)

    def change(seed, images):
        return layer.transform_images(images, layer.get_random_transformation(images, True, seed), True)

    assert_equal(ops.jit(change)(seed, images), change(seed, images), rtol=1e-4, atol=0.05)


@quick
def test_a_model_changes_images_while_it_is_trained_only(backend, random):
    layer = random(seed=2)
    model = Sequential([layer])
    if layer(IMAGES, training=False).shape == IMAGES.shape:
        assert_equal(model(IMAGES, training=False), IMAGES)
    trained = [numbers(model(IMAGES, training=True)) for _ in range(8)]
    assert any(not np.array_equal(trained[0], other) for other in trained[1:])


@pytest.mark.parametrize("name", each_once(RANDOM))
@quick
def test_a_data_set_of_tensorflow_takes_it_whatever_its_backend(backend, name):
    tf, random = pytest.importorskip("tensorflow"), RANDOM[name]
    layer, eager = random(seed=4, bounding_box_format="xyxy"), random(seed=4, bounding_box_format="xyxy")
    batches = tf.data.Dataset.from_tensor_slices(dict_of(np.concatenate([IMAGES, IMAGES]))).batch(3)
    found = list(batches.map(layer))
    expected = [eager(numbers({**batch})) for batch in batches]
    assert len(found) == 2 and all(tf.is_tensor(batch["images"]) for batch in found)
    for one, other in zip(found, expected, strict=True):
        assert_equal({**one}, other, rtol=1e-4, atol=0.05)
    draws = layer.generator.state.numpy()[1]
    assert draws > 0 and draws % 2 == 0  # as many for each batch


@pytest.mark.parametrize("make", each_once(ALL), indirect=True)
@quick
def test_a_data_set_of_tensorflow_may_not_know_the_sizes(backend, make):
    tf = pytest.importorskip("tensorflow")
    signature = tf.TensorSpec((None, None, None, 3), "float32")
    batches = tf.data.Dataset.from_generator(lambda: iter([IMAGES, IMAGES[:2]]), output_signature=signature)
    found, layer = list(batches.map(make())), make()
    for one, images in zip(found, (IMAGES, IMAGES[:2]), strict=True):
        assert_equal(one, layer(images), rtol=1e-4, atol=0.05)


@pytest.mark.parametrize("make", each_once(ALL), indirect=True)
@quick
def test_a_function_of_tensorflow_changes_images_of_a_known_size(backend, make):
    tf = pytest.importorskip("tensorflow")
    layer, images = make(), tf.constant(IMAGES)
    found = tf.function(lambda x: layer(x))(images)  # which TensorFlow's optimizer of graphs takes apart
    assert_equal(found.numpy(), make()(IMAGES), rtol=1e-4, atol=0.05)


@quick
def test_images_have_three_or_four_axes(backend, make):
    with pytest.raises(ShapeError, match=r"images has 2 axes, \(10, 3\)\n  fix: pass \(height, width, channels\)"):
        make()(IMAGES[0, 0])
    with pytest.raises(ShapeError, match=r"images has 5 axes"):
        make()(IMAGES[None])


@quick
def test_the_format_of_boxes_has_to_be_known(backend, make):
    with pytest.raises(ArgumentError, match="there are bounding boxes, and their format is not known\n  fix: .*xyxy"):
        make()({"images": IMAGES, "bounding_boxes": boxes_of(IMAGES)})
    with pytest.raises(ArgumentError, match="bounding_box_format can not be 'xxyy'\n  fix: use one of 'xyxy'"):
        make(bounding_box_format="xxyy")
    with pytest.raises(ArgumentError, match="there are no images among 'image'"):
        make()({"image": IMAGES})
    with pytest.raises(ArgumentTypeError, match='bounding_boxes is a .*\n  fix: pass a dict with "boxes" and "labels"'):
        make(bounding_box_format="xyxy")({"images": IMAGES, "bounding_boxes": boxes_of(IMAGES)["boxes"]})


@quick
def test_factors_and_modes_are_checked():
    with pytest.raises(ArgumentError, match="height_factor can not be 2.0\n  fix: pass numbers from -1 to 1"):
        RandomTranslation(2.0, 0.1)
    with pytest.raises(ArgumentError, match=r"width_factor can not be \(0.1, 0.2, 0.3\)\n  fix: pass a number, or"):
        RandomZoom(0.1, (0.1, 0.2, 0.3))
    with pytest.raises(ArgumentError, match="factor can not be 1.5\n  fix: pass numbers from -1 to 1"):
        RandomRotation(1.5)
    with pytest.raises(ArgumentError, match=r"x_factor can not be \(-0.2, 1.1\)\n  fix: pass numbers from -1 to 1"):
        RandomShear((-0.2, 1.1))
    with pytest.raises(ArgumentError, match="fill_mode can not be 'mirror'\n  fix: use one of 'reflect', 'wrap'"):
        RandomRotation(0.1, "mirror")
    with pytest.raises(ArgumentError, match="interpolation can not be 'bicubic'\n  fix: use one of 'nearest'"):
        RandomZoom(0.1, interpolation="bicubic")
    with pytest.raises(ArgumentError, match="fill_value can not be 'a'"):
        RandomShear(0.1, fill_value="a")


def ranges_of(values):
    values = numbers(values).reshape(len(values), -1)
    return values.min(0), values.max(0), values.mean(0)


@quick
@pytest.mark.parametrize(
    ("layer", "key", "least", "most"),
    [
        (lambda: RandomTranslation((0.1, 0.3), (-0.2, 0.4), seed=1), "translations", [-4, 1], [8, 3]),
        (lambda: RandomZoom((0.1, 0.3), (-0.2, 0.4), seed=1), "height_zoom", [1.1], [1.3]),
        (lambda: RandomZoom((0.1, 0.3), (-0.2, 0.4), seed=1), "width_zoom", [0.8], [1.4]),
        (lambda: RandomRotation((-0.1, 0.3), seed=1), "angle", [-36], [108]),
        (lambda: RandomShear(0.2, (0.1, 0.3), seed=1), "shear_factor", [-0.2, 0.1], [0.2, 0.3]),
    ],
)
def test_numbers_are_drawn_evenly_from_their_range(backend, layer, key, least, most):
    drawn = layer().get_random_transformation((2000, 10, 20, 1))[key]
    found = ranges_of(drawn)
    least, most = np.array(least), np.array(most)
    width = most - least
    assert (found[0] >= least - 1e-5).all() and (found[0] < least + width / 50).all()
    assert (found[1] <= most + 1e-5).all() and (found[1] > most - width / 50).all()
    assert (np.abs(found[2] - (least + most) / 2) < width / 30).all()


@quick
def test_boxes_lean_with_what_they_frame(backend):
    layer = RandomShear(0.5, 0.5, interpolation="nearest", fill_mode="constant", bounding_box_format="xyxy")
    images = np.zeros((1, 12, 20, 1), "float32")
    images[:, 6:9, 10:14] = 1
    boxes = {"boxes": np.array([[[10, 6, 14, 9]]], "float32"), "labels": np.ones((1, 1), "int32")}
    change = {"shear_factor": np.array([[0.3, 0.2]], "float32"), "input_shape": images.shape}
    rows, columns = np.nonzero(numbers(layer.transform_images(images, change))[0, :, :, 0])
    left, top, right, bottom = numbers(layer.transform_bounding_boxes(boxes, change))["boxes"][0, 0]
    edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose([left, top, right, bottom], edges, atol=1.01)


@quick
def test_a_change_of_perspective_brings_points_to_points(backend):
    layer = RandomPerspective(bounding_box_format="xyxy", fill_value=7)
    images = np.zeros((2, 12, 20, 1), "float32")
    images[:, 6:9, 10:14] = 1
    boxes = {"boxes": np.array([[[10, 6, 14, 9]]] * 2, "float32"), "labels": np.ones((2, 1), "int32")}
    start = np.array([[[0, 0], [19, 0], [0, 11], [19, 11]]] * 2, "float32")
    end = np.array([[[0, 0], [15, 0], [0, 9], [17, 10]]] * 2, "float32")
    change = {"apply_perspective": np.array([True, False]), "start_points": start, "end_points": end}
    change["input_shape"] = images.shape
    moved = numbers(layer.transform_segmentation_masks(images, change))
    rows, columns = np.nonzero(moved[0, :, :, 0] == 1)
    left, top, right, bottom = numbers(layer.transform_bounding_boxes(boxes, change))["boxes"][0, 0]
    np.testing.assert_allclose(
        [left, top, right, bottom], [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], atol=1.01
    )
    assert moved[0, -1, -1, 0] == 7
    assert_equal(moved[1], images[1])
    assert_equal(numbers(layer.transform_bounding_boxes(boxes, change))["boxes"][1], boxes["boxes"][1])


@quick
def test_points_of_perspective_move_by_half_of_the_scale_at_most(backend):
    drawn = numbers(RandomPerspective(0.4, 0.5, seed=1).get_random_transformation((2000, 11, 21, 1)))
    start, end = drawn["start_points"], drawn["end_points"]
    np.testing.assert_array_equal(start[0], [[0, 0], [20, 0], [0, 10], [20, 10]])
    np.testing.assert_allclose(end.min(0), start[0] * 0.75, atol=0.05)
    np.testing.assert_allclose(end.max(0), start[0] * 1.25, atol=0.05)
    assert 0.17 < drawn["apply_perspective"].mean() < 0.23


def gradients(batch=4, size=64):
    """Make images whose values are their columns and rows: what is read tells from where."""
    columns = np.broadcast_to(np.arange(size, dtype="float32")[None, None, :, None], (batch, size, size, 1))
    return np.concatenate([columns, np.swapaxes(columns, 1, 2)], -1)


@quick
def test_an_elastic_transform_moves_pixels_smoothly_and_each_image_and_axis_otherwise(backend):
    layer, images = RandomElasticTransform(1.0, (0.5, 0.5), seed=1), gradients()
    change = {**layer.get_random_transformation(images), "apply_transform": np.array([True, True, True, False])}
    moved = numbers(layer.transform_images(images, change))
    distances = (moved - images)[:3, 8:56, 8:56]
    assert 0.6 < distances.std() < 1.2  # 0.282 of 0.1 * 64 * 0.5, were there more of it
    neighbours = np.corrcoef(distances[:, :, 1:, 0].ravel(), distances[:, :, :-1, 0].ravel())[0, 1]
    assert neighbours > 0.8
    assert abs(np.corrcoef(distances[0].ravel(), distances[1].ravel())[0, 1]) < 0.5
    assert abs(np.corrcoef(distances[..., 0].ravel(), distances[..., 1].ravel())[0, 1]) < 0.5
    assert_equal(moved[3], images[3])
    assert_equal(layer.transform_images(images, change), moved)
    masks = numbers(layer.transform_segmentation_masks(images, change))
    assert (masks == np.round(masks)).all() and np.abs(masks - moved).max() <= 0.51


@quick
def test_an_elastic_transform_keeps_to_the_range_of_values(backend):
    layer, images = RandomElasticTransform(1.0, (1.0, 1.0), value_range=(10, 20), seed=1), gradients()
    change = {**layer.get_random_transformation(images), "apply_transform": np.array([True] * 4)}
    moved = numbers(layer.transform_images(images, change))
    assert moved.min() == 10 and moved.max() == 20
    assert layer.get_elastic_transform_params(100, 200, 0.5) == (10.0, 2.5)
    assert RandomElasticTransform(0.0).get_random_transformation(images) is None


def test_an_elastic_transform_is_the_same_in_a_compiled_function_and_a_data_set(backend):
    tf = pytest.importorskip("tensorflow")
    images, layer = gradients(3, 24), RandomElasticTransform((1.0, 1.0), (0.8, 0.8), seed=3)
    expected = numbers(RandomElasticTransform((1.0, 1.0), (0.8, 0.8), seed=3)(images))
    assert not np.array_equal(expected, images)
    (found,) = tf.data.Dataset.from_tensors(images).map(layer)
    assert_equal(found.numpy(), expected, atol=0.02)


@quick
def test_boxes_do_not_follow_an_elastic_transform(backend):
    layer = RandomElasticTransform(bounding_box_format="xyxy")
    data = {"images": IMAGES, "bounding_boxes": boxes_of(IMAGES)}
    assert_equal(layer(data, training=False), data)
    with pytest.raises(MissingMethod, match="boxes do not follow an elastic transform\n  fix: use masks, or"):
        layer(data)


@quick
def test_arguments_of_perspective_and_elastic_transforms_are_checked():
    with pytest.raises(ArgumentError, match="factor can not be -0.5\n  fix: pass numbers from 0 to 1"):
        RandomPerspective(-0.5)
    with pytest.raises(ArgumentError, match="scale can not be 2.0\n  fix: pass a number from 0 to 1"):
        RandomPerspective(0.5, 2.0)
    with pytest.raises(ArgumentError, match="scale can not be 2.0\n  fix: pass numbers from 0 to 1"):
        RandomElasticTransform(0.5, 2.0)
    with pytest.raises(ArgumentError, match=r"value_range can not be \(1, 0\)\n  fix: pass the least and greatest"):
        RandomElasticTransform(value_range=(1, 0))
    with pytest.raises(ArgumentError, match="fill_mode can not be 'edge'\n  fix: use one of 'reflect', 'mirror'"):
        RandomElasticTransform(fill_mode="edge")


@quick
@pytest.mark.parametrize("count", [2, 5])
def test_each_image_has_as_many_boxes_as_are_wanted(backend, count):
    layer = MaxNumBoundingBoxes(count, fill_value=-2, bounding_box_format="xyxy")
    for images in (IMAGES, IMAGES[0]):
        data = dict_of(images)
        found = numbers(layer(data, training=False))
        assert found["bounding_boxes"]["boxes"].shape == (*images.shape[:-3], count, 4)
        kept = min(count, 3)
        for key, value in data["bounding_boxes"].items():
            axis = images.ndim - 3
            first, rest = np.split(found["bounding_boxes"][key], [kept], axis)
            np.testing.assert_array_equal(first, np.take(value, range(kept), axis))
            assert (rest == -2).all()
        assert_equal(found["images"], images)
    assert layer.get_config()["fill_value"] == -2
    with pytest.raises(ArgumentError, match="max_number can not be 0"):
        MaxNumBoundingBoxes(0)


@quick
def test_integers_that_nothing_is_done_to_stay_such(backend):
    found = MaxNumBoundingBoxes(2)({"images": IMAGES.astype("uint8"), "segmentation_masks": IMAGES.astype("int32")})
    assert (backend.dtype(found["images"]), backend.dtype(found["segmentation_masks"])) == ("uint8", "int32")


@quick
def test_a_pipeline_calls_layers_one_after_the_other(backend):
    parts = [CenterCrop(6, 6), RandomFlip(seed=1), RandomRotation(0.2, seed=2)]
    pipeline, alone = Pipeline(parts), [CenterCrop(6, 6), RandomFlip(seed=1), RandomRotation(0.2, seed=2)]
    x = IMAGES
    for layer in alone:
        x = layer(x)
    assert_equal(pipeline(IMAGES), x)
    assert pipeline.layers == parts and len(pipeline.variables) == 2
    again = deserialize_keras_object(serialize_keras_object(pipeline))
    assert again.get_config() == pipeline.get_config()
    assert_equal(pipeline({"images": IMAGES, "n": np.arange(3)}, training=False)["images"], IMAGES[:, 1:7, 2:8])
    with pytest.raises(ArgumentError, match="layers can not be .*\n  fix: pass a list of layers"):
        Pipeline([1])


@quick
def test_a_pipeline_takes_data_sets_of_tensorflow(backend):
    tf = pytest.importorskip("tensorflow")
    pipeline = Pipeline([CenterCrop(6, 6), RandomFlip(seed=1)])
    expected = Pipeline([CenterCrop(6, 6), RandomFlip(seed=1)])(IMAGES)
    (found,) = tf.data.Dataset.from_tensors(IMAGES).map(pipeline)
    assert_equal(found.numpy(), expected)


@quick
def test_one_factor_zooms_both_ways(backend):
    drawn = RandomZoom(0.3, seed=1).get_random_transformation((9, 10, 20, 1))
    assert_equal(drawn["height_zoom"], drawn["width_zoom"])


@quick
def test_arguments_of_sizes_are_checked():
    with pytest.raises(ArgumentError, match="height can not be 0"):
        Resizing(0, 4)
    with pytest.raises(ArgumentError, match="interpolation can not be 'area'\n  fix: use one of 'bilinear', 'nearest'"):
        Resizing(4, 4, "area")
    with pytest.raises(ArgumentError, match="fill_mode can not be 'reflect'\n  fix: use one of 'constant'"):
        Resizing(4, 4, fill_mode="reflect")
    with pytest.raises(ArgumentError, match="crop_to_aspect_ratio and pad_to_aspect_ratio are both set"):
        Resizing(4, 4, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True)
    with pytest.raises(ArgumentError, match="width can not be -1"):
        CenterCrop(4, -1)


@quick
def test_a_random_part_begins_anywhere_it_can(backend):
    layer = RandomCrop(3, 4, seed=0)
    starts = {
        tuple(int(ops.convert_to_numpy(each)) for each in layer.get_random_transformation((1, 5, 6, 1)))
        for _ in range(200)
    }
    assert starts == {(row, column) for row in range(3) for column in range(3)}


@quick
def test_boxes_of_a_random_part_frame_what_they_framed(backend):
    images = np.zeros((1, 8, 10, 1), "float32")
    images[:, 3:5, 4:7] = 1
    data = {
        "images": images,
        "bounding_boxes": {"boxes": np.array([[[4, 3, 7, 5]]], "float32"), "labels": np.ones((1, 1))},
    }
    layer = RandomCrop(6, 7, seed=2, bounding_box_format="xyxy")
    for _ in range(10):
        result = numbers(layer(data))
        left, top, right, bottom = result["bounding_boxes"]["boxes"][0, 0].astype(int)
        framed = result["images"][0, top:bottom, left:right]
        assert framed.sum() == result["images"].sum() and framed.all()


@quick
def test_parts_of_images_too_small_for_them_are_resized(backend):
    layer = RandomCrop(16, 10, bounding_box_format="xyxy")
    result = numbers(layer(dict_of(IMAGES)))
    assert result["images"].shape == (3, 16, 10, 3)
    # 5 of the 10 columns have the aspect ratio; those after the first of them are taken.
    assert_equal(result["images"], ops.image.resize(IMAGES[:, :, 2:], (16, 10)))


@quick
def test_a_flip_has_one_of_three_modes():
    with pytest.raises(ArgumentError, match="mode can not be 'both'\n  fix: use one of 'horizontal', 'vertical'"):
        RandomFlip("both")


@quick
def test_about_half_of_the_images_are_flipped(backend):
    flips = RandomFlip(seed=1).get_random_transformation((1000, 1, 1, 1))["flips"]
    assert 450 < numbers(flips).sum() < 550
