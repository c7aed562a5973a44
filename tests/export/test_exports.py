"""Each model in each format, from each backend: the format's own runtime, without kcore, gives what the model gives."""

from __future__ import annotations

import importlib
import time
from pathlib import Path

import kcore as keras
import numpy as np
import pytest
from exported_models import CASES
from kcore import layers

ENDINGS = {
    "tf_saved_model": "",
    "litert": ".tflite",
    "onnx": ".onnx",
    "openvino": ".xml",
    "torch": ".pt2",
    "stablehlo": ".stablehlo",
}
# What computes in half precision rounds where its kernels do.
TOLERANCES = {"mixed_precision": 1e-3}


@pytest.mark.parametrize("format", ENDINGS)
@pytest.mark.parametrize("case", CASES)
def test_the_runtime_of_the_format_gives_what_the_model_gives(
    case, format, backend, tmp_path, run_plainly, by_name, record_property
):
    model, make = CASES[case]()
    path = tmp_path / f"model{ENDINGS[format]}"
    start = time.perf_counter()
    model.export(path, format, verbose=False)
    record_property("export", [case, format, backend.name, time.perf_counter() - start, _size(path)])
    batches = [make(1), make(7)]
    names = _input_names(model)
    given = [batch if isinstance(batch, dict) else {names[0]: batch} for batch in batches]
    for batch, found in zip(batches, run_plainly(format, path, *given), strict=True):
        expected = by_name(model(batch, training=False))
        assert found.keys() == expected.keys()
        tolerance = TOLERANCES.get(case, 1e-5)
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, rtol=tolerance, atol=tolerance)


class Native(layers.Layer):
    """A layer written in a framework's own functions."""

    def __init__(self, module, **kwargs):
        super().__init__(**kwargs)
        self.module = module

    def call(self, x):
        return importlib.import_module(self.module).tanh(x)


NATIVE = [
    ("torch", "torch", "torch"),
    ("torch", "torch", "onnx"),
    ("torch", "torch", "openvino"),
    ("jax", "jax.numpy", "stablehlo"),
    ("jax", "jax.numpy", "tf_saved_model"),
    ("jax", "jax.numpy", "litert"),
    ("tensorflow", "tensorflow", "tf_saved_model"),
    ("tensorflow", "tensorflow", "litert"),
    ("tensorflow", "tensorflow", "onnx"),
]


@pytest.mark.parametrize(("name", "module", "format"), NATIVE)
def test_a_framework_exports_what_is_written_in_it(name, module, format, tmp_path, run_plainly, by_name):
    with keras.use_backend(name):
        model = keras.Sequential([keras.Input((3,), name="x"), layers.Dense(4), Native(module)])
        path = tmp_path / f"model{ENDINGS[format]}"
        model.export(path, format, verbose=False)
        x = np.linspace(-1, 1, 6, dtype="float32").reshape(2, 3)
        (found,) = run_plainly(format, path, {"x": x})
        np.testing.assert_allclose(found["output_0"], by_name(model(x))["output_0"], rtol=1e-5, atol=1e-5)


def _input_names(model) -> list[str]:
    inputs = getattr(model, "inputs", None)
    return [x.name for x in inputs] if inputs else ["x"]


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())
