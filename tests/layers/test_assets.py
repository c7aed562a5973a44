"""Files that layers save beside their variables: each layer gets its own back, and no file leads anywhere else."""

from __future__ import annotations

import os
import stat
import tempfile
import warnings
import zipfile
from pathlib import Path

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Layer, Model, Sequential
from kcore_layers.files import load_model
from kcore_layers.layers import Dense
from kcore_ops.foundation.errors import ArgumentError

# Files are the same whatever computes; where each op is compiled anew that takes minutes.
pytestmark = pytest.mark.only("numpy", "torch")

X = np.linspace(-1, 1, 6, dtype="float32").reshape(2, 3)


class Words(Layer):
    """A layer with a vocabulary in a file, and a weight."""

    def __init__(self, words=(), **kwargs):
        super().__init__(**kwargs)
        self.words = list(words)

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],))

    def call(self, x):
        return x * self.scale

    def save_own_assets(self, store):
        store["words.txt"] = "\n".join(self.words).encode()

    def load_own_assets(self, store):
        assert list(store) == ["words.txt"]
        self.words = store["words.txt"].decode().split("\n")


class FiledWords(Words):
    """The same, in the way of Keras, with a directory inside."""

    def save_assets(self, dir_path):
        assert os.listdir(dir_path) == []
        Path(dir_path, "words.txt").write_text("\n".join(self.words))
        Path(dir_path, "more").mkdir()
        Path(dir_path, "more", "count.bin").write_bytes(bytes([len(self.words)]))

    def load_assets(self, dir_path):
        self.directory = dir_path
        self.mode = stat.S_IMODE(os.stat(dir_path).st_mode)
        assert sorted(str(path.relative_to(dir_path)) for path in Path(dir_path).rglob("*") if path.is_file()) == [
            os.path.join("more", "count.bin"), "words.txt",
        ]  # fmt: skip
        self.words = Path(dir_path, "words.txt").read_text().split("\n")


class Root(Model):
    """A model that has assets itself, and layers with assets in a list."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.blocks = [Words("xy"), FiledWords("z")]
        self.title = "untitled"

    def call(self, x):
        return self.blocks[1](self.blocks[0](x))

    def save_own_assets(self, store):
        store["title"] = self.title.encode()

    def load_own_assets(self, store):
        self.title = store["title"].decode()


CLASSES = {cls.__name__: cls for cls in (Words, FiledWords, Root)}


def net():
    inner = Sequential([Input((3,)), Words(["in", "side"]), Dense(3), FiledWords(["deep"])], name="inner")
    return Sequential([Input((3,)), Words(["a", "b"]), inner, FiledWords(["c"]), Words("d")])


def vocabularies(model):
    inner = model.layers[1]
    return [layer.words for layer in (model.layers[0], *inner.layers[::2], *model.layers[2:])]


WORDS = [["a", "b"], ["in", "side"], ["deep"], ["c"], ["d"]]
PATHS = [
    "assets/layers/filed_words/more/count.bin",
    "assets/layers/filed_words/words.txt",
    "assets/layers/sequential/layers/filed_words/more/count.bin",
    "assets/layers/sequential/layers/filed_words/words.txt",
    "assets/layers/sequential/layers/words/words.txt",
    "assets/layers/words/words.txt",
    "assets/layers/words_1/words.txt",
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.keras"


def rewritten(path, **parts):
    """Write a file's parts anew, some of them with other contents, or left out for None."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (contents | parts).items():
            if content is not None:
                archive.writestr(name, content)


@pytest.mark.parametrize("zipped", [True, False])
def test_each_layer_gets_its_own_files_back(backend, tmp_path, zipped):
    path, model = tmp_path / ("net.keras" if zipped else "net"), net()
    model.save(path, zipped=zipped)
    if zipped:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    else:
        names = [str(each.relative_to(path)) for each in path.rglob("*") if each.is_file()]
    assert sorted(name for name in names if name.startswith("assets")) == PATHS
    loaded = load_model(path, custom_objects=CLASSES)
    assert vocabularies(loaded) == WORDS
    np.testing.assert_array_equal(*(ops.convert_to_numpy(each(X)) for each in (model, loaded)))


def test_a_file_written_on_one_backend_is_read_on_another(backend, other_backend, path):
    net().save(path)
    with ops.use_backend(other_backend.name):
        assert vocabularies(load_model(path, custom_objects=CLASSES)) == WORDS


def test_a_model_may_have_files_of_its_own(backend, path):
    model = Root()
    model(X)
    model.title, model.blocks[0].words = "Titled", ["changed"]
    model.save(path)
    loaded = load_model(path, custom_objects=CLASSES)
    assert (loaded.title, loaded.blocks[0].words, loaded.blocks[1].words) == ("Titled", ["changed"], ["z"])


def test_a_directory_is_private_and_gone_afterwards(backend, path, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    net().save(path)
    layer = load_model(path, custom_objects=CLASSES).layers[2]
    assert os.path.dirname(layer.directory) == str(scratch)
    assert layer.mode == 0o700
    assert os.listdir(scratch) == []


def test_the_way_of_the_class_that_comes_first_is_taken(backend, path):
    class Again(FiledWords):
        def save_own_assets(self, store):
            store["other.txt"] = b"other"

        def load_own_assets(self, store):
            self.words = [store["other.txt"].decode()]

    Sequential([Input((3,)), Again("a")]).save(path)
    assert load_model(path, custom_objects={"Again": Again}).layers[0].words == ["other"]


def test_weights_alone_leave_assets_as_they_are(backend, path):
    net().save(path)
    other = net()
    other.layers[0].words = ["kept"]
    other.load_weights(path)
    assert other.layers[0].words == ["kept"]


def test_archives_that_list_directories_are_read(backend, path):
    net().save(path)
    rewritten(path, **{"assets/": b"", "assets/layers/": b""})
    assert vocabularies(load_model(path, custom_objects=CLASSES)) == WORDS


def test_compressed_archives_are_read(backend, path):
    model = net()
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    loaded = load_model(path, custom_objects=CLASSES)
    assert vocabularies(loaded) == WORDS
    np.testing.assert_array_equal(*(ops.convert_to_numpy(each(X)) for each in (model, loaded)))


# What can not be saved.


class Naming(Words):
    def __init__(self, names=(), **kwargs):
        super().__init__(**kwargs)
        self.names = names

    def save_own_assets(self, store):
        store.update(dict.fromkeys(self.names, b"x"))


@pytest.mark.parametrize(
    "names, text",
    [
        (["../x"], "'layers/naming/../x' is not the name of a file below its own directory"),
        (["/x"], "'layers/naming//x' is not the name"),
        (["a", "A"], "'layers/naming/A' and 'layers/naming/a' are one file on some systems"),
    ],
)
def test_names_that_could_not_be_read_again_are_refused(backend, path, tmp_path, names, text):
    with pytest.raises(ArgumentError, match=f"in save_model\n  {text}"):
        Sequential([Input((3,)), Naming(names)]).save(path)
    assert os.listdir(tmp_path) == []


def test_what_is_not_bytes_is_refused(backend, path, tmp_path):
    class Texts(Words):
        def save_own_assets(self, store):
            store["words.txt"] = "text"

    with pytest.raises(ArgumentError, match="'texts' has a str for the file 'words.txt', and not bytes\n  fix: encode"):
        Sequential([Input((3,)), Texts(name="texts")]).save(path)
    assert os.listdir(tmp_path) == []


def test_a_name_that_is_another_layers_is_refused(backend, path):
    model = Root()
    model(X)
    model.save_own_assets = None  # a method is found on the class, as in Keras

    class Wide(Root):
        def save_own_assets(self, store):
            store["blocks/words/words.txt"] = b"mine"

    model = Wide(name="wide")
    model(X)
    with pytest.raises(ArgumentError, match="'wide' can not save 'blocks/words/words.txt', which belongs to another"):
        model.save(path)


def test_links_that_a_layer_makes_are_refused(backend, path, tmp_path):
    (tmp_path / "secret").write_text("secret")

    class Linking(FiledWords):
        def save_assets(self, dir_path):
            Path(dir_path, "words.txt").symlink_to(tmp_path / "secret")

    with pytest.raises(ArgumentError, match="words.txt' is a link, or no file at all"):
        Sequential([Input((3,)), Linking("a")]).save(path)


# What can not be loaded.


def test_files_that_no_layer_takes_are_named(backend, path):
    net().save(path)
    rewritten(path, **{"assets/layers/sequential/layers/dense/x.txt": b"x", "assets/y.txt": b"y"})
    with pytest.raises(ArgumentError, match="no layer of the model loads: .*assets/y.txt") as caught:
        load_model(path, custom_objects=CLASSES)
    assert "assets/layers/sequential/layers/dense/x.txt" in str(caught.value)


def test_a_layer_that_can_not_load_its_files_is_named(backend, path):
    net().save(path)
    rewritten(path, **{"assets/layers/words/words.txt": b"\xff"})
    with pytest.raises(ArgumentError, match=r"(?s)in load_model, file .*layer 'words\w*' can not load its assets: U"):
        load_model(path, custom_objects=CLASSES)


@pytest.mark.parametrize(
    "name, text",
    [
        ("assets/../../outside.txt", "is not the name of a file below its own directory"),
        ("assets//tmp/outside.txt", "is not the name of a file below"),
        ("assets/layers/words/a\\..\\b", "is not the name of a file below"),
        ("assets/layers/words/c:x", "is not the name of a file below"),
        ("assets/layers/words/WORDS.txt", "are one file on some systems"),
        ("assets/Layers/words/x", "are one directory on some systems"),
        ("assets/layers/words", "is a file and a directory"),
        ("assets/layers/words/words.txt/x", "is a file and a directory"),
    ],
)
def test_names_that_do_not_stay_where_they_belong_are_refused(backend, path, tmp_path, name, text):
    net().save(path)
    rewritten(path, **{name: b"text"})
    for load in (net().load_weights, lambda path: load_model(path, custom_objects=CLASSES)):
        with pytest.raises(ArgumentError, match=text):
            load(path)
    assert os.listdir(tmp_path) == ["net.keras"]


def test_two_parts_of_one_name_are_refused(backend, path):
    net().save(path)
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("assets/layers/words/words.txt", b"other")
    with pytest.raises(ArgumentError, match="there are two files of the name 'assets/layers/words/words.txt'"):
        load_model(path, custom_objects=CLASSES)


def test_links_in_an_archive_are_refused(backend, path):
    net().save(path)
    with zipfile.ZipFile(path, "a") as archive:
        entry = zipfile.ZipInfo("assets/layers/words/link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(ArgumentError, match="it has links in place of files: assets/layers/words/link"):
        load_model(path, custom_objects=CLASSES)


def test_links_in_a_directory_are_refused(backend, tmp_path):
    path = tmp_path / "net"
    net().save(path, zipped=False)
    words = path / "assets/layers/words/words.txt"
    words.unlink()
    (tmp_path / "secret").write_text("secret")
    words.symlink_to(tmp_path / "secret")
    with pytest.raises(ArgumentError, match="words.txt' is a link, or no file at all"):
        load_model(path, custom_objects=CLASSES)
    words.unlink()
    (path / "assets/layers/words").rmdir()
    (path / "assets/layers/words").symlink_to(tmp_path)
    with pytest.raises(ArgumentError, match="assets/layers/words' is a link, or no file at all"):
        load_model(path, custom_objects=CLASSES)


def test_files_that_would_fill_the_disk_are_refused(backend, path):
    net().save(path)
    whole = bytearray(path.read_bytes())
    at = whole.rindex(b"assets/layers/filed_words/words.txt") - 46  # where its entry of the directory starts
    whole[at + 24 : at + 28] = (2**31).to_bytes(4, "little")  # its size once it is unpacked
    path.write_bytes(bytes(whole))
    with pytest.raises(ArgumentError, match="assets/layers/filed_words/words.txt claims 2147483648 bytes, and has"):
        load_model(path, custom_objects=CLASSES)


def test_damage_is_found_before_a_layer_sees_a_file(backend, path):
    net().save(path)
    whole = path.read_bytes()
    at = whole.index(b"in\nside")
    path.write_bytes(whole[:at] + b"on" + whole[at + 2 :])
    with pytest.raises(ArgumentError, match="sequential/layers/words/words.txt can not be read: Bad CRC-32"):
        load_model(path, custom_objects=CLASSES)
