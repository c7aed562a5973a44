"""Pictures as arrays, from and to files, resized."""

from __future__ import annotations

import io
import sys

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.images import array_to_img, img_to_array, load_img, save_img, smart_resize
from kcore_layers.images.resizing import INTERPOLATIONS, cropped, padded, resized
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, MissingDependency, ShapeError

# What they do is done by ops, which are the same everywhere; where each op is compiled anew that takes minutes.
pytestmark = pytest.mark.only("numpy", "torch")

rng = np.random.default_rng(0)
pytest.importorskip("PIL")


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_what_is_saved_is_loaded_again(tmp_path, data_format, channels):
    x = rng.integers(0, 256, (4, 5, channels), "uint8")
    given = x.transpose(2, 0, 1) if data_format == "channels_first" else x
    save_img(tmp_path / "x.png", given, data_format=data_format, scale=False)
    mode = {1: "grayscale", 3: "rgb", 4: "rgba"}[channels]
    loaded = img_to_array(load_img(tmp_path / "x.png", color_mode=mode), data_format=data_format, dtype="uint8")
    np.testing.assert_array_equal(loaded, given)


def test_pictures_are_read_and_written_in_memory():
    buffer = io.BytesIO()
    save_img(buffer, np.full((2, 2, 3), 7, "uint8"), file_format="png", scale=False)
    assert (img_to_array(load_img(io.BytesIO(buffer.getvalue()))) == 7).all()


def test_numbers_are_spread_from_black_to_white():
    x = np.array([[[-2.0], [0.0], [2.0]]])
    assert np.asarray(array_to_img(x)).tolist() == [[0, 127, 255]]
    assert np.asarray(array_to_img(np.full((1, 2, 1), 9.0))).tolist() == [[0, 0]]


def test_grey_pictures_of_many_bits_keep_them():
    x = np.array([[[3], [70000]]])
    assert np.asarray(array_to_img(x, scale=False, dtype="int32")).tolist() == [[3, 70000]]


def test_tensors_are_pictures_too(backend):
    x = rng.integers(0, 256, (4, 5, 3), "uint8")
    picture = array_to_img(ops.convert_to_tensor(x), scale=False)
    np.testing.assert_array_equal(img_to_array(picture, dtype="uint8"), x)
    np.testing.assert_array_equal(img_to_array(ops.convert_to_tensor(x), dtype="uint8"), x)


def test_a_jpeg_is_written_without_transparency(tmp_path):
    with pytest.warns(UserWarning, match="JPEG has no transparency"):
        save_img(tmp_path / "x.jpg", np.zeros((8, 8, 4), "uint8"))
    assert load_img(tmp_path / "x.jpg").mode == "RGB"


def test_options_of_a_format_are_passed_on(tmp_path):
    x = rng.integers(0, 256, (64, 64, 3), "uint8")
    for quality in (5, 95):
        save_img(tmp_path / f"{quality}.jpg", x, quality=quality)
    assert (tmp_path / "5.jpg").stat().st_size < (tmp_path / "95.jpg").stat().st_size


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_a_picture_of_one_colour_keeps_it_in_every_size(interpolation):
    x = np.full((5, 7, 3), 40, "uint8")
    for size in ((5, 7), (3, 2), (11, 20), (1, 1)):
        np.testing.assert_allclose(resized(x, size, interpolation), np.full((*size, 3), 40.0), rtol=1e-6)


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"])
def test_pictures_are_resized_on_the_host_as_by_the_op(backend, interpolation):
    x = rng.random((6, 9, 3)).astype("float32")
    for size in ((4, 4), (12, 5), (3, 20)):
        wanted = ops.convert_to_numpy(ops.image.resize(x, size, interpolation))
        np.testing.assert_allclose(resized(x, size, interpolation), wanted, atol=1e-5)
        wanted = ops.convert_to_numpy(ops.image.resize(x, size, interpolation, crop_to_aspect_ratio=True))
        np.testing.assert_allclose(resized(cropped(x, size), size, interpolation), wanted, atol=1e-5)


def test_a_padded_picture_has_its_own_aspect_ratio():
    found = padded(np.full((4, 8, 1), 9, "uint8"), (6, 6), "nearest")[:, :, 0]
    assert (found == 9).all(1).tolist() == [False, True, True, True, False, False]


def test_smart_resize_leaves_an_array_an_array_and_a_tensor_a_tensor(backend):
    x = rng.random((2, 6, 9, 3)).astype("float32")
    found = smart_resize(x, (4, 4))
    assert (type(found), found.shape, found.dtype) == (np.ndarray, (2, 4, 4, 3), "float32")
    of_tensor = smart_resize(ops.convert_to_tensor(x), (4, 4))
    assert ops.is_tensor(of_tensor)
    np.testing.assert_allclose(ops.convert_to_numpy(of_tensor), found, atol=1e-6)
    first = smart_resize(x.transpose(0, 3, 1, 2), (4, 4), data_format="channels_first", backend_module=None)
    np.testing.assert_allclose(first.transpose(0, 2, 3, 1), found, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x, path: load_img(path, color_mode="hsv"), ArgumentError, "color_mode='hsv' is none"),
        (lambda x, path: load_img(3), ArgumentTypeError, "path has type int, which names no file"),
        (lambda x, path: load_img(path, target_size=3), ArgumentError, "target_size=3 is not a height and a width"),
        (
            lambda x, path: load_img(path, target_size=(1, 1), interpolation="area"),
            ArgumentError,
            "no interpolation 'area'",
        ),
        (lambda x, path: img_to_array(np.zeros(3)), ShapeError, r"a picture of shape \(3,\) has 1 axes"),
        (lambda x, path: img_to_array(x, data_format="first"), ArgumentError, "data_format"),
        (lambda x, path: array_to_img(x[..., 0]), ShapeError, r"x of shape \(4, 5\) has 2 axes"),
        (lambda x, path: array_to_img(x[..., :2]), ShapeError, "x has 2 channels"),
        (lambda x, path: save_img("x.xyz", x), ArgumentError, "there is no format for '.xyz'"),
        (lambda x, path: save_img("x", x), ArgumentError, "the name of the file does not say its format"),
        (lambda x, path: save_img("x", x, file_format="xyz"), ArgumentError, "Pillow writes no format 'xyz'"),
        (lambda x, path: smart_resize(x, 3), ArgumentError, "size=3 is not a height and a width"),
        (lambda x, path: smart_resize(x, (3, 3), fast=True), ArgumentTypeError, "there is no argument 'fast'"),
        (lambda x, path: smart_resize(x[0], (3, 3)), ShapeError, r"x of shape \(5, 3\) has 2 axes"),
        (lambda x, path: smart_resize(x, (3, 3), "area"), ArgumentError, "area"),
    ],
)
def test_what_is_no_picture_is_refused(backend, tmp_path, call, error, message):
    x = np.zeros((4, 5, 3), "uint8")
    save_img(tmp_path / "x.png", x)
    with pytest.raises(error, match=message):
        call(x, tmp_path / "x.png")


@pytest.mark.parametrize("name", ["load_img", "array_to_img"])
def test_without_pillow_the_error_says_what_to_install(monkeypatch, name):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    call = {"load_img": lambda: load_img("x.png"), "array_to_img": lambda: array_to_img(np.zeros((1, 1, 3)))}[name]
    with pytest.raises(
        MissingDependency, match=f"{name} needs Pillow, which is not installed\n  fix: pip install pillow"
    ):
        call()
