"""Files of safetensors: the library reads what we write, we what it writes; modules of PyTorch give their weights."""

from __future__ import annotations

import builtins
import json
import os
import stat
import struct
import sys

import numpy as np
import pytest
from kcore_layers import Input, Layer, Model, Sequential, layers
from kcore_layers.files.tensor_names import named_variables
from kcore_layers.layers import Dense
from kcore_ops.dtypes import numpy_dtype
from kcore_ops.foundation.errors import ArgumentError, MissingDependency
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

rng = np.random.default_rng(0)


def two_dense(units=4, **kwargs):
    return Sequential([Input((3,)), Dense(units, name="first", **kwargs), Dense(2, name="last")], name="net")


class Blocks(Model):
    """A model that holds layers in lists and dicts, one of them by two ways, and a weight of its own."""

    def __init__(self):
        super().__init__()
        self.blocks = [Dense(3), Dense(3)]
        self.heads = {"b": Dense(1), "a": Dense(1)}
        self.tied = Sequential([self.blocks[0], layers.Dropout(0.5, seed=1), layers.BatchNormalization()])
        self.scale = self.add_weight(shape=(), initializer="ones")

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        x = self.tied(x) * self.scale
        return self.heads["a"](x) + self.heads["b"](x)


def blocks():
    model = Blocks()
    model(np.ones((1, 3), "float32"))
    return model


def nested():
    inner = Sequential([layers.Bidirectional(layers.LSTM(2)), Dense(4)], name="inner")
    x = Input((5, 3))
    return Model(x, Dense(2)(inner(x)))


MAKERS = {"sequential": two_dense, "blocks": blocks, "nested": nested}
EACH = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


def numbers(model):
    return [w.numpy().copy() for w in model.weights]


def are_equal(some, others):
    return len(some) == len(others) and all(np.array_equal(x, y) for x, y in zip(some, others, strict=True))


def randomize(model):
    for v in model.weights:
        v.assign(rng.uniform(0.5, 2, v.shape))
    return model


# Round trips.


@EACH
def test_weights_come_back(backend, path, make):
    model, other = randomize(make()), make()
    model.save_weights(path)
    other.load_weights(str(path))
    assert are_equal(numbers(model), numbers(other))
    assert os.listdir(path.parent) == [path.name]


@EACH
def test_the_library_reads_what_is_written(backend, path, make):
    model = randomize(make())
    model.save_weights(path)
    found = load_file(path)
    assert found.keys() == named_variables(model).keys()
    assert all(np.array_equal(found[name], v.numpy()) for name, v in named_variables(model).items())
    with safe_open(path, "numpy") as file:
        assert file.metadata()["format"] == "pt"
        assert file.metadata()["kcore_version"]


@EACH
def test_what_the_library_writes_is_read(backend, path, make):
    model, other = randomize(make()), make()
    save_file({name: v.numpy() for name, v in reversed(named_variables(model).items())}, path)
    other.load_weights(path)
    assert are_equal(numbers(model), numbers(other))


def test_names_are_those_of_attributes(backend):
    assert list(named_variables(blocks())) == [
        "scale",
        *(f"blocks_{i}.{name}" for i in (0, 1) for name in ("kernel", "bias")),
        *(f"heads_{key}.{name}" for key in "ba" for name in ("kernel", "bias")),
        *(f"tied.dense.{name}" for name in ("kernel", "bias")),
        *(f"tied.batch_normalization.{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance")),
    ]  # fmt: skip


def test_a_weight_of_several_names_may_have_any_of_them(backend, path):
    model, other = randomize(blocks()), blocks()
    values = {name: v.numpy() for name, v in named_variables(model).items() if not name.startswith("blocks_0")}
    save_file(values, path)
    other.load_weights(path)
    assert are_equal(numbers(model), numbers(other))


DTYPES = ["bool", "int8", "uint8", "int16", "int32", "uint32", "int64", "float16", "bfloat16", "float32", "float64",
          "float8_e4m3fn", "float8_e5m2", "complex64"]  # fmt: skip


class Holder(Layer):
    """A layer with weights of a dtype, of any size."""

    def __init__(self, dtype):
        super().__init__(name="holder")
        for name, shape in (("matrix", (2, 3)), ("number", ()), ("nothing", (0, 4))):
            variable = self.add_weight(shape=shape, initializer="zeros", dtype=dtype, trainable=False, name=name)
            setattr(self, name, variable)
        self.built = True


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_comes_back_as_it_was(backend, path, dtype):
    from kcore_layers.files import load_weights, save_weights

    model, other = Holder(dtype), Holder(dtype)
    value = np.arange(6).reshape(2, 3).astype(numpy_dtype(dtype))
    model.matrix.assign(value)
    model.number.assign(value[0, 1])
    save_weights(model, path)
    load_weights(other, path)
    assert np.array_equal(other.matrix.numpy(), value)
    assert other.matrix.numpy().dtype == value.dtype
    assert other.number.numpy() == value[0, 1]
    assert other.nothing.shape == (0, 4)


def test_a_dtype_that_the_format_has_not_is_refused_by_name(backend, path):
    from kcore_layers.files import save_weights

    with pytest.raises(
        ArgumentError, match=r"no such dtype: holder.* \(complex128\)|no such dtype: matrix \(complex128\)"
    ):
        save_weights(Holder("complex128"), path)
    assert not path.exists()


def test_floats_are_cast_to_the_dtype_of_the_model(backend, path):
    model, other = randomize(two_dense()), two_dense(dtype="bfloat16")
    model.save_weights(path)
    other.load_weights(path)
    expected = model.layers[0].kernel.numpy().astype(other.layers[0].kernel.numpy().dtype)
    assert np.array_equal(other.layers[0].kernel.numpy(), expected)


def test_the_state_of_the_optimizer_stays_as_it_is(backend, path):
    from kcore_train import optimizers

    model = two_dense()
    model.compile(optimizers.Adam(0.25), "mse")
    model.optimizer.build(model.trainable_variables)
    model.save_weights(path)
    assert set(load_file(path)) == {"first.kernel", "first.bias", "last.kernel", "last.bias"}
    model.load_weights(path)
    assert float(model.optimizer.learning_rate) == 0.25


def test_states_of_recurrent_layers_are_no_weights(backend, path):
    model = Sequential([Input((4, 3), batch_size=2), layers.LSTM(2, stateful=True, name="lstm")])
    model(np.ones((2, 4, 3), "float32"))
    model.save_weights(path)
    found = load_file(path)
    assert set(found) == {"lstm.cell.kernel", "lstm.cell.recurrent_kernel", "lstm.cell.bias"}
    model.load_weights({**found, "lstm.rnn_state": np.ones((2, 2)), "lstm.rnn_state_": np.ones((2, 2))})


def test_objects_can_be_left_out(backend, path):
    model, other = randomize(two_dense()), two_dense()
    before = numbers(other)
    model.save_weights(path, objects_to_skip=[model.layers[0]])
    assert set(load_file(path)) == {"last.kernel", "last.bias"}
    other.load_weights(path, objects_to_skip=[other.layers[0]])
    assert are_equal(numbers(other), [*before[:2], *numbers(model)[2:]])
    other.load_weights({"first.kernel": np.ones(7), "last.weight": np.ones((2, 4)), "last.bias": np.ones(2)},
                       objects_to_skip=[other.layers[0]])  # fmt: skip
    assert are_equal(numbers(other), [*before[:2], np.ones((4, 2)), np.ones(2)])
    with pytest.raises(ArgumentError, match="the model does not hold"):
        model.save_weights(path, objects_to_skip=[Dense(2)])


# What does not fit.


def test_all_that_does_not_fit_is_said_and_nothing_is_set(backend, path):
    model = two_dense()
    before = numbers(model)
    values = {
        "first.kernel": np.ones((3, 5), "float32"), "first.bias": np.ones(4, "int32"), "last.weight": np.ones((2, 7)),
        "extra": np.ones(1),
    }  # fmt: skip
    save_file(values, path)
    with pytest.raises(ArgumentError, match="5 entries do not fit") as caught:
        model.load_weights(path)
    assert str(caught.value).splitlines() == [
        f'ArgumentError in load_weights, model "net", file {str(path)!r}',
        "  5 entries do not fit, and nothing was loaded:",
        "    first.kernel: shape (3, 5) in the file, (3, 4) in the model: 'net/first/kernel'",
        "    first.bias: int32 in the file, float32 in the model: 'net/first/bias'",
        "    last.weight: shape (2, 7) in the file, which are (7, 2) here; (4, 2) in the model: 'net/last/kernel'",
        "    last.bias: missing in the file; it is 'net/last/bias'",
        "    extra: only in the file",
        "  fix: make the model as it was when the file was written, or pass skip_mismatch=True",
    ]
    assert are_equal(numbers(model), before)


def test_the_rest_is_loaded_where_that_is_asked_for(backend):
    model = two_dense()
    before = numbers(model)
    values = {"first.kernel": np.ones((3, 5)), "first.bias": np.full(4, 5.0), "last.weight": np.full((2, 4), 6.0)}
    with pytest.warns(
        UserWarning, match="(?s)stay as they were:\n  first.kernel: shape .* in the dict.*last.bias: mis"
    ):
        model.load_weights(values, skip_mismatch=True)
    assert are_equal(numbers(model), [before[0], np.full(4, 5), np.full((4, 2), 6), before[3]])


def test_a_dict_is_copied(backend):
    model, values = two_dense(), {name: v.numpy().copy() for name, v in named_variables(two_dense()).items()}
    model.load_weights(values)
    before = [x.copy() for x in values.values()]
    for value in values.values():
        value[...] = 7
    assert are_equal(numbers(model), before)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({3: np.ones(2)}, "the key 3 is not the name of a weight"),
        ({"first.kernel": "text"}, "'first.kernel' is a str, not an array of numbers"),
        ({"state_dict": {"first.kernel": np.ones(2)}}, "'state_dict' is a dict, not an array of numbers"),
    ],
)
def test_what_is_no_dict_of_arrays_is_refused(backend, values, message):
    with pytest.raises(ArgumentError, match=message):
        two_dense().load_weights(values)


# PyTorch's names, without PyTorch: what the tensors mean is in test_torch_names.py.


def linear(inputs, outputs):
    return {"weight": rng.normal(size=(outputs, inputs)).astype("float32"), "bias": np.ones(outputs, "float32")}


def prefixed(**modules):
    return {f"{prefix}.{name}": x for prefix, values in modules.items() for name, x in values.items()}


def test_a_module_is_found_by_its_place_in_the_model(backend):
    class Net(Model):
        def __init__(self):
            super().__init__()
            self.fc1 = Dense(3)
            self.blocks = [Dense(3), Dense(3)]
            self.tail = Sequential([Dense(3), layers.ReLU(), Dense(2)])

        def call(self, x):
            x = self.blocks[1](self.blocks[0](self.fc1(x)))
            return self.tail(x)

    net = Net()
    net(np.ones((1, 3), "float32"))
    sizes = {"fc1": 3, "blocks.0": 3, "blocks.1": 3, "tail.0": 3, "tail.2": 2}
    values = {name: linear(3, size) for name, size in sizes.items()}
    for wrapped in ("", "module."):
        net.set_weights([np.zeros(w.shape) for w in net.weights])
        net.load_weights(prefixed(**{wrapped + name: each for name, each in values.items()}))
        found = [net.fc1, *net.blocks, net.tail.layers[0], net.tail.layers[2]]
        for layer, each in zip(found, values.values(), strict=True):
            assert np.array_equal(layer.kernel.numpy(), each["weight"].T)
            assert np.array_equal(layer.bias.numpy(), each["bias"])


def test_a_module_that_may_be_of_several_layers_is_of_none(backend):
    class Part(Layer):
        def __init__(self, name):
            super().__init__(name=name)
            self.fc = Dense(3)

        def build(self, shape):
            self.fc.build(shape)

        def call(self, x):
            return self.fc(x)

    x = Input((3,))
    model = Model(x, Part(name="b")(Part(name="a")(x)))
    with pytest.raises(ArgumentError, match="fc.weight: may be of the layers 'a.fc', 'b.fc'"):
        model.load_weights(prefixed(fc=linear(3, 3)))
    with pytest.raises(ArgumentError, match="x.a.fc.weight: may be of the layer 'a.fc', as may 'y.a.fc'"):
        model.load_weights(prefixed(**{"x.a.fc": linear(3, 3), "y.a.fc": linear(3, 3), "b.fc": linear(3, 3)}))
    model.load_weights(prefixed(**{"a.fc": linear(3, 3), "b.fc": linear(3, 3)}))


# Several files.


def shards_in(directory):
    return sorted(name for name in os.listdir(directory) if name.endswith(".safetensors"))


@pytest.fixture
def index(tmp_path):
    return tmp_path / "net.safetensors.index.json"


def save_shards(model, index, size=64):
    model.save_weights(index, max_shard_size=size / 2**30)


def test_weights_come_back_from_several_files(backend, index):
    model, other = randomize(two_dense()), two_dense()
    save_shards(model, index)
    assert shards_in(index.parent) == [f"net-0000{i}-of-00002.safetensors" for i in (1, 2)]
    data = json.loads(index.read_text())
    assert data["metadata"] == {"total_size": 4 * (12 + 4 + 8 + 2)}
    found = {name: load_file(index.parent / shard)[name] for name, shard in data["weight_map"].items()}
    assert all(np.array_equal(found[name], v.numpy()) for name, v in named_variables(model).items())
    other.load_weights(index)
    assert are_equal(numbers(model), numbers(other))


def test_the_name_of_one_file_stands_for_that_of_the_index(backend, path, index):
    model, other = randomize(two_dense()), two_dense()
    with pytest.warns(UserWarning, match=r"several files, with an index: '.*net.safetensors.index.json'"):
        model.save_weights(path, max_shard_size=1)
    assert not path.exists()
    other.load_weights(index)
    assert are_equal(numbers(model), numbers(other))
    with pytest.raises(ArgumentError, match="is the name of an index of several files"):
        model.save_weights(index)


def test_shards_take_the_place_of_others_when_all_are_there(backend, index, monkeypatch):
    first, second, other = randomize(two_dense()), randomize(two_dense()), two_dense()
    save_shards(first, index)
    before = set(os.listdir(index.parent))
    replace, moved = os.replace, []

    def failing(source, target):
        moved.append(target)
        if len(moved) == 2:
            raise OSError("the disk is full")
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(OSError, match="the disk is full"):
        save_shards(second, index)
    monkeypatch.setattr(os, "replace", replace)
    assert set(os.listdir(index.parent)) == before
    other.load_weights(index)
    assert are_equal(numbers(other), numbers(first))
    save_shards(second, index)
    assert len(os.listdir(index.parent)) == 3
    other.load_weights(index)
    assert are_equal(numbers(other), numbers(second))
    with pytest.raises(ArgumentError, match="exists"):
        first.save_weights(index, overwrite=False, max_shard_size=1)


def test_a_variable_larger_than_a_shard_is_refused(backend, index):
    with pytest.raises(ArgumentError, match="'first.kernel' has 48 bytes, and a shard may have 40"):
        save_shards(two_dense(), index, 40)
    assert os.listdir(index.parent) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../secret.safetensors", "is not the name of a file in its own directory"),
        ("/etc/passwd", "is not the name of a file in its own directory"),
        ("none.safetensors", "there is no file"),
        ("link.safetensors", "is a link"),
        (3, "has no weight_map"),
    ],
)
def test_an_index_that_leads_elsewhere_is_refused(backend, tmp_path, name, message):
    (tmp_path / "sub").mkdir()
    index = tmp_path / "sub" / "net.safetensors.index.json"
    save_shards(two_dense(), index, 1000)
    save_file({"first.kernel": np.ones((3, 4))}, tmp_path / "secret.safetensors")
    os.symlink(tmp_path / "secret.safetensors", tmp_path / "sub" / "link.safetensors")
    data = json.loads(index.read_text())
    data["weight_map"]["first.kernel"] = name
    index.write_text(json.dumps(data))
    with pytest.raises(ArgumentError, match=message):
        two_dense().load_weights(index)


def test_an_index_that_is_not_true_is_refused(backend, index):
    save_shards(two_dense(), index, 1000)
    data = json.loads(index.read_text())
    data["weight_map"]["more"] = data["weight_map"]["last.bias"]
    index.write_text(json.dumps(data))
    with pytest.raises(ArgumentError, match="lacks 'more', and the index says otherwise"):
        two_dense().load_weights(index)
    del data["weight_map"]["more"], data["weight_map"]["first.bias"]
    index.write_text(json.dumps(data))
    with pytest.raises(ArgumentError, match="holds 'first.bias', and the index says otherwise"):
        two_dense().load_weights(index)
    index.write_text("[" * 100_000)
    with pytest.raises(ArgumentError, match="the index is not JSON"):
        two_dense().load_weights(index)


# Files.


def test_others_may_read_the_file_as_they_may_any(backend, path):
    two_dense().save_weights(path)
    with open(path.parent / "plain", "w"):
        pass
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((path.parent / "plain").stat().st_mode)


def test_a_save_that_fails_leaves_what_was_there(backend, path, monkeypatch):
    model = two_dense()
    model.save_weights(path)
    before = path.read_bytes()
    with pytest.raises(ArgumentError, match="exists"):
        model.save_weights(path, overwrite=False)

    def failing(*args):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(OSError, match="the disk is full"):
        randomize(model).save_weights(path)
    assert os.listdir(path.parent) == [path.name]
    assert path.read_bytes() == before


def test_without_the_library_one_is_told_to_install_it(backend, path, monkeypatch):
    model = two_dense()
    model.save_weights(path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "safetensors"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    for call in (model.save_weights, model.load_weights):
        with pytest.raises(MissingDependency, match="(?s)needs? the library safetensors.*fix: pip install safetensors"):
            call(path)
    with pytest.raises(ImportError, match="pip install safetensors"):
        model.load_weights(path)


def entry(shape, offsets, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


ONE = entry([1], [0, 4])
HOSTILE = {
    "empty": b"",
    "no header": b"abc",
    "an absurd header": (b"{}", b"", 2**60),
    "a header past the end": (b"{}", b"", 50),
    "no JSON": b"nonsense",
    "no object": [],
    "a deep header": b'{"a":' + b"[" * 100_000,
    "twice the same": (b'{"a":' + json.dumps(ONE).encode() + b',"a":' + json.dumps(ONE).encode() + b"}", b"0000"),
    "twice the same inside": (b'{"a":{"dtype":"F32","shape":[9],"shape":[1],"data_offsets":[0,4]}}', b"0000"),
    "overlapping": ({"a": ONE, "b": ONE}, b"0000"),
    "a hole": ({"a": ONE, "b": entry([1], [8, 12])}, b"0" * 12),
    "out of range": ({"a": entry([4], [0, 16])}, b"0000"),
    "bytes of nothing": ({"a": ONE}, b"0" * 9),
    "backwards": ({"a": entry([1], [4, 0])}, b"0000"),
    "an unknown dtype": ({"a": entry([1], [0, 4], "Q7")}, b"0000"),
    "a dtype of others": ({"a": entry([8], [0, 4], "F4")}, b"0000"),
    "an overflow": ({"a": entry([2**62, 2**62], [0, 4])}, b"0000"),
    "a negative size": ({"a": entry([-1], [0, 4])}, b"0000"),
    "another size": ({"a": entry([2], [0, 4])}, b"0000"),
    "a name that is no text": (b'{"\xff":' + json.dumps(ONE).encode() + b"}", b"0000"),
    "metadata that are no text": ({"__metadata__": {"a": 1}, "a": ONE}, b"0000"),
    "nothing of absurd size": ({"first.kernel": entry([0, 2**62, 2**62], [0, 0])}, b""),
    "nothing that is to be turned": ({"first.weight": entry([0, 2**62, 2**62], [0, 0])}, b""),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_is_not_what_it_says_is_refused(backend, path, content, monkeypatch):
    if isinstance(content, bytes):
        path.write_bytes(content if len(content) < 8 else struct.pack("<Q", len(content)) + content)
    else:
        header, data, size = (*content, None) if len(content) == 2 else content or ([], b"", None)
        header = header if isinstance(header, bytes) else json.dumps(header).encode()
        path.write_bytes(struct.pack("<Q", len(header) if size is None else size) + header + data)
    model = two_dense()
    before = numbers(model)
    with pytest.raises(ArgumentError, match=r"not a whole file of safetensors|twice|has not the dtype|do not fit"):
        model.load_weights(path)
    assert are_equal(numbers(model), before)


def test_no_other_file_is_opened(backend, path, monkeypatch):
    model, opened = two_dense(), []
    model.save_weights(path)
    model.load_weights(path)
    original = builtins.open

    def noting(name, *args, **kwargs):
        opened.append(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "open", noting)
    model.load_weights(path)
    assert opened == [str(path)]


def test_what_is_no_file_is_refused(backend, tmp_path):
    with pytest.raises(ArgumentError, match="there is no file"):
        two_dense().load_weights(tmp_path / "none.safetensors")
    (tmp_path / "dir.safetensors").mkdir()
    with pytest.raises(ArgumentError, match="not a whole file of safetensors"):
        two_dense().load_weights(tmp_path / "dir.safetensors")
    with pytest.raises(ArgumentError, match="is not built"):
        Sequential([Dense(2)]).save_weights(tmp_path / "net.safetensors")
