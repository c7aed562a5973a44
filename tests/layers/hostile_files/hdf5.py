"""HDF5 files that lead to other files, lead round in circles, or claim to hold what they do not.

Each is loaded as weights, as the weights of a model, and by the editor of files.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hostile_files.case import BIAS, CASES, KERNEL, Case, archive, deflated, fill, parts, weights

KERNEL_PATH = "layers/dense/vars/0"
LINK = "is a link to|is a second link|keeps its data in another file|is put together from other"


def of_contents(name: str, says: str | None, make: Callable[[Path], bytes], edited: str | None = "") -> None:
    """Register a file of weights, a model with them, and a file for the editor; `make` is given what lies outside.

    `edited` is what the editor says, None if it shows the file, the same by default.
    """

    def as_weights(directory: Path, outside: Path) -> Path:
        path = directory / "hostile.weights.h5"
        path.write_bytes(make(outside))
        return path

    def as_model(directory: Path, outside: Path) -> Path:
        return archive(directory, parts(weights_file=make(outside)))

    CASES[name] = Case(name, as_weights, says, "load_weights")
    CASES[f"{name}_in_a_model"] = Case(f"{name}_in_a_model", as_model, says)
    CASES[f"{name}_edited"] = Case(f"{name}_edited", as_weights, says if edited == "" else edited, "edit")


def hdf5(says: str | None, edited: str | None = "") -> Callable[[Callable[[h5py.File, Path], Any]], None]:
    """Return a decorator for a function that changes a right file of weights."""

    def add(change: Callable[[h5py.File, Path], Any]) -> None:
        name = f"hdf5_{change.__name__}"
        of_contents(name, says, lambda outside: weights(lambda file: change(file, outside)), edited)

    return add


def secret(outside: Path) -> Path:
    """Write a file outside that a hostile one leads to."""
    path = outside / "secret.h5"
    if not path.exists():
        with h5py.File(path, "w") as file:
            fill(file)
        (outside / "secret.bin").write_bytes(KERNEL.tobytes())
    return path


def put(file: h5py.File, path: str, value: Any) -> None:
    if path in file:
        del file[path]
    file[path] = value


# What leads elsewhere.


@hdf5(LINK)
def an_external_link(file: h5py.File, outside: Path) -> None:
    put(file, KERNEL_PATH, h5py.ExternalLink(str(secret(outside)), KERNEL_PATH))


@hdf5(LINK)
def an_external_link_to_a_group(file: h5py.File, outside: Path) -> None:
    put(file, "layers", h5py.ExternalLink(str(secret(outside)), "layers"))


@hdf5(LINK)
def an_external_link_to_a_device(file: h5py.File, outside: Path) -> None:
    put(file, KERNEL_PATH, h5py.ExternalLink("/dev/zero", "/"))


@hdf5(LINK)
def an_external_link_of_the_root_attribute_group(file: h5py.File, outside: Path) -> None:
    put(file, "vars", h5py.ExternalLink(str(secret(outside)), "vars"))


@hdf5(LINK)
def a_soft_link(file: h5py.File, outside: Path) -> None:
    put(file, "layers/dense/vars/1", h5py.SoftLink("/layers/dense/vars/0"))


@hdf5(LINK)
def a_soft_link_to_nothing(file: h5py.File, outside: Path) -> None:
    put(file, KERNEL_PATH, h5py.SoftLink("/nowhere"))


@hdf5(LINK)
def a_soft_link_to_itself(file: h5py.File, outside: Path) -> None:
    put(file, "layers/dense/vars/9", h5py.SoftLink("/layers/dense/vars/9"))


@hdf5(LINK)
def a_soft_link_through_an_external_one(file: h5py.File, outside: Path) -> None:
    file["way"] = h5py.ExternalLink(str(secret(outside)), "/")
    put(file, KERNEL_PATH, h5py.SoftLink("/way/layers/dense/vars/0"))


@hdf5(LINK)
def data_in_another_file(file: h5py.File, outside: Path) -> None:
    secret(outside)
    del file[KERNEL_PATH]
    file.create_dataset(KERNEL_PATH, (3, 2), "float32", external=[(str(outside / "secret.bin"), 0, 24)])


@hdf5(LINK)
def data_in_a_device(file: h5py.File, outside: Path) -> None:
    del file[KERNEL_PATH]
    file.create_dataset(KERNEL_PATH, (3, 2), "float32", external=[("/dev/zero", 0, 24)])


@hdf5(LINK)
def a_virtual_dataset(file: h5py.File, outside: Path) -> None:
    layout = h5py.VirtualLayout((3, 2), "float32")
    layout[:] = h5py.VirtualSource(str(secret(outside)), KERNEL_PATH, (3, 2))
    del file[KERNEL_PATH]
    file.create_virtual_dataset(KERNEL_PATH, layout)


@hdf5(LINK)
def a_virtual_dataset_of_itself(file: h5py.File, outside: Path) -> None:
    layout = h5py.VirtualLayout((3, 2), "float32")
    layout[:] = h5py.VirtualSource(".", KERNEL_PATH, (3, 2))
    del file[KERNEL_PATH]
    file.create_virtual_dataset(KERNEL_PATH, layout)


# What leads round, or down.


@hdf5(LINK)
def a_group_in_itself(file: h5py.File, outside: Path) -> None:
    file["layers/dense/again"] = file["layers"]


@hdf5(LINK)
def the_root_in_a_group(file: h5py.File, outside: Path) -> None:
    file["layers/root"] = file["/"]


@hdf5(LINK)
def one_dataset_by_two_names(file: h5py.File, outside: Path) -> None:
    del file["layers/dense/vars/1"]
    file["layers/dense/vars/1"] = file[KERNEL_PATH]


@hdf5("lies more than 1000 groups deep")
def groups_of_depth_10000(file: h5py.File, outside: Path) -> None:
    group = file
    for _ in range(10_000):
        group = group.create_group("g")
    group["0"] = BIAS


@hdf5("only in the file|more than|entries", None)
def groups_of_2000_members(file: h5py.File, outside: Path) -> None:
    group = file.create_group("layers/many/vars")
    for i in range(2_000):
        group.create_group(str(i))
    group["0/vars/0"] = BIAS


# What is not a number.
NO_NUMBERS = "not numbers of a dtype that is known|holds nothing|is a Datatype"


def of_dtype(name: str, value: Any, dtype: Any = None) -> None:
    def change(file: h5py.File, outside: Path) -> None:
        del file[KERNEL_PATH]
        file.create_dataset(KERNEL_PATH, data=value(file) if callable(value) else value, dtype=dtype)

    of_contents(f"hdf5_numbers_of_{name}", NO_NUMBERS, lambda outside: weights(lambda file: change(file, outside)))


of_dtype("object_references", lambda file: file["layers"].ref, h5py.ref_dtype)
of_dtype("region_references", lambda file: file["layers/dense/vars/1"].regionref[0:1], h5py.regionref_dtype)
of_dtype("texts_of_any_length", ["touch", "pwned"], h5py.string_dtype())
of_dtype("texts_of_a_length", np.array([b"touch"] * 3))
of_dtype("lists_of_any_length", np.array([np.arange(3), np.arange(2)], object), h5py.vlen_dtype("int32"))
of_dtype("records", np.zeros((3, 2), [("a", "f4"), ("b", "i4")]))
of_dtype("records_that_are_complex_numbers_of_text", np.zeros((3, 2), [("r", "S4"), ("i", "S4")]))
of_dtype("enumerations", np.zeros((3, 2), "i4"), h5py.enum_dtype({"a": 0}, basetype="i4"))
of_dtype("opaque_bytes", np.zeros((3, 2), "V7"))
of_dtype("opaque_bytes_of_a_megabyte", np.zeros((3, 2), f"V{2**16}"))
of_dtype("dates", np.zeros((3, 2), "M8[s]").astype(h5py.opaque_dtype("M8[s]")))
of_dtype("nothing", h5py.Empty("f4"))


@hdf5(NO_NUMBERS)
def numbers_of_arrays_in_elements(file: h5py.File, outside: Path) -> None:
    del file[KERNEL_PATH]
    file.create_dataset(KERNEL_PATH, (3, 2), np.dtype(("f4", (4,))))


@hdf5(NO_NUMBERS)
def a_type_for_a_variable(file: h5py.File, outside: Path) -> None:
    put(file, KERNEL_PATH, np.dtype("f4"))


for name, tag in {
    "os_system": "os.system", "huge": "x" * 60_000, "a_number": 3, "a_reference": None, "bytes": b"\xff\xfe",
    "many": ["bfloat16"] * 1000,
}.items():  # fmt: skip

    def tagged(file: h5py.File, tag: Any = tag) -> None:
        del file[KERNEL_PATH]
        dataset = file.create_dataset(KERNEL_PATH, data=np.zeros((3, 2), "V2"))
        if tag is None:
            dataset.attrs.create("dtype", file["layers"].ref, dtype=h5py.ref_dtype)
        else:
            dataset.attrs["dtype"] = tag

    of_contents(f"hdf5_bytes_said_to_be_{name}", NO_NUMBERS, lambda outside, change=tagged: weights(change))


# Sizes.
CLAIMS = "claims .* bytes of numbers, where the file has|shape .* in the file|damaged"


@hdf5(CLAIMS)
def a_dataset_of_a_terabyte(file: h5py.File, outside: Path) -> None:
    del file[KERNEL_PATH]
    file.create_dataset(KERNEL_PATH, (2**19, 2**19), "float32", chunks=(64, 64))


@hdf5(CLAIMS)
def a_packed_dataset_of_a_terabyte(file: h5py.File, outside: Path) -> None:
    del file[KERNEL_PATH]
    file.create_dataset(KERNEL_PATH, (2**19, 2**19), "float32", chunks=(64, 64), compression="gzip", fillvalue=7)


@hdf5(CLAIMS)
def a_dataset_of_2_to_the_62_numbers(file: h5py.File, outside: Path) -> None:
    del file[KERNEL_PATH]
    file.create_dataset(KERNEL_PATH, (2**62,), "int8", chunks=(64,), maxshape=(None,))


@hdf5(CLAIMS)
def sizes_whose_product_is_zero_in_64_bits(file: h5py.File, outside: Path) -> None:
    del file[KERNEL_PATH]
    space = h5py.h5s.create_simple((2**33, 2**30))
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((64, 64))
    h5py.h5d.create(file["layers/dense/vars"].id, b"0", h5py.h5t.IEEE_F32LE, space, plist)


@hdf5("shape .* in the file|claims", None)
def a_dataset_of_32_axes(file: h5py.File, outside: Path) -> None:
    put(file, KERNEL_PATH, np.zeros((1,) * 32, "float32"))


@hdf5("shape .* in the file", None)
def a_dataset_of_no_numbers(file: h5py.File, outside: Path) -> None:
    put(file, KERNEL_PATH, np.zeros((0, 2), "float32"))


@hdf5("do not fit|does not fit|only in the file", None)
def a_dataset_without_end(file: h5py.File, outside: Path) -> None:
    file.create_dataset("layers/dense/vars/2", (4,), "float32", maxshape=(None,), chunks=(4,))[:] = 1.0


# Packing.
UNKNOWN_FILTER = "filters .*, of which not all come with h5py|damaged|filter"


def _filtered(file: h5py.File, number: int, data: bytes) -> None:
    del file[KERNEL_PATH]
    space = h5py.h5s.create_simple((3, 2))
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((3, 2))
    plist.set_filter(number, h5py.h5z.FLAG_OPTIONAL, (1, 2))
    dataset = h5py.h5d.create(file["layers/dense/vars"].id, b"0", h5py.h5t.IEEE_F32LE, space, plist)
    dataset.write_direct_chunk((0, 0), data)


for name, number in {"of_strangers": 32015, "of_a_plugin_to_be_loaded": 256, "of_no_one": 65535}.items():
    of_contents(
        f"hdf5_filters_{name}", UNKNOWN_FILTER,
        lambda outside, number=number: weights(lambda file: _filtered(file, number, KERNEL.tobytes())),
    )  # fmt: skip
for name, number in {"deflate": 1, "fletcher32": 3, "szip": 4, "scaleoffset": 6, "lzf": 32000}.items():

    def damaged(file: h5py.File, number: int = number) -> None:
        try:
            _filtered(file, number, b"\xff\x00garbage\xff" * 20)
        except ValueError:  # this build of HDF5 has no such filter to write with
            _filtered(file, 1, b"garbage")

    of_contents(
        f"hdf5_garbage_for_{name}", "damaged|can not be read|fit", lambda outside, change=damaged: weights(change)
    )


@hdf5("damaged|claims|fit")
def a_chunk_that_unpacks_to_megabytes(file: h5py.File, outside: Path) -> None:
    """Under a dataset of six numbers, a chunk whose stream goes on for 32 megabytes."""
    _filtered(file, 1, b"\x78\xda" + deflated(2**25) + bytes(4))


# Names and attributes.


@hdf5("not UTF-8")
def a_name_that_is_not_utf_8(file: h5py.File, outside: Path) -> None:
    h5py.h5g.create(file.id, b"\xff\xfe\xfa")


@hdf5("only in the file|fit", None)
def a_name_with_escapes(file: h5py.File, outside: Path) -> None:
    file["layers/\x1b[31mred\x07/vars/0"] = BIAS


@hdf5(r"layers/a\\n  fix: run it/vars/0: only in the file", None)
def a_name_with_lines_of_its_own(file: h5py.File, outside: Path) -> None:
    file["layers/a\n  fix: run it/vars/0"] = BIAS


@hdf5("only in the file|fit", None)
def a_name_of_60000_characters(file: h5py.File, outside: Path) -> None:
    file[f"layers/{'n' * 60_000}/vars/0"] = BIAS


@hdf5("only in the file|fit", None)
def a_name_that_leads_up(file: h5py.File, outside: Path) -> None:
    file["layers/../../outside/vars/0"] = BIAS


@hdf5("belongs to no layer")
def numbers_of_no_layer(file: h5py.File, outside: Path) -> None:
    file["pwned"] = BIAS


for name, value in {
    "text": "1", "bytes": b"1", "half": 1.5, "true": True, "negative": -1, "of_tomorrow": 999, "huge": 2**63 - 1,
    "many": np.arange(1000), "none": h5py.Empty("i4"), "a_list_of_one": [1],
}.items():  # fmt: skip

    def of_format(file: h5py.File, value: Any = value) -> None:
        file.attrs["kcore_format"] = value

    says = None if name == "negative" else "format"
    of_contents(f"hdf5_a_format_that_is_{name}", says, lambda outside, change=of_format: weights(change))


@hdf5("format")
def a_format_that_is_a_reference(file: h5py.File, outside: Path) -> None:
    file.attrs.create("kcore_format", file["layers"].ref, dtype=h5py.ref_dtype)


@hdf5(None)
def many_attributes(file: h5py.File, outside: Path) -> None:
    for i in range(2000):
        file["layers/dense/vars"].attrs[f"a{i}"] = "os.system"


# The bytes themselves.
NO_HDF5 = "can not be read as an HDF5 file|damaged|claims|do not fit|does not fit|shape|format"


def of_bytes(name: str, says: str | None, change: Callable[[bytes], bytes]) -> None:
    of_contents(f"hdf5_{name}", says, lambda outside: change(weights()))


of_bytes("of_nothing", NO_HDF5, lambda whole: b"")
of_bytes("cut_short", NO_HDF5, lambda whole: whole[: len(whole) // 2])
of_bytes("cut_to_its_start", NO_HDF5, lambda whole: whole[:96])
of_bytes("of_a_signature_alone", NO_HDF5, lambda whole: whole[:8])
of_bytes("of_zeros_behind_its_start", NO_HDF5, lambda whole: whole[:96] + bytes(len(whole) - 96))
of_bytes("of_another_version", NO_HDF5, lambda whole: whole[:8] + b"\xff" + whole[9:])
of_bytes("with_offsets_of_one_byte", NO_HDF5, lambda whole: whole[:13] + b"\x01\x01" + whole[15:])
of_bytes("with_an_end_far_behind", NO_HDF5, lambda whole: whole[:40] + struct.pack("<Q", 2**60) + whole[48:])
of_bytes("with_a_root_at_its_start", NO_HDF5, lambda whole: whole[:64] + bytes(8) + whole[72:])
of_bytes("with_a_root_far_behind", NO_HDF5, lambda whole: whole[:64] + struct.pack("<Q", 2**62) + whole[72:])
of_bytes("with_sizes_of_2_to_the_64", NO_HDF5, lambda whole: whole.replace(
    struct.pack("<QQ", 3, 2), struct.pack("<QQ", 2**64 - 1, 2**64 - 1)))  # fmt: skip
of_bytes("with_sizes_of_2_to_the_40", NO_HDF5, lambda whole: whole.replace(
    struct.pack("<QQ", 3, 2), struct.pack("<QQ", 2**40, 2**10)))  # fmt: skip
of_bytes("with_no_sizes", NO_HDF5, lambda whole: whole.replace(struct.pack("<QQ", 3, 2), bytes(16)))
of_bytes("of_heaps_that_are_none", NO_HDF5, lambda whole: whole.replace(b"HEAP", b"PAEH"))
of_bytes("of_trees_that_are_none", NO_HDF5, lambda whole: whole.replace(b"TREE", b"EERT"))
of_bytes("of_nodes_that_are_none", NO_HDF5, lambda whole: whole.replace(b"SNOD", b"DONS"))
of_bytes("of_zip_for_hdf5", NO_HDF5, lambda whole: b"PK\x03\x04" + whole)
of_bytes("behind_something_else", None, lambda whole: bytes(512) + whole)


def _family(outside: Path) -> bytes:
    """Return the first of the files that HDF5's driver `family` makes of one: it names how the others are called."""
    pattern = str(outside / "family%d.h5")
    with h5py.File(pattern, "w", driver="family", memb_size=4096) as file:
        fill(file)
    return Path(pattern % 0).read_bytes()


def _split(outside: Path) -> bytes:
    with h5py.File(outside / "split", "w", driver="split") as file:
        fill(file)
    return next(outside.glob("split*m.h5")).read_bytes()


of_contents("hdf5_of_a_family_of_files", NO_HDF5 + "|family", _family)
of_contents("hdf5_split_in_two_files", NO_HDF5 + "|driver", _split)


def _newest(change: Callable[[h5py.File], Any]) -> bytes:
    contents = io.BytesIO()
    with h5py.File(contents, "w", libver="latest") as file:
        change(fill(file))
    return contents.getvalue()


of_contents("hdf5_of_the_newest_layout", None, lambda outside: _newest(lambda file: None))


def _dense_attribute(file: h5py.File) -> None:
    file["layers/dense/vars"].attrs["name"] = "x" * (10 * 2**20)
    file.attrs["kcore_format"] = "x" * (10 * 2**20)


of_contents("hdf5_a_format_of_10_megabytes", "format", lambda outside: _newest(_dense_attribute))
