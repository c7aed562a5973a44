"""`MultiOptimizer`: routes, steps, state, files and configs are those of Keras."""

from __future__ import annotations

import json
import zipfile

import kcore
import kcore_ops as ops
import numpy as np
import pytest
from kcore_train import optimizers
from test_optimizers import assert_same, draw, numbers, ours, theirs

SHAPE = (6, 3)
X = np.random.default_rng(0).normal(size=SHAPE).astype("float32")
Y = np.random.default_rng(1).normal(size=(6, 2)).astype("float32")
STEPS = 20

ROUTES = [
    {},
    {"ker": "one", "k.*": "two"},
    {"ker": "one", "kernel": "two", "k.*": "three"},
    {"dense/.*": "one", ".*/bias": "two"},
    {"ke.*": "one", "k.*": "two"},
]
PATHS = ("ker", "kernel", "kernels", "kex", "a/ker", "dense/kernel", "dense/bias", "other/bias", "x")


@pytest.mark.parametrize("routes", ROUTES, ids=str)
def test_paths_lead_to_the_optimizers_that_they_lead_to_in_keras(keras, backend, routes):
    def found(module, path):
        optimizer_map = module.OptimizerMap(
            module.SGD(name="rest"), {pattern: module.Adam(name=name) for pattern, name in routes.items()}
        )
        try:
            return optimizer_map[path].name
        except ValueError:
            return "refused"

    for path in PATHS:
        assert found(optimizers, path) == found(keras.optimizers, path), path


def several(module, **options):
    return module.MultiOptimizer(
        module.OptimizerMap(
            module.SGD(0.05, momentum=0.9, name="rest"),
            {
                "m.*": module.RMSprop(0.05, name="r", **options),
                "vector": module.Adagrad(0.05, name="a"),
                "unused": module.SGD(name="u"),
            },
        ),
        loss_scale_factor=2.0,
        name="several",
    )


OPTIONS = [
    {},
    {"weight_decay": 0.1},
    {"clipnorm": 0.5},
    {"clipvalue": 0.3},
    {"global_clipnorm": 0.8},
    {"use_ema": True, "ema_momentum": 0.8},
    {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 3},
    {"gradient_accumulation_steps": 3},
    {"loss_scale_factor": 4.0},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_twenty_steps_lead_where_they_lead_in_keras(keras, backend, options):
    values, gradients = draw()
    mine, other = ours(values), theirs(keras, values)
    optimizer, keras_optimizer = several(optimizers, **options), several(keras.optimizers, **options)
    optimizer.build(mine)
    keras_optimizer.build(other)
    assert [(v.path, v.shape) for v in optimizer.variables] == [
        (v.path, tuple(v.shape)) for v in keras_optimizer.variables
    ]
    for step in gradients:
        optimizer.apply([ops.convert_to_tensor(g) for g in step], mine)
        keras_optimizer.apply([keras.ops.convert_to_tensor(g) for g in step], other)
    optimizer.finalize_variable_values(mine)
    keras_optimizer.finalize_variable_values(other)
    assert_same(mine, numbers(keras, other), 2e-6)
    assert_same(optimizer.variables, numbers(keras, keras_optimizer.variables), 2e-6)
    store, keras_store = {}, {}
    optimizer.save_own_variables(store)
    keras_optimizer.save_own_variables(keras_store)
    assert list(store) == list(keras_store)


def in_optimizer(module, kind):
    """One optimizer for the first layer and another for the rest, by themselves or inside one that scales the loss."""
    optimizer = module.MultiOptimizer(
        module.OptimizerMap(module.SGD(0.05, momentum=0.9), {"one/.*": module.RMSprop(0.01)})
    )
    return optimizer if kind == "multi" else module.LossScaleOptimizer(optimizer, initial_scale=8.0)


def model_of(k, optimizer):
    x = k.Input(SHAPE[1:])
    model = k.Model(x, k.layers.Dense(2, name="two")(k.layers.Dense(4, activation="tanh", name="one")(x)))
    rng = np.random.default_rng(3)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    model.compile(optimizer, "mse")
    return model


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("how", ["fit", "train_on_batch"])
def test_a_model_trains_as_with_keras(keras, backend, how):
    models = [model_of(k, in_optimizer(k.optimizers, "multi")) for k in (kcore, keras)]
    for model in models:
        if how == "fit":
            model.fit(X, Y, batch_size=3, epochs=STEPS // 2, shuffle=False, verbose=0)
        else:
            for _ in range(STEPS):
                model.train_on_batch(X, Y)
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
    found, wanted = (model.optimizer for model in models)
    assert [v.path.partition("/")[2] for v in found.variables] == [v.path.partition("/")[2] for v in wanted.variables]


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("kind", ["multi", "scaled", "free"])
@pytest.mark.parametrize("is_theirs", [True, False], ids=["keras-writes", "kcore-writes"])
def test_a_model_s_file_is_read_by_the_other_with_its_optimizer_s_state(keras, backend, tmp_path, kind, is_theirs):
    """What Keras can not do in place where storage does not change in place, it does in `fit`."""
    writer, reader = (keras, kcore) if is_theirs else (kcore, keras)
    module = writer.optimizers
    written = model_of(writer, module.ScheduleFreeAdamW(0.05) if kind == "free" else in_optimizer(module, kind))
    written.fit(X, Y, batch_size=3, epochs=2, shuffle=False, verbose=0)
    path = tmp_path / "model.keras"
    written.save(path)
    read = (reader.saving if is_theirs else reader.models).load_model(path)
    states = [
        [np.asarray(k.ops.convert_to_numpy(v.value)) for v in model.optimizer.variables]
        for k, model in ((writer, written), (reader, read))
    ]
    for one, other in zip(*states, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(written.get_weights(), read.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.needs("gradient")
def test_its_config_and_place_in_files_are_those_of_keras(keras, backend, tmp_path):
    configs, places = [], []
    for k in (kcore, keras):
        model = model_of(k, in_optimizer(k.optimizers, "multi"))
        model.fit(X, Y, epochs=1, verbose=0)
        path = tmp_path / f"{k.__name__}.keras"
        model.save(path)
        with zipfile.ZipFile(path) as file:
            config = json.loads(file.read("config.json"))["compile_config"]["optimizer"]
            (tmp_path / "weights.h5").write_bytes(file.read("model.weights.h5"))
        configs.append(without_names(config))
        places.append(datasets(tmp_path / "weights.h5"))
    assert configs[0] == configs[1]
    assert places[0] == places[1]


def without_names(data):
    """Leave out numbered names and ids, and the module that an optimizer's class is in for Keras on torch."""
    if isinstance(data, dict):
        left_out = ("name", "registered_name", "shared_object_id")
        kept = {key: without_names(value) for key, value in data.items() if key not in left_out}
        return kept | ({"module": "keras.optimizers"} if "class_name" in data else {})
    return data


def datasets(path):
    import h5py

    found = []
    with h5py.File(path) as file:
        file.visititems(lambda name, held: found.append(name) if isinstance(held, h5py.Dataset) else None)
    return sorted(name for name in found if name.startswith("optimizer"))


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("is_epoch", [False, True])
def test_swapping_averages_in_shows_what_it_shows_with_keras(keras, backend, is_epoch):
    histories, weights = [], []
    for k in (kcore, keras):
        model = model_of(k, k.optimizers.RMSprop(0.05, use_ema=True, ema_momentum=0.5))
        swap = k.callbacks.SwapEMAWeights(swap_on_epoch=is_epoch)
        fitted = model.fit(
            X, Y, batch_size=3, epochs=4, shuffle=False, verbose=0, validation_data=(X, Y), callbacks=swap
        )
        histories.append(fitted.history)
        weights.append(model.get_weights())
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(histories[0][name], histories[1][name], rtol=1e-4)
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
