"""Zip archives that lie about what is in them, lead elsewhere, or grow beyond all bounds when they are unpacked."""

from __future__ import annotations

import functools
import io
import json
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile_files.case import CONFIG, METADATA, WEIGHTS, archive, case, deflated, dense, parts, sequential

CENTRAL, LOCAL, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"


def patched(path: Path, name: str, header: bytes, at: int, value: bytes) -> Path:
    """Change bytes of the headers of one of an archive's parts."""
    whole = bytearray(path.read_bytes())
    length = {CENTRAL: 46, LOCAL: 30}[header]
    start = whole.find(header)
    while whole[start + length : start + length + len(name)] != name.encode():
        start = whole.find(header, start + 4)
        assert start >= 0, name
    whole[start + at : start + at + len(value)] = value
    path.write_bytes(bytes(whole))
    return path


def of_parts(name: str, says: str | None, **options: Any) -> Callable[..., Any]:
    """Return a decorator for a function that gives the parts of an archive."""

    def add(make: Callable[[], dict[Any, bytes]]) -> None:
        case(says, name=name)(lambda directory, outside: archive(directory, make(), **options))

    return add


# Names.
PARTS = "parts that kcore does not know|not the name of a file|two files of the name|one file on some systems|is a link"
for label, name in {
    "up": "../outside/pwned", "absolute": "/tmp/pwned", "of_windows": "..\\outside\\pwned", "of_a_drive": "C:/pwned",
    "up_from_assets": "assets/../../outside/pwned", "of_another_model": "other.weights.h5", "empty_directory": "pwned/",
    "with_escapes": "\x1b[31mred", "with_a_line": "a\n  fix: run it", "long": "n" * 60_000, "of_capitals": "CONFIG.JSON",
}.items():  # fmt: skip
    of_parts(f"zip_name_{label}", PARTS)(lambda name=name: {**parts(), name: b"pwned"})


@case("two files of the name 'config.json'")
def zip_two_configs(directory: Path, outside: Path) -> Path:
    path = archive(directory)
    other = json.dumps(sequential(dense(units=3)))
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(CONFIG, other)
    return path


@case(PARTS)
def zip_of_many_parts(directory: Path, outside: Path) -> Path:
    return archive(directory, {**parts(), **{f"part{i}": b"" for i in range(20_000)}})


@case("CONFIG|config.json|link|JSON")
def zip_with_a_link_for_the_config(directory: Path, outside: Path) -> Path:
    (outside / "config.json").write_text(json.dumps(sequential(dense())))
    link = zipfile.ZipInfo(CONFIG)
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    contents = parts()
    del contents[CONFIG]
    return archive(directory, {**contents, link: str(outside / "config.json").encode()})


@case("it has no config.json")
def zip_without_a_config(directory: Path, outside: Path) -> Path:
    return archive(directory, {WEIGHTS: parts()[WEIGHTS]})


@case("it has no model.weights.h5")
def zip_without_weights(directory: Path, outside: Path) -> Path:
    return archive(directory, {CONFIG: parts()[CONFIG], METADATA: b"{}"})


@case("metadata.json is not JSON")
def zip_with_metadata_that_is_no_json(directory: Path, outside: Path) -> Path:
    return archive(directory, {**parts(), METADATA: b"\xff{"})


@case(None)
def zip_without_metadata(directory: Path, outside: Path) -> Path:
    return archive(directory, {name: content for name, content in parts().items() if name != METADATA})


# Bombs.
CLAIMS = "claims .* bytes, and has"


def _bomb(directory: Path, name: str, packed: int, claimed: int | None = None) -> Path:
    """Write an archive with a part that unpacks to half a gigabyte, or a little less where packing takes long."""
    path = directory / "model.keras"
    size = 2**29 if packed == zipfile.ZIP_DEFLATED else 2**24
    with zipfile.ZipFile(path, "w") as file:
        for each, content in parts().items():
            if each != name:
                file.writestr(each, content)
            elif packed != zipfile.ZIP_DEFLATED:
                file.writestr(each, b" " * size, packed)
    return path if packed != zipfile.ZIP_DEFLATED else _with_deflated(path, name, size, claimed or size)


def _with_deflated(path: Path, name: str, size: int, claimed: int) -> Path:
    """Add a part that is packed already: as one that lies there as it is, whose headers are then changed."""
    stream = deflated(size)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as file:
        file.writestr(name, stream)
    for header, packing, length in ((CENTRAL, 10, 24), (LOCAL, 8, 22)):
        patched(path, name, header, packing, struct.pack("<H", zipfile.ZIP_DEFLATED))
        patched(path, name, header, length, struct.pack("<I", claimed))
        patched(path, name, header, length - 8, struct.pack("<I", _checksum(min(size, claimed))))
    return path


@functools.cache
def _checksum(size: int) -> int:
    block, found = b" " * 2**20, 0
    for _ in range(size // 2**20):
        found = zlib.crc32(block, found)
    return found


for label, packed in {"deflate": zipfile.ZIP_DEFLATED, "bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA}.items():
    for part in (CONFIG, WEIGHTS):
        name = f"zip_bomb_of_{label}_for_the_{'config' if part == CONFIG else 'weights'}"
        make = lambda directory, outside, part=part, packed=packed: _bomb(directory, part, packed)  # noqa: E731
        case(CLAIMS if label == "deflate" else "is packed by method", name=name)(make)


@case("CRC|can not be read|JSON|claims")
def zip_bomb_under_a_small_size(directory: Path, outside: Path) -> Path:
    """Say that what unpacks to half a gigabyte is as large as it is packed: no more may be unpacked than is said."""
    return _bomb(directory, CONFIG, zipfile.ZIP_DEFLATED, claimed=2**20)


CASES_OF_SIZES = {
    "huge": (CENTRAL, 24, 2**31, CLAIMS),
    "of_four_gigabytes": (CENTRAL, 24, 2**32 - 1, CLAIMS),
    "less_than_it_is": (CENTRAL, 24, 5, "can not be read: Bad CRC|JSON|claims"),
    "packed_huge": (CENTRAL, 20, 2**31, "can not be read|claims"),
    "at_a_huge_offset": (CENTRAL, 42, 2**31, "can not be read|not a whole zip"),
    "of_an_unknown_packing": (CENTRAL, 10, 99, "is packed by method 99"),
    "of_encryption": (CENTRAL, 8, 1, "can not be read: .*encrypted"),
    "of_a_wrong_checksum": (CENTRAL, 16, 12345, "can not be read: Bad CRC"),
    "of_a_patch": (CENTRAL, 8, 0x20, "can not be read"),
    "of_strong_encryption": (CENTRAL, 8, 0x41, "can not be read"),
    "local_of_another_name": (LOCAL, 30, int.from_bytes(b"xonf", "little"), "can not be read|differ"),
    "local_of_a_huge_name": (LOCAL, 26, 2**16 - 1, "can not be read|differ"),
    "local_of_huge_extras": (LOCAL, 28, 2**16 - 1, "can not be read|JSON"),
}
for label, (header, at, value, says) in CASES_OF_SIZES.items():
    for part in (CONFIG, WEIGHTS):
        size = {10: 2, 8: 2, 26: 2, 28: 2}.get(at, 4)

        def _patched(
            directory: Path, outside: Path, part: str = part, header: bytes = header, at: int = at,
            value: bytes = value.to_bytes(size, "little"),
        ) -> Path:  # fmt: skip
            return patched(archive(directory), part, header, at, value)

        also = "|HDF5" if part == WEIGHTS else ""
        case(says + also, name=f"zip_part_{label}_{'config' if part == CONFIG else 'weights'}")(_patched)


@case("overlap|can not be read|can not be read as an HDF5|JSON|differ")
def zip_parts_that_overlap(directory: Path, outside: Path) -> Path:
    path = archive(directory)
    whole = path.read_bytes()
    return patched(path, WEIGHTS, CENTRAL, 42, struct.pack("<I", whole.find(LOCAL)))


# The whole.
NO_ZIP = "not a whole zip archive"


def of_bytes(name: str, says: str, change: Callable[[bytes], bytes]) -> None:
    def make(directory: Path, outside: Path) -> Path:
        path = archive(directory)
        path.write_bytes(change(path.read_bytes()))
        return path

    case(says, name=name)(make)


of_bytes("zip_of_nothing", NO_ZIP, lambda whole: b"")
of_bytes("zip_of_an_end_alone", "it has no config.json", lambda whole: END + bytes(18))
of_bytes("zip_cut_short", NO_ZIP, lambda whole: whole[: len(whole) // 2])
of_bytes("zip_without_an_end", NO_ZIP, lambda whole: whole[:-22])
of_bytes("zip_of_zeros", NO_ZIP, lambda whole: bytes(len(whole)))
of_bytes("zip_with_a_huge_directory", f"{NO_ZIP}|no config", lambda whole: whole[:-10] + b"\xff" * 4 + whole[-6:])
of_bytes(
    "zip_with_a_directory_elsewhere",
    f"{NO_ZIP}|metadata.json can not be read",
    lambda whole: whole[:-6] + b"\xff" * 4 + whole[-2:],
)
of_bytes("zip_in_a_zip", "parts that kcore does not know", lambda whole: _zipped("model.keras", whole))
of_bytes("hdf5_for_a_zip", NO_ZIP, lambda whole: parts()[WEIGHTS])
of_bytes("a_script_for_a_zip", NO_ZIP, lambda whole: b"#!/bin/sh\ntouch pwned\n")
of_bytes("a_pickle_for_a_zip", NO_ZIP, lambda whole: b"cos\nsystem\n(S'touch pwned'\ntR.")
of_bytes("gzip_for_a_zip", NO_ZIP, lambda whole: zlib.compress(whole))


def _zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as outer:
        outer.writestr(name, content)
    return file.getvalue()


@case(None)
def zip_behind_a_script(directory: Path, outside: Path) -> Path:
    """As self-extracting archives are: what stands before is nobody's, and is not run."""
    path = archive(directory)
    path.write_bytes(b"#!/bin/sh\ntouch pwned\n" + path.read_bytes())
    return path
