"""A training run with all that a run can have, for tests that cut it off; it is a program too, which can be killed.

`python resuming.py BACKEND KIND DIRECTORY FREQUENCY` trains, and writes what came out to `DIRECTORY/result.npz`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import kcore as keras
import numpy as np
from kcore import callbacks, layers

KINDS = (
    "arrays",
    "steps",
    "generator",
    "py_dataset",
    "accumulating",
    "averaging",
    "mixed",
    "several_steps",
    "two",
    "multi",
)
EPOCHS = 4


class Counting(callbacks.Callback):
    """A callback of a user's, which remembers in attributes, unfreezes a layer, and thins out the learning rate."""

    def __init__(self):
        super().__init__()
        self.losses: list[float] = []
        self.batches = 0

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1
        if self.batches % 5 == 0:
            self.losses.append(float(logs["loss"]))

    def on_epoch_end(self, epoch, logs=None):
        logs["batches"] = self.batches
        if epoch == 1:
            self.model.layers[-2].trainable = True


class Squares(keras.utils.PyDataset):
    """Batches in an order of its own, which it draws anew after each epoch."""

    def __init__(self, x, y):
        super().__init__(workers=1)
        self.x, self.y = x, y
        self.order = np.arange(len(x))

    def __len__(self):
        return len(self.x) // 8

    def __getitem__(self, index):
        rows = self.order[index * 8 : index * 8 + 8]
        return self.x[rows], self.y[rows]

    def on_epoch_end(self):
        np.random.shuffle(self.order)


def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 6)).astype("float32")
    return x, (x[:, :1] * x[:, 1:2] + 0.1 * rng.normal(size=(60, 1))).astype("float32")


def train(kind: str, directory: Path, save_freq: Any, *others: Any) -> dict[str, Any]:
    """Train, going on from what is in the directory; return what came out, as arrays."""
    keras.utils.set_random_seed(7)
    dtype = "mixed_bfloat16" if kind == "mixed" else None
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, "relu", dtype=dtype),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(4, "tanh", trainable=False),
            layers.Dense(1, dtype="float32"),
        ]
    )
    schedule = keras.optimizers.schedules.ExponentialDecay(0.02, 5, 0.9)
    settings: dict[str, Any] = {"clipnorm": 1.0}
    if kind == "accumulating":
        settings["gradient_accumulation_steps"] = 3
    if kind == "averaging":
        settings.update(use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=7)
    optimizer = keras.optimizers.Adam(schedule if kind != "two" else 0.02, **settings)
    if kind == "multi":
        optimizer = keras.optimizers.MultiOptimizer(
            keras.optimizers.OptimizerMap(optimizer, {"dense.*/bias": keras.optimizers.SGD(0.05, momentum=0.9)})
        )
    model.compile(optimizer, "mse", metrics=["mae"], steps_per_execution=2 if kind == "several_steps" else 1)
    x, y = data()
    fit: dict[str, Any] = {"x": x, "y": y, "batch_size": 8}
    if kind == "steps":
        fit["steps_per_epoch"] = 5
    if kind == "generator":

        def batches():
            rng = np.random.default_rng(3)
            while True:
                rows = rng.permutation(60)[:8]
                yield x[rows], y[rows]

        fit = {"x": batches(), "steps_per_epoch": 7}
    if kind == "py_dataset":
        fit = {"x": Squares(x, y)}
    counting = Counting()
    told = [
        counting,
        callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True),
        callbacks.CSVLogger(directory / "log.csv"),
        callbacks.BackupAndRestore(directory / "backup", save_freq),
        *others,
    ]
    if kind == "two":
        told.insert(1, callbacks.ReduceLROnPlateau("loss", patience=1, factor=0.5, min_delta=0.05))
    history = model.fit(**fit, epochs=EPOCHS, validation_data=(x[:16], y[:16]), callbacks=told, verbose=0)
    arrays = {f"weight_{i}": v.numpy() for i, v in enumerate(model.variables)}
    arrays |= {f"optimizer_{i}": v.numpy() for i, v in enumerate(optimizer.variables)}
    arrays |= {f"history_{name}": np.asarray(values) for name, values in history.history.items()}
    arrays["epochs"], arrays["losses"] = np.asarray(history.epoch), np.asarray(counting.losses)
    arrays["csv"] = np.frombuffer((directory / "log.csv").read_bytes(), "uint8")
    arrays["draw"] = np.random.random(2)
    return arrays


def differences(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    """Return the names of what is not the same, to the bit."""
    names = first.keys() | second.keys()
    return sorted(
        name
        for name in names
        if name not in first
        or name not in second
        or first[name].dtype != second[name].dtype
        or first[name].tobytes() != second[name].tobytes()
    )


if __name__ == "__main__":
    backend, kind, directory, frequency = sys.argv[1:5]
    keras.config.set_backend(backend)
    found = train(kind, Path(directory), int(frequency) if frequency.isdigit() else frequency)
    plain = {name: value if value.dtype.kind != "V" else value.view("uint16") for name, value in found.items()}
    np.savez(Path(directory) / "result.part.npz", **plain)
    (Path(directory) / "result.part.npz").rename(Path(directory) / "result.npz")
