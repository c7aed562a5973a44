"""The loop of `fit`: over epochs, the batches of each, and the validations between them."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from kcore_ops import config
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.callbacks import Callback, History
from kcore_train.data import DataAdapter, adapter, train_validation_split, unpack_x_y_sample_weight
from kcore_train.data.data_adapter import BatchSource
from kcore_train.loop.evaluate import run_evaluation
from kcore_train.loop.groups import batch_groups, num_steps_in, place_batches
from kcore_train.loop.run import TrainingRun, Verbosity, callback_list, final_logs
from kcore_train.steps.building import build_for
from kcore_train.steps.compiled import CompiledSteps

__all__ = ["ValidationData", "fit"]

# (x,), (x, y), (x, y, sample_weight), or a source of batches.
ValidationData: TypeAlias = tuple[Tree, ...] | BatchSource


def fit(
    compiled: CompiledSteps,
    x: Tree | BatchSource = None,
    y: Tree = None,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: Verbosity = "auto",
    callbacks: Callback | Sequence[Any] | None = None,
    validation_split: float = 0.0,
    validation_data: ValidationData | None = None,
    shuffle: bool | Literal["batch"] = True,
    class_weight: Mapping[int, float] | None = None,
    sample_weight: Tree = None,
    initial_epoch: int = 0,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
    validation_batch_size: int | None = None,
    validation_freq: int | Collection[int] = 1,
) -> History:
    """Train a model; its `fit` describes the other arguments.

    Args:
        compiled: the steps of the model.
    """
    setup = compiled.setup
    model = setup.model
    if isinstance(validation_freq, int) and validation_freq < 1:
        raise ArgumentError(
            f"validation_freq can not be {validation_freq}", fix="pass a count of epochs, or a list of epochs"
        ).at("fit")
    if validation_split and validation_data is None:
        (x, y, sample_weight), validation_data = train_validation_split((x, y, sample_weight), validation_split)
    with contextlib.ExitStack() as ends:
        data = adapter(
            x, y, sample_weight, batch_size=batch_size, shuffle=shuffle, class_weight=class_weight,
            steps_per_epoch=steps_per_epoch,
        )  # fmt: skip
        ends.callback(data.close)
        validation = _validation(validation_data, validation_batch_size or batch_size, validation_steps)
        if validation is not None:
            ends.callback(validation.close)
        build_for(setup, data.peek(), is_training=True)
        if not model.trainable_variables:
            warnings.warn("the model has nothing to train; set trainable = True on a layer", stacklevel=5)
        num_steps = num_steps_in(data, steps_per_epoch)
        limit = config.max_epochs()
        epochs = epochs if limit is None else min(epochs, limit)
        told = callback_list(compiled, callbacks, verbose, epochs, num_steps, has_history=True)
        run = TrainingRun(compiled, told, initial_epoch, [data] if validation is None else [data, validation])
        run.is_stopped = False
        place_batches(data, setup)
        ends.callback(told.forget_training_run)
        told.set_training_run(run)
        with run.announced():
            for epoch in range(run.first_epoch(initial_epoch), epochs):
                if _is_stopped(run):  # so a run had been that this one goes on from
                    break
                if epoch > initial_epoch and not data.has_more():
                    done = epoch - initial_epoch
                    warnings.warn(
                        f"the data is used up after {done} epoch{'' if done == 1 else 's'}; "
                        "pass data that can be read again, or a generator without end",
                        stacklevel=5,
                    )
                    break
                run.begin_epoch(epoch)
                _run_epoch(run, data, num_steps)
                if validation is not None and _is_due(validation_freq, epoch):
                    found = run_evaluation(compiled, validation, run.callbacks)
                    run.logs.update({f"val_{name}": value for name, value in found.items()})
                run.is_in_epoch = False
                run.callbacks.on_epoch_end(epoch, run.logs)
                if run.is_asked:
                    run.write_asked()
                if run.is_stopped:
                    break
            run.is_done = True
            if setup.optimizer is not None and hasattr(setup.optimizer, "finalize_variable_values"):
                setup.optimizer.finalize_variable_values(model.trainable_variables)
    history: History = model.history
    return history


def _is_stopped(run: TrainingRun) -> bool:
    return run.is_stopped


def _run_epoch(run: TrainingRun, data: DataAdapter, num_steps: int | None) -> None:
    """Train for an epoch, whose results become the logs of the run."""
    run.model.reset_metrics()
    run.callbacks.on_epoch_begin(run.epoch)
    run.go_on()
    data.on_epoch_begin()
    run.put_generators_back()
    run.logs = final_logs(run.steps, _train(run, data))
    data.on_epoch_end()
    is_short = num_steps is not None and data.steps_per_epoch is not None and run.position < num_steps
    if is_short and not run.is_stopped:
        warnings.warn(
            f"the data gave {run.position} batches of the {data.steps_per_epoch} that steps_per_epoch asks for",
            stacklevel=6,
        )


def _train(run: TrainingRun, data: DataAdapter) -> Mapping[str, Tensor] | None:
    """Go through the batches of an epoch; return what the last step returned."""
    steps, callbacks = run.steps, run.callbacks
    function = steps.get("train")
    tells_begin, tells_end = callbacks.has("train_batch_begin"), callbacks.has("train_batch_end")
    model, results = run.model, None
    with contextlib.closing(batch_groups(data, steps.setup.steps_per_execution)) as groups:
        for batches in groups:
            if tells_begin:
                callbacks.on_train_batch_begin(run.position)
            results = function(batches)
            if not tells_end:
                run.position += len(batches)
            elif run.end_batches(len(batches), run.step_logs, results):
                if run.is_asked:
                    run.write_asked()
                # A callback may have frozen a layer.
                function = steps.get("train")
            if model.stop_training:
                break
        if tells_end:
            run.tell_of_last(run.step_logs, results)
    return results


def _validation(given: ValidationData | None, batch_size: int | None, steps: int | None) -> DataAdapter | None:
    if given is None:
        return None
    if isinstance(given, tuple | list) and 1 <= len(given) <= 3:
        x, y, sample_weight = unpack_x_y_sample_weight(tuple(given))
        return adapter(x, y, sample_weight, batch_size=batch_size, shuffle=False, steps_per_epoch=steps)
    return adapter(given, shuffle=False, steps_per_epoch=steps)


def _is_due(frequency: int | Collection[int], epoch: int) -> bool:
    """Return whether an epoch ends with a validation."""
    return (epoch + 1) % frequency == 0 if isinstance(frequency, int) else (epoch + 1) in frequency
