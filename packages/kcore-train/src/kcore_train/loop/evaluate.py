"""The loop of `evaluate`, and of the validations of `fit`."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from kcore_ops.engine.op import Tree

from kcore_train.callbacks import Callback, CallbackList
from kcore_train.data import DataAdapter, adapter
from kcore_train.data.data_adapter import BatchSource
from kcore_train.loop.groups import batch_groups, num_steps_in, place_batches
from kcore_train.loop.logs import in_list
from kcore_train.loop.run import Run, Verbosity, callback_list, final_logs
from kcore_train.steps.building import build_for
from kcore_train.steps.compiled import CompiledSteps

__all__ = ["evaluate", "run_evaluation"]


def evaluate(
    compiled: CompiledSteps,
    x: Tree | BatchSource = None,
    y: Tree = None,
    batch_size: int | None = None,
    verbose: Verbosity = "auto",
    sample_weight: Tree = None,
    steps: int | None = None,
    callbacks: Callback | Sequence[Any] | None = None,
    return_dict: bool = False,
) -> Any:
    """Return the loss and the metrics of a model on some data; its `evaluate` describes the other arguments.

    Args:
        compiled: the steps of the model.
    """
    data = adapter(x, y, sample_weight, batch_size=batch_size, shuffle=False, steps_per_epoch=steps)
    with contextlib.closing(data):
        build_for(compiled.setup, data.peek(), is_training=False)
        told = callback_list(compiled, callbacks, verbose, 1, num_steps_in(data, steps))
        logs = run_evaluation(compiled, data, told)
    return logs if return_dict else in_list(logs)


def run_evaluation(compiled: CompiledSteps, data: DataAdapter, callbacks: CallbackList) -> dict[str, Any]:
    """Go through the batches of some data; return the results as numbers.

    Args:
        compiled: the steps of the model.
        data: makes the batches.
        callbacks: who is told.
    """
    build_for(compiled.setup, data.peek(), is_training=False)
    place_batches(data, compiled.setup)
    run = Run(compiled, "test", callbacks)
    run.model.reset_metrics()
    run.is_stopped = False
    function = compiled.get("test")
    tells_begin, tells_end = callbacks.has("test_batch_begin"), callbacks.has("test_batch_end")
    results = None
    with run.announced():
        data.start_at(0)
        with contextlib.closing(batch_groups(data, compiled.setup.steps_per_execution)) as groups:
            for batches in groups:
                if tells_begin:
                    callbacks.on_test_batch_begin(run.position)
                results = function(batches)
                if tells_end:
                    run.end_batches(len(batches), run.step_logs, results)
                else:
                    run.position += len(batches)
                if run.model.stop_evaluating:
                    break
            if tells_end:
                run.tell_of_last(run.step_logs, results)
        run.logs = final_logs(compiled, results)
    return run.logs
