"""Recordings in a directory as a dataset."""

from __future__ import annotations

import math
import os
import wave
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from kcore_ops.backends.datasets import Element
from kcore_ops.foundation.errors import ArgumentError, MissingDependency, located

from kcore_train.datasets.directories import Selection
from kcore_train.datasets.labelled import datasets_of_files

__all__ = ["audio_dataset_from_directory"]


def audio_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Literal["inferred"] | Sequence[float] | None = "inferred",
    label_mode: Literal["int", "categorical", "binary"] | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    sampling_rate: int | None = None,
    output_sequence_length: int | None = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: Literal["training", "validation", "both"] | None = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> Any:
    """Return a dataset of the recordings in a directory, read as they are needed.

    The recordings are the files whose names end in .wav, of uncompressed samples. With labels that are inferred, each
    directory inside is a class. The dataset's `class_names` are the names of the classes, and its `file_paths` the
    paths of the files. It is a `tf.data.Dataset` where TensorFlow is installed, and else a `PyDataset`.

    Shapes: batches are (batch_size, length, channels), filled up with zeros to the longest recording; labels
    (batch_size,), or (batch_size, 1) for "binary", or (batch_size, num_classes) for "categorical". Dtypes: recordings
    are float32, from -1 to 1; labels int32, or float32 for "binary" and "categorical".

    Args:
        directory: str or path, the directory.
        labels: "inferred", list, or None, the labels: the directories' numbers, or one for each file in the order of
            the sorted paths of directories, then of names; None for none; "inferred".
        label_mode: "int", "categorical" (a 1 at the place of the class), "binary" (0 or 1) or None, the form of labels,
            None for no labels; "int".
        class_names: list of str or None, the directories that are classes, in the order of their numbers, None for all
            of them, sorted; None.
        batch_size: int or None, the number of recordings in a batch, None for single ones; 32.
        sampling_rate: int or None, how many samples a second recordings get, in Hz, None for as many as they have;
            None.
        output_sequence_length: int or None, to how many samples they are cut or filled up, None for the length of the
            longest in their batch; None.
        ragged: bool, whether batches are TensorFlow's ragged tensors, and not filled up; False.
        shuffle: bool, whether the files are shuffled, and each pass of those for training anew; False sorts them; True.
        seed: int or None, what that follows from, None for a seed that is drawn; None.
        validation_split: float or None, which fraction of the files is for validation, None for no such; None.
        subset: "training", "validation" or "both", which files to take; "both" returns a list of two datasets; None for
            all; None.
        follow_links: bool, whether links to directories inside the classes are followed; False.
        verbose: bool, whether to print how many files were found; True.

    Raises:
        ArgumentError: if an argument is not one of those allowed, or does not go with another, or there are no
            recordings.
        ArgumentTypeError: if `labels` are no list.
        MissingDependency: if `sampling_rate` is another than a file's, and SciPy is not installed.
    """
    with located("audio_dataset_from_directory"):
        for name, count in (("sampling_rate", sampling_rate), ("output_sequence_length", output_sequence_length)):
            if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
                raise ArgumentError(f"{name}={count!r} is not a count", fix="pass an integer of at least 1, or None")
        if ragged and output_sequence_length is not None:
            raise ArgumentError("ragged recordings have lengths of their own", fix="leave out output_sequence_length")

        def read(paths: list[str]) -> tuple[np.ndarray[Any, Any], ...]:
            recordings = [_recording(path, sampling_rate) for path in paths]
            lengths = np.array([len(recording) for recording in recordings])
            length = int(max(lengths)) if output_sequence_length is None else output_sequence_length
            channels = {recording.shape[1] for recording in recordings}
            if len(channels) > 1:
                raise ArgumentError(
                    f"recordings of {sorted(channels)} channels are in one batch",
                    fix="pass batch_size=None, or sort them",
                )
            batch = np.zeros((len(paths), length, channels.pop()), "float32")
            for row, recording in zip(batch, recordings, strict=True):
                row[: len(recording)] = recording[:length]
            return (batch, lengths) if ragged else (batch,)

        recording = Element((output_sequence_length, None), "float32")
        return datasets_of_files(
            Selection(
                directory, labels, label_mode, class_names, shuffle, seed, validation_split, subset, follow_links
            ),
            (read, (recording, Element((), "int64")) if ragged else (recording,)),
            (".wav",),
            "recordings",
            batch_size,
            "tf",
            verbose,
            is_ragged=ragged,
        )


def _recording(path: str, sampling_rate: int | None) -> np.ndarray[Any, Any]:
    """Return a recording, (length, channels), of the rate that is asked for."""
    try:
        with wave.open(path, "rb") as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ArgumentError(
            f"{path} is no recording that can be read: {error}", fix="convert it to PCM, or remove it"
        ).at("audio_dataset_from_directory") from error
    # Samples are integers with their lowest byte first, those of one byte without a sign.
    raw = np.frombuffer(frames, "uint8").reshape(-1, width)
    wide = np.zeros((len(raw), 4), "uint8")
    wide[:, 4 - width :] = raw ^ 0x80 if width == 1 else raw
    samples = (wide.view("<i4")[:, 0] / 2.0**31).astype("float32").reshape(-1, channels)
    return samples if sampling_rate in (None, rate) else _resampled(samples, rate, int(sampling_rate or rate))


def _resampled(samples: np.ndarray[Any, Any], rate: int, wanted: int) -> np.ndarray[Any, Any]:
    try:
        from scipy import signal
    except ImportError as error:
        raise MissingDependency("sampling_rate needs SciPy, which is not installed", fix="pip install scipy") from error
    shared = math.gcd(rate, wanted)
    found: np.ndarray[Any, Any] = signal.resample_poly(samples, wanted // shared, rate // shared, axis=0)
    return found.astype("float32")
