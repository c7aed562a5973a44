"""Files of whole models: what is written is read again, whole or not at all, and brings no code."""

from __future__ import annotations

import io
import json
import os
import re
import warnings
import zipfile

import h5py
import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Layer, Model, Sequential
from kcore_layers.files import load_model, model_from_json, save_model
from kcore_layers.layers import Activation, BatchNormalization, Dense, Embedding
from kcore_layers.serialization.objects import SerializationError
from kcore_ops.foundation.errors import ArgumentError, KcoreError
from kcore_train import losses, optimizers  # noqa: F401 (other tests put the names known at their start back)

X = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)


def net(**kwargs):
    return Sequential([Input((3,)), Dense(4, activation="relu"), BatchNormalization(), Dense(2)], **kwargs)


def functional():
    x, y = Input((3,), name="x"), Input((3,), name="y")
    shared = Dense(3)
    return Model({"x": x, "y": y}, {"sum": shared(x) + shared(y), "y": ops.relu(y)})


class Scaled(Layer):
    """A layer of a user's, with a weight that `build` makes."""

    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],))

    def call(self, x):
        return x * self.scale * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


class Subclassed(Model):
    def __init__(self, units=2, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.first, self.last = Dense(4), Dense(units)

    def call(self, x):
        return self.last(self.first(x))

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class Tokens(Model):
    """A model of integers and a number of others, without a `build`."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.embedding, self.last = Embedding(5, 3), Dense(2)

    def call(self, tokens, shift):
        return self.last(self.embedding(tokens) + shift)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.keras"


def values(structure):
    return ops.tree.map_structure(ops.convert_to_numpy, structure)


def assert_same(model, other, *inputs):
    ops.tree.map_structure(np.testing.assert_array_equal, values(model(*inputs)), values(other(*inputs)))
    assert [v.shape for v in model.weights] == [v.shape for v in other.weights]


def rewritten(path, **parts):
    """Write a file's parts anew, some of them with other contents, or left out for None."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    contents |= parts
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            if content is not None:
                archive.writestr(name, content)


# Round trips.


def test_models_come_back(backend, path):
    model = net()
    model.layers[1].moving_mean.assign(np.arange(4))
    model.save(path)
    loaded = load_model(str(path))
    assert_same(model, loaded, X)
    assert [v.path for v in model.weights] == [v.path for v in loaded.weights]
    model = functional()
    save_model(model, path)
    assert_same(model, load_model(path), {"x": X, "y": X + 1})


def test_classes_of_users_come_back_by_name(backend, path):
    for model in (Sequential([Input((3,)), Scaled(2.0)]), Subclassed(units=3)):
        model(X)
        model.save(path)
        assert_same(model, load_model(path, custom_objects={"Scaled": Scaled, "Subclassed": Subclassed}), X)


def test_models_of_several_arguments_are_built_by_what_they_were_called_with(backend, path):
    model = Tokens()
    inputs = np.array([[1, 4]]), X[:2]
    model(*inputs)
    model.save(path)
    assert_same(model, load_model(path, custom_objects={"Tokens": Tokens}), *inputs)
    model = Tokens()
    model(inputs[0], shift=inputs[1])
    model.save(path)
    assert_same(model, load_model(path, custom_objects={"Tokens": Tokens}), *inputs)


def test_layers_are_built_with_the_dtypes_they_were_called_with(backend, path):
    class Chosen(Layer):
        """A layer whose call takes integers alone, as a framework's own function may."""

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = Dense(2)

        def call(self, inputs):
            assert ops.dtype(inputs["index"]) == "int32"
            return self.dense(ops.take(inputs["table"], inputs["index"], axis=0))

    inputs = {"table": Input((3,)), "index": Input((), dtype="int32")}
    model = Model(inputs, Chosen(name="chosen")(inputs))
    model.save(path)
    data = {"table": X, "index": np.array([1, 3])}
    assert_same(model, load_model(path, custom_objects={"Chosen": Chosen}), data)


def test_layers_that_two_models_share_are_shared_again(backend, path):
    inner = Sequential([Input((3,)), Dense(3)], name="inner")
    x = Input((3,))
    model = Model(x, inner(Sequential([inner], name="outer")(x)))
    model.save(path)
    loaded = load_model(path)
    assert len(loaded.weights) == len(model.weights) == 2
    np.testing.assert_array_equal(values(loaded(X)), values(model(X)))


def test_the_file_is_laid_out_as_keras_does(backend, path):
    net(name="mine").save(path)
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == ["config.json", "metadata.json", "model.weights.h5"]
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        config, metadata = (json.loads(archive.read(f"{name}.json")) for name in ("config", "metadata"))
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
            assert sorted(file["layers/dense/vars"]) == ["0", "1"]
    assert (config["module"], config["class_name"], config["config"]["name"]) == ("keras", "Sequential", "mine")
    assert set(metadata) == {"keras_version", "kcore_version", "kcore_format", "date_saved"}


def test_weights_alone_can_be_read(backend, path):
    model, other = net(), net()
    model.save(path)
    other.load_weights(path)
    np.testing.assert_array_equal(values(other(X)), values(model(X)))
    with pytest.raises(ArgumentError, match="in load_weights, model .*, file .*net.keras'\n  3 entries do not fit"):
        Sequential(
            [Input((3,)), Dense(4, use_bias=False), BatchNormalization(), Dense(3, use_bias=False)]
        ).load_weights(path)


def test_a_config_alone_makes_a_model_with_weights_of_its_own(backend):
    model = net()
    other = model_from_json(model.to_json())
    assert [(v.path, v.shape) for v in other.weights] == [(v.path, v.shape) for v in model.weights]


# What can not be saved.


@pytest.mark.parametrize(
    "name, fix",
    [
        ("net.hdf", "name it '.*net.keras'"),
        ("net", "name it '.*net.keras'"),
        ("net.weights.h5", "use load_weights and save_weights for weights only, or name it"),
    ],
)
def test_a_file_of_a_model_has_its_ending(backend, tmp_path, name, fix):
    text = re.escape(f"{str(tmp_path / name)!r} does not end in '.keras', as files of models do") + f"\n  fix: {fix}"
    with pytest.raises(ArgumentError, match=f"in save_model\n  {text}"):
        net().save(tmp_path / name)
    with pytest.raises(ArgumentError, match=f"in load_model\n  {text}"):
        load_model(tmp_path / name)


def test_a_file_is_replaced_only_if_that_is_allowed(backend, path):
    net().save(path)
    before = path.read_bytes()
    with pytest.raises(ArgumentError, match="net.keras' exists\n  fix: pass overwrite=True"):
        net().save(path, overwrite=False)
    assert path.read_bytes() == before


class WithoutConfig(Layer):
    def __init__(self, table):
        super().__init__()
        self.table = table

    def call(self, x):
        return x

    def get_config(self):
        return {"table": self.table}


def test_after_a_failure_the_old_file_is_there_and_no_other(backend, path, tmp_path, monkeypatch):
    net().save(path)
    before = path.read_bytes()
    with pytest.raises(SerializationError, match="of type object, can not be saved: it has no get_config"):
        Sequential([Input((3,)), WithoutConfig(object())]).save(path)

    def fails(store):
        raise KeyboardInterrupt

    model = net()
    monkeypatch.setattr(model.layers[0], "save_own_variables", fails)
    with pytest.raises(KeyboardInterrupt, match="^$"):
        model.save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["net.keras"]


# What can not be loaded.


def test_what_is_not_there_is_named(backend, path):
    with pytest.raises(ArgumentError, match=r"there is no file '.*net.keras'\n  fix: check the path"):
        load_model(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04" + bytes(100)])
def test_a_file_of_another_format_is_refused(backend, path, content):
    path.write_bytes(content)
    with pytest.raises(ArgumentError, match="it is not a whole zip archive") as caught:
        load_model(path)
    assert str(caught.value) == (
        f"ArgumentError in load_model, file {str(path)!r}\n  it is not a whole zip archive, as files of models are\n"
        "  fix: pass a file that save_model wrote"
    )


def test_damaged_parts_are_named(backend, path):
    for part, content, text in (
        ("config.json", None, "it has no config.json"),
        ("model.weights.h5", None, "it has no model.weights.h5"),
        ("config.json", b"{", "config.json is not JSON that can be read"),
        ("config.json", b"[" * 100_000, "config.json is not JSON that can be read"),
        ("config.json", b"\xff", "config.json is not JSON that can be read"),
        ("config.json", b"[1]", "the data is that of a list, not of a model"),
        ("model.weights.h5", b"hello", "model.weights.h5 can not be read as an HDF5 file"),
    ):
        net().save(path)
        rewritten(path, **{part: content})
        with pytest.raises(ArgumentError, match=f"in load_model, file .*\n  {text}"):
            load_model(path)
    net().save(path)
    whole = path.read_bytes()
    at = whole.index(b'"Sequential"')
    path.write_bytes(whole[:at] + b'"Functional"' + whole[at + 12 :])
    with pytest.raises(ArgumentError, match="config.json can not be read: Bad CRC-32"):
        load_model(path)


def test_a_config_that_makes_no_model_is_told_from_one_that_does(backend, path):
    model = functional()
    for change in (
        lambda config: config["layers"][-1].pop("inbound_nodes"),
        lambda config: config["layers"][-1].update(config=3),
        lambda config: config.update(output_layers=[["nowhere", 0, 0]]),
        lambda config: config.update(layers="all"),
        lambda config: config["layers"][0]["config"].update(batch_shape=[{}]),
    ):
        model.save(path)
        with zipfile.ZipFile(path) as archive:
            data = json.loads(archive.read("config.json"))
        change(data["config"])
        rewritten(path, **{"config.json": json.dumps(data)})
        with pytest.raises(KcoreError, match="in .*load_model, file '.*net.keras'"):
            load_model(path)
    with pytest.raises(
        SerializationError, match="in model_from_json\n  the data of Sequential can not be made into one: KeyErr"
    ):
        model_from_json(json.dumps({"class_name": "Sequential", "module": "keras", "config": {}}))


def test_every_weight_that_does_not_fit_is_named(backend, path):
    net(name="net").save(path)
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
    config["config"]["layers"][3]["config"] |= {"units": 5, "use_bias": False}
    rewritten(path, **{"config.json": json.dumps(config)})
    with pytest.raises(ArgumentError, match="(?s)in load_model, file.*2 entries do not fit, and nothing was loaded"):
        load_model(path)


def test_a_class_that_is_not_known_is_named(backend, path):
    Sequential([Input((3,)), Scaled()]).save(path)
    with pytest.raises(SerializationError, match=r"(?s)names a class that is not known here: .*Scaled.*custom_objects"):
        load_model(path)


def test_a_model_that_its_config_does_not_build_is_named(backend, path):
    class Unbuilt(Subclassed):
        def get_build_config(self):
            return None

    model = Unbuilt(name="unbuilt")
    model(X)
    model.save(path)
    with pytest.raises(ArgumentError, match='model "unbuilt" has weights in the file and was not built by its config'):
        load_model(path, custom_objects={"Unbuilt": Unbuilt})


def test_whatever_bytes_are_changed_the_error_says_which_file_it_is(backend, path):
    model = functional()
    model.save(path)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(60):
        damaged = bytearray(whole)
        for at in rng.integers(0, len(whole), rng.integers(1, 5)):
            damaged[at] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            loaded = load_model(path)
        except KcoreError as error:
            refused += 1
            assert f"load_model, file {str(path)!r}" in str(error)
        else:  # the date of a part, for one
            assert_same(model, loaded, {"x": X, "y": X})
    assert refused > 50


# Files that attack.


def test_code_runs_only_where_that_is_asked_for(backend, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that lambdas are saved as code
        Sequential([Input((3,)), Activation(lambda x: x + 1)]).save(path)
    with pytest.raises(SerializationError, match="in load_model, file .*\n  .*holds a lambda: code, which is not run"):
        load_model(path)
    np.testing.assert_array_equal(values(load_model(path, safe_mode=False)(X)), X + 1)


@pytest.mark.parametrize(
    "module, name", [("os", "system"), ("builtins", "eval"), ("kcore_layers.files.model_file", "json")]
)
def test_nothing_is_imported_because_a_file_names_it(backend, path, module, name):
    net().save(path)
    data = {"module": module, "class_name": name, "config": {"command": "touch /tmp/x"}, "registered_name": name}
    rewritten(path, **{"config.json": json.dumps(data)})
    with pytest.raises(SerializationError, match=f"names a class that is not known here: {module}.{name}"):
        load_model(path)


@pytest.mark.parametrize("name", ["../outside.txt", "/tmp/outside.txt", "assets.txt"])
def test_a_file_with_other_parts_is_refused(backend, path, name):
    net().save(path)
    rewritten(path, **{name: b"text"})
    with pytest.raises(ArgumentError, match=f"parts that kcore does not know: {re.escape(name)}"):
        load_model(path)


def test_a_part_that_would_fill_the_memory_is_refused(backend, path):
    net().save(path)
    whole = bytearray(path.read_bytes())
    at = whole.rindex(b"config.json") - 46  # where its entry of the central directory starts
    whole[at + 24 : at + 28] = (2**31).to_bytes(4, "little")  # its size once it is unpacked
    path.write_bytes(bytes(whole))
    with pytest.raises(ArgumentError, match="config.json claims 2147483648 bytes, and has"):
        load_model(path)


def test_weights_that_lie_in_another_file_are_not_read(backend, path, tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["0"] = np.ones((3, 4), "float32")
    contents = io.BytesIO()
    with h5py.File(contents, "w") as file:
        file["layers/dense/vars/0"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "0")
    net().save(path)
    rewritten(path, **{"model.weights.h5": contents.getvalue()})
    with pytest.raises(ArgumentError, match="'layers/dense/vars/0' is a link to '0' in '.*secret.h5'"):
        load_model(path)
