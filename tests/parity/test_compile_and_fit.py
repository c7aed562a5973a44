"""What `compile`, `fit`, `evaluate`, `predict` and their kin for one batch take, and what comes of it, is as in Keras.

One small model, the same weights, no shuffling but where that is what is tried; each argument alone, and some together.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from differences import TRAINING
from kcore_layers import Input, Model
from kcore_layers import layers as our_layers
from kcore_train import callbacks, losses, metrics, optimizers
from kcore_train.data import PyDataset

pytestmark = [pytest.mark.needs("gradient"), pytest.mark.filterwarnings("ignore::UserWarning")]

rng = np.random.default_rng(0)
X = rng.normal(size=(22, 3)).astype("float32")
A = rng.normal(size=(22, 2)).astype("float32")
B = rng.integers(0, 3, (22, 1)).astype("int32")
WEIGHTS = rng.uniform(0.1, 2.0, 22).astype("float32")
CLASSES = rng.integers(0, 3, 22).astype("int32")


class Ours:
    """Where ours are: the names that the cases below use."""

    layers, Input, Model = our_layers, Input, Model
    losses, metrics, optimizers, callbacks = losses, metrics, optimizers, callbacks
    PyDataset = PyDataset


def of(keras: Any) -> Any:
    """Give what Keras has under the same names."""
    names = ("layers", "Input", "Model", "losses", "metrics", "optimizers", "callbacks")
    return type("Theirs", (), {**{name: getattr(keras, name) for name in names}, "PyDataset": keras.utils.PyDataset})


def one(lib: Any) -> Any:
    x = lib.Input((3,))
    return lib.Model(x, lib.layers.Dense(2, name="a")(x))


def classifier(lib: Any) -> Any:
    x = lib.Input((3,))
    return lib.Model(x, lib.layers.Dense(3, activation="softmax", name="b")(x))


def two(lib: Any) -> Any:
    x = lib.Input((3,))
    h = lib.layers.Dense(4, activation="tanh", name="h")(x)
    return lib.Model(x, [lib.layers.Dense(2, name="a")(h), lib.layers.Dense(3, activation="softmax", name="b")(h)])


def named(lib: Any) -> Any:
    x = lib.Input((3,))
    h = lib.layers.Dense(4, activation="tanh", name="h")(x)
    outputs = {"a": lib.layers.Dense(2, name="a")(h), "b": lib.layers.Dense(3, activation="softmax", name="b")(h)}
    return lib.Model(x, outputs)


Arguments = Callable[[Any], dict[str, Any]]


def fixed(**arguments: Any) -> Arguments:
    return lambda lib: arguments


def plain(value: Any) -> Any:
    """Give tensors, tuples and callbacks as numbers, lists and dicts."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value if value is None or isinstance(value, str) else np.asarray(ops.convert_to_numpy(value))


def same(found: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert list(found) == list(expected) or set(found) == set(expected)
        for name, value in expected.items():
            same(found[name], value)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            same(a, b)
    elif isinstance(expected, str) or expected is None:
        assert found == expected
    else:
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-5)


def both(keras: Any, make: Any, compiled: Arguments, run: Callable[[Any, Any], Any]) -> None:
    """Do the same with two models of the same weights, and compare what it gives, and the weights afterwards."""
    libs = of(keras), Ours
    theirs, ours = models = [make(lib) for lib in libs]
    ours.set_weights([ops.convert_to_numpy(v) for v in theirs.get_weights()])
    results = []
    for lib, model in zip(libs, models, strict=True):
        model.compile(**{"optimizer": lib.optimizers.SGD(0.1), **compiled(lib)})
        results.append(plain(run(model, lib)))
    same(results[1], results[0])
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, ops.convert_to_numpy(b), rtol=1e-3, atol=1e-5)


def comparable(history: dict[str, Any], keras: Any) -> dict[str, Any]:
    """Leave out the losses of single outputs where Keras counts batches of any size the same: on TensorFlow."""
    assert "losses of outputs on TensorFlow" in TRAINING
    if keras.config.backend() != "tensorflow":
        return history
    return {name: value for name, value in history.items() if not name.endswith(("a_loss", "b_loss"))}


def fit(model: Any, x: Any = X, y: Any = A, **arguments: Any) -> Any:
    return model.fit(x, y, **{"batch_size": 4, "epochs": 2, "shuffle": False, "verbose": 0, **arguments}).history


# What `compile` takes.

COMPILED_ONE: dict[str, Arguments] = {
    "optimizer by name": fixed(optimizer="adam", loss="mse"),
    "optimizer by another name": fixed(optimizer="RMSprop", loss="mse"),
    "optimizer by config": fixed(optimizer={"class_name": "SGD", "config": {"learning_rate": 0.05}}, loss="mse"),
    "no optimizer named": lambda lib: {"optimizer": "rmsprop", "loss": "mse"},
    "loss by class name": fixed(loss="MeanSquaredError"),
    "loss of a class": lambda lib: {"loss": lib.losses.Huber(delta=0.5)},
    "loss that sums": lambda lib: {"loss": lib.losses.MeanSquaredError(reduction="sum")},
    "loss of a function": lambda lib: {"loss": lambda y, p: ((y - p) * (y - p) * 2.0)[:, 0]},
    "loss of a library's function": lambda lib: {"loss": lib.losses.mean_absolute_error},
    "loss in a list": fixed(loss=["mse"]),
    "loss_weights of a number": fixed(loss="mse", loss_weights=0.3),
    "loss_weights in a list": fixed(loss="mse", loss_weights=[0.3]),
    "metrics by name": fixed(loss="mse", metrics=["mae", "mse"]),
    "metrics by class name": fixed(loss="mse", metrics=["MeanAbsoluteError"]),
    "metrics of classes": lambda lib: {"loss": "mse", "metrics": [lib.metrics.RootMeanSquaredError(name="r")]},
    "metrics of a function": lambda lib: {"loss": "mse", "metrics": [_first_error]},
    "metrics in a list of a list": fixed(loss="mse", metrics=[["mae", "mse"]]),
    "metrics twice": fixed(loss="mse", metrics=["mae", "mae"]),
    "weighted metrics": fixed(loss="mse", metrics=["mae"], weighted_metrics=["mae", "mse"]),
    "metrics empty": fixed(loss="mse", metrics=[], weighted_metrics=[]),
    "eager": fixed(loss="mse", metrics=["mae"], run_eagerly=True),
    "not compiled": fixed(loss="mse", metrics=["mae"], jit_compile=False),
    "auto_scale_loss": fixed(loss="mse", auto_scale_loss=False),
    "clipped": lambda lib: {"optimizer": lib.optimizers.SGD(0.1, global_clipnorm=0.05), "loss": "mse"},
    "accumulated": lambda lib: {"optimizer": lib.optimizers.SGD(0.1, gradient_accumulation_steps=2), "loss": "mse"},
    "averaged": lambda lib: {"optimizer": lib.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), "loss": "mse"},
}  # fmt: skip


def _first_error(y: Any, p: Any) -> Any:
    return abs(y[:, 0] - p[:, 0])


@pytest.mark.parametrize("case", COMPILED_ONE)
def test_compile_of_one_output(backend, keras, case):
    def run(model: Any, lib: Any) -> Any:
        history = fit(model, sample_weight=WEIGHTS, validation_data=(X[:6], A[:6], WEIGHTS[:6]))
        # As a list Keras gives a number too many where two metrics have one name.
        is_listed = case not in ("metrics twice", "weighted metrics")
        assert "metrics of one name" in TRAINING
        return history, model.evaluate(X, A, batch_size=4, verbose=0, return_dict=not is_listed)

    both(keras, one, COMPILED_ONE[case], run)


COMPILED_TWO: dict[str, Arguments] = {
    "losses in a list": fixed(loss=["mse", "sparse_categorical_crossentropy"]),
    "losses in a tuple": fixed(loss=("mse", "sparse_categorical_crossentropy")),
    "one loss is None": fixed(loss=["mse", None]),
    "loss_weights in a list": fixed(loss=["mse", "sparse_categorical_crossentropy"], loss_weights=[0.3, 2.0]),
    "metrics in lists": fixed(loss=["mse", "sparse_categorical_crossentropy"], metrics=[["mae"], ["accuracy"]]),
    "metrics by output, one": fixed(loss=["mse", "sparse_categorical_crossentropy"], metrics=["mae", "accuracy"]),
    "metrics None for one": fixed(loss=["mse", "sparse_categorical_crossentropy"], metrics=[None, ["acc"]]),
    "metrics empty for one": fixed(loss=["mse", "sparse_categorical_crossentropy"], metrics=[[], ["acc"]]),
    "weighted metrics": fixed(
        loss=["mse", "sparse_categorical_crossentropy"],
        metrics=[["mae"], ["accuracy"]],
        weighted_metrics=[["mae"], ["accuracy"]],
    ),
    "steps_per_execution": fixed(loss=["mse", "sparse_categorical_crossentropy"], steps_per_execution=3),
}


@pytest.mark.parametrize("case", COMPILED_TWO)
def test_compile_of_two_outputs(backend, keras, case):
    if case == "steps_per_execution" and keras.config.backend() == "torch":
        return  # which Keras refuses there; tests/train compares it with single steps

    def run(model: Any, lib: Any) -> Any:
        history = comparable(fit(model, y=[A, B], validation_split=0.3), keras)
        scores = model.evaluate(X, [A, B], batch_size=4, verbose=0, return_dict=True)
        return history, comparable(scores, keras)

    both(keras, two, COMPILED_TWO[case], run)


COMPILED_NAMED: dict[str, Arguments] = {
    "losses by name": fixed(loss={"a": "mse", "b": "sparse_categorical_crossentropy"}),
    "a loss for one": fixed(loss={"a": "mse"}),
    "metrics by name": fixed(
        loss={"a": "mse", "b": "sparse_categorical_crossentropy"}, metrics={"a": "mae", "b": ["accuracy"]}
    ),
    "metrics of one": fixed(loss={"a": "mse", "b": "sparse_categorical_crossentropy"}, metrics={"b": "acc"}),
    "weighted metrics by name": fixed(
        loss={"a": "mse", "b": "sparse_categorical_crossentropy"}, weighted_metrics={"a": ["mae"], "b": "accuracy"}
    ),
}


@pytest.mark.parametrize("case", COMPILED_NAMED)
def test_compile_of_outputs_by_name(backend, keras, case):
    def run(model: Any, lib: Any) -> Any:
        history = comparable(fit(model, y={"a": A, "b": B}), keras)
        scores = model.evaluate(X, {"a": A, "b": B}, batch_size=4, verbose=0, return_dict=True)
        return history, comparable(scores, keras), model.predict(X, batch_size=5, verbose=0)

    both(keras, named, COMPILED_NAMED[case], run)


# What `fit` takes.

FITTED: dict[str, Arguments] = {
    "batch_size": fixed(batch_size=7),
    "no batch_size": fixed(batch_size=None),
    "batch_size of all": fixed(batch_size=100),
    "epochs": fixed(epochs=3),
    "initial_epoch": fixed(epochs=5, initial_epoch=3),
    "initial_epoch at the end": fixed(epochs=2, initial_epoch=2),
    "verbose 2": fixed(verbose=2),
    "verbose auto": fixed(verbose="auto"),
    "sample_weight": fixed(sample_weight=WEIGHTS),
    "validation_split": fixed(validation_split=0.3),
    "validation_split with weights": fixed(validation_split=0.3, sample_weight=WEIGHTS),
    "validation_data": fixed(validation_data=(X[:9], A[:9])),
    "validation_data in a list": fixed(validation_data=[X[:9], A[:9]]),
    "validation_data with weights": fixed(validation_data=(X[:9], A[:9], WEIGHTS[:9])),
    "validation_freq": fixed(validation_data=(X[:9], A[:9]), validation_freq=2, epochs=5),
    "validation_freq in a list": fixed(validation_data=(X[:9], A[:9]), validation_freq=[1, 4], epochs=5),
    "validation_steps": fixed(validation_data=(X, A), validation_steps=2),
    "validation_batch_size": fixed(validation_data=(X[:9], A[:9]), validation_batch_size=2),
    "validation of too little data": fixed(validation_data=(X[:9], A[:9]), validation_steps=20),
    "steps_per_epoch of all": fixed(steps_per_epoch=6, epochs=2),
    "steps_per_epoch of too little data": fixed(steps_per_epoch=20, epochs=2),
    "callbacks in a list": lambda lib: {
        "callbacks": [lib.callbacks.EarlyStopping("loss", patience=0, min_delta=100.0)], "epochs": 5
    },
    "one callback": lambda lib: {"callbacks": lib.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (1 + epoch))},
    "callbacks empty": fixed(callbacks=[]),
}  # fmt: skip


@pytest.mark.parametrize("case", FITTED)
def test_fit(backend, keras, case, capsys):
    def run(model: Any, lib: Any) -> Any:
        found = model.fit(X, A, **{"batch_size": 4, "epochs": 2, "shuffle": False, "verbose": 0, **FITTED[case](lib)})
        return [found.history, found.epoch, found.params["epochs"], found.params["steps"]]

    both(keras, one, fixed(loss="mse", metrics=["mae"]), run)


FITTED_CLASSES: dict[str, Arguments] = {
    "class_weight": fixed(class_weight={0: 0.5, 1: 2.0, 2: 1.5}),
    "class_weight of some": fixed(class_weight={1: 2.0}),
    "class_weight and validation": fixed(class_weight={0: 0.5}, validation_split=0.3),
}


@pytest.mark.parametrize("case", FITTED_CLASSES)
@pytest.mark.parametrize("labels", ["sparse", "one-hot", "column"])
def test_class_weight(backend, keras, case, labels):
    y = {"sparse": CLASSES, "column": CLASSES[:, None], "one-hot": np.eye(3, dtype="float32")[CLASSES]}[labels]
    loss = "categorical_crossentropy" if labels == "one-hot" else "sparse_categorical_crossentropy"
    compiled = fixed(loss=loss, metrics=["accuracy"], weighted_metrics=["accuracy"])
    both(keras, classifier, compiled, lambda model, lib: fit(model, y=y, **FITTED_CLASSES[case](lib)))


def _batches(size: int = 5) -> Any:
    for i in range(0, 22, size):
        yield X[i : i + size], A[i : i + size]


def _endless() -> Any:
    while True:
        yield from _batches()


def _dataset(lib: Any, weighted: bool = False) -> Any:
    class Data(lib.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, i):
            found = X[i * 5 : i * 5 + 5], A[i * 5 : i * 5 + 5]
            return (*found, WEIGHTS[i * 5 : i * 5 + 5]) if weighted else found

    return Data()


SOURCES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "a generator": lambda lib: {"x": _batches(), "epochs": 1},
    "an endless generator": lambda lib: {"x": _endless(), "steps_per_epoch": 3, "epochs": 3},
    "a PyDataset": lambda lib: {"x": _dataset(lib), "epochs": 2},
    "a PyDataset with weights": lambda lib: {"x": _dataset(lib, weighted=True), "epochs": 2},
    "a PyDataset for validation": lambda lib: {"x": _dataset(lib), "epochs": 2, "validation_data": _dataset(lib)},
    "a generator for validation, once": lambda lib: {
        "x": X, "y": A, "batch_size": 4, "epochs": 1, "validation_data": _endless(), "validation_steps": 2
    },
}  # fmt: skip


@pytest.mark.parametrize("case", SOURCES)
def test_sources_of_batches(backend, keras, case):
    def run(model: Any, lib: Any) -> Any:
        return model.fit(**{"shuffle": False, "verbose": 0, **SOURCES[case](lib)}).history

    both(keras, one, fixed(loss="mse", metrics=["mae"]), run)


# `evaluate`, `predict`, and one batch.

METHODS: dict[str, Callable[[Any, Any], Any]] = {
    "evaluate": lambda model, lib: model.evaluate(X, A, verbose=0),
    "evaluate, batch_size": lambda model, lib: model.evaluate(X, A, batch_size=7, verbose=0),
    "evaluate, sample_weight": lambda model, lib: model.evaluate(X, A, sample_weight=WEIGHTS, verbose=0),
    "evaluate, steps": lambda model, lib: model.evaluate(X, A, batch_size=4, steps=2, verbose=0),
    "evaluate, too many steps": lambda model, lib: model.evaluate(X, A, batch_size=4, steps=50, verbose=0),
    "evaluate, return_dict": lambda model, lib: model.evaluate(X, A, return_dict=True, verbose=0),
    "evaluate, verbose": lambda model, lib: model.evaluate(X, A, verbose=2),
    "evaluate a generator": lambda model, lib: model.evaluate(_batches(), verbose=0),
    "evaluate a PyDataset": lambda model, lib: model.evaluate(_dataset(lib, weighted=True), verbose=0),
    "evaluate, callbacks": lambda model, lib: _told(model, lib, "evaluate", "test"),
    "predict": lambda model, lib: model.predict(X, verbose=0),
    "predict, batch_size": lambda model, lib: model.predict(X, batch_size=5, verbose=0),
    "predict, steps": lambda model, lib: model.predict(X, batch_size=5, steps=2, verbose=0),
    "predict a generator": lambda model, lib: model.predict(((x,) for x, _ in _batches()), verbose=0),
    "predict a generator of pairs": lambda model, lib: model.predict(_batches(), verbose=0),
    "predict a PyDataset": lambda model, lib: model.predict(_dataset(lib), verbose=0),
    "predict, callbacks": lambda model, lib: _told(model, lib, "predict", "predict"),
    "predict_on_batch": lambda model, lib: model.predict_on_batch(X),
    "train_on_batch": lambda model, lib: [model.train_on_batch(X, A) for _ in range(3)],
    "train_on_batch, weights": lambda model, lib: [model.train_on_batch(X, A, sample_weight=WEIGHTS) for _ in range(2)],
    "train_on_batch, return_dict": lambda model, lib: model.train_on_batch(X, A, return_dict=True),
    "test_on_batch": lambda model, lib: [model.test_on_batch(X, A) for _ in range(2)],
    "test_on_batch, weights": lambda model, lib: model.test_on_batch(X, A, sample_weight=WEIGHTS),
    "test_on_batch, return_dict": lambda model, lib: model.test_on_batch(X, A, return_dict=True),
    "test after train on batch": lambda model, lib: [
        model.train_on_batch(X, A), model.test_on_batch(X, A), model.evaluate(X, A, verbose=0)
    ],
}  # fmt: skip


def _told(model: Any, lib: Any, method: str, name: str) -> Any:
    """Give what callbacks are told of in `evaluate` or `predict`: batches, and the names in their logs."""
    told: list[Any] = []
    hooks = {
        f"on_{name}_begin": lambda self, logs=None: told.append(["begin", sorted(logs or ())]),
        f"on_{name}_end": lambda self, logs=None: told.append(["end", sorted(logs or ())]),
        f"on_{name}_batch_begin": lambda self, batch, logs=None: told.append([str(batch), "begin"]),
        f"on_{name}_batch_end": lambda self, batch, logs=None: told.append([str(batch), sorted(logs or ())]),
    }
    callback = type("Told", (lib.callbacks.Callback,), hooks)()
    arguments = (X, A) if method == "evaluate" else (X,)
    found = getattr(model, method)(*arguments, batch_size=8, verbose=0, callbacks=[callback])
    return [found, [repr(each) for each in told]]


@pytest.mark.parametrize("case", METHODS)
def test_methods(backend, keras, case, capsys):
    def run(model: Any, lib: Any) -> Any:
        found = plain(METHODS[case](model, lib))
        if (
            isinstance(found, list)
            and found
            and isinstance(found[-1], list)
            and found[-1]
            and isinstance(found[-1][0], str)
        ):
            return [found[0], {text: [] for text in found[-1]}]
        return found

    both(keras, one, fixed(loss="mse", metrics=["mae"], weighted_metrics=["mse"]), run)


@pytest.mark.parametrize("weights", [None, {0: 0.5, 1: 2.0, 2: 1.0}])
def test_class_weight_of_one_batch(backend, keras, weights):
    def run(model: Any, lib: Any) -> Any:
        return [model.train_on_batch(X, CLASSES, class_weight=weights) for _ in range(2)]

    both(keras, classifier, fixed(loss="sparse_categorical_crossentropy"), run)


def test_no_loss_but_what_layers_add(backend, keras):
    def make(lib: Any) -> Any:
        x = lib.Input((3,))
        return lib.Model(x, lib.layers.Dense(2, name="a", kernel_regularizer="l2", bias_regularizer="l1")(x))

    for loss in (None, "mse"):
        both(keras, make, fixed(loss=loss), lambda model, lib: [fit(model), model.evaluate(X, A, verbose=0)])


# What is refused in both: what is compiled, what is fitted, and some of our words.

REFUSED: dict[str, tuple[Any, Arguments, str]] = {
    "not compiled": (None, fixed(), "the model is not compiled"),
    "unknown loss": ({"loss": "no such loss"}, fixed(), "no such loss"),
    "unknown optimizer": ({"optimizer": "no such optimizer", "loss": "mse"}, fixed(), "no such optimizer"),
    "unknown metric": ({"loss": "mse", "metrics": ["no such metric"]}, fixed(), "no such metric"),
    "a loss of no such output": ({"loss": {"zzz": "mse"}}, fixed(), "zzz"),
    "lengths": ({"loss": "mse"}, fixed(y=A[:5]), "22.*5|5.*22"),
    "validation_split of all": ({"loss": "mse"}, fixed(validation_split=1.0), "validation_split"),
    "y with a PyDataset": ({"loss": "mse"}, lambda lib: {"x": _dataset(lib)}, "y"),
    "steps_per_execution": ({"loss": "mse", "steps_per_execution": 0}, fixed(), "steps_per_execution"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_keras_refuses_is_refused_in_words(backend, keras, case):
    compiled, fitted, words = REFUSED[case]

    def run(lib: Any) -> None:
        model = one(lib)
        if compiled is not None:
            model.compile(**{"optimizer": "sgd", **compiled})
        model.fit(**{"x": X, "y": A, "verbose": 0, **fitted(lib)})

    with pytest.raises((ValueError, TypeError, AttributeError), match=r"\w"):
        run(of(keras))
    with pytest.raises((ValueError, TypeError), match=re.compile(words, re.DOTALL)):
        run(Ours)
