"""Files go both ways between Keras and kcore, of whatever a model is made, in each format and on each backend.

Whoever loads a model gets its outputs, and trains on as whoever saved it would have. Where Keras runs on JAX, kcore
reads its files, and writes files for it, on all backends; else on that of Keras.
"""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import h5py
import kcore
import kcore_ops as ops
import numpy as np
import pytest
from interchange_models import MODELS, QUICK

FORMATS = (".keras", ".weights.h5", ".h5")
BACKENDS = ("jax", "numpy", "tensorflow", "torch")
NUM_STEPS = 3


def pytest_generate_tests(metafunc):
    if "name" in metafunc.fixturenames:
        takes_all = metafunc.config.getoption("--every-model")
        own = metafunc.config.getoption("--kcore-backend") or "numpy"
        names = list(MODELS) if takes_all else list(QUICK)
        others = [each for each in BACKENDS if each != own] if own == "jax" else []
        cases = [(name, own) for name in names]
        cases += [(name, other) for other in others for name in (names if takes_all else names[:2])]
        metafunc.parametrize(("name", "of_kcore"), cases, ids=[f"{name}-{other}" for name, other in cases])


def own_classes(k):
    """Classes and functions of a user's: layers, an activation and a loss."""

    @k.saving.register_keras_serializable("interchange")
    class Scaled(k.layers.Layer):
        def __init__(self, factor, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor

        def build(self, input_shape):
            self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")
            self.shift = self.add_weight(shape=(input_shape[-1],), trainable=False, name="shift")

        def call(self, inputs):
            return inputs * self.scale * self.factor + self.shift

        def get_config(self):
            return {**super().get_config(), "factor": self.factor}

    class Block(k.layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.first, self.last = k.layers.Dense(units, activation="tanh"), k.layers.BatchNormalization()

        def build(self, input_shape):
            self.gate = self.add_weight(shape=(self.units,), initializer="ones", name="gate")
            self.first.build(input_shape)
            self.last.build((*input_shape[:-1], self.units))

        def call(self, inputs):
            return self.last(self.first(inputs)) * self.gate

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    def bent(x):
        return k.ops.tanh(x) + 0.1 * x

    def cubic(y_true, y_pred):
        return k.ops.mean(k.ops.abs(y_true - y_pred) ** 3, axis=-1)

    return SimpleNamespace(Scaled=Scaled, Block=Block, bent=bent, cubic=cubic)


def arrays(k, outputs):
    """The numbers of outputs, in a list."""
    if isinstance(outputs, dict):
        outputs = [outputs[name] for name in sorted(outputs)]
    listed = outputs if isinstance(outputs, list | tuple) else [outputs]
    return [np.asarray(k.ops.convert_to_numpy(k.ops.cast(each, "float32"))) for each in listed]


def drawn_like(rng, outputs):
    if isinstance(outputs, dict):
        return {name: drawn_like(rng, each) for name, each in outputs.items()}
    if isinstance(outputs, list | tuple):
        return [drawn_like(rng, each) for each in outputs]
    return rng.normal(size=tuple(outputs.shape)).astype("float32")


def steps(model, x, y):
    """The losses of the next steps."""
    return model.fit(x, y, batch_size=8, epochs=NUM_STEPS, shuffle=False, verbose=0).history["loss"]


class Saved:
    """A model that was trained a little and saved in each format, and what became of it afterwards."""

    def __init__(self, k, name, directory, can_train):
        case, rng = MODELS[name], np.random.default_rng(0)
        self.backend = k.backend.backend()
        k.utils.set_random_seed(1)
        model = case.make(k, own_classes(k))
        if case.inputs is None:
            inputs = [rng.normal(size=(8, *x.shape[1:])).astype(x.dtype) for x in model.inputs]
            self.x = inputs if len(inputs) > 1 else inputs[0]
        else:
            self.x = case.inputs(rng)
        outputs = model(self.x)
        self.y = drawn_like(rng, outputs) if case.targets is None else case.targets(rng, outputs)
        for variable in model.weights:  # none of them the number it begins with
            if variable.name in ("mean", "variance", "count"):
                continue  # an adapted layer has worked with them already
            change = rng.uniform(0.01, 0.1, tuple(variable.shape))
            variable.assign(np.asarray(k.ops.convert_to_numpy(variable), "float64") + change)
        if can_train:
            steps(model, self.x, self.y)
        else:
            model.optimizer.build(model.trainable_variables)
        self.outputs = arrays(k, model(self.x))
        self.paths = {format: str(directory / f"{name}{format}") for format in FORMATS}
        model.save(self.paths[".keras"])
        model.save_weights(self.paths[".weights.h5"])
        reason = case.keras_fails.get("write .h5") if k is not kcore else None
        with pytest.raises(ValueError, match=reason) if reason else contextlib.nullcontext():
            model.save(self.paths[".h5"])
        self.losses = self.late_outputs = None
        if can_train and case.goes_on:
            self.losses = steps(model, self.x, self.y)
            self.late_outputs = arrays(k, model(self.x))


_saved: dict[tuple[str, str, str], Saved] = {}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    yield tmp_path_factory.mktemp("interchange")
    _saved.clear()


@pytest.fixture
def saved(directory):
    """Give what a library saved of a model; it is made and trained once."""

    def give(k, name, backend_name):
        key = (k.__name__, name, backend_name)
        if key not in _saved:
            own = directory / "-".join(key)
            own.mkdir(exist_ok=True)
            _saved[key] = Saved(k, name, own, backend_name != "numpy")
        return _saved[key]

    return give


def loaded(k, name, path):
    own = own_classes(k)
    if not path.endswith(".weights.h5"):
        return k.saving.load_model(path, custom_objects=vars(own))
    k.utils.set_random_seed(2)
    model = MODELS[name].make(k, own)
    model.optimizer.build(model.trainable_variables)
    model.load_weights(path)
    return model


def give_state(model, path):
    """Give a model that Keras loaded its optimizer's state: from a .h5 file, Keras builds one for no variables."""
    optimizer = type(model.optimizer).from_config(model.optimizer.get_config())
    optimizer.build(model.trainable_variables)
    with h5py.File(path) as file:
        stored = file["optimizer_weights"]
        values = [stored[name][()] for name in stored.attrs["weight_names"]]
    assert len(values) == len(optimizer.variables)
    for variable, value in zip(optimizer.variables, values, strict=True):
        variable.assign(value)
    model.optimizer = optimizer


def skip_without(keras, name, of_kcore):
    """Skip a model of a dtype that one of the frameworks has not: here, JAX has no 64 bits."""
    if MODELS[name].needs == "float64" and "jax" in (of_kcore, keras.config.backend()):
        pytest.skip("JAX has no float64 while its 64-bit mode is off, as in these sessions")


def check(k, name, model, by):
    """Compare a loaded model with the one that was saved: what it gives, and how it trains on."""
    own = k.backend.backend()
    tolerance = MODELS[name].tolerance
    for found, expected in zip(arrays(k, model(by.x)), by.outputs, strict=True):
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
    if by.losses is not None and own != "numpy" and (own == by.backend or not MODELS[name].differs):
        np.testing.assert_allclose(steps(model, by.x, by.y), by.losses, rtol=10 * tolerance, atol=10 * tolerance)
        for found, expected in zip(arrays(k, model(by.x)), by.late_outputs, strict=True):
            np.testing.assert_allclose(found, expected, rtol=10 * tolerance, atol=10 * tolerance)


@pytest.mark.parametrize("format", FORMATS)
def test_kcore_goes_on_with_what_keras_saved(keras, saved, name, of_kcore, format):
    skip_without(keras, name, of_kcore)
    by = saved(keras, name, keras.config.backend())
    if f"write {format}" in MODELS[name].keras_fails:
        return  # and `Saved` has seen that it fails
    with ops.use_backend(of_kcore):
        check(kcore, name, loaded(kcore, name, by.paths[format]), by)


@pytest.mark.parametrize("format", FORMATS)
def test_keras_goes_on_with_what_kcore_saved(keras, saved, name, of_kcore, format):
    skip_without(keras, name, of_kcore)
    with ops.use_backend(of_kcore):
        by = saved(kcore, name, of_kcore)
    reason = MODELS[name].keras_fails.get(f"read {format}")
    if reason:
        with pytest.raises(ValueError, match=reason):
            loaded(keras, name, by.paths[format])
        return
    model = loaded(keras, name, by.paths[format])
    if format == ".h5":
        give_state(model, by.paths[format])
    check(keras, name, model, by)
