"""`ExportArchive`: several endpoints, collections, state that changes, and layers that read what was written."""

from __future__ import annotations

import kcore as keras
import kcore_ops as ops
import numpy as np
import pytest
from kcore import layers
from kcore.export import ExportArchive
from kcore_ops import TensorSpec

X = np.linspace(-1, 1, 6, dtype="float32").reshape(2, 3)


@pytest.fixture
def model(backend):
    return keras.Sequential([keras.Input((3,), name="x"), layers.Dense(4, "tanh"), layers.Dense(2)])


def spec(*shape, name="x"):
    return TensorSpec(shape, "float32") if name is None else keras.InputSpec(shape=shape, dtype="float32", name=name)


def loaded(path):
    import tensorflow as tf

    return tf.saved_model.load(str(path))


@pytest.mark.needs("gradient")  # NumPy's functions can not be lent: its models are made anew, see test_exports.py
def test_functions_over_layers_are_endpoints(model, backend, tmp_path):
    archive = ExportArchive()
    archive.track(model)
    archive.add_endpoint("doubled", lambda x: {"twice": model(x) * 2.0}, [spec(None, 3)])
    if backend.export.lends_to or "tf_saved_model" in backend.export.formats:
        archive.add_endpoint("serve", model, training=False)
        archive.add_variable_collection("heads", model.layers[-1].variables)
        archive.write_out(tmp_path / "saved", verbose=False)
        found = loaded(tmp_path / "saved")
        expected = ops.convert_to_numpy(model(X))
        np.testing.assert_allclose(found.serve(X), expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(found.doubled(X)["twice"], expected * 2, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(found.signatures["serving_default"](x=X)["output_0"], expected, rtol=1e-5, atol=1e-6)
        assert [tuple(v.shape) for v in found.heads] == [(4, 2), (2,)]
        assert len(found.trainable_variables) == 4
    else:
        with pytest.raises(ValueError, match="can not be written of functions on torch"):
            archive.write_out(tmp_path / "saved")
        assert not list(tmp_path.iterdir())


def test_a_method_of_a_model_is_an_endpoint_and_its_weights_are_kept(model, tmp_path):
    archive = ExportArchive()
    archive.add_endpoint("serve", model.call, [spec(None, 3)])
    archive.write_out(tmp_path / "saved", verbose=False)
    found = loaded(tmp_path / "saved")
    assert len(found.trainable_variables) == 4
    np.testing.assert_allclose(found.serve(X), ops.convert_to_numpy(model(X)), rtol=1e-5, atol=1e-6)


def test_a_function_over_mixed_precision_goes_to_litert(backend, tmp_path):
    if "litert" not in backend.export.formats:
        pytest.skip("functions are not moved to TensorFlow")
    mixed = keras.Sequential([keras.Input((3,)), layers.Dense(2, dtype="mixed_float16")])
    archive = ExportArchive("litert")
    archive.track(mixed)
    archive.add_endpoint("serve", lambda x: ops.cast(mixed(x), "float32"), [spec(None, 3)])
    with pytest.warns(UserWarning, match="LiteRT has not all kernels"):
        archive.write_out(tmp_path / "mixed.tflite", verbose=False)
    assert (tmp_path / "mixed.tflite").stat().st_size > 0


def test_several_models_share_an_archive(backend, tmp_path):
    encoder = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    decoder = keras.Sequential([keras.Input((2,)), layers.Dense(3)])
    archive = ExportArchive("tf_saved_model")
    archive.track_and_add_endpoint("encode", encoder, None)
    archive.track_and_add_endpoint("decode", decoder, [spec(None, 2)])
    archive.write_out(tmp_path / "saved", verbose=False)
    found = loaded(tmp_path / "saved")
    expected = ops.convert_to_numpy(decoder(encoder(X)))
    np.testing.assert_allclose(found.decode(found.encode(X)), expected, rtol=1e-5, atol=1e-6)


@keras.saving.register_keras_serializable("exports")
class Counting(layers.Layer):
    """A layer that counts its calls."""

    def build(self, shape):
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x):
        self.calls.assign_add(1.0)
        return x + self.calls


def test_a_saved_model_keeps_the_state_that_its_calls_change(backend, tmp_path):
    model = keras.Sequential([keras.Input((3,)), Counting()])
    model.export(tmp_path / "saved", verbose=False)
    assert model.layers[0].calls.numpy() == 0  # the export itself is no call
    found = loaded(tmp_path / "saved")
    np.testing.assert_array_equal(found.serve(X), X + 1)
    np.testing.assert_array_equal(found.serve(X), X + 2)


@pytest.mark.parametrize("format", ["onnx", "torch", "stablehlo"])
def test_other_formats_refuse_state_that_changes(backend, tmp_path, format):
    model = keras.Sequential([keras.Input((3,)), Counting(name="counting")])
    name = f"model{ {'onnx': '.onnx', 'torch': '.pt2', 'litert': '.tflite'}.get(format, '') }"
    if format == "litert":
        pytest.skip("LiteRT holds state")
    with pytest.raises(ValueError, match=f"counting/.* and {format} holds no state"):
        model.export(tmp_path / name, format)
    assert not list(tmp_path.iterdir())


def test_a_layer_reads_what_was_exported(model, backend_name, tmp_path):
    model.export(tmp_path / "saved", verbose=False)
    with keras.use_backend("tensorflow"):
        layer = layers.TFSMLayer(tmp_path / "saved")
        np.testing.assert_allclose(layer(X), ops.convert_to_numpy(model(X)), rtol=1e-5, atol=1e-6)
        whole = keras.Sequential([keras.Input((3,)), layer, layers.Dense(1)])
        whole.compile("sgd", "mse")
        before = layer.get_weights()
        whole.fit(X, np.ones((2, 1), "float32"), verbose=0)
        assert any((old != new).any() for old, new in zip(before, layer.get_weights(), strict=True))
        whole.save(tmp_path / "whole.keras")
        with pytest.raises(ValueError, match="a SavedModel, which is a program: code, which is not run in safe mode"):
            keras.saving.load_model(tmp_path / "whole.keras")
        again = keras.saving.load_model(tmp_path / "whole.keras", safe_mode=False)
        np.testing.assert_array_equal(again(X), whole(X))


def test_an_export_replaces_the_one_before(model, tmp_path):
    model.export(tmp_path / "saved", verbose=False)
    model.set_weights([w * 0 for w in model.get_weights()])
    model.export(tmp_path / "saved", verbose=False)
    found = loaded(tmp_path / "saved")
    np.testing.assert_array_equal(found.serve(X), np.zeros((2, 2)))
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


def test_the_signature_may_be_given(model, backend, tmp_path):
    for signature in (spec(5, 3), [spec(5, 3)], keras.KerasTensor((5, 3), name="x"), np.zeros((5, 3), "float32")):
        model.export(tmp_path / "saved", verbose=False, input_signature=signature)
        (given,) = loaded(tmp_path / "saved").signatures["serving_default"].structured_input_signature[1].values()
        assert tuple(given.shape) == (5, 3)


def test_what_was_written_is_printed(model, tmp_path, capsys):
    model.export(tmp_path / "saved")
    assert capsys.readouterr().out == (
        f"Exported to '{tmp_path / 'saved'}', in the format tf_saved_model:\n  serve(x: float32 (None, 3))\n"
    )
