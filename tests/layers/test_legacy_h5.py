"""Whole models in `.h5` files: what is written is read again, files of Keras 2 too, and nothing else is let in."""

from __future__ import annotations

import json
import pathlib
import re
import warnings

import h5py
import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Layer, Model, Sequential
from kcore_layers.files import load_model, save_model
from kcore_layers.files.hdf5_attributes import read_text, read_texts, write_texts
from kcore_layers.layers import BatchNormalization, Dense, Dropout
from kcore_layers.serialization.objects import SerializationError
from kcore_ops.foundation.errors import ArgumentError, KcoreError
from kcore_train import losses, optimizers

# Files are the same whatever computes; where each op is compiled anew that takes minutes.
pytestmark = pytest.mark.only("numpy", "torch")

X = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)
Y = np.linspace(0, 1, 8, dtype="float32").reshape(4, 2)
OF_KERAS_2 = pathlib.Path(__file__).parent / "files_of_keras_2"
EXPECTED = json.loads((OF_KERAS_2 / "expected.json").read_text())


def net(units=2, **kwargs):
    layers = [Dense(4, activation="relu", name="one"), BatchNormalization(name="two"), Dense(units, name="three")]
    return Sequential([Input((3,)), *layers], **kwargs)


def functional():
    x, y = Input((3,), name="x"), Input((3,), name="y")
    shared = Dense(3)
    inner = Sequential([Input((3,)), Dense(3), Dropout(0.5)])
    return Model({"x": x, "y": y}, {"sum": inner(shared(x)) + shared(y), "y": ops.relu(y)})


class Doubled(Layer):
    """A layer of a user's, with weights that `build` makes."""

    def __init__(self, power=1.0, **kwargs):
        super().__init__(**kwargs)
        self.power = power

    def build(self, input_shape):
        self.still = self.add_weight(shape=(2,), trainable=False)
        self.scale = self.add_weight(shape=(input_shape[-1],))

    def call(self, x):
        return x * self.scale**self.power

    def get_config(self):
        return {**super().get_config(), "power": self.power}


class Subclassed(Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first, self.last = Dense(4), Dense(2)
        self.own = self.add_weight(shape=(2,), initializer="ones")

    def call(self, x):
        return self.last(self.first(x)) * self.own


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.h5"


def values(structure):
    return ops.tree.map_structure(ops.convert_to_numpy, structure)


def assert_same(model, other, *inputs):
    ops.tree.map_structure(np.testing.assert_array_equal, values(model(*inputs)), values(other(*inputs)))
    assert [v.shape for v in model.weights] == [v.shape for v in other.weights]


def saved(path, model=None):
    """Save a model, and return the file, open for changes."""
    (model or net()).save(path)
    return h5py.File(path, "a")


def change_config(file, change, name="model_config"):
    data = json.loads(file.attrs[name])
    change(data)
    file.attrs[name] = json.dumps(data)


# Round trips.


@pytest.mark.parametrize("ending", [".h5", ".hdf5"])
def test_models_come_back(backend, tmp_path, ending):
    path = tmp_path / f"net{ending}"
    model = net()
    model.layers[1].moving_mean.assign(np.arange(4))
    model.save(path)
    loaded = load_model(str(path))
    assert_same(model, loaded, X)
    assert [v.path for v in model.weights] == [v.path for v in loaded.weights]
    model = functional()
    save_model(model, path, save_format="h5")
    assert_same(model, load_model(path), {"x": X, "y": X + 1})


def test_classes_of_users_come_back_by_name(backend, path):
    for model in (Sequential([Input((3,)), Doubled(2.0)]), Subclassed()):
        model(X)
        model.save(path)
        assert_same(model, load_model(path, custom_objects={"Doubled": Doubled, "Subclassed": Subclassed}), X)


def test_frozen_layers_keep_their_own_numbers(backend, path):
    inner = Sequential([Input((3,)), Dense(3), Dense(3, trainable=False), BatchNormalization(), Dense(3)])
    model = Sequential([Input((3,)), inner, Dense(3, trainable=False)])
    for i, v in enumerate(model.weights):
        v.assign(np.full(v.shape, i + 1))
    model.save(path)
    for v, expected in zip(load_model(path).weights, model.weights, strict=True):
        np.testing.assert_array_equal(v.numpy(), expected.numpy())


def test_weights_of_narrow_dtypes_come_back(backend, path):
    model = Sequential([Input((3,)), Dense(2, dtype="bfloat16"), Dense(2, dtype="float16")])
    model.save(path)
    loaded = load_model(path)
    assert [v.dtype for v in loaded.weights] == [v.dtype for v in model.weights]
    for v, expected in zip(loaded.weights, model.weights, strict=True):
        np.testing.assert_array_equal(v.numpy(), expected.numpy())


def test_a_model_that_is_not_built_comes_back_so(backend, path):
    with pytest.warns(UserWarning, match="is not built: it has no weights yet"):
        Sequential([Dense(2)]).save(path)
    assert not load_model(path).built


@pytest.mark.needs("gradient")
def test_training_goes_on_where_it_stopped(backend, path):
    model = net()
    schedule = optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    model.compile(optimizers.Adam(schedule, amsgrad=True), losses.Huber(0.3), metrics=["mae"], loss_weights=[0.5])
    model.fit(X, Y, epochs=3, verbose=0, shuffle=False)
    model.save(path)
    loaded = load_model(path)
    assert int(loaded.optimizer.iterations.numpy()) == 3
    histories = [each.fit(X, Y, epochs=3, verbose=0, shuffle=False).history for each in (model, loaded)]
    assert sorted(histories[0]) == ["loss", "mae"]
    for name, expected in histories[0].items():
        np.testing.assert_allclose(histories[1][name], expected, rtol=1e-5)


@pytest.mark.needs("gradient")
def test_functions_of_users_are_found_again_when_the_model_is_compiled(backend, path):
    def cubic(y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)

    model = net()
    model.compile("sgd", cubic, metrics=[cubic, "mse"])
    model.save(path)
    loaded = load_model(path, custom_objects={"cubic": cubic})
    assert sorted(loaded.evaluate(X, Y, verbose=0, return_dict=True)) == ["cubic", "loss", "mse"]


def test_how_a_model_is_compiled_is_kept_or_left_out(backend, path):
    model = net()
    model.compile("adam", "mse", run_eagerly=True, steps_per_execution=2)
    model.save(path)
    loaded = load_model(path)
    assert (loaded.run_eagerly, loaded._kcore_trainer.steps_per_execution) == (True, 2)
    assert load_model(path, compile=False).optimizer is None
    model.save(path, include_optimizer=False)
    assert load_model(path).optimizer is None


def test_losses_are_written_by_names_that_keras_finds(backend, path):
    model = net()
    model.compile("adam", ["mse"])
    with saved(path, model) as file:
        assert json.loads(file.attrs["training_config"])["loss"] == ["mean_squared_error"]
    assert load_model(path).loss == ["mean_squared_error"]


# The layout.


def test_the_file_has_the_groups_and_attributes_of_keras(backend, path):
    model = net(name="net")
    model.compile(optimizers.SGD(0.1, momentum=0.9, name="sgd"), "mse")
    model.optimizer.build(model.trainable_variables)
    with saved(path, model) as file:
        assert sorted(file.attrs) == [
            "backend", "kcore_format", "keras_version", "model_config", "training_config",
        ]  # fmt: skip
        assert file.attrs["keras_version"] == "3.15.1"
        group = file["model_weights"]
        assert list(group.attrs["layer_names"]) == ["one", "two", "three"]
        assert list(group["one"].attrs["weight_names"]) == ["net/one/kernel", "net/one/bias"]
        assert group["two/net/two/moving_mean"].shape == (4,)
        assert list(group["top_level_model_weights"].attrs["weight_names"]) == []
        names = list(file["optimizer_weights"].attrs["weight_names"])
        assert names[:3] == ["sgd/iteration", "sgd/learning_rate", "sgd/net_one_kernel_momentum"]


def test_variables_of_one_name_are_told_apart(backend, path):
    class Twice(Layer):
        def build(self, input_shape):
            self.a, self.b = (self.add_weight(shape=(2,), name="w", initializer=each) for each in ("ones", "zeros"))

        def call(self, x):
            return x

    model = Sequential([Input((3,)), Twice()])
    model.save(path)
    np.testing.assert_array_equal(load_model(path, {"Twice": Twice}).get_weights(), [[1, 1], [0, 0]])


def test_names_that_one_attribute_has_no_room_for_are_split(backend, tmp_path):
    names = [f"layer_{i}" for i in range(10_000)]
    with h5py.File(tmp_path / "names.h5", "w") as file:
        write_texts(file, "names", names)
        assert sorted(file.attrs) == ["names0", "names1", "names2"]
        assert read_texts(file, "names") == names
        write_texts(file, "none", [])
        assert read_texts(file, "none") == []
        assert read_texts(file, "missing") is None
        assert read_text(file, "missing") is None


def test_a_model_of_many_layers_comes_back(backend, path):
    model = Sequential([Input((1,)), *(Dense(1, name="x" * 50 + str(i)) for i in range(100))])
    with saved(path, model) as file:
        group = file["model_weights"]
        names = list(group.attrs["layer_names"])
        del group.attrs["layer_names"]
        group.attrs["layer_names0"] = np.array(names[:40], "S")  # as earlier releases of Keras split them
        group.attrs["layer_names1"] = np.array(names[40:], "S")
    assert_same(model, load_model(path), X[:, :1])


def test_layers_of_one_name_are_refused(backend, path):
    class Two(Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = Dense(2, name="same"), Dense(2, name="same")

        def call(self, x):
            return self.b(self.a(x))

    model = Two()
    model(X)
    with pytest.raises(ArgumentError, match="layers can not be told apart by their names same in a .h5 file"):
        model.save(path)
    assert not path.exists()


def test_what_layers_save_beside_their_variables_has_no_place(backend, path):
    class Worded(Layer):
        def save_own_assets(self, store):
            store["words.txt"] = b"a b c"

        def call(self, x):
            return x

    model = Sequential([Input((3,)), Worded()])
    with pytest.raises(ArgumentError, match="a .h5 file has no place for 'assets/.*words.txt', which a layer saves"):
        model.save(path)
    assert not path.exists()


def test_a_failed_save_leaves_what_was_there(backend, path, tmp_path):
    net().save(path)
    before = path.read_bytes()
    with pytest.raises(ArgumentError, match="exists"):
        net().save(path, overwrite=False)
    model = net()
    model.layers[0].kernel.numpy = None  # fails when weights are being written
    with pytest.raises(TypeError, match="not callable"):
        model.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"save_format": "keras"}, "save_format can not be 'keras' for '.*net.h5': its name says the format"),
        ({"zipped": False}, "does not end in '.keras'|zipped"),
        ({"signatures": 1}, "there is no argument 'signatures'"),
    ],
)
def test_saving_takes_no_other_arguments(backend, path, options, message):
    if options == {"zipped": False}:
        net().save(path.with_suffix(""), **options)  # a directory has no ending of its own
        assert path.with_suffix("").is_dir()
        return
    with pytest.raises(ArgumentError, match=message):
        net().save(path, **options)


# Weights alone.


def test_weights_are_read_from_the_file_of_a_model(backend, path):
    model, other = net(), net()
    model.save(path)
    other.load_weights(path)
    assert_same(model, other, X)


def test_weights_are_matched_by_names_where_that_is_asked_for(backend, path):
    model = net()
    model.save(path)
    other = Sequential([Input((3,)), Dense(4, name="one"), Dense(4, name="new"), Dense(2, name="three")])
    before = other.get_weights()
    other.load_weights(path, by_name=True)
    after = other.get_weights()
    np.testing.assert_array_equal(after[0], model.get_weights()[0])
    np.testing.assert_array_equal(after[2], before[2])
    np.testing.assert_array_equal(after[4], model.layers[2].get_weights()[0])


def test_all_that_does_not_fit_is_named_and_nothing_set(backend, path):
    net().save(path)
    other = Sequential(
        [Input((3,)), Dense(5, name="a"), BatchNormalization(name="b"), Dense(2, use_bias=False, name="c")]
    )
    before = other.get_weights()
    with pytest.raises(ArgumentError, match="and nothing was loaded") as caught:
        other.load_weights(path)
    lines = re.sub(r"sequential\w*", "net", str(caught.value)).split("\n")
    assert lines[1:3] == [
        "  8 entries do not fit, and nothing was loaded:",
        "    model_weights/one/net/one/kernel: shape (3, 4) in the file, (3, 5) in the model: 'net/a/kernel'",
    ]
    assert lines[-3:] == [
        "    model_weights/three/net/three/kernel: shape (4, 2) in the file, (5, 2) in the model: 'net/c/kernel'",
        "    model_weights/three/net/three/bias: only in the file",
        "  fix: make the model as it was when the file was written, or pass skip_mismatch=True",
    ]
    for a, b in zip(before, other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_layers_that_do_not_fit_can_be_passed_over(backend, path):
    model = net()
    model.save(path)
    other = net(units=5)
    with pytest.warns(UserWarning, match="weights were not loaded where they do not fit.*\n.*three") as caught:
        other.load_weights(path, skip_mismatch=True)
    assert pathlib.Path(caught[0].filename).name == "test_legacy_h5.py"
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])


def test_another_number_of_layers_is_refused(backend, path):
    net().save(path)
    with pytest.raises(ArgumentError, match="layers with weights in the file") as caught:
        Sequential([Input((3,)), Dense(4, name="only")]).load_weights(path, skip_mismatch=True)
    assert str(caught.value).split("\n")[1:] == [
        "  3 layers with weights in the file, 1 in the model:",
        "    in the file: one, two, three",
        "    in the model: only",
        "  fix: make the model as it was when the file was written, or pass by_name=True to load_weights",
    ]


def test_objects_can_not_be_skipped_in_such_a_file(backend, path):
    model = net()
    model.save(path)
    with pytest.raises(ArgumentError, match=r"objects in it can not be skipped\n  fix: use a file that save_weights"):
        model.load_weights(path, objects_to_skip=[model.layers[0]])


def test_weights_are_not_written_in_this_format(backend, path):
    with pytest.raises(ArgumentError, match="does not end in '.weights.h5'"):
        net().save_weights(path)


def test_an_optimizer_whose_state_does_not_fit_begins_anew(backend, path):
    model = net()
    model.compile(optimizers.Adam(name="adam"), "mse")
    model.optimizer.build(model.trainable_variables)
    with saved(path, model) as file:
        group = file["optimizer_weights"]
        group.attrs["weight_names"] = list(group.attrs["weight_names"])[:3]
    with pytest.warns(UserWarning, match=r"the optimizer's state were not loaded.*\n.*3 variables in the file, 14 of"):
        load_model(path)


def test_an_optimizer_that_was_not_built_comes_back_so(backend, path):
    model = net()
    model.compile("adam", "mse")
    model.optimizer.learning_rate = 0.25
    model.save(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert float(load_model(path).optimizer.learning_rate.numpy()) == 0.25


# Configs of Keras 3 as it writes them, without modules.


def test_entries_without_modules_are_layers_or_ops(backend, path):
    def strip(entry):
        """Leave what Keras writes, which it does not read again where there are ops."""
        for layer in entry["config"]["layers"]:
            del layer["module"], layer["registered_name"]
            layer.pop("build_config", None)
            if "layers" in layer["config"]:
                strip(layer)

    x = Input((3,), name="x")
    inner = Sequential([Input((2,)), Dense(2)])
    model = Model(x, ops.zeros_like(x[:, :2], dtype="float32") + ops.relu(inner(Dense(2)(x))) * 2)
    with saved(path, model) as file:
        change_config(file, strip)
    assert_same(model, load_model(path), X)


# Files of Keras 2.


def loaded_from_keras_2(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load_model(OF_KERAS_2 / f"{name}.h5")


@pytest.mark.parametrize("name", sorted(set(EXPECTED) - {"weights"}))
def test_models_of_keras_2_give_what_they_gave(backend, name):
    model, expected = loaded_from_keras_2(name), EXPECTED[name]
    outputs = model(np.asarray(expected["x"], "int32" if name == "recurrent" else "float32"))
    listed = outputs if isinstance(outputs, list) else [outputs]
    for found, wanted in zip(listed, expected["outputs"], strict=True):
        tolerance = 1e-2 if name == "images" else 1e-5  # the last layer computes in bfloat16
        found = ops.convert_to_numpy(ops.cast(found, "float32"))
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("name", [name for name in EXPECTED if "history" in EXPECTED[name]])
def test_models_of_keras_2_train_on_as_they_did(backend, name):
    model, expected = loaded_from_keras_2(name), EXPECTED[name]
    y = [np.asarray(each, "float32") for each in expected["y"]]
    x = np.asarray(expected["x"], "float32")
    history = model.fit(x, y if len(y) > 1 else y[0], epochs=3, shuffle=False, verbose=0).history
    assert sorted(history) == sorted(expected["history"])
    for key, found in history.items():
        np.testing.assert_allclose(found, expected["history"][key], rtol=1e-4, atol=1e-5)


def test_weights_of_keras_2_are_read_into_a_model(backend):
    model = Sequential([Input((3,)), Dense(2, name="one"), Dense(1, name="two")])
    for options in ({}, {"by_name": True}):
        model.set_weights([np.zeros(v.shape) for v in model.weights])
        model.load_weights(OF_KERAS_2 / "weights.h5", **options)
        found = ops.convert_to_numpy(model(np.asarray(EXPECTED["weights"]["x"], "float32")))
        np.testing.assert_allclose(found, EXPECTED["weights"]["outputs"][0], rtol=1e-5)
    with pytest.raises(ArgumentError, match="it has no config of a model, only weights"):
        load_model(OF_KERAS_2 / "weights.h5")


@pytest.mark.parametrize(
    "name, message",
    [
        ("tensorflow_ops", "TFOpLambda 'tf.math.multiply' is a function of TensorFlow's, math.multiply, that a model"),
        ("with_lambda", "Lambda 'lambda.*' holds a lambda of Keras 2: code, which is not run"),
    ],
)
@pytest.mark.parametrize("safe_mode", [True, False])
def test_what_keras_3_has_no_counterpart_of_is_named(backend, name, message, safe_mode):
    with pytest.raises(SerializationError, match=message):
        load_model(OF_KERAS_2 / f"{name}.h5", safe_mode=safe_mode)


def of_keras_2(path, change, name="model_config"):
    """Write a small model as Keras 2 did, with changes to one of its configs."""
    model = net()
    with saved(path, model) as file:
        file.attrs["keras_version"] = "2.2.4"

        def strip(data):
            data["config"] = {"name": "net", "layers": data["config"]["layers"]}
            for layer in data["config"]["layers"]:
                layer.pop("module")
                layer["config"]["dtype"] = "float32"
            change(data)

        change_config(file, strip)
    return model


def test_the_oldest_configs_are_lists_of_layers_that_say_the_shape_of_the_input(backend, path):
    def to_list(data):
        del data["config"]["layers"][0]
        data["config"] = data["config"]["layers"]
        data["config"][0]["config"]["batch_input_shape"] = [None, 3]

    model = of_keras_2(path, to_list)
    assert_same(model, load_model(path), X)


def test_arguments_that_keras_3_has_not_are_refused_where_they_matter(backend, path):
    of_keras_2(path, lambda data: data["config"]["layers"][2]["config"].update(virtual_batch_size=2))
    with pytest.raises(
        SerializationError, match="BatchNormalization 'two' has virtual_batch_size=2, which Keras 3 has not"
    ):
        load_model(path)


def test_hard_sigmoid_was_another_function(backend, path):
    of_keras_2(path, lambda data: data["config"]["layers"][3]["config"].update(activation="hard_sigmoid"))
    with pytest.warns(UserWarning, match=r"Dense 'three' has the activation hard_sigmoid, which was clip\(0.2 \* x"):
        load_model(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = load_model(path, custom_objects={"hard_sigmoid": lambda x: ops.clip(0.2 * x + 0.5, 0, 1)})
    assert float(ops.convert_to_numpy(model.layers[-1].activation(np.float32(1)))) == pytest.approx(0.7)


def test_old_names_of_an_optimizers_arguments_are_read(backend, path):
    model = net()
    model.compile("sgd", "mse")
    with saved(path, model) as file:
        file.attrs["keras_version"] = "2.2.4"
        change_config(
            file,
            lambda data: data.update(
                optimizer_config={"class_name": "SGD", "config": {"lr": 0.5, "momentum": 0.25, "decay": 0.0}},
                sample_weight_mode=None, metrics=["acc"],
            ),
            "training_config",
        )  # fmt: skip
        del file["optimizer_weights"]
    optimizer = load_model(path).optimizer
    assert (float(optimizer.learning_rate.numpy()), optimizer.momentum) == (0.5, 0.25)


def test_a_nadam_of_keras_2_that_slows_its_momentum_is_refused(backend, path):
    model = net()
    model.compile("nadam", "mse")
    with saved(path, model) as file:
        file.attrs["keras_version"] = "2.2.4"
        config = {"class_name": "Nadam", "config": {"learning_rate": 0.5, "decay": 0.004}}
        change_config(file, lambda data: data.update(optimizer_config=config), "training_config")
    with pytest.raises(ArgumentError, match="this Nadam of Keras 2 changes its momentum by decay=0.004"):
        load_model(path)
    assert load_model(path, compile=False).optimizer is None


# What is no such file, and what has more in it than there should be.


def test_a_missing_file_and_one_of_another_kind_are_named(backend, path):
    with pytest.raises(ArgumentError, match=r"in load_model, file '.*net.h5'\n  there is no file '.*net.h5'"):
        load_model(path)
    path.write_bytes(b"no HDF5")
    with pytest.raises(ArgumentError, match="can not be read as an HDF5 file"):
        load_model(path)


def named(*texts):
    return np.array(texts, h5py.string_dtype())


CHANGES = {
    "no JSON": (
        lambda file: file.attrs.__setitem__("model_config", "{"),
        "model_config is not JSON that can be read",
    ),
    "JSON too deep": (
        lambda file: file.attrs.__setitem__("model_config", "[" * 100_000),
        "model_config is not JSON that can be read",
    ),
    "no model": (
        lambda file: file.attrs.__setitem__("model_config", "[1]"),
        "model_config is not the data of a model",
    ),
    "another object": (
        lambda file: file.attrs.__setitem__("model_config", '{"class_name": "Zeros", "config": {}}'),
        "the data is that of a Zeros, not of a model",
    ),
    "wrong types": (
        lambda file: change_config(file, lambda data: data["config"].update(layers=[3, [4]])),
        "can not be made into a model: ",
    ),
    "config as a number": (
        lambda file: file.attrs.__setitem__("model_config", 3),
        "the attribute 'model_config' of '/' is no text",
    ),
    "config as bytes that are no UTF-8": (
        lambda file: file.attrs.__setitem__("model_config", np.bytes_(b"\xff\xfe")),
        "the attribute 'model_config' of '/' is not UTF-8",
    ),
    "config as text that is no UTF-8": (
        lambda file: file.attrs.create("model_config", b"\xff\xfe", dtype=h5py.string_dtype()),
        "the attribute 'model_config' of '/' is not UTF-8",
    ),
    "no names of layers": (
        lambda file: file["model_weights"].attrs.__delitem__("layer_names"),
        "it has no layer_names, as files of weights of this kind have",
    ),
    "names of layers as numbers": (
        lambda file: file["model_weights"].attrs.__setitem__("layer_names", [1, 2]),
        "the attribute 'layer_names' of '/model_weights' is no list of texts",
    ),
    "a table of names": (
        lambda file: file["model_weights"].attrs.__setitem__("layer_names", named("one", "two").reshape(1, 2)),
        "the attribute 'layer_names' of '/model_weights' is no list of texts",
    ),
    "a layer twice": (
        lambda file: file["model_weights"].attrs.__setitem__("layer_names", named("one", "one")),
        "'one' is twice in layer_names",
    ),
    "a layer that is not there": (
        lambda file: file["model_weights"].attrs.__setitem__("layer_names", named("one", "four")),
        "it has no group 'model_weights/four', which layer_names lists",
    ),
    "a layer that is elsewhere": (
        lambda file: file["model_weights"].attrs.__setitem__("layer_names", named("../model_weights/one")),
        "it has no group 'model_weights/../model_weights/one', which layer_names lists",
    ),
    "a layer by an absolute path": (
        lambda file: file["model_weights"].attrs.__setitem__("layer_names", named("/model_weights/one")),
        "it has no group 'model_weights//model_weights/one', which layer_names lists",
    ),
    "a layer that is a dataset": (
        lambda file: (file.create_dataset("model_weights/four", data=[1.0]),
                      file["model_weights"].attrs.__setitem__("layer_names", named("four"))),
        "it has no group 'model_weights/four', which layer_names lists",
    ),
    "no names of weights": (
        lambda file: file["model_weights/one"].attrs.__delitem__("weight_names"),
        "the group 'model_weights/one' has no weight_names",
    ),
    "a weight twice": (
        lambda file: file["model_weights/one"].attrs.__setitem__("weight_names", named("net/one/bias", "net/one/bias")),
        "'net/one/bias' is twice in the weight_names of 'model_weights/one'",
    ),
    "a weight that is not there": (
        lambda file: file["model_weights/one"].attrs.__setitem__("weight_names", named("net/one/kernel", "b")),
        "there is no 'b' in 'model_weights/one', whose weight_names list it",
    ),
    "a weight of another layer": (
        lambda file: file["model_weights/one"].attrs.__setitem__("weight_names", named("../three/net/three/bias")),
        "there is no '../three/net/three/bias' in 'model_weights/one', whose weight_names list it",
    ),
    "a weight by an absolute path": (
        lambda file: file["model_weights/one"].attrs.__setitem__("weight_names", named("/model_weights/one")),
        "there is no '/model_weights/one' in 'model_weights/one', whose weight_names list it",
    ),
    "a weight that no name leads to": (
        lambda file: file.create_dataset("model_weights/one/more", data=[1.0]),
        "model_weights/one/more: only in the file, where no weight_names list it",
    ),
    "a soft link": (
        lambda file: file.__setitem__("model_weights/four", h5py.SoftLink("/model_weights/one")),
        "'model_weights/four' is a link to '/model_weights/one'",
    ),
    "an external link": (
        lambda file: file.__setitem__("model_weights/four", h5py.ExternalLink("/etc/passwd", "/x")),
        "'model_weights/four' is a link to '/x' in '/etc/passwd'",
    ),
    "groups in a circle": (
        lambda file: file.__setitem__("model_weights/one/again", file["model_weights"]),
        "'model_weights/one/again' is a second link to something in the file",
    ),
    "objects by reference": (
        lambda file: file.create_dataset("more", data=file.ref, dtype=h5py.ref_dtype),
        "'more' holds object, not numbers of a dtype that is known",
    ),
    "texts as numbers": (
        lambda file: file.create_dataset("more", data=["a"], dtype=h5py.string_dtype()),
        "'more' holds object, not numbers of a dtype that is known",
    ),
    "numbers elsewhere": (
        lambda file: file.create_dataset("more", (2,), "float32", external=[("/etc/passwd", 0, 8)]),
        "'more' keeps its data in another file, '/etc/passwd'",
    ),
    "more numbers than there are": (
        lambda file: file.create_dataset("more", (10**9,), "float32", chunks=(1000,), compression="gzip"),
        "'more' claims 4000000000 bytes of numbers, where the file has 0",
    ),
    "a version to come": (
        lambda file: file.attrs.__setitem__("kcore_format", 99),
        "the file is of format 99 of kcore's files",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change, message", CHANGES.values(), ids=CHANGES)
def test_what_is_wrong_with_a_file_is_named(backend, path, change, message):
    with saved(path, net(name="net")) as file:
        change(file)
    with pytest.raises(KcoreError, match=re.escape(message)) as caught:
        load_model(path)
    assert f"in load_model, file {str(path)!r}" in str(caught.value)
    assert "fix: " in str(caught.value)


@pytest.mark.parametrize("change", ["no JSON", "no model", "wrong types"])
def test_what_is_wrong_with_how_a_model_was_compiled_is_named(backend, path, change):
    model = net()
    model.compile("adam", "mse")
    texts = {"no JSON": "{", "no model": "[]", "wrong types": '{"optimizer_config": 3, "loss": 4}'}
    with saved(path, model) as file:
        file.attrs["training_config"] = texts[change]
    with pytest.raises(KcoreError, match="training_config|optimizer"):
        load_model(path)
    assert load_model(path, compile=False).built


def test_more_names_than_there_may_be_are_refused(backend, path, monkeypatch):
    monkeypatch.setattr("kcore_layers.files.hdf5_attributes.MAX_COUNT", 2)
    net().save(path)
    with pytest.raises(ArgumentError, match="the attribute 'layer_names' of '/model_weights' has more than 2 entries"):
        load_model(path)


def test_longer_texts_than_there_may_be_are_refused(backend, path, monkeypatch):
    monkeypatch.setattr("kcore_layers.files.hdf5_attributes.MAX_LENGTH", 100)
    net().save(path)
    with pytest.raises(ArgumentError, match=r"the attribute 'model_config' of '/' has \d+ characters, more than 100"):
        load_model(path)
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = np.bytes_(b"x" * 200)
    with pytest.raises(ArgumentError, match="the attribute 'model_config' of '/' claims 200 bytes, more than 100"):
        load_model(path)


def test_code_is_not_run_in_safe_mode(backend, path):
    with saved(path) as file:
        code = {"class_name": "__lambda__", "config": {"value": ["", None, None]}}
        layer = {"class_name": "Lambda", "config": {"function": code}}
        change_config(file, lambda data: data["config"]["layers"].append(layer))
    with pytest.raises(SerializationError, match="code, which is not run in safe mode"):
        load_model(path)


def test_a_class_that_nobody_registered_is_named(backend, path):
    Sequential([Input((3,)), Doubled()]).save(path)
    with pytest.raises(SerializationError, match=r"the data names a class that is not known here: .*Doubled"):
        load_model(path)
