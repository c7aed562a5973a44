"""Pictures, texts and recordings in directories, and pictures as arrays, as Keras reads them."""

from __future__ import annotations

import wave

import kcore.preprocessing.image
import kcore.utils
import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image")
pytest.importorskip("tensorflow")
rng = np.random.default_rng(0)

CLASSES = {"b": 5, "a": 4, "a-c": 3}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    for name, count in CLASSES.items():
        (root / name / "inside").mkdir(parents=True)
        for i in range(count):
            height, width = rng.integers(4, 20, 2)
            picture = Image.fromarray(rng.integers(0, 256, (height, width, 3), "uint8"))
            picture.save(
                root / name / ("inside" if i == 1 else "") / f"{i}.{'gif' if name == 'b' and i == 2 else 'png'}"
            )
    return root


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    root = tmp_path_factory.mktemp("texts")
    for name in ("a", "a/b", "a-c", "a.d", "B"):
        (root / name).mkdir(parents=True)
        for i in range(4):
            (root / name / f"{i}.txt").write_text(f"{name} {i} é")
    return root


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    root = tmp_path_factory.mktemp("recordings")
    for name, channels in (("a", 1), ("b", 2)):
        (root / name).mkdir()
        for i in range(3):
            with wave.open(str(root / name / f"{i}.wav"), "wb") as file:
                file.setnchannels(channels)
                file.setsampwidth(2)
                file.setframerate(8000)
                file.writeframes(rng.integers(-32768, 32768, (10 + i) * channels, "<i2").tobytes())
    return root


def compare(keras, name, directory, *, atol=0.0, **options):
    """What Keras and kcore read of a directory: the same classes, files, and batches."""
    options = {"shuffle": False, "verbose": False, "batch_size": 4, **options}
    theirs, ours = (getattr(module, name)(directory, **options) for module in (keras.utils, kcore.utils))
    pairs = list(zip(theirs, ours, strict=True)) if isinstance(theirs, list | tuple) else [(theirs, ours)]
    for wanted, found in pairs:
        assert found.class_names == wanted.class_names
        if hasattr(wanted, "file_paths"):
            assert found.file_paths == wanted.file_paths
        assert int(found.cardinality()) == int(wanted.cardinality())
        for a, b in zip(found.as_numpy_iterator(), wanted.as_numpy_iterator(), strict=True):
            for x, y in zip(keras.tree.flatten(a), keras.tree.flatten(b), strict=True):
                assert np.shape(x) == np.shape(y)
                # Keras's pictures are uint8 where TensorFlow had nothing to compute, and float32 elsewhere.
                assert options.get("interpolation") == "nearest" or np.asarray(x).dtype == np.asarray(y).dtype
                if np.asarray(x).dtype.kind in "OS":
                    np.testing.assert_array_equal(x, y)
                else:
                    np.testing.assert_allclose(x, y, rtol=1e-5, atol=atol)


@pytest.mark.parametrize(
    "options",
    [
        *({"interpolation": each} for each in ("nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian")),
        {"interpolation": "mitchellcubic"},
        {"batch_size": None, "image_size": (5, 9)},
        {"crop_to_aspect_ratio": True, "image_size": (9, 5)},
        {"pad_to_aspect_ratio": True, "image_size": (9, 5)},
        {"pad_to_aspect_ratio": True, "image_size": (30, 7), "interpolation": "nearest"},
        {"color_mode": "rgba", "data_format": "channels_first", "class_names": ["a", "a-c"]},
        {"pad_to_aspect_ratio": True, "image_size": (90, 51)},
        {"label_mode": "categorical", "class_names": ["b", "a"]},
        {"label_mode": "binary", "class_names": ["b", "a"]},
        {"label_mode": None},
        {"labels": None, "label_mode": None},
        {"labels": [2.5] * 12},
        {"validation_split": 0.3, "subset": "both"},
        {"validation_split": 0.3, "subset": "training"},
    ],
    ids=str,
)
def test_pictures_are_read_as_in_keras(keras, pictures, options):
    compare(keras, "image_dataset_from_directory", pictures, atol=2e-2, **{"image_size": (8, 8), **options})


def test_grey_pictures_are_those_of_keras_but_for_rounding(keras, pictures):
    options = {"image_size": (8, 8), "color_mode": "grayscale", "class_names": ["a", "a-c"]}
    compare(keras, "image_dataset_from_directory", pictures, atol=1.5, **options)  # that of libpng and of Pillow


@pytest.mark.parametrize(
    "options", [{}, {"max_length": 4}, {"labels": None, "label_mode": None}, {"batch_size": None}], ids=str
)
def test_texts_are_read_as_in_keras(keras, texts, options):
    compare(keras, "text_dataset_from_directory", texts, **options)


@pytest.mark.parametrize("seed", [0, 5, 2**31])
def test_the_same_seed_takes_the_same_files_for_validation_in_the_same_order(keras, texts, seed):
    options = {"validation_split": 0.4, "seed": seed, "shuffle": True, "verbose": False, "batch_size": None}
    for subset in ("training", "validation"):
        theirs, ours = (
            [x for x, _ in module.text_dataset_from_directory(texts, subset=subset, **options).as_numpy_iterator()]
            for module in (keras.utils, kcore.utils)
        )
        assert sorted(ours) == sorted(theirs)


@pytest.mark.parametrize(
    "options",
    [
        {"class_names": ["a"]},
        {"class_names": ["b"], "output_sequence_length": 4},
        {"class_names": ["a"], "output_sequence_length": 30},
        {"batch_size": None},
    ],
    ids=str,
)
def test_recordings_are_read_as_in_keras(keras, recordings, options):
    compare(keras, "audio_dataset_from_directory", recordings, atol=1e-7, **options)


# Pictures.


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Pictures of all modes."""
    root = tmp_path_factory.mktemp("files")
    x = rng.integers(0, 256, (5, 7, 4), "uint8")
    deep = rng.integers(0, 65536, (5, 7), "uint16")
    Image.fromarray(x[..., :3]).save(root / "rgb.png")
    Image.fromarray(x).save(root / "rgba.png")
    Image.fromarray(x[..., 0]).save(root / "grey.png")
    Image.fromarray(deep).save(root / "deep.png")
    Image.fromarray(deep.astype("int32")).save(root / "deeper.tiff")
    Image.fromarray(rng.random((5, 7)).astype("float32")).save(root / "float.tiff")
    for mode in ("P", "CMYK", "1", "LA"):
        Image.fromarray(x).convert("RGB").convert("L" if mode == "LA" else "RGB").convert(mode).save(
            root / f"{mode}.tiff"
        )
    return sorted(root.iterdir())


@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
def test_files_are_loaded_as_in_keras(keras, files, color_mode):
    for path in files:
        for size in (None, (5, 7), (3, 9), (11, 4)):
            for keeps in (False, True):
                options = {"color_mode": color_mode, "target_size": size, "keep_aspect_ratio": keeps}
                theirs, ours = (module.utils.load_img(path, **options) for module in (keras, kcore))
                assert (ours.mode, ours.size) == (theirs.mode, theirs.size)
                np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "hamming", "box", "lanczos"])
def test_loaded_files_are_resized_as_in_keras(keras, files, interpolation):
    for keeps in (False, True):
        options = {"target_size": (9, 4), "interpolation": interpolation, "keep_aspect_ratio": keeps}
        theirs, ours = (module.utils.load_img(files[-1], **options) for module in (keras, kcore))
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("scale", [True, False])
def test_arrays_and_pictures_are_made_of_one_another_as_in_keras(keras, tmp_path, data_format, scale):
    options = {"data_format": data_format, "scale": scale}
    for channels in (1, 3, 4):
        for x in (
            rng.integers(0, 256, (4, 5, channels), "uint8"),
            rng.random((4, 5, channels)) * 300 - 20,
            np.zeros((2, 3, channels), "float32"),
            rng.integers(0, 60000, (4, 5, channels)),
        ):
            given = x.transpose(2, 0, 1) if data_format == "channels_first" else x
            theirs, ours = (module.utils.array_to_img(given, **options) for module in (keras, kcore))
            assert (ours.mode, ours.size) == (theirs.mode, theirs.size)
            np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))
            for dtype in (None, "int32"):
                a, b = (m.utils.img_to_array(theirs, data_format, dtype) for m in (keras, kcore))
                assert b.dtype == a.dtype
                np.testing.assert_array_equal(a, b)
            if theirs.mode != "I":
                for name, library in (("theirs", keras), ("ours", kcore)):
                    library.utils.save_img(tmp_path / f"{name}.png", given, **options)
                assert (tmp_path / "theirs.png").read_bytes() == (tmp_path / "ours.png").read_bytes()


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"])
def test_pictures_are_resized_cleverly_as_in_keras(keras, interpolation):
    x = rng.random((2, 6, 9, 3)).astype("float32")
    for size in ((4, 4), (8, 3), (3, 12)):
        for given, layout in (
            (x, "channels_last"),
            (x[0], "channels_last"),
            (x.transpose(0, 3, 1, 2), "channels_first"),
        ):
            theirs, ours = (
                module.preprocessing.image.smart_resize(given, size, interpolation, data_format=layout)
                for module in (keras, kcore)
            )
            assert type(ours) is type(theirs) and ours.dtype == theirs.dtype
            np.testing.assert_allclose(ours, theirs, atol=1e-5)
