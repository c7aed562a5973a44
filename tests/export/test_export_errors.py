"""What is said where a model can not be exported: what was wrong, and what to do."""

from __future__ import annotations

import importlib
import re

import kcore as keras
import numpy as np
import pytest
from kcore import layers
from kcore.export import ExportArchive
from kcore_layers.export import formats
from kcore_ops.backends import registry


def model():
    return keras.Sequential([keras.Input((3,), name="x"), layers.Dense(2)], name="mine")


WRONG = {
    "format": (
        lambda path: model().export(path / "x", "tflite"),
        "there is no format 'tflite'",
        "fix: use one of tf_saved_model, litert, onnx, torch, stablehlo, openvino",
    ),
    "ending": (
        lambda path: model().export(path / "x.tf", "litert"),
        "does not end in '.tflite'",
        "fix: name it",
    ),
    "directory": (
        lambda path: model().export(path / "not" / "there", verbose=False),
        "there is no directory",
        "fix: make it first, with os.makedirs",
    ),
    "other things": (
        lambda path: (path / "x").mkdir() or (path / "x" / "y").touch() or model().export(path / "x"),
        "is a directory that holds other things",
        "fix: use a new name, or empty it",
    ),
    "option": (
        lambda path: model().export(path / "x", opset=3),
        "tf_saved_model has no option 'opset'",
        "fix: use options",
    ),
    "not built": (
        lambda path: keras.Sequential([layers.Dense(2)], name="mine").export(path / "x"),
        'ArgumentError in export of "mine"',
        "the model is not built",
        "fix: call it on data first, or give it an Input",
    ),
    "signature": (
        lambda path: model().export(path / "x", input_signature=[3]),
        "3 does not describe a tensor",
        "fix: pass InputSpec(shape=(None, 3), dtype='float32') for each",
    ),
    "no endpoints": (
        lambda path: ExportArchive().write_out(path / "x"),
        "there are no endpoints",
        "fix: call add_endpoint or track_and_add_endpoint first",
    ),
    "unknown arguments": (
        lambda path: ExportArchive().add_endpoint("serve", abs),
        "it is not known what the function is called with",
        "fix: pass input_signature, for example [InputSpec(shape=(None, 3), dtype='float32')]",
    ),
    "name": (
        lambda path: ExportArchive().add_endpoint("a b", model()),
        "'a b' is no name for an endpoint",
        "fix: use letters, digits and _",
    ),
    "resource": (lambda path: ExportArchive().track(3), "3 is not a layer, nor a resource of", "fix: pass a layer"),
    "two endpoints": (
        lambda path: _of_two(path),
        "onnx holds one endpoint, and there are 2",
        'fix: write each to a file of its own, or use the format "tf_saved_model"',
    ),
}


def _of_two(path):
    archive = ExportArchive("onnx")
    for name in ("first", "second"):
        archive.track_and_add_endpoint(name, model(), None)
    archive.write_out(path / "x.onnx")


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_call_says_what_to_do(backend, wrong, tmp_path):
    call, *lines = WRONG[wrong]
    with pytest.raises(ValueError, match="(?s)" + ".*".join(map(re.escape, lines))) as caught:
        call(tmp_path)
    assert "\n  fix: " in str(caught.value)
    assert not [each for each in tmp_path.iterdir() if each.name.endswith(".tmp")]


class Native(layers.Layer):
    """A layer written in a framework's own functions."""

    def __init__(self, module, **kwargs):
        super().__init__(**kwargs)
        self.module = module

    def call(self, x):
        return importlib.import_module(self.module).tanh(x)


@pytest.mark.parametrize(
    ("name", "module", "format"),
    [("torch", "torch", "litert"), ("jax", "jax.numpy", "torch"), ("tensorflow", "tensorflow", "stablehlo")],
)
def test_what_is_written_in_a_framework_is_not_moved_to_another(name, module, format, tmp_path):
    with keras.use_backend(name):
        network = keras.Sequential([keras.Input((3,)), Native(module, name="native")], name="mine")
        path = tmp_path / f"x{formats.FORMATS[format].ending or ''}"
        with pytest.raises(ValueError, match=f"moved? .*from {name}"):
            network.export(path, format)


def test_a_missing_writer_is_named(backend, monkeypatch, tmp_path):
    monkeypatch.setattr(formats, "missing_modules", lambda names: [name for name in names if name != "jax"])
    with pytest.raises(
        ImportError, match=r"no backend that is installed writes onnx\n  fix: pip install onnx onnxscript"
    ):
        model().export(tmp_path / "x.onnx", "onnx")


def test_a_missing_backend_is_named(backend, monkeypatch, tmp_path):
    alone = {backend.name: registry.backends()[backend.name]}
    monkeypatch.setattr(formats.registry, "backends", lambda: alone)
    format, package = (
        ("litert", "kcore-backend-tf") if backend.name != "tensorflow" else ("torch", "kcore-backend-torch")
    )
    with pytest.raises(
        ImportError, match=f"no backend that is installed writes {format}\n  fix: pip install {package}"
    ):
        model().export(tmp_path / f"x{formats.FORMATS[format].ending}", format)


def test_the_files_are_whole_or_absent(backend, monkeypatch, tmp_path):
    path = tmp_path / "saved"
    model().export(path, verbose=False)
    before = sorted((file.relative_to(path), file.read_bytes()) for file in path.rglob("*") if file.is_file())
    import tensorflow as tf

    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tf.saved_model, "save", fail)
    with pytest.raises(ValueError, match="No space left on device"):
        model().export(path, verbose=False)
    after = sorted((file.relative_to(path), file.read_bytes()) for file in path.rglob("*") if file.is_file())
    assert before == after
    assert [each.name for each in tmp_path.iterdir()] == ["saved"]
    assert np.isfinite(tf.saved_model.load(str(path)).serve(np.ones((1, 3), "float32"))).all()
