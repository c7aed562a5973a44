"""The loops of `fit`, `evaluate` and `predict`: over epochs and batches, with callbacks around them."""

from __future__ import annotations

import contextlib
import itertools
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import kcore_ops as ops
import numpy as np
from kcore_ops import config
from kcore_ops.foundation.errors import ArgumentError
from kcore_train.callbacks import CallbackList
from kcore_train.data import (
    DataAdapter,
    adapter,
    pack_x_y_sample_weight,
    train_validation_split,
    unpack_x_y_sample_weight,
)
from kcore_train.data.conversion import to_arrays
from kcore_train.data.data_adapter import InputsOnly, close
from kcore_train.loop.logs import Logs, as_numbers

if TYPE_CHECKING:
    from kcore_train.trainer import Trainer

__all__ = ["evaluate", "fit", "on_batch", "predict", "predict_on_batch"]


def fit(
    trainer: Trainer,
    x: Any = None,
    y: Any = None,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: Any = "auto",
    callbacks: Any = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: Any = True,
    class_weight: Any = None,
    sample_weight: Any = None,
    initial_epoch: int = 0,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
    validation_batch_size: int | None = None,
    validation_freq: Any = 1,
) -> Any:
    """Train a model; see `Model.fit`."""
    trainer.check_trainable("fit")
    model = trainer.model
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
        trainer.prepare(data.peek(), is_training=True)
        if not model.trainable_variables:
            warnings.warn("the model has nothing to train; set trainable = True on a layer", stacklevel=4)
        num_steps = _at_most(steps_per_epoch or data.num_batches, config.max_steps_per_epoch())
        epochs = _at_most(epochs, config.max_epochs())
        reporter = _callbacks(trainer, callbacks, verbose, epochs=epochs, steps=num_steps, history=True)
        model.stop_training = False
        logs: dict[str, Any] = {}
        with _told(reporter.on_train_begin, lambda: reporter.on_train_end(logs)):
            for epoch in range(initial_epoch, epochs):
                if epoch > initial_epoch and not data.has_more():
                    done = epoch - initial_epoch
                    warnings.warn(
                        f"the data is used up after {done} epoch{'' if done == 1 else 's'}; "
                        "pass data that can be read again, or a generator without end",
                        stacklevel=4,
                    )
                    break
                logs = _run_epoch(trainer, data, reporter, epoch, num_steps)
                if validation is not None and _is_due(validation_freq, epoch):
                    found = _run_evaluation(trainer, validation, reporter)
                    logs.update({f"val_{name}": value for name, value in found.items()})
                reporter.on_epoch_end(epoch, logs)
                if model.stop_training:
                    break
            if trainer.optimizer is not None and hasattr(trainer.optimizer, "finalize_variable_values"):
                trainer.optimizer.finalize_variable_values(model.trainable_variables)
    return model.history


@contextlib.contextmanager
def _told(begin: Callable[[], Any], end: Callable[[], Any]) -> Iterator[None]:
    """Tell callbacks that a loop begins, and that it ends, whichever way it does.

    They let go of files, threads and other things then. An error of theirs does not hide the one that ended the loop.
    """
    begin()
    try:
        yield
    except BaseException as error:
        try:
            end()
        except Exception as another:
            error.add_note(f"as training ended, a callback failed too: {type(another).__name__}: {another}")
        raise
    end()


def _run_epoch(
    trainer: Trainer, data: DataAdapter, reporter: CallbackList, epoch: int, num_steps: int | None
) -> dict[str, Any]:
    """Train for an epoch; gives its results."""
    model = trainer.model
    model.reset_metrics()
    reporter.on_epoch_begin(epoch)
    data.on_epoch_begin()
    results, count = _train_epoch(trainer, data, reporter)
    logs = _epoch_results(trainer, results)
    data.on_epoch_end()
    if num_steps is not None and data.steps_per_epoch is not None and count < num_steps and not model.stop_training:
        warnings.warn(
            f"the data gave {count} batches of the {data.steps_per_epoch} that steps_per_epoch asks for",
            stacklevel=5,
        )
    return logs


def _train_epoch(trainer: Trainer, data: DataAdapter, reporter: CallbackList) -> tuple[Any, int]:
    """Go through the batches of an epoch; gives what the last step gave, and the number of batches."""
    model = trainer.model
    function = trainer.functions.get("train")
    tells_begin, tells_end = reporter.has("train_batch_begin"), reporter.has("train_batch_end")
    results: Any = None
    step = 0
    with contextlib.closing(_groups(data, trainer.steps_per_execution)) as groups:
        for batches in groups:
            if tells_begin:
                reporter.on_train_batch_begin(step)
            results = function(batches)
            step += len(batches)
            if tells_end:
                reporter.on_train_batch_end(step - 1, _logs(trainer, results))
                if model.stop_training:
                    break
                # A callback may have frozen a layer.
                function = trainer.functions.get("train")
    return results, step


def evaluate(
    trainer: Trainer,
    x: Any = None,
    y: Any = None,
    batch_size: int | None = None,
    verbose: Any = "auto",
    sample_weight: Any = None,
    steps: int | None = None,
    callbacks: Any = None,
    return_dict: bool = False,
) -> Any:
    """Evaluate a model; see `Model.evaluate`."""
    trainer.check_compiled("evaluate")
    data = adapter(x, y, sample_weight, batch_size=batch_size, shuffle=False, steps_per_epoch=steps)
    with contextlib.closing(data):
        trainer.prepare(data.peek(), is_training=False)
        num_steps = _at_most(steps or data.num_batches, config.max_steps_per_epoch())
        reporter = _callbacks(trainer, callbacks, verbose, epochs=1, steps=num_steps)
        logs = _run_evaluation(trainer, data, reporter)
    return logs if return_dict else _listed(logs)


def _run_evaluation(trainer: Trainer, data: DataAdapter, reporter: CallbackList) -> dict[str, Any]:
    model = trainer.model
    trainer.prepare(data.peek(), is_training=False)
    model.reset_metrics()
    model.stop_evaluating = False
    function = trainer.functions.get("test")
    tells_begin, tells_end = reporter.has("test_batch_begin"), reporter.has("test_batch_end")
    results: Any = None
    logs: dict[str, Any] = {}
    step = 0
    with _told(reporter.on_test_begin, lambda: reporter.on_test_end(dict(logs))):
        data.start_at(0)
        with contextlib.closing(_groups(data, trainer.steps_per_execution)) as groups:
            for batches in groups:
                if tells_begin:
                    reporter.on_test_batch_begin(step)
                results = function(batches)
                step += len(batches)
                if tells_end:
                    reporter.on_test_batch_end(step - 1, _logs(trainer, results))
                    if model.stop_evaluating:
                        break
        logs = _epoch_results(trainer, results)
    return logs


def predict(
    trainer: Trainer,
    x: Any,
    batch_size: int | None = None,
    verbose: Any = "auto",
    steps: int | None = None,
    callbacks: Any = None,
) -> Any:
    """Predict; see `Model.predict`."""
    model = trainer.model
    data = adapter(x, batch_size=batch_size, shuffle=False, steps_per_epoch=steps)
    with contextlib.closing(data):
        trainer.prepare_to_predict(data)
        num_steps = _at_most(steps or data.num_batches, config.max_steps_per_epoch())
        reporter = _callbacks(trainer, callbacks, verbose, epochs=1, steps=num_steps)
        function = trainer.functions.get("predict")
        tells_begin, tells_end = reporter.has("predict_batch_begin"), reporter.has("predict_batch_end")
        model.stop_predicting = False
        outputs: list[Any] = []
        with (
            _told(reporter.on_predict_begin, reporter.on_predict_end),
            contextlib.closing(_groups(data, trainer.steps_per_execution)) as groups,
        ):
            for batches in groups:
                if tells_begin:
                    reporter.on_predict_batch_begin(len(outputs))
                found = function(tuple([_inputs_of(batch) for batch in batches]))
                outputs.extend(found)
                if tells_end:
                    reporter.on_predict_batch_end(len(outputs) - 1, {"outputs": _in_one(found)})
                    if model.stop_predicting:
                        break
    if not outputs:
        raise ArgumentError("the data gave no batch", fix="pass data that is not used up").at("predict")
    return ops.tree.map_structure(_joined, *outputs)


def _inputs_of(batch: Any) -> Any:
    """Give a batch without targets and weights, in the form it has."""
    return batch[:1] if isinstance(batch, tuple) else batch


def _in_one(outputs: list[Any]) -> Any:
    """Give the outputs for several batches as those for one."""
    if len(outputs) == 1:
        return outputs[0]
    return ops.tree.map_structure(lambda *parts: ops.concatenate(parts, axis=0), *outputs)


def _joined(*parts: Any) -> np.ndarray[Any, Any]:
    arrays = [ops.convert_to_numpy(part) for part in parts]
    if arrays[0].ndim == 0:
        return np.stack(arrays)
    return np.concatenate(arrays) if len(arrays) > 1 else np.array(arrays[0])


def on_batch(
    trainer: Trainer, kind: str, x: Any, y: Any, sample_weight: Any, class_weight: Any, return_dict: bool
) -> Any:
    """Train or evaluate on one batch; gives what the metrics make of that batch alone."""
    if class_weight is not None:
        data = adapter(x, y, sample_weight, batch_size=_length(x), shuffle=False, class_weight=class_weight)
        batch = next(iter(data.epoch()))
    else:
        parts = {"x": x, "y": y, "sample_weight": sample_weight}
        batch = pack_x_y_sample_weight(*[to_arrays(part, name, is_batch=True) for name, part in parts.items()])
    trainer.prepare(batch, is_training=kind == "train")
    trainer.model.reset_metrics()
    results = trainer.functions.get(kind)((batch,))
    logs = _epoch_results(trainer, results)
    return logs if return_dict else _listed(logs)


def predict_on_batch(trainer: Trainer, x: Any) -> Any:
    """Predict one batch."""
    if not trainer.model.built:
        trainer.prepare((x,), is_training=False)
    (outputs,) = trainer.functions.get("predict")(((x,),))
    return ops.tree.map_structure(ops.convert_to_numpy, outputs)


# What they share.


def _groups(data: DataAdapter, size: int) -> Generator[Sequence[Any], None, None]:
    """Give the batches of an epoch, as many as the settings allow, in groups, the last of which may be smaller.

    Closed in the middle, it ends whatever makes the batches.
    """
    epoch = data.epoch()
    limit = config.max_steps_per_epoch()
    batches = epoch if limit is None else itertools.islice(epoch, limit)
    try:
        if size == 1:
            for batch in batches:
                yield (batch[0] if batch.__class__ is InputsOnly else batch,)
            return
        while group := list(itertools.islice(batches, size)):
            yield tuple([batch[0] if batch.__class__ is InputsOnly else batch for batch in group])
    finally:
        close(epoch)


def _at_most(count: Any, limit: int | None) -> Any:
    """Give the smaller of two counts, where None is no limit."""
    return count if limit is None else limit if count is None else min(count, limit)


def _callbacks(
    trainer: Trainer, callbacks: Any, verbose: Any, epochs: int, steps: int | None, history: bool = False
) -> CallbackList:
    if isinstance(callbacks, CallbackList):
        return callbacks
    verbose = 1 if verbose == "auto" else verbose
    return CallbackList(
        callbacks,
        add_history=history,
        add_progbar=verbose != 0,
        model=trainer.model,
        verbose=verbose,
        epochs=epochs,
        steps=steps,
        backend=trainer.backend.name,
    )


def _validation(given: Any, batch_size: int | None, steps: int | None) -> DataAdapter | None:
    if given is None:
        return None
    if isinstance(given, tuple | list) and 1 <= len(given) <= 3:
        x, y, sample_weight = unpack_x_y_sample_weight(tuple(given))
        return adapter(x, y, sample_weight, batch_size=batch_size, shuffle=False, steps_per_epoch=steps)
    return adapter(given, shuffle=False, steps_per_epoch=steps)


def _is_due(frequency: Any, epoch: int) -> bool:
    """Say whether an epoch ends with a validation."""
    return (epoch + 1) % frequency == 0 if isinstance(frequency, int) else (epoch + 1) in frequency


def _logs(trainer: Trainer, results: Any) -> Logs:
    """Give the logs of a step: what it returned, or the metrics as they are when somebody looks."""
    if isinstance(results, Mapping):
        return Logs(lambda: results)
    return Logs(trainer.functions.results)


def _epoch_results(trainer: Trainer, results: Any) -> dict[str, Any]:
    if isinstance(results, Mapping):
        return as_numbers(results)
    return as_numbers(trainer.functions.results())


def _listed(logs: Mapping[str, Any]) -> Any:
    values = list(logs.values())
    return values[0] if len(values) == 1 else values


def _length(x: Any) -> int:
    return len(next(leaf for leaf in ops.tree.flatten(x) if hasattr(leaf, "shape")))
