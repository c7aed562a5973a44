"""The loop of `predict`."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops.backends.interface import Backend
from kcore_ops.engine.op import Tree
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import show_shape

from kcore_train.callbacks import Callback
from kcore_train.data import adapter, unpack_x_y_sample_weight
from kcore_train.data.data_adapter import BatchSource
from kcore_train.loop.groups import batch_groups, num_steps_in, place_batches
from kcore_train.loop.run import Run, Verbosity, callback_list
from kcore_train.steps.building import build_model
from kcore_train.steps.compiled import CompiledSteps

__all__ = ["predict"]

# Of so many batches on an accelerator the older half leaves it, while the others may still be computed.
_NUM_HELD = 32


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
        model = setup.model
        tells_begin, tells_end = told.has("predict_batch_begin"), told.has("predict_batch_end")
        run.is_stopped = False
        outputs: list[Tree] = []
        done: list[Tree] = []
        found: list[Tree] = []
        is_far = setup.backend.training.moves_batches(
            weights[0]._storage if (weights := setup.model.variables) else None
        )
        with run.announced(), contextlib.closing(batch_groups(data, setup.steps_per_execution)) as groups:
            for batches in groups:
                if tells_begin:
                    told.on_predict_batch_begin(run.position)
                has_targets = batches[0].__class__ is tuple
                found = function([batch[:1] for batch in batches] if has_targets else batches)
                outputs += found
                if is_far and len(outputs) >= _NUM_HELD:
                    done.append(_joined(setup.backend, outputs[: -_NUM_HELD // 2]))
                    del outputs[: -_NUM_HELD // 2]
                if tells_end:
                    run.end_batches(len(batches), _logs_of, found)
                else:
                    run.position += len(batches)
                if model.stop_predicting:
                    break
            if tells_end:
                run.tell_of_last(_logs_of, found)
    if not outputs:
        raise ArgumentError("the data gave no batch", fix="pass data that is not used up").at("predict")
    last = _joined(setup.backend, outputs)
    return _joined(setup.backend, [*done, last]) if done else last


def _logs_of(outputs: list[Tree]) -> dict[str, Any]:
    """Return what callbacks are told of the outputs for some batches: them, as those for one."""
    if len(outputs) == 1:
        return {"outputs": outputs[0]}
    return {"outputs": ops.tree.map_structure(lambda *parts: ops.concatenate(parts, axis=0), *outputs)}


def _joined(backend: Backend, outputs: Sequence[Tree]) -> Tree:
    """Return the outputs for several batches as arrays, one after the other; numbers become a vector."""

    def joined(*parts: Any) -> Any:
        try:
            is_tensor = isinstance(parts[0], backend.tensor_types)
            if is_tensor and len(parts[0].shape):
                return backend.training.joined(parts)
            arrays = [ops.convert_to_numpy(part) for part in parts]
            return np.concatenate(arrays) if arrays[0].ndim else np.stack(arrays)
        except Exception as error:
            shapes = list(dict.fromkeys(show_shape(getattr(part, "shape", ())[1:]) for part in parts))
            if len(shapes) == 1:
                raise
            raise ShapeError(
                f"the outputs for one sample have shape {shapes[0]} in one batch, and {shapes[1]} in another",
                fix="let them be of one shape, or call predict_on_batch for each batch",
            ).at("predict") from error

    return ops.tree.map_structure(joined, *outputs)
