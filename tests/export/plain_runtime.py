"""A process in which exported files run, by the runtime of their format alone: kcore is not imported.

It is started with the name of a format, and reads lines of JSON: the path of a file, one of arrays by the names of
inputs, and one to write the arrays to that come out, by the names of outputs. It answers each with a line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
Run = Callable[[Arrays], Arrays]


def tf_saved_model(path: str) -> Run:
    import tensorflow as tf

    served = tf.saved_model.load(path).signatures["serving_default"]

    def run(inputs: Arrays) -> Arrays:
        outputs = served(**{name: tf.constant(value) for name, value in inputs.items()})
        return {name: value.numpy() for name, value in outputs.items()}

    run.loaded = served  # what it was loaded with goes with the last that refers to it
    return run


def litert(path: str) -> Run:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path)
    runner = interpreter.get_signature_runner("serving_default")
    return lambda inputs: {name: np.array(value) for name, value in runner(**inputs).items()}


def onnx(path: str) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, inputs), strict=True))


def openvino(path: str) -> Run:
    import openvino

    model = openvino.Core().read_model(path)
    names = [port.get_any_name() for port in model.outputs]
    compiled = openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(inputs: Arrays) -> Arrays:
        outputs = compiled(inputs)
        return {name: np.array(outputs[name]) for name in names}

    return run


def torch(path: str) -> Run:
    import torch

    module = torch.export.load(path).module()

    def run(inputs: Arrays) -> Arrays:
        tensors = {name: torch.tensor(value) for name, value in inputs.items()}
        with torch.no_grad():
            return _by_name(module(tensors if len(tensors) > 1 else next(iter(tensors.values()))))

    return run


def stablehlo(path: str) -> Run:
    from pathlib import Path

    import jax

    call = jax.export.deserialize(bytearray(Path(path).read_bytes())).call
    return lambda inputs: _by_name(call(inputs if len(inputs) > 1 else next(iter(inputs.values()))))


def _by_name(outputs: Any) -> Arrays:
    if isinstance(outputs, dict):
        return {name: np.asarray(value) for name, value in outputs.items()}
    several = outputs if isinstance(outputs, list | tuple) else [outputs]
    return {f"output_{i}": np.asarray(value) for i, value in enumerate(several)}


def main() -> None:
    load = globals()[sys.argv[1]]
    answers = sys.stdout
    sys.stdout = sys.stderr  # what a runtime prints is no answer
    for line in sys.stdin:
        path, given, wanted = json.loads(line)
        try:
            run = load(path)
            for inputs, outputs in zip(given, wanted, strict=True):
                with np.load(inputs) as arrays:
                    np.savez(outputs, **run(dict(arrays)))
            answer = "done"
            assert not any(name.startswith("kcore") for name in sys.modules), "kcore is there"
        except Exception as error:
            answer = f"{type(error).__name__}: {error}".replace("\n", " ")
        print(answer, file=answers, flush=True)


if __name__ == "__main__":
    main()
