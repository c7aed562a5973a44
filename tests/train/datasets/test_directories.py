"""Pictures, texts and recordings in directories."""

from __future__ import annotations

import os
import sys
import wave

import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.layers import Dense, Flatten
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, MissingDependency
from kcore_train.datasets import (
    audio_dataset_from_directory,
    image_dataset_from_directory,
    readers,
    text_dataset_from_directory,
)
from kcore_train.datasets.readers import SampleDataset


def of_texts(directory, **options):
    return text_dataset_from_directory(directory, **{"format": "py_dataset", "verbose": False, **options})


def of_pictures(directory, **options):
    return image_dataset_from_directory(
        directory, **{"format": "py_dataset", "verbose": False, "image_size": (6, 6), **options}
    )


@pytest.fixture
def of_recordings(monkeypatch):
    monkeypatch.setattr(readers, "datasets_of_framework", lambda name: None)
    return lambda directory, **options: audio_dataset_from_directory(directory, **{"verbose": False, **options})


def names_of(dataset):
    return [os.path.basename(os.path.dirname(path)) + "/" + os.path.basename(path) for path in dataset.file_paths]


def test_files_come_in_the_order_of_their_names_with_the_numbers_of_their_directories(pictures):
    dataset = of_pictures(pictures, shuffle=False, batch_size=None)
    assert dataset.class_names == ["a", "b", "c"]
    assert names_of(dataset) == [
        "a/0.png", "a/1.png", "a/2.png", "a/3.png", "a/x.JPG", "inside/9.png",
        "b/0.png", "b/1.png", "b/2.png", "b/3.png", "b/4.png", "c/0.png", "c/1.png", "c/2.png",
    ]  # fmt: skip
    assert [int(y) for _, y in dataset] == [0] * 6 + [1] * 5 + [2] * 3


def test_labels_have_the_form_that_is_asked_for(texts):
    for mode, shape, dtype in (
        ("int", (5,), "int32"),
        ("categorical", (5, 2), "float32"),
        ("binary", (5, 1), "float32"),
    ):
        x, y = of_texts(texts, label_mode=mode, class_names=["c", "b"], shuffle=False, batch_size=5)[0]
        assert (y.shape, y.dtype) == (shape, dtype)
        assert x[0] == "c 0 é\n"
        numbers = y.argmax(1) if mode == "categorical" else y.ravel()
        assert numbers.tolist() == [0, 0, 0, 1, 1]
    bare = of_texts(texts, label_mode=None, shuffle=False, batch_size=2)
    assert (bare[0].tolist(), bare.class_names) == (["a 0 é\n", "a 1 é\n"], None)


def test_labels_can_be_given_for_each_file(texts):
    dataset = of_texts(texts, labels=[float(i) / 2 for i in range(12)], shuffle=False, batch_size=12)
    assert dataset[0][1].tolist() == [i / 2 for i in range(12)]
    assert of_texts(texts, labels=np.arange(12) % 2, label_mode="categorical", batch_size=12)[0][1].shape == (12, 2)


def test_the_subsets_share_no_file_and_together_have_all(texts):
    for shuffle in (False, True):
        options = {"validation_split": 0.3, "shuffle": shuffle, "seed": 7}
        training, validation = of_texts(texts, subset="both", **options)
        assert (len(training.file_paths), len(validation.file_paths)) == (9, 3)
        assert sorted(training.file_paths + validation.file_paths) == sorted(of_texts(texts, seed=0).file_paths)
        for name, part in (("training", training), ("validation", validation)):
            assert of_texts(texts, subset=name, **options).file_paths == part.file_paths


def test_what_is_for_validation_keeps_its_order_and_what_is_for_training_does_not(texts):
    training, validation = of_texts(texts, subset="both", validation_split=0.4, seed=1, batch_size=12, label_mode=None)
    assert list(validation)[0].tolist() == list(validation)[0].tolist()
    assert list(training)[0].tolist() != list(training)[0].tolist()


def test_the_numbers_of_files_are_said(texts, capsys):
    of_texts(texts, verbose=True, validation_split=0.25, subset="both", seed=1)
    assert capsys.readouterr().out.splitlines() == [
        "Found 12 files belonging to 3 classes.",
        "Using 9 files for training.",
        "Using 3 files for validation.",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="making a link takes privileges there")
def test_links_are_followed_where_that_is_asked_for(texts, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "link").symlink_to(texts / "c")
    (tmp_path / "a" / "own.txt").write_text("own")
    assert len(of_texts(tmp_path).file_paths) == 1
    assert len(of_texts(tmp_path, follow_links=True).file_paths) == 4


def test_texts_are_cut_at_a_number_of_bytes(texts):
    assert of_texts(texts, max_length=5, shuffle=False, label_mode=None)[0][0] == "a 0 "  # the fifth begins a letter
    assert of_texts(texts, max_length=6, shuffle=False, label_mode=None)[0][0] == "a 0 é"


def test_pictures_have_the_channels_and_the_layout_that_are_asked_for(pictures):
    for mode, channels in (("rgb", 3), ("rgba", 4), ("grayscale", 1)):
        x, _ = of_pictures(pictures, color_mode=mode, batch_size=20)[0]
        assert (x.shape, x.dtype) == ((14, 6, 6, channels), "float32")
        assert 0 <= x.min() < x.max() <= 255
    last, first = (
        of_pictures(pictures, shuffle=False, data_format=f)[0][0] for f in ("channels_last", "channels_first")
    )
    np.testing.assert_array_equal(last, first.transpose(0, 2, 3, 1))


def test_padded_pictures_are_whole_and_black_around_and_cropped_ones_are_neither(tmp_path):
    Image = pytest.importorskip("PIL.Image")
    (tmp_path / "a").mkdir()
    Image.fromarray(np.repeat(np.uint8([[200] * 8]), 4, 0)).save(tmp_path / "a" / "0.png")
    options = {"color_mode": "grayscale", "image_size": (8, 8), "interpolation": "nearest"}
    padded = of_pictures(tmp_path, pad_to_aspect_ratio=True, **options)[0][0][0, :, :, 0]
    assert (padded.min(1) == 200).tolist() == [False] * 2 + [True] * 4 + [False] * 2
    assert (of_pictures(tmp_path, crop_to_aspect_ratio=True, **options)[0][0] == 200).all()


def test_recordings_are_filled_up_to_the_longest_or_to_a_length(recordings, of_recordings):
    dataset = of_recordings(recordings, batch_size=3, shuffle=False)
    assert [x.shape for x, _ in dataset] == [(3, 12, 1), (3, 13, 1), (3, 14, 1), (3, 12, 1)]
    x, _ = dataset[0]
    assert x.dtype == "float32" and -1 <= x.min() and x.max() < 1 and not x[0, 10:].any()
    for length in (5, 20):
        cut = of_recordings(recordings, batch_size=3, shuffle=False, output_sequence_length=length)[0][0]
        np.testing.assert_array_equal(cut[:, :5], x[:, :5])
        assert cut.shape == (3, length, 1)


@pytest.mark.parametrize(("width", "wanted"), [(1, 1 / 128), (2, 0.5), (3, 0.5), (4, 0.5)])
def test_samples_of_every_width_are_fractions(tmp_path, of_recordings, width, wanted):
    (tmp_path / "a").mkdir()
    number = 0x81 if width == 1 else 1 << (8 * width - 2)
    with wave.open(str(tmp_path / "a" / "0.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(width)
        file.setframerate(100)
        file.writeframes(number.to_bytes(width, "little") * 6)
    x, _ = of_recordings(tmp_path)[0]
    np.testing.assert_array_equal(x, np.full((1, 3, 2), wanted, "float32"))


def test_another_sampling_rate_keeps_a_tone(tmp_path, of_recordings):
    pytest.importorskip("scipy")
    (tmp_path / "a").mkdir()
    tone = np.sin(2 * np.pi * 5 * np.arange(800) / 800)
    with wave.open(str(tmp_path / "a" / "0.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(800)
        file.writeframes((tone * 32767).astype("<i2").tobytes())
    x, _ = of_recordings(tmp_path, sampling_rate=400)[0]
    assert x.shape == (1, 400, 1)
    np.testing.assert_allclose(x[0, 20:-20, 0], tone[::2][20:-20], atol=0.01)


def test_the_last_batch_of_a_ragged_dataset_has_rows_of_their_own_lengths(recordings):
    tf = pytest.importorskip("tensorflow")
    dataset = audio_dataset_from_directory(recordings, ragged=True, batch_size=5, shuffle=False, verbose=False)
    x, y = list(dataset)[-1]
    assert isinstance(x, tf.RaggedTensor)
    assert x.row_lengths().numpy().tolist() == [11, 12]
    assert y.numpy().tolist() == [2, 2]


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("format", ["py_dataset", "tf", "grain"])
def test_a_model_is_fitted_to_pictures_in_every_format(backend, pictures, format):
    if format == "grain":
        pytest.importorskip("grain")
    training, validation = of_pictures(
        pictures, batch_size=4, subset="both", validation_split=0.4, seed=0, format=format
    )
    model = Sequential([Input((6, 6, 3)), Flatten(), Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(training, validation_data=validation, epochs=2, verbose=0).history
    assert len(history["val_loss"]) == 2


def test_the_default_is_a_py_dataset_where_tensorflow_is_not_installed(texts, monkeypatch):
    monkeypatch.setattr(readers, "datasets_of_framework", lambda name: None)
    assert isinstance(text_dataset_from_directory(texts, verbose=False), SampleDataset)


WRONG = [
    ({"labels": "all"}, ArgumentTypeError, "labels='all' are no labels"),
    ({"labels": 3}, ArgumentTypeError, "labels=3 are no labels"),
    ({"labels": [1, 2]}, ArgumentError, "there are 2 labels, and 12 files in"),
    ({"labels": ["a"] * 12}, ArgumentTypeError, "are no numbers"),
    ({"labels": [3] * 12, "label_mode": "categorical"}, ArgumentError, "the label 3 is not one of 1 classes"),
    ({"label_mode": "onehot"}, ArgumentError, "there is no label_mode 'onehot'"),
    ({"label_mode": "binary"}, ArgumentError, 'label_mode="binary" is for two classes, and there are 3'),
    ({"class_names": ["a", "z"]}, ArgumentError, "'z' in class_names: no such directories"),
    ({"class_names": ["a"], "labels": None}, ArgumentError, "class_names are for labels that are inferred"),
    ({"validation_split": 0.5}, ArgumentError, "validation_split and subset go together"),
    ({"validation_split": 1.5, "subset": "both"}, ArgumentError, "validation_split=1.5 is not a fraction"),
    ({"validation_split": 0.5, "subset": "test", "seed": 1}, ArgumentError, "there is no subset 'test'"),
    (
        {"validation_split": 0.5, "subset": "both"},
        ArgumentError,
        "shuffled files without a seed may be in both subsets",
    ),
    ({"validation_split": 0.01, "subset": "both", "seed": 1}, ArgumentError, "leaves none for validation"),
    ({"batch_size": 0}, ArgumentError, "batch_size=0 is not a count"),
    ({"format": "csv"}, ArgumentError, "there is no format 'csv'"),
    ({"max_length": 0}, ArgumentError, "max_length=0 is not a length"),
    ({"directory": "nowhere"}, ArgumentError, "there is no directory 'nowhere'"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), WRONG)
def test_what_does_not_fit_is_refused(texts, arguments, error, message):
    with pytest.raises(error, match=message):
        of_texts(**{"directory": texts, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"color_mode": "hsv"}, "color_mode='hsv' is none"),
        ({"interpolation": "spline"}, "there is no interpolation 'spline'"),
        ({"image_size": 3}, "image_size=3 is not a height and a width"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "either cropped or padded"),
    ],
)
def test_what_does_not_fit_pictures_is_refused(pictures, arguments, message):
    with pytest.raises(ArgumentError, match=message):
        of_pictures(**{"directory": pictures, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sampling_rate": 1.5}, "sampling_rate=1.5 is not a count"),
        ({"output_sequence_length": 0}, "output_sequence_length=0 is not a count"),
        ({"ragged": True, "output_sequence_length": 3}, "ragged recordings have lengths of their own"),
        ({"ragged": True}, "only TensorFlow has ragged tensors"),
    ],
)
def test_what_does_not_fit_recordings_is_refused(recordings, of_recordings, arguments, message):
    with pytest.raises(ArgumentError, match=message):
        of_recordings(recordings, **arguments)


def test_files_that_are_not_what_their_names_say_are_named(tmp_path, of_recordings):
    (tmp_path / "a").mkdir()
    for name, read in (("0.wav", of_recordings), ("0.png", of_pictures)):
        (tmp_path / "a" / name).write_bytes(b"nothing of the kind")
        with pytest.raises(ArgumentError, match=f"{name} (is no recording|holds no picture)"):
            read(tmp_path)[0]


def test_a_directory_without_such_files_is_refused(tmp_path):
    with pytest.raises(
        ArgumentError, match=r"there are no texts in .*\n  fix: put files in it whose names end in \.txt"
    ):
        of_texts(tmp_path)


def test_pictures_without_pillow_are_an_error_that_says_what_to_install(pictures, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(MissingDependency, match="needs Pillow, which is not installed\n  fix: pip install pillow"):
        of_pictures(pictures)
