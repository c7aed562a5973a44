"""Files of safetensors with headers that lie, and indices that name what is elsewhere."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from hostile_files.case import BIAS, KERNEL, case

DATA = KERNEL.tobytes() + BIAS.tobytes()
RIGHT = {
    "dense.kernel": {"dtype": "F32", "shape": [3, 2], "data_offsets": [0, 24]},
    "dense.bias": {"dtype": "F32", "shape": [2], "data_offsets": [24, 32]},
}
FIRST = RIGHT["dense.kernel"]


def safetensors(header: Any = None, data: bytes = DATA, size: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(RIGHT if header is None else header).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + data


def of_tensors(name: str, says: str | None, content: bytes) -> None:
    def make(directory: Path, outside: Path) -> Path:
        path = directory / "hostile.safetensors"
        path.write_bytes(content)
        return path

    case(says, "load_weights", name=f"tensors_{name}")(make)


def of_header(name: str, says: str | None, **changes: Any) -> None:
    of_tensors(name, says, safetensors({**RIGHT, "dense.kernel": {**FIRST, **changes}}))


NO_FILE = "not a whole file of safetensors"
of_tensors("that_are_right", None, safetensors())
of_tensors("of_nothing", NO_FILE, b"")
of_tensors("of_a_size_alone", NO_FILE, struct.pack("<Q", 10))
of_tensors("of_no_header", NO_FILE, safetensors(b"", b""))
of_tensors("of_an_empty_header", "missing in the file|fit|lacks", safetensors({}, b""))
of_tensors("of_a_header_of_2_to_the_64", NO_FILE, safetensors(size=2**64 - 1))
of_tensors("of_a_header_of_2_to_the_63", NO_FILE, safetensors(size=2**63))
of_tensors("of_a_header_of_a_terabyte", NO_FILE, safetensors(size=2**40))
of_tensors("of_a_header_of_99_megabytes", NO_FILE, safetensors(size=99 * 10**6))
of_tensors("of_a_header_too_short", NO_FILE, safetensors(size=10))
of_tensors("of_a_header_that_is_no_json", NO_FILE, safetensors(b"{" * 100))
of_tensors("of_a_header_that_is_a_list", NO_FILE, safetensors([1, 2]))
of_tensors("of_a_header_that_is_not_utf_8", NO_FILE, safetensors(b'{"\xff": 1}'))
of_tensors("of_a_header_of_depth_100000", NO_FILE, safetensors(b'{"a":' + b"[" * 100_000))
of_tensors("of_a_header_of_spaces", NO_FILE + "|fit|missing", safetensors(b" " * 10**6 + b"{}"))
of_tensors(
    "of_a_name_twice",
    f"{NO_FILE}|twice",
    safetensors(json.dumps(RIGHT)[:-1].encode() + b', "dense.bias": ' + json.dumps(FIRST).encode() + b"}"),
)
of_tensors("that_are_cut_short", NO_FILE, safetensors(data=DATA[:-1]))
of_tensors("that_go_on", NO_FILE, safetensors(data=DATA + b"pwned"))
of_tensors("of_a_pickle", NO_FILE, b"cos\nsystem\n(S'touch pwned'\ntR.")
of_tensors("of_a_zip", NO_FILE, b"PK\x03\x04" + bytes(100))
of_header("of_a_dtype_that_is_none", f"{NO_FILE}|dtype", dtype="PICKLE")
of_header("of_a_dtype_that_is_a_number", f"{NO_FILE}|dtype", dtype=3)
of_header("of_half_a_byte", f"{NO_FILE}|dtype", dtype="F4")
of_header("of_another_width", NO_FILE, dtype="F64")
of_header("of_integers", "kind|int32|fit", dtype="I32")
of_header("of_negative_sizes", NO_FILE, shape=[-3, -2])
of_header("of_sizes_that_overflow", NO_FILE, shape=[2**33, 2**33])
of_header("of_sizes_beyond_64_bits", NO_FILE, shape=[2**70])
of_header("of_fractional_sizes", NO_FILE, shape=[1.5, 4])
of_header("of_no_sizes", NO_FILE, shape=[])
of_header("of_many_axes", "shape|fit", shape=[1] * 100 + [3, 2])
of_header("of_sizes_of_text", NO_FILE, shape="3x2")
of_header("of_other_sizes", "shape|fit", shape=[2, 3])
of_header("of_offsets_backwards", NO_FILE, data_offsets=[24, 0])
of_header("of_negative_offsets", NO_FILE, data_offsets=[-24, 0])
of_header("of_offsets_far_behind", NO_FILE, data_offsets=[2**40, 2**40 + 24])
of_header("of_offsets_that_overlap", NO_FILE, data_offsets=[8, 32])
of_header("of_one_offset", NO_FILE, data_offsets=[0])
of_header("of_offsets_of_text", NO_FILE, data_offsets="all")
of_header("of_more_keys", f"{NO_FILE}|fit", path="/etc/passwd", data_offsets=None)
of_tensors("of_metadata_that_is_a_list", NO_FILE, safetensors({**RIGHT, "__metadata__": [1]}))
of_tensors(
    "of_metadata_of_a_command", None, safetensors({**RIGHT, "__metadata__": {"format": "os.system('touch pwned')"}})
)
of_tensors("of_metadata_of_a_megabyte", None, safetensors({**RIGHT, "__metadata__": {"format": "x" * 10**6}}))
for label, name in {
    "of_an_attribute": "dense.__class__", "that_leads_up": "../outside/pwned", "with_escapes": "\x1b[31mred",
    "of_a_method": "dense.call", "empty": "", "long": "n" * 10**5, "of_dots": "." * 1000,
}.items():  # fmt: skip
    of_tensors(f"of_a_name_{label}", "only in the file|fit|no variable", safetensors(
        {**RIGHT, name: {"dtype": "F32", "shape": [2], "data_offsets": [32, 40]}}, DATA + BIAS.tobytes()))  # fmt: skip
of_tensors("of_20000_names", "only in the file|fit", safetensors(
    {**RIGHT, **{f"x{i}": {"dtype": "U8", "shape": [0], "data_offsets": [32, 32]} for i in range(20_000)}}))  # fmt: skip

# An index, and shards.
SHARD = "all-00001-of-00001.safetensors"
LEADS = "is not the name of a file in its own directory"
INDEX = "index"


def of_index(name: str, says: str | None, index: Any, link: bool = False) -> None:
    def make(directory: Path, outside: Path) -> Path:
        (outside / "secret.safetensors").write_bytes(safetensors())
        if link:
            (directory / SHARD).symlink_to(outside / "secret.safetensors")
        else:
            (directory / SHARD).write_bytes(safetensors())
        path = directory / "all.safetensors.index.json"
        content = index(outside) if callable(index) else index
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    case(says, "load_weights", name=f"tensors_index_{name}")(make)


def mapped(kernel: Any, bias: Any = SHARD) -> dict[str, Any]:
    return {"metadata": {}, "weight_map": {"dense.kernel": kernel, "dense.bias": bias}}


of_index("that_is_right", None, mapped(SHARD))
of_index("that_leads_up", LEADS, mapped("../outside/secret.safetensors"))
of_index("that_is_absolute", LEADS, lambda outside: mapped(str(outside / "secret.safetensors")))
of_index("of_a_device", LEADS, mapped("/dev/zero"))
of_index("of_a_url", LEADS, mapped("https://example.com/x.safetensors"))
of_index("of_a_link", "is a link", mapped(SHARD), link=True)
of_index("of_what_is_not_there", "there is no file", mapped("other.safetensors"))
of_index("of_itself", NO_FILE, mapped("all.safetensors.index.json", "all.safetensors.index.json"))
of_index("of_a_long_name", "there is no file", mapped("n" * 10**5))
of_index("of_numbers", INDEX, mapped(3))
of_index("of_a_list", INDEX, {"weight_map": ["dense.kernel"]})
of_index("of_nothing", INDEX, {})
of_index("of_an_empty_map", "missing|fit", {"weight_map": {}})
of_index("that_names_too_little", "and the index says otherwise", {"weight_map": {"dense.kernel": SHARD}})
of_index(
    "that_names_too_much", "and the index says otherwise", {"weight_map": {**mapped(SHARD)["weight_map"], "x": SHARD}}
)
of_index("that_is_no_json", INDEX, b"{")
of_index("of_depth_100000", INDEX, b"[" * 100_000)
of_index("of_bytes", INDEX, b"\xff\xfe\x00" * 30)
