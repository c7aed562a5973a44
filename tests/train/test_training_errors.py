"""What goes wrong in training is said in one clear error, whose whole text is the same on every backend."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Model, Sequential
from kcore_layers.layers import Conv2D, Dense, Flatten
from kcore_ops.backends import registry
from kcore_ops.foundation.errors import ArgumentError, GradientsUnavailable, PluginError, ShapeError
from kcore_train.callbacks import EarlyStopping

rng = np.random.default_rng(0)
X = rng.normal(size=(8, 3)).astype("float32")
Y = rng.normal(size=(8, 1)).astype("float32")
PAIRS = rng.normal(size=(8, 2)).astype("float32")
LABELS = rng.integers(0, 4, 8)
IMAGES = np.ones((8, 4, 4, 2), "float32")

Fault = tuple[Callable[[], Any], str]


def compiled(model: Model, **arguments: Any) -> Model:
    model.compile(**{"optimizer": "sgd", "loss": "mse", **arguments})
    return model


def linear(units: int = 1, **arguments: Any) -> Model:
    layers = [Input((3,), name="x"), Dense(units, name="last", kernel_initializer="ones")]
    return compiled(Sequential(layers, name="model"), **arguments)


def two_headed(**arguments: Any) -> Model:
    x = Input((3,), name="x")
    return compiled(Model(x, [Dense(1, name="a")(x), Dense(2, name="b")(x)], name="model"), **arguments)


def named_heads(**arguments: Any) -> Model:
    x = Input((3,), name="x")
    return compiled(Model(x, {"a": Dense(1, name="a")(x), "b": Dense(2, name="b")(x)}, name="model"), **arguments)


def two_inputs(form: str) -> Model:
    first, second = Input((3,), name="first"), Input((2,), name="second")
    inputs: Any = [first, second] if form == "list" else {"first": first, "second": second}
    outputs = Dense(1, name="last")(ops.concatenate([first, second], axis=-1))
    return compiled(Model(inputs, outputs, name="model"))


def convolutional(*layers: Any) -> Model:
    return compiled(Sequential([*layers, Flatten(), Dense(1)], name="model"))


def fit(model: Model, *data: Any, **arguments: Any) -> Any:
    return model.fit(*data, **{"verbose": 0, **arguments})


def uncompiled() -> Model:
    return Sequential([Input((3,)), Dense(1)])


# Without gradients: on every backend.
ANYWHERE: dict[str, Fault] = {
    "evaluate without compile": (
        lambda: uncompiled().evaluate(X, Y),
        "ArgumentError in evaluate\n  the model is not compiled\n  fix: call model.compile(optimizer=..., loss=...)",
    ),
    "an unknown loss": (
        lambda: linear(loss="mean_sqared_error"),
        "ArgumentError\n  no loss named 'mean_sqared_error'\n  fix: did you mean 'mean_squared_error'?",
    ),
    "an unknown metric": (
        lambda: linear(metrics=["acuracy"]),
        "ArgumentError\n  no metric named 'acuracy'\n  fix: did you mean 'accuracy'?",
    ),
    "an unknown optimizer": (
        lambda: linear(optimizer="adamm"),
        "ArgumentError\n  no optimizer named 'adamm'\n  fix: did you mean 'adam'?",
    ),
    "an unknown argument of a layer": (
        lambda: Dense(3, activatoin="relu"),
        "ArgumentError\n  Dense has no argument 'activatoin'\n  fix: did you mean 'activation'?",
    ),
    "an unknown activation": (
        lambda: Dense(3, activation="rellu"),
        "ArgumentError\n  no activation named 'rellu'\n  fix: did you mean 'relu'?",
    ),
    "no steps in an execution": (
        lambda: linear(steps_per_execution=0),
        "ArgumentError in compile\n  steps_per_execution can not be 0\n  fix: pass a positive integer",
    ),
    "another way to compile": (
        lambda: linear(jit_compile="yes"),
        "ArgumentError in compile\n  jit_compile can not be 'yes'\n  fix: use True, False or \"auto\"",
    ),
    "evaluate with nothing to measure": (
        lambda: linear(loss=None).evaluate(X, Y, verbose=0),
        "ArgumentError in compute_loss\n"
        "  there is nothing to minimise: the model was compiled without a loss, and its layers add none\n"
        "  fix: pass loss= to compile, or call add_loss in a layer",
    ),
    "features to predict from": (
        lambda: linear().predict(X[:, :2], verbose=0),
        "ShapeError in layer \"model\"\n  input 'x' of model \"model\" has shape (8, 2) and must have (None, 3)\n"
        "  fix: pass a tensor of shape (None, 3), None standing for any size",
    ),
    "data that was used up": (
        lambda: linear().predict(iter([]), verbose=0),
        "ArgumentError in predict\n  the data gave no batch\n  fix: pass data that is not used up",
    ),
}  # fmt: skip

MODEL = 'ShapeError in layer "model"'
INPUT = "fix: pass a tensor of shape (None, 3), None standing for any size"
HEADS = "fix: give one for each of 'a', 'b'"

IN_FIT: dict[str, Fault] = {
    "fit without compile": (
        lambda: fit(uncompiled(), X, Y),
        "ArgumentError in fit\n  the model is not compiled\n  fix: call model.compile(optimizer=..., loss=...)",
    ),
    "no loss at all": (
        lambda: fit(linear(loss=None), X, Y),
        "ArgumentError in compute_loss\n"
        "  there is nothing to minimise: the model was compiled without a loss, and its layers add none\n"
        "  fix: pass loss= to compile, or call add_loss in a layer",
    ),
    "no optimizer": (
        lambda: fit(linear(optimizer=None), X, Y),
        "ArgumentError in fit\n  the model was compiled without an optimizer\n"
        "  fix: pass optimizer= to compile, or define train_step",
    ),
    # Shapes in layers.
    "features": (
        lambda: fit(linear(), X[:, :2], Y),
        f"{MODEL}\n  input 'x' of model \"model\" has shape (8, 2) and must have (None, 3)\n  {INPUT}",
    ),
    "axes": (
        lambda: fit(linear(), X[:, 0], Y),
        f"{MODEL}\n  input 'x' of model \"model\" has shape (8,) and must have (None, 3)\n  {INPUT}",
    ),
    "axes of an image": (
        lambda: fit(convolutional(Conv2D(2, 3, name="conv")), X, Y),
        'ShapeError in layer "model/conv"\n  the input has shape (None, 3): it must have 4 axes\n'
        "  fix: pass a batch axis, 2 spatial ones and one of channels",
    ),
    "channels of an image": (
        lambda: fit(convolutional(Input((4, 4, 3), name="x"), Conv2D(2, 3, name="conv")), IMAGES, Y),
        f"{MODEL}\n  input 'x' of model \"model\" has shape (8, 4, 4, 2) and must have (None, 4, 4, 3)\n"
        "  fix: pass a tensor of shape (None, 4, 4, 3), None standing for any size",
    ),
    "a kernel larger than the image": (
        lambda: fit(convolutional(Conv2D(2, 7, name="conv")), IMAGES, Y),
        'ShapeError in biased_conv, layer "model/conv"\n  a window that spans 7 does not fit into size 4\n'
        "  received: inputs float32 (None, 4, 4, 2); kernel float32 (7, 7, 2, 2); bias float32 (2,)\n"
        "  fix: use padding='same', a smaller window, or a larger input",
    ),
    # Numbers of samples.
    "lengths": (
        lambda: fit(linear(), X, Y[:7]),
        "ShapeError\n  x has 8 samples, y has 7\n  fix: pass one of each for every sample",
    ),
    "length of the weights": (
        lambda: fit(linear(), X, Y, sample_weight=np.ones(7)),
        "ShapeError\n  x has 8 samples, y has 8, sample_weight has 7\n  fix: pass one of each for every sample",
    ),
    "length of a batch": (
        lambda: linear().train_on_batch(X, Y[:5]),
        "ShapeError in mean_squared_error\n  y_true has shape (5, 1), y_pred has shape (8, 1): they do not broadcast\n"
        "  fix: pass y_true with the shape of y_pred",
    ),
    "no samples": (
        lambda: fit(linear(), X[:0], Y[:0]),
        "ArgumentError\n  x has no samples\n  fix: check what loaded or filtered the data",
    ),
    "no data": (
        lambda: fit(linear()),
        "ArgumentError\n  there is no x\n"
        "  fix: pass arrays, tensors, or a source of batches: a generator, a PyDataset, a loader",
    ),
    # Validation.
    "features of the validation": (
        lambda: fit(linear(), X, Y, validation_data=(X[:, :2], Y)),
        f"{MODEL}\n  input 'x' of model \"model\" has shape (8, 2) and must have (None, 3)\n  {INPUT}",
    ),
    "lengths of the validation": (
        lambda: fit(linear(), X, Y, validation_data=(X, Y[:5])),
        "ShapeError\n  x has 8 samples, y has 5\n  fix: pass one of each for every sample",
    ),
    "a fraction above one": (
        lambda: fit(linear(), X, Y, validation_split=1.5),
        "ArgumentError\n  validation_split=1.5 is not a fraction\n  fix: pass a number below 1",
    ),
    "a part of a stream": (
        lambda: fit(linear(), iter([(X, Y)]), validation_split=0.5),
        "ArgumentError\n  validation_split is for arrays, and x has type list_iterator\n"
        "  fix: pass validation_data instead",
    ),
    "a validation every zero epochs": (
        lambda: fit(linear(), X, Y, validation_data=(X, Y), validation_freq=0),
        "ArgumentError in fit\n  validation_freq can not be 0\n  fix: pass a count of epochs, or a list of epochs",
    ),
    # Inputs.
    "a missing input": (
        lambda: fit(two_inputs("dict"), {"first": X}, Y),
        'ArgumentError in layer "model"\n  inputs of model "model" do not match by name; missing: \'second\'\n'
        "  fix: pass a dict with the keys 'first', 'second'",
    ),
    "an extra input": (
        lambda: fit(two_inputs("dict"), {"first": X, "second": PAIRS, "third": X}, Y),
        'ArgumentError in layer "model"\n  inputs of model "model" do not match by name; unknown: \'third\'\n'
        "  fix: pass a dict with the keys 'first', 'second'",
    ),
    "a misspelt input": (
        lambda: fit(two_inputs("dict"), {"first": X, "secnd": PAIRS}, Y),
        'ArgumentError in layer "model"\n'
        "  inputs of model \"model\" do not match by name; missing: 'second'; unknown: 'secnd'\n"
        "  fix: pass a dict with the keys 'first', 'second'",
    ),
    "one input of two": (
        lambda: fit(two_inputs("list"), [X], Y),
        'ArgumentError in layer "model"\n  model "model" has 2 inputs and was given 1\n'
        "  fix: pass 2 tensors: first, second",
    ),
    # Targets.
    "no targets": (
        lambda: fit(linear(), X),
        "ArgumentError in compute_loss\n  the data has no targets, and the loss needs them\n"
        "  fix: pass y, or batches of (x, y)",
    ),
    "no targets of two outputs": (
        lambda: fit(two_headed(), X),
        "ArgumentError in compute_loss\n  the data has no targets, and the loss needs them\n"
        "  fix: pass y, or batches of (x, y)",
    ),
    "one-hot labels for class indices": (
        lambda: fit(linear(4, loss="sparse_categorical_crossentropy"), X, np.eye(4, dtype="float32")[LABELS]),
        "ShapeError in sparse_categorical_crossentropy\n"
        "  y_true has shape (8, 4), y_pred has shape (8, 4): y_true holds class indices, so it needs shape "
        "(8,) or (8, 1)\n"
        "  fix: use CategoricalCrossentropy for one-hot labels",
    ),
    "class indices for one-hot labels": (
        lambda: fit(linear(4, loss="categorical_crossentropy"), X, LABELS),
        "ShapeError in categorical_crossentropy\n"
        "  y_true has shape (8,), y_pred has shape (8, 4): y_true holds probabilities of the classes along axis -1, "
        "so it needs the shape of y_pred\n"
        "  fix: use SparseCategoricalCrossentropy for class indices",
    ),
    "the shape of the targets": (
        lambda: fit(linear(4), X, X),
        "ShapeError in mean_squared_error\n  y_true has shape (8, 3), y_pred has shape (8, 4): they do not broadcast\n"
        "  fix: pass y_true with the shape of y_pred",
    ),
    "one target of two": (
        lambda: fit(two_headed(), X, [Y]),
        f"ArgumentError\n  y has 1 part, and the model 2 outputs\n  {HEADS}",
    ),
    "one array for two outputs": (
        lambda: fit(two_headed(), X, Y),
        "ArgumentError\n  y is one array, and the model has 2 outputs\n  fix: pass a list, or a dict by output",
    ),
    "a target for no output": (
        lambda: fit(two_headed(), X, {"a": Y, "b": PAIRS, "c": Y}),
        "ArgumentError\n  y names 'c', and the outputs are 'a', 'b'\n  fix: name outputs of the model",
    ),
    "an output without its target": (
        lambda: fit(two_headed(), X, {"a": Y}),
        "ArgumentError in compute_loss\n  output 'b' has a loss and no target\n  fix: pass a target for it in y",
    ),
    # What `compile` was told.
    "a loss for no output": (
        lambda: fit(two_headed(loss={"a": "mse", "c": "mse"}), X, [Y, PAIRS]),
        "ArgumentError\n  loss names 'c', and the outputs are 'a', 'b'\n  fix: name outputs of the model",
    ),
    "a loss for an output that is not the only one": (
        lambda: fit(linear(loss={"lost": "mse"}), X, Y),
        "ArgumentError\n  loss names 'lost', and the only output is 'last'\n"
        "  fix: pass it alone, or in a dict under 'last'",
    ),
    "three losses for two outputs": (
        lambda: fit(two_headed(loss=["mse"] * 3), X, [Y, PAIRS]),
        f"ArgumentError\n  loss has 3 parts, and the model 2 outputs\n  {HEADS}",
    ),
    "a weight for no output": (
        lambda: fit(two_headed(loss_weights={"c": 1.0}), X, [Y, PAIRS]),
        "ArgumentError\n  loss_weights names 'c', and the outputs are 'a', 'b'\n  fix: name outputs of the model",
    ),
    "metrics for no output": (
        lambda: fit(two_headed(metrics={"c": ["mae"]}), X, [Y, PAIRS]),
        "ArgumentError\n  metrics names 'c', and the outputs are 'a', 'b'\n  fix: name outputs of the model",
    ),
    "metrics in one list for two outputs": (
        lambda: fit(two_headed(metrics=["mae"]), X, [Y, PAIRS]),
        f"ArgumentError\n  metrics has 1 part, and the model 2 outputs\n  {HEADS}",
    ),
    # Other arguments.
    "batches of nothing": (
        lambda: fit(linear(), X, Y, batch_size=0),
        "ArgumentError\n  batch_size=0 is not a count\n  fix: pass an integer of at least 1, or None",
    ),
    "weights of classes and of samples": (
        lambda: fit(linear(), X, Y, class_weight={0: 1.0}, sample_weight=np.ones(8)),
        "ArgumentError\n  class_weight and sample_weight were both given\n  fix: multiply them, and pass the product",
    ),
    "a class among the callbacks": (
        lambda: fit(linear(), X, Y, callbacks=[EarlyStopping]),
        "ArgumentError in callbacks\n  EarlyStopping is a class among the callbacks\n  fix: make one: EarlyStopping()",
    ),
}


@pytest.mark.parametrize("fault", ANYWHERE)
def test_says_what_is_wrong(backend, fault):
    _assert_says(*ANYWHERE[fault])


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("fault", IN_FIT)
def test_says_in_fit_what_is_wrong(backend, fault):
    _assert_says(*IN_FIT[fault])


def _assert_says(cause: Callable[[], Any], text: str) -> None:
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(text)}") as caught:
        cause()
    assert str(caught.value) == text


def test_fit_and_its_kin_say_that_a_backend_has_no_gradients(backend):
    if "gradient" in backend.capabilities:
        backend = registry.load("numpy")
    with ops.use_backend(backend.name):
        model = linear()
    expected = "training needs gradients, and the numpy backend has none\n  fix: make the model on another backend"
    with pytest.raises(GradientsUnavailable, match=f"GradientsUnavailable in fit\n  {expected}"):
        fit(model, X, Y)
    with pytest.raises(GradientsUnavailable, match=f"GradientsUnavailable in train_on_batch\n  {expected}"):
        model.train_on_batch(X, Y)


@pytest.mark.parametrize("method", ["compile", "fit", "evaluate", "predict", "train_on_batch"])
def test_a_model_says_which_package_trains_it(backend, monkeypatch, method):
    def component(name):
        raise PluginError(f"no installed package offers {name!r}")

    monkeypatch.setattr(registry, "component", component)
    model = uncompiled()
    text = "^model.fit\\(\\) and its kin need the package kcore-train\n  fix: pip install kcore-train$"
    with pytest.raises(ImportError, match=text):
        getattr(model, method)(*([] if method == "compile" else [X]))


@pytest.mark.needs("gradient", "mutable_state")
def test_a_loss_that_depends_on_no_weight_is_an_error(backend):
    model = linear(loss=lambda y_true, y_pred: ops.mean(y_true))
    with pytest.raises(ArgumentError, match="no variable has a gradient\n  fix: check that the loss is computed from"):
        fit(model, X, Y)


@pytest.mark.needs("gradient")
class TestAfterAnError:
    """A model is as it was before."""

    def test_a_model_that_could_not_be_built_is_not_half_built(self, backend):
        first, conv = Conv2D(3, 2, name="first"), Conv2D(2, 7, name="conv")
        model = convolutional(first, conv)
        with pytest.raises(ShapeError, match="a window that spans 7 does not fit into size 3"):
            fit(model, IMAGES, Y)
        assert not model.built
        assert (model.weights, first.weights, conv.weights) == ([], [], [])
        fit(model, np.ones((8, 9, 9, 1), "float32"), Y)  # with other channels than before
        assert tuple(first.kernel.shape) == (2, 2, 1, 3)

    @pytest.mark.parametrize("options", [{}, {"run_eagerly": True}], ids=str)
    def test_weights_are_as_they_were_and_training_goes_on(self, backend, options):
        model, untouched = linear(metrics=["mae"], **options), linear(metrics=["mae"])
        with pytest.raises(ShapeError, match="they do not broadcast"):
            fit(model, X, np.ones((8, 2, 5), "float32"))
        np.testing.assert_array_equal(model.get_weights()[0], np.ones((3, 1)))
        history, expected = (fit(each, X, Y, shuffle=False).history for each in (model, untouched))
        assert history["loss"] == pytest.approx(expected["loss"], rel=1e-6)

    def test_the_steps_before_the_error_count(self, backend):
        def batches():
            yield X, Y
            yield X, np.ones((8, 2, 5), "float32")

        model, expected = linear(), linear()
        with pytest.raises(ShapeError, match="they do not broadcast"):
            fit(model, batches())
        expected.train_on_batch(X, Y)
        np.testing.assert_allclose(model.get_weights()[0], expected.get_weights()[0], rtol=1e-6)
        assert np.isfinite(model.evaluate(X, Y, verbose=0))

    def test_a_later_batch_of_another_size_is_described_as_the_first_would_be(self, backend):
        text = (
            "ShapeError in mean_squared_error\n"
            "  y_true has shape (8, 3), y_pred has shape (8, 4): they do not broadcast\n"
            "  fix: pass y_true with the shape of y_pred"
        )
        batches = iter([(X, np.ones((8, 4), "float32")), (X, X)])
        with pytest.raises(ShapeError, match=f"^{re.escape(text)}") as caught:
            fit(linear(4), batches)
        assert str(caught.value) == text

    def test_an_error_of_a_callback_leaves_the_weights_of_the_last_step(self, backend):
        from kcore_train.callbacks import LambdaCallback

        def fail(batch, logs):
            if batch == 2:
                raise RuntimeError("enough")

        model, expected = linear(), linear()
        with pytest.raises(RuntimeError, match="enough"):
            fit(model, X, Y, batch_size=2, shuffle=False, callbacks=[LambdaCallback(on_train_batch_begin=fail)])
        for i in (0, 2):
            expected.train_on_batch(X[i : i + 2], Y[i : i + 2])
        np.testing.assert_allclose(model.get_weights()[0], expected.get_weights()[0], rtol=1e-6)
