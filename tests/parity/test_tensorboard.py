"""The files for TensorBoard have the tags, steps and values of Keras's, from the same weights and the same batches."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from kcore_layers import layers as our_layers
from kcore_layers.models.sequential import Sequential
from kcore_train import optimizers
from kcore_train.callbacks import TensorBoard
from PIL import Image
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.util import tensor_util

pytestmark = pytest.mark.needs("gradient")

rng = np.random.default_rng(0)
IMAGES = rng.normal(size=(40, 6, 6, 2)).astype("float32")
SERIES = rng.normal(size=(40, 5, 4)).astype("float32")
TARGETS = rng.normal(size=(40, 1)).astype("float32")


def cnn(layers: Any) -> list[Any]:
    return [
        layers.Input((6, 6, 2), name="input"),
        layers.Conv2D(4, 3, use_bias=False, name="conv"),
        layers.BatchNormalization(name="norm"),
        layers.Flatten(name="flat"),
        layers.Dense(1, name="head"),
    ]


def rnn(layers: Any) -> list[Any]:
    return [
        layers.Input((5, 4), name="input"),
        layers.Conv1D(5, 2, name="conv"),
        layers.LSTM(3, name="lstm"),
        layers.Dense(1, name="head"),
    ]


CASES: dict[str, tuple[Any, Any, dict[str, Any], dict[str, Any]]] = {
    "epochs": (cnn, IMAGES, {"write_graph": False}, {"validation_split": 0.2}),
    "batches": (cnn, IMAGES, {"write_graph": False, "update_freq": "batch"}, {"validation_split": 0.2}),
    # With such a number Keras writes epochs and validations only where the count of batches so far is a multiple of it;
    # ours are all written.
    "every second": (cnn, IMAGES[:32], {"write_graph": False, "update_freq": 2}, {}),
    "a later epoch": (rnn, SERIES, {"write_graph": False, "update_freq": 1}, {"initial_epoch": 1}),
    "weights": (cnn, IMAGES, {"write_graph": False, "histogram_freq": 1, "write_images": True}, {}),
    "weights of three axes": (rnn, SERIES, {"write_graph": False, "histogram_freq": 2, "write_images": True}, {}),
    "graph": (cnn, IMAGES, {}, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_files_are_those_of_keras(backend, keras, tmp_path, case):
    make, x, arguments, options = CASES[case]
    theirs, ours = keras.Sequential(make(keras.layers), name="net"), Sequential(make(our_layers), name="net")
    ours.set_weights(theirs.get_weights())
    boards = keras.callbacks.TensorBoard, TensorBoard
    for model, board, of_optimizers in zip((theirs, ours), boards, (keras.optimizers, optimizers), strict=True):
        name = "theirs" if model is theirs else "ours"
        model.compile(of_optimizers.SGD(0.05), "mean_squared_error", metrics=["mean_absolute_error"])
        callbacks = [board(str(tmp_path / name), **arguments)]
        model.fit(
            x, TARGETS[: len(x)], batch_size=8, epochs=2, shuffle=False, verbose=0, callbacks=callbacks, **options
        )
    for directory in ("train", "validation") if options.get("validation_split") else ("train",):
        check(contents(tmp_path / "ours" / directory), contents(tmp_path / "theirs" / directory))


def contents(directory: Any) -> dict[str, list[tuple[Any, ...]]]:
    """What TensorBoard finds in a directory: by tag, what shows it, and steps and values."""
    events = event_accumulator.EventAccumulator(str(directory), {event_accumulator.TENSORS: 0}).Reload()
    return {
        tag: [
            (events.SummaryMetadata(tag).plugin_data, each.step, tensor_util.make_ndarray(each.tensor_proto))
            for each in events.Tensors(tag)
        ]
        for tag in events.Tags()["tensors"]
    }


def check(ours: Any, theirs: Any) -> None:
    assert set(ours) == set(theirs)
    for tag, entries in theirs.items():
        assert [entry[:2] for entry in ours[tag]] == [entry[:2] for entry in entries], tag
        for (_, _, found), (_, _, expected) in zip(ours[tag], entries, strict=True):
            assert (found.shape, found.dtype) == (expected.shape, expected.dtype), tag
            if tag.endswith("/image"):
                assert list(found[:2]) == list(expected[:2]), tag
            elif tag.endswith("/histogram"):
                np.testing.assert_allclose(found[:, :2], expected[:, :2], rtol=1e-4, atol=1e-5, err_msg=tag)
                # A number beside an edge may be in the next bin.
                assert np.abs(np.cumsum(found[:, 2]) - np.cumsum(expected[:, 2])).max() <= 1, tag
            elif tag != "keras":
                np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5, err_msg=tag)


@pytest.mark.parametrize(
    "shape", [(4,), (6, 3), (3, 6), (2, 4, 3), (2, 4, 5), (3, 5, 5, 1), (2, 3, 5, 3), (2, 3, 5, 4)]
)
def test_images_of_weights_are_those_of_keras(backend, keras, tmp_path, shape):
    values = rng.uniform(-0.3, 1.3, shape).astype("float32")
    for name, layers, model, board in (
        ("theirs", keras.layers, keras.Sequential, keras.callbacks.TensorBoard),
        ("ours", our_layers, Sequential, TensorBoard),
    ):
        layer = holding(layers.Layer, values)
        net = model([layers.Input((1,)), layer], name="net")
        net.compile("sgd", "mean_squared_error")
        callback = board(str(tmp_path / name), write_graph=False, histogram_freq=1, write_images=True)
        net.fit(np.zeros((2, 1)), np.zeros((2, 1)), verbose=0, callbacks=[callback])
    ours, theirs = contents(tmp_path / "ours" / "train"), contents(tmp_path / "theirs" / "train")
    assert set(ours) == set(theirs)
    (tag,) = [tag for tag in theirs if tag.endswith("/image")]
    found, expected = ours[tag][0][2], theirs[tag][0][2]
    assert list(found[:2]) == list(expected[:2]) and len(found) == len(expected)
    for one, other in zip(found[2:], expected[2:], strict=True):
        np.testing.assert_array_equal(pixels_of(one), pixels_of(other))


def holding(base: Any, values: np.ndarray) -> Any:
    """A layer that has a weight with these values, and uses it for nothing."""

    class Holding(base):  # type: ignore[misc]
        def build(self, input_shape: Any) -> None:
            self.held = self.add_weight(shape=values.shape, initializer="zeros", trainable=False, name="held")
            self.held.assign(values)
            self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

        def call(self, x: Any) -> Any:
            return x * self.scale

    return Holding(name="holding")


def pixels_of(contents: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(contents)))
