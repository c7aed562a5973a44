"""`SwapEMAWeights`: evaluation sees the averages, training goes on with the weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.files import load_model
from kcore_layers.layers import Dense
from kcore_ops.foundation.errors import ArgumentError
from kcore_train.callbacks import BackupAndRestore, Callback, EarlyStopping, ModelCheckpoint, SwapEMAWeights
from kcore_train.optimizers import SGD, LossScaleOptimizer, MultiOptimizer, OptimizerMap

pytestmark = pytest.mark.needs("gradient")

X, Y = np.ones((8, 2), "float32"), np.zeros((8, 1), "float32")
OPTIMIZERS = {
    "plain": lambda **k: SGD(0.1, use_ema=True, ema_momentum=0.5, **k),
    "scaled": lambda **k: LossScaleOptimizer(SGD(0.1, use_ema=True, ema_momentum=0.5, **k), initial_scale=4.0),
    "one of two": lambda **k: MultiOptimizer(
        OptimizerMap(SGD(0.1, **k), {".*kernel": SGD(0.1, use_ema=True, ema_momentum=0.5, **k)})
    ),
    "scaled two": lambda **k: LossScaleOptimizer(
        MultiOptimizer(OptimizerMap(SGD(0.1, use_ema=True, ema_momentum=0.5, **k))), initial_scale=4.0
    ),
}


class Watch(Callback):
    """Notes the first weight at each hook, and fails at one."""

    def __init__(self, fails_at: str = "") -> None:
        super().__init__()
        self.seen: dict[str, list[float]] = {}
        self.fails_at = fails_at

    def note(self, name: str) -> None:
        self.seen.setdefault(name, []).append(kernel(self.model))
        if name == self.fails_at:
            raise RuntimeError(f"at {name}")

    def on_epoch_begin(self, epoch, logs=None):
        self.note("third" if epoch == 2 else "epoch_begin")

    def on_epoch_end(self, epoch, logs=None):
        self.note("epoch_end")

    def on_test_begin(self, logs=None):
        self.note("test_begin")

    def on_test_batch_end(self, batch, logs=None):
        self.note("test_batch_end")

    def on_test_end(self, logs=None):
        self.note("test_end")

    def on_predict_batch_end(self, batch, logs=None):
        self.note("predict_batch_end")

    def on_train_end(self, logs=None):
        self.note("train_end")


def kernel(model: Any) -> float:
    return float(model.get_weights()[0].ravel()[0])


def linear(optimizer: Any) -> Sequential:
    model = Sequential([Input((2,)), Dense(1, kernel_initializer="ones")])
    model.compile(optimizer, "mse")
    return model


def path_of_weights(steps: int) -> tuple[list[float], list[float]]:
    """Give the first weight and its average after each step, in plain NumPy: two equal weights and a bias."""
    w, b, average, weights, averages = 1.0, 0.0, None, [], []
    for _ in range(steps):
        slope = 2 * (2 * w + b)
        w, b = w - 0.1 * slope, b - 0.1 * slope
        average = w if average is None else 0.5 * average + 0.5 * w
        weights.append(w)
        averages.append(average)
    return weights, averages


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_validation_sees_the_averages_and_training_the_weights(backend, make, swap_on_epoch):
    model, watch = linear(make()), Watch()
    model.fit(X, Y, epochs=4, batch_size=4, verbose=0, validation_data=(X, Y), validation_batch_size=8,
              callbacks=[SwapEMAWeights(swap_on_epoch), watch])  # fmt: skip
    weights, averages = path_of_weights(8)
    np.testing.assert_allclose(watch.seen["test_batch_end"], averages[1::2], rtol=1e-5)
    np.testing.assert_allclose(watch.seen["test_end"], weights[1::2], rtol=1e-5)
    np.testing.assert_allclose(watch.seen["epoch_begin"][1:], weights[1:-1:4], rtol=1e-5)
    np.testing.assert_allclose(watch.seen["epoch_end"], (averages if swap_on_epoch else weights)[1::2], rtol=1e-5)
    np.testing.assert_allclose([watch.seen["train_end"][0], kernel(model)], averages[-1], rtol=1e-5)
    # All are averages now, and the next evaluation exchanges equal numbers.
    model.evaluate(X, Y, verbose=0, callbacks=[SwapEMAWeights(), watch])
    np.testing.assert_allclose([watch.seen["test_batch_end"][-1], kernel(model)], averages[-1], rtol=1e-5)


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_training_goes_where_it_goes_without(backend, make):
    found = []
    for callbacks in ([], [SwapEMAWeights()], [SwapEMAWeights(swap_on_epoch=True)]):
        model = linear(make())
        for _ in range(2):
            model.fit(X, Y, epochs=2, batch_size=4, verbose=0, validation_data=(X, Y), callbacks=callbacks)
        found.append([*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)])
    for other in found[1:]:
        for one, another in zip(found[0], other, strict=True):
            np.testing.assert_allclose(one, another, rtol=1e-6)


def test_predictions_are_those_of_the_averages(backend):
    model, watch = linear(OPTIMIZERS["plain"]()), Watch()
    for _ in range(3):
        model.train_on_batch(X, Y)
    (*_, w), (*_, average) = path_of_weights(3)
    model.predict(X, verbose=0, callbacks=[SwapEMAWeights(), watch])
    np.testing.assert_allclose([watch.seen["predict_batch_end"][0], kernel(model)], [average, w], rtol=1e-5)


def test_a_checkpoint_after_it_holds_the_averages(backend, tmp_path):
    model = linear(OPTIMIZERS["plain"]())
    saved = ModelCheckpoint(tmp_path / "{epoch}.keras")
    model.fit(X, Y, epochs=2, batch_size=4, verbose=0, callbacks=[SwapEMAWeights(swap_on_epoch=True), saved])
    _, averages = path_of_weights(4)
    found = [kernel(load_model(tmp_path / f"{epoch}.keras")) for epoch in (1, 2)]
    np.testing.assert_allclose(found, averages[1::2], rtol=1e-5)


def test_training_that_is_stopped_ends_with_the_averages(backend):
    model = linear(OPTIMIZERS["plain"]())
    stop = EarlyStopping("loss", patience=0, min_delta=1e9)
    model.fit(X, Y, epochs=9, batch_size=4, verbose=0, callbacks=[SwapEMAWeights(swap_on_epoch=True), stop])
    steps = int(model.optimizer.iterations.numpy())
    assert 2 <= steps < 18
    np.testing.assert_allclose(kernel(model), path_of_weights(steps)[1][-1], rtol=1e-5)


@pytest.mark.parametrize("fails_at", ["test_begin", "test_batch_end", "test_end"])
def test_an_evaluation_that_fails_leaves_the_weights_as_they_were(backend, fails_at):
    model = linear(OPTIMIZERS["plain"]())
    for _ in range(3):
        model.train_on_batch(X, Y)
    state = [*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)]
    with pytest.raises(RuntimeError, match=f"at {fails_at}"):
        model.evaluate(X, Y, verbose=0, callbacks=[SwapEMAWeights(), Watch(fails_at)])
    for one, other in zip([*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)], state, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("fails_at", ["test_batch_end", "epoch_end"])
def test_training_that_fails_leaves_the_weights_of_its_last_step(backend, fails_at):
    model = linear(OPTIMIZERS["plain"]())
    callbacks = [SwapEMAWeights(swap_on_epoch=True), Watch(fails_at)]
    with pytest.raises(RuntimeError, match=f"at {fails_at}"):
        model.fit(X, Y, epochs=2, batch_size=4, verbose=0, validation_data=(X, Y), callbacks=callbacks)
    np.testing.assert_allclose(kernel(model), path_of_weights(2)[0][-1], rtol=1e-5)


def test_a_fit_that_was_cut_off_between_two_epochs_goes_on_with_the_weights(backend, tmp_path):
    models = [linear(OPTIMIZERS["one of two"]()) for _ in range(3)]
    backups = [BackupAndRestore(tmp_path / name) for name in ("whole", "cut", "cut")]
    for i, (model, backup) in enumerate(zip(models, backups, strict=True)):
        callbacks = [SwapEMAWeights(swap_on_epoch=True), backup, Watch("third" if i == 1 else "")]
        try:
            model.fit(X, Y, epochs=4, batch_size=4, verbose=0, callbacks=callbacks)
            assert i != 1, "it was not cut off"
        except RuntimeError:
            assert i == 1
            np.testing.assert_allclose(kernel(model), path_of_weights(4)[0][-1], rtol=1e-5)
    assert int(models[2].optimizer.iterations.numpy()) == 8
    np.testing.assert_allclose(kernel(models[2]), path_of_weights(8)[1][-1], rtol=1e-5)
    for one, other in zip(models[0].get_weights(), models[2].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_evaluation_inside_an_epoch_s_end_sees_the_averages_too(backend):
    class Evaluate(Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.evaluate(X, Y, verbose=0, callbacks=[swap, watch])

    model, swap, watch = linear(OPTIMIZERS["plain"]()), SwapEMAWeights(swap_on_epoch=True), Watch()
    model.fit(X, Y, epochs=2, batch_size=4, verbose=0, callbacks=[swap, Evaluate(), watch])
    _, averages = path_of_weights(4)
    np.testing.assert_allclose(watch.seen["test_batch_end"], averages[1::2], rtol=1e-5)
    np.testing.assert_allclose(watch.seen["epoch_end"], averages[1::2], rtol=1e-5)


def test_before_the_first_step_there_is_nothing_to_exchange(backend):
    model, watch = linear(OPTIMIZERS["plain"]()), Watch()
    model.optimizer.build(model.trainable_variables)
    model.evaluate(X, Y, verbose=0, callbacks=[SwapEMAWeights(), watch])
    assert watch.seen["test_batch_end"] == [1.0] and kernel(model) == 1.0


@pytest.mark.parametrize(
    ("optimizer", "what"),
    [
        (lambda: None, "no optimizer"),
        (lambda: SGD(name="s"), "the optimizer <SGD name=s>, which keeps no averages"),
        (lambda: MultiOptimizer(OptimizerMap(SGD()), name="m"), "the optimizer <MultiOptimizer name=m>, which keeps"),
    ],
)
def test_without_averages_it_says_what_to_do(backend, optimizer, what):
    model = linear(optimizer())
    with pytest.raises(ArgumentError, match=rf"(?s)the model has {what}.*fix: compile it with.*use_ema=True"):
        model.evaluate(X, Y, verbose=0, callbacks=[SwapEMAWeights()])
