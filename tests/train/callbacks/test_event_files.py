"""Event files, read back with TensorBoard's own reader."""

from __future__ import annotations

import io
import os
import random
import struct
import subprocess
import sys

import numpy as np
import pytest
from kcore_train.callbacks.event_files import messages
from kcore_train.callbacks.event_files.crc32c import crc32c, masked_crc32c
from kcore_train.callbacks.event_files.event_file import EventFile
from kcore_train.callbacks.event_files.png import png
from kcore_train.callbacks.event_files.weight_images import weight_images
from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.tensorflow_stub import pywrap_tensorflow
from tensorboard.util import tensor_util

rng = np.random.default_rng(0)


def events_in(directory):
    (path,) = directory.iterdir()
    return [Event.FromString(raw) for raw in RawEventFileLoader(str(path)).Load()]


def written(tmp_path, step, **summaries):
    file = EventFile(tmp_path / "events")
    file.write(step, summaries)
    file.close()
    _, event = events_in(tmp_path / "events")
    assert event.step == step
    return {value.tag: value for value in event.summary.value}


# The check value of the polynomial, and the vectors of RFC 3720, appendix B.4.
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"", 0),
    ],
)
def test_checksums_are_those_of_the_standard(data, expected):
    assert crc32c(data) == expected


@pytest.mark.parametrize("size", [1, 1023, 1024, 1025, 4096, 4097, 70001])
def test_checksums_of_any_length_are_those_of_a_loop(size):
    data = random.Random(size).randbytes(size)
    assert masked_crc32c(data) == pywrap_tensorflow.masked_crc32c(data)


def test_numbers_come_back_as_they_were_written(tmp_path):
    found = written(tmp_path, 12345678901, **{"a/b": messages.scalar(0.1), "ä": messages.scalar(float("nan"))})
    assert list(found) == ["a/b", "ä"]
    assert tensor_util.make_ndarray(found["a/b"].tensor) == np.float32(0.1)
    assert np.isnan(tensor_util.make_ndarray(found["ä"].tensor))
    assert found["a/b"].metadata.plugin_data.plugin_name == "scalars"


def test_numbers_beyond_float32_are_infinite(tmp_path):
    found = written(tmp_path, 0, loss=messages.scalar(1e300))
    assert tensor_util.make_ndarray(found["loss"].tensor) == np.inf


@pytest.mark.parametrize("shape", [(1000,), (3, 4, 5), (1,)])
def test_histograms_count_every_number_between_the_least_and_the_greatest(tmp_path, shape):
    values = rng.normal(size=shape)
    found = written(tmp_path, 1, weights=messages.histogram(values))["weights"]
    bins = tensor_util.make_ndarray(found.tensor)
    assert found.metadata.plugin_data.plugin_name == "histograms"
    assert bins.shape == (30, 3) and bins.dtype == np.float64
    assert bins[:, 2].sum() == values.size
    assert (bins[0, 0], bins[-1, 1]) == (values.min(), values.max())
    np.testing.assert_array_equal(bins[1:, 0], bins[:-1, 1])
    for low, high, count in bins[:-1]:
        assert count == np.sum((low <= values) & (values < high))


def test_histograms_of_what_is_no_number_are_of_the_rest(tmp_path):
    found = written(tmp_path, 1, some=messages.histogram([np.nan, 1.0, np.inf, 2.0]), none=messages.histogram([]))
    some, none = (tensor_util.make_ndarray(found[name].tensor) for name in ("some", "none"))
    assert some[:, 2].sum() == 2 and (some[0, 0], some[-1, 1]) == (1.0, 2.0)
    assert not none.any()


def pixels_of(contents):
    return np.array(Image.open(io.BytesIO(contents)))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images_come_back_pixel_by_pixel(channels):
    pixels = rng.integers(0, 256, (5, 7, channels)).astype(np.uint8)
    found = pixels_of(png(pixels))
    np.testing.assert_array_equal(found.reshape(pixels.shape), pixels)


@pytest.mark.parametrize(
    ("shape", "num_images", "size"),
    [
        ((4,), 1, (1, 4)),
        ((6, 3), 1, (6, 3)),
        ((3, 12), 1, (12, 3)),
        ((3, 1), 1, (1, 3)),
        ((2, 4, 3), 3, (4, 2)),
        ((2, 4, 5), 3, (4, 2)),  # no more than three
        ((2, 3, 5, 4), 2, (5, 3)),
    ],
)
def test_a_weight_is_as_many_images_as_its_axes_say(tmp_path, shape, num_images, size):
    value = written(tmp_path, 1, weight=weight_images(rng.uniform(size=shape), are_channels_last=True))["weight"]
    width, height, *images = tensor_util.make_ndarray(value.tensor)
    assert (int(width), int(height)) == size and len(images) == num_images
    assert all(pixels_of(image).shape[:2] == size[::-1] for image in images)


@pytest.mark.parametrize("shape", [(), (1, 1), (2, 2, 2, 5), (2, 2, 2, 2, 2), (0, 3)])
def test_other_weights_are_no_images(shape):
    assert weight_images(np.zeros(shape), are_channels_last=True) is None


def test_numbers_from_0_to_1_are_gray_and_others_black_or_white(tmp_path):
    weight = np.array([-3.0, 0.0, 0.5, 1.0, 7.0, np.nan])
    value = written(tmp_path, 1, weight=weight_images(weight, are_channels_last=True))["weight"]
    assert pixels_of(tensor_util.make_ndarray(value.tensor)[2]).ravel().tolist() == [0, 0, 127, 255, 255, 0]


def test_a_process_that_is_killed_leaves_all_that_it_has_written(tmp_path):
    code = f"""
from kcore_train.callbacks.event_files import messages
from kcore_train.callbacks.event_files.event_file import EventFile
import os, signal
file = EventFile({str(tmp_path / "events")!r})
for step in range(3):
    file.write(step, {{"loss": messages.scalar(step)}})
os.kill(os.getpid(), signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
"""
    assert subprocess.run([sys.executable, "-c", code], env=os.environ).returncode != 0
    assert [event.step for event in events_in(tmp_path / "events")[1:]] == [0, 1, 2]


def test_a_record_that_was_cut_off_hides_none_before_it(tmp_path):
    file = EventFile(tmp_path)
    for step in range(2):
        file.write(step, {"loss": messages.scalar(step)})
    file.close()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    assert [event.step for event in events_in(tmp_path)] == [0, 0]


def test_records_are_length_and_data_each_with_its_checksum(tmp_path):
    file = EventFile(tmp_path)
    file.write(7, {"loss": messages.scalar(1.0)})
    file.close()
    (path,) = tmp_path.iterdir()
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    content, checksum = data[12 : 12 + length], data[12 + length : 16 + length]
    assert struct.unpack("<I", checksum) == (pywrap_tensorflow.masked_crc32c(content),)
    assert Event.FromString(content).file_version == "brain.Event:2"


def test_no_file_is_made_for_nothing(tmp_path):
    file = EventFile(tmp_path / "none")
    file.write(0, {})
    file.close()
    assert not (tmp_path / "none").exists()
