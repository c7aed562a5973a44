"""Files that kcore 0.1 wrote, in each of its formats, are read on every backend, as long as there are files.

`python tests/layers/test_files_of_0_1.py` wrote them, on JAX. They are not written again: another version's go into
another directory.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Layer, Sequential
from kcore_layers.files import load_model
from kcore_layers.layers import BatchNormalization, Dense
from kcore_train import losses, optimizers  # noqa: F401 (other tests put the names known at their start back)

FILES = Path(__file__).parent / "files_of_0_1"
X = np.linspace(-1, 1, 6, dtype="float32").reshape(2, 3)


class Words(Layer):
    """A layer with files, in kcore's way."""

    words: tuple[str, ...] = ()

    def call(self, x):
        return x

    def save_own_assets(self, store):
        store["words.txt"] = "\n".join(self.words).encode()

    def load_own_assets(self, store):
        self.words = tuple(store["words.txt"].decode().split("\n"))


class FiledWords(Words):
    """A layer with files, in Keras's way."""

    def save_assets(self, dir_path):
        Path(dir_path, "deep").mkdir()
        Path(dir_path, "deep", "words.txt").write_text("\n".join(self.words))

    def load_assets(self, dir_path):
        self.words = tuple(Path(dir_path, "deep", "words.txt").read_text().split("\n"))


def net():
    inner = Sequential([Input((4,)), FiledWords(name="filed"), Dense(3, dtype="bfloat16")], name="inner")
    layers = [Dense(4, activation="relu"), BatchNormalization(), Words(name="words"), inner]
    return Sequential([Input((3,)), *layers], name="net")


def numbers(model):
    """The numbers that the weights of the files have."""
    return [np.arange(v.numpy().size).reshape(v.shape) / 8 + i for i, v in enumerate(model.weights)]


def assert_whole(model):
    for v, expected in zip(model.weights, numbers(model), strict=True):
        np.testing.assert_array_equal(v.numpy().astype("float64"), expected)
    assert [str(v.dtype) for v in model.layers[3].weights] == ["bfloat16", "bfloat16"]


@pytest.mark.parametrize("name", ["net.keras", "net"])
def test_models_are_read(backend, name):
    model = load_model(FILES / name, custom_objects={"Words": Words, "FiledWords": FiledWords})
    assert_whole(model)
    assert (model.layers[2].words, model.layers[3].layers[0].words) == (("one", "two"), ("drei", "vier"))
    assert type(model.optimizer).__name__ == "SGD"
    if name == "net":  # the other was written without the optimizer's state
        assert int(model.optimizer.iterations.numpy()) == 7
        np.testing.assert_array_equal(model.optimizer.variables[2].numpy(), np.full((3, 4), 0.5))
    assert ops.convert_to_numpy(ops.cast(model(X), "float32")).shape == (2, 3)


@pytest.mark.parametrize("name", ["net.weights.h5", "net.weights.json", "net.keras", "net"])
def test_weights_are_read(backend, name):
    model = net()
    model.load_weights(FILES / name)
    assert_whole(model)


def test_the_files_are_small_and_all_are_read():
    names = {path.relative_to(FILES).parts[0] for path in FILES.rglob("*")}
    shards = {name for name in names if name.startswith("net_")}
    assert names - shards == {"net.keras", "net", "net.weights.h5", "net.weights.json"}
    assert len(shards) == 2
    assert max(path.stat().st_size for path in FILES.rglob("*")) < 30 * 1024


def write():
    """Write the files anew."""
    shutil.rmtree(FILES, ignore_errors=True)
    os.makedirs(FILES)
    model = net()
    for v, value in zip(model.weights, numbers(model), strict=True):
        v.assign(value.astype("float32"))
    model.layers[2].words, model.layers[3].layers[0].words = ("one", "two"), ("drei", "vier")
    model.save_weights(FILES / "net.weights.h5")
    model.save_weights(FILES / "net.weights.json", max_shard_size=112 / 2**30)
    model.compile(optimizers.SGD(0.25, momentum=0.5), "mse")
    model.optimizer.build(model.trainable_variables)
    for v in model.optimizer.variables[2:]:
        v.assign(np.full(v.shape, 0.5, "float32"))
    model.optimizer.iterations.assign(7)
    model.save(FILES / "net.keras", include_optimizer=False)
    model.save(FILES / "net", zipped=False)


if __name__ == "__main__":
    sys.modules["test_files_of_0_1"] = sys.modules["__main__"]
    Words.__module__ = FiledWords.__module__ = "test_files_of_0_1"
    write()
