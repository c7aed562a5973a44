"""`TensorBoard`: losses, metrics and weights in files that TensorBoard shows."""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import kcore_ops as ops
import numpy as np
import numpy.typing as npt
from kcore_ops import config
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.callbacks.callback import Callback, Logs, MutableLogs
from kcore_train.callbacks.event_files import messages
from kcore_train.callbacks.event_files.event_file import EventFile
from kcore_train.callbacks.event_files.projector import write_embeddings
from kcore_train.callbacks.event_files.weight_images import weight_images
from kcore_train.callbacks.learning_rate import rates_of

__all__ = ["TensorBoard"]


class TensorBoard(Callback):
    """Write losses and metrics, and weights if wanted, to files that `tensorboard --logdir LOG_DIR` shows.

    Files are those of Keras, in `train` and `validation` under `log_dir`, with the same tags: `epoch_loss` by epoch,
    `batch_loss` by batch, `evaluation_loss_vs_iterations` by the optimizer's steps, and so on for each metric. An
    entry is in its file as soon as it is written. Neither TensorFlow nor TensorBoard has to be installed.

    Args:
        log_dir: path, the directory of the files, which is made; "logs".
        histogram_freq: int, after how many epochs histograms of all weights are written again, 0 for none; 0.
        write_graph: bool, whether to write the graph of a model's layers, which only Functional and Sequential models
            have; True.
        write_images: bool, whether images of weights are written with their histograms; False.
        write_steps_per_second: bool, whether to write how many steps a second training does; False.
        update_freq: "batch", "epoch" or int, whether losses and metrics of the epoch so far are written after each
            batch, or after so many, beside those of whole epochs; "epoch" for these alone. What is written has to be
            read from the device: each batch then waits for the one before. "epoch".
        profile_batch: int, pair of int or str, the batches to profile; anything but 0 is a warning, as nothing can be
            profiled; 0.
        embeddings_freq: int, after how many epochs the `Embedding` layers are written again for the projector, and the
            weights of the model to a file, 0 for never; 0.
        embeddings_metadata: str, dict or None, the file that has a label in each line for each row of an embedding, as
            seen from `log_dir`: one for all of them, or files by name of the layer; None for no labels. None.

    Raises:
        ArgumentError: if an argument is something else, or if training begins and `embeddings_metadata` names a layer
            that is no `Embedding` of the model.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: Literal["batch", "epoch"] | int = "epoch",
        profile_batch: int | tuple[int, int] | str = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: str | Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = _frequency(histogram_freq, "histogram_freq")
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = update_freq
        self.profile_batch = profile_batch
        self.embeddings_freq = _frequency(embeddings_freq, "embeddings_freq")
        self.embeddings_metadata = embeddings_metadata
        if "://" in self.log_dir:
            raise ArgumentError(
                f"log_dir is {self.log_dir!r}, and files are written to directories of this machine alone",
                fix="write to a directory, and copy it afterwards",
            ).at("TensorBoard")
        if update_freq not in ("batch", "epoch") and not _is_count(update_freq, least=1):
            raise ArgumentError(
                f"update_freq can not be {update_freq!r}", fix='use "batch", "epoch" or a positive number of batches'
            ).at("TensorBoard")
        if profile_batch not in (0, "0", ""):
            warnings.warn(
                f"nothing is profiled, though profile_batch is {profile_batch!r}: kcore has no profiler; "
                "leave it 0, and run fit under the profiler of your framework",
                stacklevel=2,
            )
        self._train = EventFile(Path(self.log_dir, "train"))
        self._validation = EventFile(Path(self.log_dir, "validation"))
        self._forget()

    def _forget(self) -> None:
        """Set what belongs to one `fit` as it is before one."""
        self._is_fitting = False
        self._num_steps, self._num_steps_before = 0, 0  # since fit began: done, and done when the epoch began
        self._step_began = 0.0
        self._seconds = 0.0  # of the epoch: before the validation that goes on
        self._since = 0.0

    @property
    def summary(self) -> TrainSummary:
        """What writes other values beside those of training, `summary.scalar("temperature", 0.5, step=3)`."""
        return TrainSummary(self._train)

    def get_state(self) -> dict[str, Any]:
        """Return how many batches are done. What its clocks show means nothing to another process."""
        return {"_num_steps": self._num_steps, "_num_steps_before": self._num_steps_before}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Write the graph of the model.

        Args:
            logs: dict or None, empty; None.
        """
        self._forget()
        self._is_fitting = True
        if self.embeddings_freq:
            self._metadata()  # an error in it is known before an epoch has passed
        if self.write_graph:
            self._write_graph()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the files.

        Args:
            logs: dict or None, losses and metrics of the last epoch by name; None.
        """
        self._is_fitting = False
        self._train.close()
        self._validation.close()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Start the clock of the epoch.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, empty; None.
        """
        self._num_steps_before = self._num_steps
        self._seconds, self._since = 0.0, time.perf_counter()

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Start the clock of the step.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, empty; None.
        """
        self._step_began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write losses and metrics of the epoch so far, if enough batches have gone by.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, losses and metrics by name, averages over the epoch so far; None.
        """
        before, self._num_steps = self._num_steps, self._num_steps_before + batch + 1
        if self.update_freq == "epoch":
            return
        every = 1 if self.update_freq == "batch" else int(self.update_freq)
        if self._num_steps // every == before // every:
            return
        found: dict[str, Any] = {}
        if self.write_steps_per_second:
            found["batch_steps_per_second"] = _rate(self._num_steps - before, time.perf_counter() - self._step_began)
        found.update({f"batch_{name}": value for name, value in (logs or {}).items()})
        self._train.write(self._num_steps, _scalars(found))

    def on_epoch_end(self, epoch: int, logs: MutableLogs | None = None) -> None:
        """Write losses and metrics of the epoch and its validation, the learning rate, and weights if they are due.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, losses and metrics of the epoch by name; entries may be added; None.
        """
        self._pause()
        logs = logs or {}
        found = {f"epoch_{name}": value for name, value in logs.items() if not name.startswith("val_")}
        if getattr(self.model, "optimizer", None) is not None:
            found.update({f"epoch_{name}": rate for name, rate in rates_of(self.model).items()})
        if self.write_steps_per_second:
            found["epoch_steps_per_second"] = _rate(self._num_steps - self._num_steps_before, self._seconds)
        self._train.write(epoch, _scalars(found))
        of_validation = {name.removeprefix("val_"): value for name, value in logs.items() if name.startswith("val_")}
        self._validation.write(epoch, _scalars({f"epoch_{name}": value for name, value in of_validation.items()}))
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            self._write_embeddings(epoch)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Stop the clock of the epoch.

        Args:
            logs: dict or None, empty; None.
        """
        self._pause()

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Write the results of an evaluation, by the number of steps the optimizer has taken.

        Args:
            logs: dict or None, losses and metrics of the evaluation by name; None.
        """
        iterations = getattr(getattr(self.model, "optimizer", None), "iterations", None)
        step = self._num_steps if iterations is None else int(ops.convert_to_numpy(iterations))
        found = {f"evaluation_{name}_vs_iterations": value for name, value in (logs or {}).items()}
        self._validation.write(step, _scalars(found))
        if not self._is_fitting:
            self._validation.close()
        self._since = time.perf_counter()

    def _pause(self) -> None:
        """Stop the clock of the epoch until `_since` is set again."""
        now = time.perf_counter()
        self._seconds, self._since = self._seconds + now - self._since, now

    def _write_graph(self) -> None:
        try:
            text = self.model.to_json()
        except Exception as error:
            warnings.warn(
                f"the graph of the model is not written, as its configuration is no JSON: {error}", stacklevel=2
            )
            return
        if "layers" in json.loads(text)["config"]:
            self._train.write(0, {"keras": messages.keras_model(text)})

    def _write_weights(self, epoch: int) -> None:
        are_channels_last = config.image_data_format() == "channels_last"
        for weight in self.model.weights:
            values = _array(weight)
            found = {f"{weight.path}/histogram": messages.histogram(values)}
            image = weight_images(values, are_channels_last) if self.write_images else None
            if image is not None:
                found[f"{weight.path}/image"] = image
            self._train.write(epoch, found)

    def _write_embeddings(self, epoch: int) -> None:
        embeddings = {layer.embeddings.path: _array(layer.embeddings) for layer in self._embeddings()}
        write_embeddings(self.log_dir, embeddings, self._metadata())
        folder = Path(self.log_dir, "train")
        folder.mkdir(parents=True, exist_ok=True)
        self.model.save_weights(folder / f"keras_embedding.ckpt-{epoch}.weights.h5", overwrite=True)

    def _embeddings(self) -> list[Any]:
        from kcore_layers.layers import Embedding

        return [layer for layer in self.model._flatten_layers() if isinstance(layer, Embedding) and layer.built]

    def _metadata(self) -> dict[str, str]:
        """Return the file of labels for each embedding that has one, by the path of the embedding."""
        given, layers = self.embeddings_metadata, self._embeddings()
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            return {layer.embeddings.path: os.fspath(given) for layer in layers}
        names = [layer.name for layer in layers]
        if unknown := [name for name in given if name not in names]:
            raise ArgumentError(
                f"embeddings_metadata has files for {', '.join(map(repr, unknown))}, "
                f"and the model's Embedding layers are {', '.join(map(repr, names)) or 'none'}",
                fix="use the names of these",
            ).at("TensorBoard")
        return {layer.embeddings.path: os.fspath(given[layer.name]) for layer in layers if layer.name in given}


class TrainSummary:
    """Values of one's own in the file that `TensorBoard` writes of training.

    Args:
        file: the file.
    """

    def __init__(self, file: EventFile) -> None:
        self._file = file

    def scalar(self, name: str, data: float, step: int) -> None:
        """Write a number.

        Args:
            name: str, the tag.
            data: float or tensor, the number.
            step: int, the number of the step.
        """
        self._file.write(step, _scalars({name: _array(data)}))

    def histogram(self, name: str, data: Any, step: int) -> None:
        """Write how numbers are spread.

        Args:
            name: str, the tag.
            data: tensor, the numbers.
            step: int, the number of the step.
        """
        self._file.write(step, {name: messages.histogram(_array(data))})

    def text(self, name: str, data: str, step: int) -> None:
        """Write a text, which may have Markdown in it.

        Args:
            name: str, the tag.
            data: str, the text.
            step: int, the number of the step.
        """
        self._file.write(step, {name: messages.text(data)})


def _scalars(values: Mapping[str, Any]) -> dict[str, bytes]:
    """Return numbers as values of a summary; an array's have its name and their places in it."""
    found: dict[str, bytes] = {}
    for name, value in values.items():
        array = np.asarray(value)
        if array.size == 1:
            found[name] = messages.scalar(float(array.reshape(())))
        else:
            found.update({f"{name}/{place}": messages.scalar(float(each)) for place, each in enumerate(array.ravel())})
    return found


def _array(value: Any) -> npt.NDArray[Any]:
    return np.asarray(ops.convert_to_numpy(value))


def _rate(count: int, seconds: float) -> float:
    return count / seconds if seconds > 0 else 0.0


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _frequency(value: int, name: str) -> int:
    """Return a number of epochs, 0 for never."""
    if not _is_count(value or 0, least=0):
        raise ArgumentError(f"{name} can not be {value!r}", fix="use a number of epochs, or 0 for never").at(
            "TensorBoard"
        )
    return int(value or 0)
