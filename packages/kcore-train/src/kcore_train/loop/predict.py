"""The loop of `predict`."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.callbacks import Callback
from kcore_train.data import Batch, adapter, unpack_x_y_sample_weight
from kcore_train.data.data_adapter import BatchSource
from kcore_train.loop.groups import batch_groups, num_steps_in, place_batches
from kcore_train.loop.run import Run, Verbosity, callback_list
from kcore_train.steps.building import build_model
from kcore_train.steps.compiled import CompiledSteps

__all__ = ["predict"]


def predict(
    compiled: CompiledSteps,
    x: Tree | BatchSource,
    batch_size: int | None = None,
    verbose: Verbosity = "auto",
    steps: int | None = None,
    callbacks: Callback | Sequence[Any] | None = None,
) -> Tree:
    """Return the outputs of a model for some inputs as NumPy arrays; its `predict` describes the other arguments.

    Args:
        compiled: the steps of the model.
    """
    setup = compiled.setup
    data = adapter(x, batch_size=batch_size, shuffle=False, steps_per_epoch=steps)
    with contextlib.closing(data):
        if not setup.model.built:
            build_model(setup.model, unpack_x_y_sample_weight(data.peek())[0])
        told = callback_list(compiled, callbacks, verbose, 1, num_steps_in(data, steps))
        place_batches(data, setup)
        run = Run(compiled, "predict", told)
        function = compiled.get("predict")
        tells_begin, tells_end = told.has("predict_batch_begin"), told.has("predict_batch_end")
        run.is_stopped = False
        outputs: list[Tree] = []
        with run.announced(), contextlib.closing(batch_groups(data, setup.steps_per_execution)) as groups:
            for batches in groups:
                if tells_begin:
                    told.on_predict_batch_begin(run.position)
                found = function(tuple([_inputs_of(batch) for batch in batches]))
                outputs.extend(found)
                run.position += len(batches)
                if tells_end:
                    told.on_predict_batch_end(run.position - 1, {"outputs": _concatenated(found)})
                    if run.is_stopped:
                        break
    if not outputs:
        raise ArgumentError("the data gave no batch", fix="pass data that is not used up").at("predict")
    return ops.tree.map_structure(_joined, *outputs)


def _inputs_of(batch: Batch) -> Batch:
    """Return a batch without targets and weights, in the form it has."""
    return batch[:1] if isinstance(batch, tuple) else batch


def _concatenated(outputs: list[Tree]) -> Tree:
    """Return the outputs for several batches as those for one."""
    if len(outputs) == 1:
        return outputs[0]
    return ops.tree.map_structure(lambda *parts: ops.concatenate(parts, axis=0), *outputs)


def _joined(*parts: Tensor) -> np.ndarray[Any, Any]:
    arrays = [ops.convert_to_numpy(part) for part in parts]
    if arrays[0].ndim == 0:
        return np.stack(arrays)
    return np.concatenate(arrays) if len(arrays) > 1 else np.array(arrays[0])
