"""Models that are directories, assets, and shards with their index: several files, which may name others."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py

from hostile_files.case import BIAS, CONFIG, KERNEL, METADATA, WEIGHTS, archive, case, parts, sequential, weights
from hostile_files.configs import SYSTEM, UNKNOWN
from hostile_files.hdf5 import LINK, secret

# Directories.
NOT_ITS_OWN = "is a link, or no file at all|is a directory, and not a file|is not the name of a file"


def directory_of(directory: Path, contents: dict[str, bytes] | None = None) -> Path:
    path = directory / "model"
    path.mkdir()
    for name, content in (parts() if contents is None else contents).items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


@case(None)
def a_right_directory(directory: Path, outside: Path) -> Path:
    return directory_of(directory)


@case(UNKNOWN)
def directory_with_a_command(directory: Path, outside: Path) -> Path:
    return directory_of(directory, parts(sequential(SYSTEM)))


@case("has no config.json")
def directory_of_nothing(directory: Path, outside: Path) -> Path:
    return directory_of(directory, {})


def _in_place_of(name: str, kind: str) -> None:
    """Register directories in which something stands in place of one of the files."""

    def make(directory: Path, outside: Path) -> Path:
        path = directory_of(directory)
        target = outside / f"target_{name}"
        target.write_bytes(parts()[name])
        place = path / name
        place.unlink()
        if kind == "a_link":
            place.symlink_to(target)
        elif kind == "a_link_to_a_device":
            place.symlink_to("/dev/zero")
        elif kind == "a_link_to_itself":
            place.symlink_to(place)
        elif kind == "a_pipe":
            os.mkfifo(place)
        else:
            place.mkdir()
        return path

    case(NOT_ITS_OWN, name=f"directory_with_{kind}_for_{name.partition('.')[0]}")(make)


for each in (CONFIG, METADATA, WEIGHTS):
    for kind in ("a_link", "a_link_to_a_device", "a_link_to_itself", "a_pipe", "a_directory"):
        _in_place_of(each, kind)

# Assets.
ASSETS = "there are assets that no layer of the model loads"


def assets(name: str, says: str, contents: dict[str, bytes], also_as_directory: bool = True) -> None:
    case(says, name=f"zip_assets_{name}")(lambda directory, outside: archive(directory, {**parts(), **contents}))
    if also_as_directory:
        case(says, name=f"directory_assets_{name}")(
            lambda directory, outside: directory_of(directory, {**parts(), **contents})
        )


assets("of_no_layer", ASSETS, {"assets/pwned.txt": b"x"})
assets("of_a_layer_that_has_none", ASSETS, {"assets/layers/dense/vocabulary.txt": b"x"})
assets("of_a_layer_that_is_not_there", ASSETS, {"assets/layers/evil/vocabulary.txt": b"x"})
assets("of_great_depth", ASSETS, {f"assets/{'a/' * 100}x": b"x"})
assets("that_lead_up", NOT_ITS_OWN, {"assets/../../outside/pwned": b"x"}, False)
assets("that_are_absolute", NOT_ITS_OWN, {"assets//tmp/pwned": b"x"}, False)
assets("with_a_null", f"{NOT_ITS_OWN}|{ASSETS}", {"assets/a\0b": b"x"}, False)
assets("of_a_device_of_windows", f"{NOT_ITS_OWN}|{ASSETS}", {"assets/layers/dense/NUL": b"x"}, False)
assets("with_a_stream_of_windows", NOT_ITS_OWN, {"assets/layers/dense/a:b": b"x"}, False)
assets("that_end_in_a_dot", NOT_ITS_OWN, {"assets/layers/dense/a.": b"x"}, False)
assets("that_are_directories_and_files", "is a file and a directory", {"assets/a": b"x", "assets/a/b": b"x"}, False)
assets("of_one_name_on_some_systems", "one file on some systems", {"assets/a": b"x", "assets/A": b"y"}, False)


@case(NOT_ITS_OWN + "|links in place of files")
def zip_assets_that_are_links(directory: Path, outside: Path) -> Path:
    link = zipfile.ZipInfo("assets/layers/dense/vocabulary.txt")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return archive(directory, {**parts(), link: b"/etc/passwd"})


@case(NOT_ITS_OWN)
def directory_assets_that_are_links(directory: Path, outside: Path) -> Path:
    path = directory_of(directory)
    (path / "assets").mkdir()
    (path / "assets" / "all").symlink_to(outside, target_is_directory=True)
    return path


@case(f"{NOT_ITS_OWN}|{ASSETS}")
def directory_of_assets_that_is_a_link(directory: Path, outside: Path) -> Path:
    path = directory_of(directory)
    (outside / "here").mkdir(exist_ok=True)
    (outside / "here" / "secret.txt").write_text("secret")
    (path / "assets").symlink_to(outside / "here", target_is_directory=True)
    return path


# Shards.
def _write_shard(path: Path, **values: Any) -> None:
    def change(file: Any) -> None:
        del file["layers"]
        for key, value in values.items():
            file[f"layers/dense/vars/{key.removeprefix('v')}"] = value

    path.write_bytes(weights(change))


def index_of(names: Any) -> dict[str, Any]:
    return {"metadata": {"total_size": 32}, "weight_map": {"/layers/dense/vars": names}}


RIGHT_NAMES = ["all_00000.weights.h5", "all_00001.weights.h5"]


def shards(directory: Path, index: Any = None) -> Path:
    """Write two right shards and an index, a text or data."""
    _write_shard(directory / RIGHT_NAMES[0], v0=KERNEL)
    _write_shard(directory / RIGHT_NAMES[1], v1=BIAS)
    path = directory / "all.weights.json"
    content = (
        index if isinstance(index, bytes) else json.dumps(index_of(RIGHT_NAMES) if index is None else index).encode()
    )
    path.write_bytes(content)
    return path


def of_index(name: str, says: str | None, index: Any, edited: str | None = "") -> None:
    """Register shards with an index, or what makes one of what lies outside; for loading and for the editor.

    `edited` is what the editor says, None if it shows them, the same by default.
    """

    def make(directory: Path, outside: Path) -> Path:
        return shards(directory, index(outside) if callable(index) else index)

    case(says, "load_weights", name=f"shards_{name}")(make)
    case(says if edited == "" else edited, "edit", name=f"shards_{name}_edited")(make)


LEADS = "is not the name of a file in its own directory"
NO_INDEX = "index"
of_index("that_are_right", None, None)
of_index("that_lead_up", LEADS, index_of(["../outside/secret.h5"]))
of_index("that_are_absolute", LEADS, lambda outside: index_of([str(secret(outside))]))
of_index("of_a_device", LEADS, index_of(["/dev/zero"]))
of_index("of_a_url", LEADS, index_of(["https://example.com/all_00000.weights.h5"]))
of_index("of_a_file_url", LEADS, index_of(["file:///etc/passwd"]))
of_index("of_a_share", LEADS, index_of(["\\\\server\\share\\x.weights.h5"]))
of_index("in_a_directory_inside", LEADS, index_of(["inside/x.weights.h5"]))
of_index("of_the_directory", LEADS, index_of(["."]))
of_index("of_the_directory_above", LEADS, index_of([".."]))
of_index("of_no_name", LEADS, index_of([""]))
of_index("of_a_name_with_a_null", LEADS, index_of(["a\0.weights.h5"]))
of_index("of_a_name_with_escapes", LEADS, index_of(["\x1b[31m.weights.h5"]))
of_index("of_a_long_name", "there is no file|name", index_of(["n" * 10**5]))
of_index("of_the_index_itself", "HDF5", index_of(["all.weights.json"]))
of_index("that_are_not_there", "there is no file", index_of([*RIGHT_NAMES, "all_00002.weights.h5"]))
of_index("of_which_one_is_not_named", "missing in the file|do not fit|does not fit", index_of(RIGHT_NAMES[:1]), None)
of_index(
    "named_for_another_layer",
    "holds .*, which the index says it does not",
    {"weight_map": {"/layers/x/vars": RIGHT_NAMES}},
)
of_index("named_twice", None, index_of(RIGHT_NAMES * 2))
of_index("of_no_map", NO_INDEX, {"metadata": {}})
of_index("of_a_map_that_is_a_list", NO_INDEX, {"weight_map": [1, 2]})
of_index("of_names_that_are_numbers", NO_INDEX, index_of([0, 1]))
of_index("of_names_that_are_a_dict", NO_INDEX, index_of({"a": "b"}))
of_index("of_nothing", NO_INDEX, {})
of_index("of_an_index_that_is_a_list", NO_INDEX, [])
of_index("of_an_index_that_is_no_json", NO_INDEX, b"{")
of_index("of_an_index_of_bytes", NO_INDEX, b"\xff\xfe\x00")
of_index("of_an_index_of_depth_100000", NO_INDEX, b"[" * 100_000)
of_index("of_an_index_of_a_million_digits", NO_INDEX, b'{"weight_map": ' + b"1" * 10**6 + b"}")
of_index("of_a_format_of_tomorrow", "format 99", {**index_of(RIGHT_NAMES), "kcore_format": 99})
of_index("of_a_format_that_is_text", "format", {**index_of(RIGHT_NAMES), "kcore_format": "new"})
of_index("of_5000_names", "there is no file", index_of([f"all_{i:05}.weights.h5" for i in range(2, 5000)]))


def of_second(name: str, says: str | None, put: Callable[[Path, Path], None]) -> None:
    """Register shards of which the second is replaced."""

    def make(directory: Path, outside: Path) -> Path:
        path = shards(directory)
        (directory / RIGHT_NAMES[1]).unlink()
        put(directory / RIGHT_NAMES[1], outside)
        return path

    case(says, "load_weights", name=f"shards_with_{name}")(make)


def _bytes(content: bytes) -> Callable[[Path, Path], None]:
    return lambda path, outside: path.write_bytes(content) and None


of_second("a_link", NOT_ITS_OWN, lambda path, outside: path.symlink_to(secret(outside)))
of_second("a_link_to_a_device", NOT_ITS_OWN, lambda path, outside: path.symlink_to("/dev/zero"))
of_second("a_pipe", NOT_ITS_OWN, lambda path, outside: os.mkfifo(path))
of_second("a_directory", NOT_ITS_OWN, lambda path, outside: path.mkdir())
of_second("the_first_again", "which the index says it does not", lambda path, outside: _write_shard(path, v0=KERNEL))
of_second("no_hdf5", "HDF5", _bytes(b"pwned"))
of_second("a_zip", "HDF5", _bytes(b"PK\x03\x04"))
of_second("an_external_link", LINK, lambda path, outside: _with_link(path, outside))
of_second("other_sizes", "shape", lambda path, outside: _write_shard(path, v1=KERNEL))


def _with_link(path: Path, outside: Path) -> None:
    _write_shard(path)
    with h5py.File(path, "a") as file:
        file["layers/dense/vars/1"] = h5py.ExternalLink(str(secret(outside)), "layers/dense/vars/1")
