"""Files of weights: what is written is read again, whole or not at all, and only a file's own numbers are read."""

from __future__ import annotations

import dataclasses
import os
import re
import warnings
import weakref

import h5py
import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Layer, Model, Sequential
from kcore_layers.files.hdf5_weights import read_hdf5_weights
from kcore_layers.files.weight_paths import saved_objects
from kcore_layers.files.weights_file import read_weights
from kcore_layers.layers import Dense, Dropout
from kcore_ops.foundation.errors import ArgumentError
from kcore_train import losses, optimizers  # noqa: F401 (other tests put the names known at their start back)


def two_dense(units=4, last=2):
    return Sequential([Input((3,)), Dense(units, name="first"), Dense(last, name="last")], name="net")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.weights.h5"


def numbers(model):
    return [w.numpy().copy() for w in model.weights]


def are_equal(some, others):
    return len(some) == len(others) and all(np.array_equal(x, y) for x, y in zip(some, others, strict=True))


def only_file_in(directory):
    (found,) = os.listdir(directory)
    return found


class Blocks(Model):
    """A model that holds layers in lists, dicts and attributes, some of them twice."""

    def __init__(self):
        super().__init__()
        shared = Dense(3)
        self.blocks = [Dense(3), shared, Dense(3)]
        self.heads = {"b": Dense(1), "a": Dense(2)}
        self.shared = shared
        self._last = Dense(3)
        self.scale = self.add_weight(shape=(3,), initializer="ones")

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        x = self._last(self.shared(x)) * self.scale
        return self.heads["a"](x), self.heads["b"](x)


# Round trips.


def test_weights_come_back(backend, path):
    model, other = two_dense(), two_dense()
    model.save_weights(path)
    assert not are_equal(numbers(model), numbers(other))
    other.load_weights(str(path))
    assert are_equal(numbers(model), numbers(other))
    x = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(ops.convert_to_numpy(model(x)), ops.convert_to_numpy(other(x)))


def test_each_object_is_in_the_file_once_under_the_first_of_its_places(backend, path):
    model = Blocks()
    model(np.ones((1, 3), "float32"))
    assert [place for place, _ in saved_objects(model)] == [
        "", "blocks/dense", "blocks/dense_1", "blocks/dense_2", "heads/dense", "heads/dense_1", "layers/dense_5",
    ]  # fmt: skip
    model.save_weights(path)
    other = Blocks()
    other(np.ones((1, 3), "float32"))
    other.load_weights(path)
    assert are_equal(numbers(model), numbers(other))


def test_a_file_written_on_one_backend_is_read_on_another(backend, other_backend, path):
    model = two_dense()
    model.save_weights(path)
    with ops.use_backend(other_backend.name):
        other = two_dense()
        other.load_weights(path)
    assert are_equal(numbers(model), numbers(other))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "mixed_bfloat16"])
def test_weights_of_narrow_dtypes_come_back(backend, path, dtype):
    model, other = (Sequential([Input((3,)), Dense(2, dtype=dtype)]) for _ in range(2))
    model.save_weights(path)
    other.load_weights(path)
    assert other.weights[0].numpy().dtype.name == ("float32" if dtype.startswith("mixed") else dtype)
    assert are_equal(numbers(model), numbers(other))


def test_floating_numbers_are_cast_to_the_dtype_of_the_weight(backend, path):
    model, other = (Sequential([Input((3,)), Dense(2, dtype=dtype)]) for dtype in ("float32", "bfloat16"))
    model.save_weights(path)
    other.load_weights(path)
    assert are_equal([w.astype(other.weights[0].numpy().dtype) for w in numbers(model)], numbers(other))


class Lookup(Layer):
    """A layer that keeps words, which are not variables, in its own way."""

    def __init__(self, words=(), **kwargs):
        super().__init__(**kwargs)
        self.words = list(words)

    def call(self, x):
        return x

    def save_own_variables(self, store):
        store["codes"] = np.array([ord(word) for word in self.words], "int32")

    def load_own_variables(self, store):
        self.words = [chr(code) for code in store["codes"]]


def test_a_layer_may_write_and_read_in_its_own_way(backend, path):
    Sequential([Input((3,)), Lookup("abc")]).save_weights(path)
    other = Sequential([Input((3,)), Lookup("x")])
    other.load_weights(path)
    assert other.layers[0].words == ["a", "b", "c"]


def test_what_a_layer_of_its_own_way_can_not_read_is_a_fault(backend, path):
    Sequential([Input((3,)), Dropout(0.5, name="lookup"), Dense(2)]).save_weights(path)
    other = Sequential([Input((3,)), Lookup("x"), Dense(3)])
    before = numbers(other)
    with pytest.raises(ArgumentError, match="layers/lookup/vars: KeyError: 'codes'\n.*layers/dense/vars/0: shape"):
        other.load_weights(path)
    assert are_equal(before, numbers(other))
    assert other.layers[0].words == ["x"]


# What does not fit.


def test_everything_that_does_not_fit_is_named_at_once_and_nothing_is_loaded(backend, path):
    two_dense().save_weights(path)
    x = Input((3,))
    other = Sequential(
        [x, Dense(4, use_bias=False, name="first"), Dense(3, name="last"), Dense(5, name="more")], name="o"
    )
    before = numbers(other)
    with pytest.raises(ArgumentError, match="4 entries do not fit, and nothing was loaded") as caught:
        other.load_weights(path)
    assert str(caught.value) == (
        f'ArgumentError in load_weights, model "o", file {str(path)!r}\n'
        "  4 entries do not fit, and nothing was loaded:\n"
        "    layers/dense/vars/1: only in the file\n"
        "    layers/dense_1/vars/0: shape (4, 2) in the file, (4, 3) in the model: 'o/last/kernel'\n"
        "    layers/dense_1/vars/1: shape (2,) in the file, (3,) in the model: 'o/last/bias'\n"
        "    layers/dense_2/vars: missing in the file; it is layer 'o/more', with 2 variables\n"
        "  fix: make the model as it was when the file was written, or pass skip_mismatch=True"
    )
    assert are_equal(before, numbers(other))


def test_layers_of_the_file_that_the_model_lacks_are_named(backend, path):
    two_dense().save_weights(path)
    with pytest.raises(ArgumentError, match="2 entries do not fit.*\n    layers/dense_1/vars/0: only in the file"):
        Sequential([Input((3,)), Dense(4)]).load_weights(path)


def test_a_variable_that_the_file_lacks_is_named(backend, path):
    Sequential([Input((3,)), Dense(4, use_bias=False)]).save_weights(path)
    with pytest.raises(
        ArgumentError, match=r"1 entry does not fit.*\n    layers/dense/vars/1: missing .* 'net/d/bias'"
    ):
        Sequential([Input((3,)), Dense(4, name="d")], name="net").load_weights(path)


def test_a_layer_that_is_not_built_is_named_as_such(backend, path):
    model, other = Blocks(), Blocks()
    model(np.ones((1, 3), "float32"))
    model.save_weights(path)
    other.build((None, 3))
    other.heads["c"] = Dense(2, name="late")
    model.heads["c"] = late = Dense(2)
    late.build((None, 3))
    model.save_weights(path)
    with pytest.raises(ArgumentError, match="heads/dense_2/vars/0: only in the file; layer 'late' is not built"):
        other.load_weights(path)


def test_numbers_of_another_kind_do_not_fit(backend, path):
    class Counter(Layer):
        def __init__(self, dtype):
            super().__init__()
            self.count = self.add_weight(shape=(2,), dtype=dtype, initializer="ones", name="count", trainable=False)

        def call(self, x):
            return x

    Sequential([Input((3,)), Counter("float32")]).save_weights(path)
    with pytest.raises(ArgumentError, match="layers/counter/vars/0: float32 in the file, int32 in the model"):
        Sequential([Input((3,)), Counter("int32")]).load_weights(path)


def test_layers_that_do_not_fit_can_be_left_as_they_are(backend, path):
    model, other = two_dense(last=2), two_dense(last=3)
    model.save_weights(path)
    before = numbers(other)
    with pytest.warns(
        UserWarning, match="weights were not loaded where they do not fit.*\n  layers/dense_1/vars/0: shape"
    ):
        other.load_weights(path, skip_mismatch=True)
    assert are_equal(numbers(other)[:2], numbers(model)[:2])
    assert are_equal(numbers(other)[2:], before[2:])


# Models and names that will not do.


def test_a_model_that_is_not_built_has_no_weights_to_write_or_read(backend, path):
    model = Sequential([Dense(2)], name="raw")
    text = r'ArgumentError in {}\n  model "raw" is not built, and has no weights yet\n  fix: call it on data'
    with pytest.raises(ArgumentError, match=text.format("save_weights")):
        model.save_weights(path)
    with pytest.raises(ArgumentError, match=text.format("load_weights")):
        model.load_weights(path)
    assert not path.exists()


@pytest.mark.parametrize("name", ["net.h5", "net.keras", "net", "net.weights"])
def test_a_file_of_weights_has_its_ending(backend, tmp_path, name):
    expected = re.escape(
        f"{str(tmp_path / name)!r} does not end in '.weights.h5', as files of weights do\n  fix: name it "
    )
    with pytest.raises(ArgumentError, match=f"{expected}.*/net.weights.h5'"):
        two_dense().save_weights(tmp_path / name)
    if not name.endswith((".keras", ".h5")):  # which have weights too
        with pytest.raises(ArgumentError, match=expected):
            two_dense().load_weights(tmp_path / name)


def test_what_is_no_file_name_is_refused(backend):
    with pytest.raises(
        ArgumentError, match="in save_weights\n  3 is not the name of a file\n  fix: pass a str or a Path"
    ):
        two_dense().save_weights(3)
    with pytest.raises(ArgumentError, match="b'x.weights.h5' is not the name of a file"):
        two_dense().load_weights(b"x.weights.h5")


def test_a_file_that_is_not_there_is_named(backend, path):
    with pytest.raises(ArgumentError, match=r"there is no file '.*net.weights.h5'\n  fix: check the path"):
        two_dense().load_weights(path)


def test_a_directory_that_is_not_there_is_named(backend, tmp_path):
    with pytest.raises(ArgumentError, match="there is no directory '.*/missing'\n  fix: make it first"):
        two_dense().save_weights(tmp_path / "missing" / "net.weights.h5")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04" + bytes(100)])
def test_a_file_of_another_format_is_refused(backend, path, content):
    path.write_bytes(content)
    with pytest.raises(ArgumentError, match="can not be read as an HDF5 file: it is of another format, or not whole"):
        two_dense().load_weights(path)


def test_a_file_cut_short_is_refused(backend, path):
    two_dense().save_weights(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ArgumentError, match="not whole"):
        two_dense().load_weights(path)


def test_a_file_of_another_layout_is_refused(backend, path):
    with h5py.File(path, "w") as file:
        file["dense/kernel:0"] = np.ones((3, 4))
    with pytest.raises(ArgumentError, match="'dense/kernel:0' belongs to no layer: the file has another layout"):
        two_dense().load_weights(path)


# Writing is whole or not at all.


def test_a_file_is_replaced_only_if_that_is_allowed(backend, path):
    model = two_dense()
    model.save_weights(path)
    before = path.read_bytes()
    with pytest.raises(ArgumentError, match="net.weights.h5' exists\n  fix: pass overwrite=True, or another name"):
        two_dense().save_weights(path, overwrite=False)
    assert path.read_bytes() == before
    two_dense().save_weights(path)
    assert path.read_bytes() != before


class Failing(Layer):
    def call(self, x):
        return x

    def save_own_variables(self, store):
        store["0"] = np.ones(3)
        raise KeyboardInterrupt


def test_after_a_failure_the_old_file_is_there_and_no_other(backend, path, tmp_path):
    two_dense().save_weights(path)
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt, match="^$"):
        Sequential([Input((3,)), Dense(2), Failing()]).save_weights(path)
    assert path.read_bytes() == before
    assert only_file_in(tmp_path) == "net.weights.h5"


def test_a_failure_to_replace_leaves_nothing_behind(backend, path, tmp_path, monkeypatch):
    def fails(source, target):
        assert os.path.dirname(source) == os.path.dirname(target)
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="disk full"):
        two_dense().save_weights(path)
    assert os.listdir(tmp_path) == []


def test_a_link_to_a_file_stays_a_link(backend, path, tmp_path):
    model = two_dense()
    (tmp_path / "link.weights.h5").symlink_to(path)
    model.save_weights(tmp_path / "link.weights.h5")
    assert (tmp_path / "link.weights.h5").is_symlink()
    other = two_dense()
    other.load_weights(path)
    assert are_equal(numbers(model), numbers(other))


# Reading is of plain numbers in the file itself.


def tampered(path, change):
    """Write a file of weights and change it."""
    two_dense().save_weights(path)
    with h5py.File(path, "r+") as file:
        change(file)


KERNEL = "layers/dense/vars/0"


def refuse(path, match):
    model = two_dense()
    before = numbers(model)
    for skip_mismatch in (False, True):
        with pytest.raises(ArgumentError, match=match) as caught:
            model.load_weights(path, skip_mismatch=skip_mismatch)
    assert "a file of weights has groups and numbers of its own, and nothing else" in str(caught.value)
    assert "fix: do not load files from a source you do not trust" in str(caught.value)
    assert are_equal(before, numbers(model))


def test_external_links_are_refused(backend, path, tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["x"] = np.ones((3, 4), "float32")

    def change(file):
        del file[KERNEL]
        file[KERNEL] = h5py.ExternalLink("secret.h5", "/x")

    tampered(path, change)
    refuse(path, "'layers/dense/vars/0' is a link to '/x' in 'secret.h5'")


def test_soft_links_are_refused(backend, path):
    def change(file):
        del file[KERNEL]
        file[KERNEL] = h5py.SoftLink("/layers/dense_1/vars/0")

    tampered(path, change)
    refuse(path, "'layers/dense/vars/0' is a link to '/layers/dense_1/vars/0'")


def test_groups_that_lead_round_in_a_circle_are_refused(backend, path):
    def change(file):
        file["layers/dense/again"] = file["layers"]

    tampered(path, change)
    refuse(path, "'layers/dense/again' is a second link to something in the file")


def test_data_kept_in_another_file_is_refused(backend, path, tmp_path):
    (tmp_path / "secret").write_bytes(bytes(48))

    def change(file):
        del file[KERNEL]
        file.create_dataset(KERNEL, (3, 4), "float32", external=[(str(tmp_path / "secret"), 0, 48)])

    tampered(path, change)
    refuse(path, "'layers/dense/vars/0' keeps its data in another file, '.*/secret'")


def test_virtual_datasets_are_refused(backend, path, tmp_path):
    def change(file):
        del file[KERNEL]
        layout = h5py.VirtualLayout((3, 4), "float32")
        layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "x", (3, 4))
        file.create_virtual_dataset(KERNEL, layout)

    tampered(path, change)
    refuse(path, "'layers/dense/vars/0' is put together from other datasets")


KINDS = {
    "text": h5py.string_dtype(),
    "bytes": "S2",
    "records": [("a", "f4"), ("b", "i4")],
    "lists": h5py.vlen_dtype(np.int32),
    "opaque": "V2",
    "odd": "V3",
    "references": h5py.ref_dtype,
}


@pytest.mark.parametrize("dtype", KINDS.values(), ids=KINDS)
def test_what_is_not_numbers_is_refused(backend, path, dtype):
    def change(file):
        file.create_dataset("layers/dense/vars/2", (2,), dtype)

    tampered(path, change)
    refuse(path, "'layers/dense/vars/2' holds .*, not numbers of a dtype that is known")


@pytest.mark.parametrize("name", ["float32", "object", "no_such_type", 3])
def test_bytes_said_to_be_of_a_dtype_they_are_not_are_refused(backend, path, name):
    def change(file):
        file["layers/dense/vars/2"] = np.zeros(3, "V2")
        file["layers/dense/vars/2"].attrs["dtype"] = name

    tampered(path, change)
    refuse(path, "'layers/dense/vars/2' holds .V2, not numbers")


def test_a_dataset_without_data_is_refused(backend, path):
    def change(file):
        file["layers/dense/vars/2"] = h5py.Empty("float32")

    tampered(path, change)
    refuse(path, "'layers/dense/vars/2' holds nothing")


@pytest.mark.parametrize("options", [{}, {"chunks": (1000, 1000)}, {"chunks": (1000, 1000), "compression": "gzip"}])
def test_more_numbers_than_there_are_can_not_be_claimed(backend, path, options):
    def change(file):
        file.create_dataset("layers/dense/vars/2", (10**6, 10**6), "float32", **options)

    tampered(path, change)
    refuse(path, "'layers/dense/vars/2' claims 4000000000000 bytes of numbers, where the file has 0")


def test_filters_that_need_code_from_elsewhere_are_refused(backend, path):
    def change(file):
        file.create_dataset(
            "layers/dense/vars/2", (4,), "float32", chunks=(4,), compression=32015, allow_unknown_filter=True
        )

    tampered(path, change)
    refuse(path, r"'layers/dense/vars/2' is packed with the HDF5 filters \[32015\], of which not all come with h5py")


def test_a_named_type_in_the_file_is_refused(backend, path):
    def change(file):
        file["layers/kind"] = np.dtype("float32")

    tampered(path, change)
    refuse(path, "'layers/kind' is a Datatype")


@pytest.mark.parametrize("options", [{"compression": "gzip"}, {"compression": "lzf", "shuffle": True}])
def test_packed_numbers_are_read(backend, path, options):
    def change(file):
        value = np.ones((3, 4), ">f4")
        del file[KERNEL]
        file.create_dataset(KERNEL, data=value, **options)

    tampered(path, change)
    model = two_dense()
    model.load_weights(path)
    np.testing.assert_array_equal(model.weights[0].numpy(), np.ones((3, 4)))


LAST = "layers/dense_1/vars/1"


@pytest.mark.parametrize("options", [{"compression": "gzip"}, {"fletcher32": True}])
def test_damage_is_found_before_anything_is_set(backend, path, options):
    place = []

    def change(file):
        del file[LAST]
        dataset = file.create_dataset(LAST, data=np.ones(2, "float32"), chunks=(2,), **options)
        place.append(dataset.id.get_chunk_info(0).byte_offset)

    tampered(path, change)
    whole = bytearray(path.read_bytes())
    whole[place[0] : place[0] + 6] = b"\x55" * 6
    path.write_bytes(bytes(whole))
    model = two_dense()
    before = numbers(model)
    with pytest.raises(ArgumentError, match="file .*net.weights.h5'\n  the file is damaged: "):
        model.load_weights(path)
    assert are_equal(before, numbers(model))


def test_numbers_that_lie_behind_the_end_of_the_file_are_refused_before_anything_is_set(backend, path):
    two_dense().save_weights(path)
    whole = path.read_bytes()
    with h5py.File(path) as file:
        at, size = (n.to_bytes(8, "little") for n in (file[LAST].id.get_offset(), file[LAST].nbytes))
    assert whole.count(at + size) == 1
    path.write_bytes(whole.replace(at + size, (len(whole) - 4).to_bytes(8, "little") + size))
    model = two_dense()
    before = numbers(model)
    with pytest.raises(ArgumentError, match="the file is damaged: .* dataset size|the file ends before the num"):
        model.load_weights(path)
    assert are_equal(before, numbers(model))


def test_no_more_than_one_variable_is_read_at_a_time(backend, path):
    held, most = [0], [0]

    class Counted(np.ndarray):
        """An array that notes when it is made and when it goes."""

    def counted(read):
        def reading():
            array = read().view(Counted)
            held[0] += 1
            most[0] = max(most[0], held[0])
            weakref.finalize(array, lambda: held.__setitem__(0, held[0] - 1))
            return array

        return reading

    model, other = two_dense(), two_dense()
    model.save_weights(path)
    with read_hdf5_weights(str(path)) as places:
        counting = {
            place: {key: dataclasses.replace(entry, read=counted(entry.read)) for key, entry in entries.items()}
            for place, entries in places.items()
        }
        read_weights(other, counting)
    assert are_equal(numbers(model), numbers(other))
    assert most[0] in (1, 2)  # the next is read before the name of the last goes


# The optimizer.


def trained(optimizer="adam"):
    model = two_dense()
    model.compile(optimizer, "mse")
    model.fit(np.ones((4, 3), "float32"), np.ones((4, 2), "float32"), verbose=0)
    return model


def state(optimizer):
    return [v.numpy().copy() for v in optimizer.variables]


@pytest.mark.needs("gradient")
def test_the_state_of_the_optimizer_comes_back(backend, path):
    model, other = trained(), trained()
    model.fit(np.ones((4, 3), "float32"), np.ones((4, 2), "float32"), verbose=0)
    model.save_weights(path)
    other.load_weights(path)
    assert are_equal(state(model.optimizer), state(other.optimizer))


@pytest.mark.needs("gradient")
def test_the_state_of_the_optimizer_is_tried_without_being_read(backend, path):
    model, other = trained(), trained()
    model.save_weights(path)
    reads = []

    def counted(entry):
        return dataclasses.replace(entry, read=lambda: reads.append(entry) or entry.read())

    with read_hdf5_weights(str(path)) as places:
        counting = {place: {key: counted(entry) for key, entry in entries.items()} for place, entries in places.items()}
        read_weights(other, counting)
    assert are_equal(state(model.optimizer), state(other.optimizer))
    assert len(reads) == len(other.weights) + len(other.optimizer.variables)


@pytest.mark.needs("gradient")
def test_a_model_that_is_not_compiled_takes_the_weights_alone(backend, path):
    model, other = trained(), two_dense()
    model.save_weights(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        other.load_weights(path)
    assert are_equal(numbers(model), numbers(other))


@pytest.mark.needs("gradient")
def test_an_optimizer_that_is_not_built_begins_anew_and_says_how_not_to(backend, path):
    model, other = trained(), two_dense()
    model.save_weights(path)
    other.compile("adam", "mse")
    before = state(other.optimizer)
    with pytest.warns(
        UserWarning, match=r"(?s)the optimizer's state .*optimizer/vars: .* not built; call model.optimizer"
    ):
        other.load_weights(path)
    assert are_equal(numbers(model), numbers(other))
    assert are_equal(before, state(other.optimizer))
    other.optimizer.build(other.trainable_variables)
    other.load_weights(path)
    assert are_equal(state(model.optimizer), state(other.optimizer))


@pytest.mark.needs("gradient")
def test_an_optimizer_whose_state_does_not_fit_begins_anew(backend, path):
    model, other = trained("adam"), trained("sgd")
    model.save_weights(path)
    before = state(other.optimizer)
    with pytest.warns(UserWarning, match="(?s)the optimizer's state .*10 arrays were given and the optimizer has 2"):
        other.load_weights(path)
    assert are_equal(numbers(model), numbers(other))
    assert are_equal(before, state(other.optimizer))


@pytest.mark.needs("gradient")
def test_an_optimizer_that_the_file_lacks_stays_as_it_is(backend, path):
    model, other = two_dense(), trained()
    model.save_weights(path)
    before = state(other.optimizer)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        other.load_weights(path)
    assert are_equal(before, state(other.optimizer))


def test_paths_are_those_of_the_layers_own_backend_whichever_is_current(backend):
    class Hidden(Layer):
        def __init__(self):
            super().__init__()
            self._zeroth = Dense(2)

    layer = Hidden()
    with ops.use_backend("numpy"):
        assert [path for path, _ in saved_objects(layer)] == ["", "_zeroth"]
