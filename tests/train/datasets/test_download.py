"""Files from the net."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import os
import tarfile
import threading
import zipfile

import pytest
from kcore_ops.foundation.errors import ArgumentError, DownloadFailed
from kcore_train.datasets import get_file

CONTENT = b"hello" * 30_000


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        self.server.paths.append(self.path)
        if self.path == "/cut.txt":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"half")
        else:
            super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    """A server of the files in `served`; notes what it is asked for."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "a.txt").write_bytes(CONTENT)
    handler = functools.partial(Handler, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as found:
        found.paths = []
        found.files = tmp_path / "served"
        found.address = f"http://127.0.0.1:{found.server_address[1]}"
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


@pytest.fixture
def get(server, tmp_path):
    return functools.partial(get_file, cache_dir=tmp_path / "cache")


def listed(root):
    return sorted(
        os.path.relpath(os.path.join(where, name), root) for where, _, names in os.walk(root) for name in names
    )


def test_a_file_is_fetched_once_and_again_where_that_is_asked_for(server, get, tmp_path, capsys):
    path = get(origin=server.address + "/a.txt")
    assert path == str(tmp_path / "cache" / "datasets" / "a.txt")
    with open(path, "rb") as file:
        assert file.read() == CONTENT
    assert capsys.readouterr().out.startswith(f"Downloading data from {server.address}/a.txt\n")
    get(origin=server.address + "/a.txt?version=2")
    assert (len(server.paths), capsys.readouterr().out) == (1, "")
    get(origin=server.address + "/a.txt", force_download=True)
    assert len(server.paths) == 2
    assert get("b.txt", (server.files / "a.txt").as_uri(), cache_subdir="own") == str(tmp_path / "cache/own/b.txt")


def test_files_lie_in_keras_home_by_default(server, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    assert get_file(origin=server.address + "/a.txt") == str(tmp_path / "home" / "datasets" / "a.txt")


@pytest.mark.parametrize(("algorithm", "option"), [("md5", "md5_hash"), ("md5", "file_hash"), ("sha256", "file_hash")])
def test_a_file_of_another_hash_is_fetched_again_and_not_kept_if_it_is_wrong_still(
    server, get, algorithm, option, capsys
):
    right = {option: hashlib.new(algorithm, CONTENT).hexdigest().upper()}
    path = get(origin=server.address + "/a.txt", **right)
    with open(path, "wb") as file:
        file.write(b"damaged")
    get(origin=server.address + "/a.txt", **right)
    assert os.path.getsize(path) == len(CONTENT)
    assert f"has not the {algorithm} hash" in capsys.readouterr().out
    wrong = {option: "0" * len(right[option])}
    with pytest.raises(ArgumentError, match=f"the {algorithm} hash of .* should be 000.*: the file was not kept"):
        get("other.txt", server.address + "/a.txt", **wrong)
    assert listed(os.path.dirname(path)) == ["a.txt"]


def test_a_download_that_ends_early_leaves_nothing(server, get, tmp_path):
    with pytest.raises(DownloadFailed, match=r"cut.txt (gave 4 of 1000 bytes|could not be fetched: IncompleteRead)"):
        get(origin=server.address + "/cut.txt")
    assert listed(tmp_path / "cache") == []


def test_a_download_that_fails_leaves_the_old_file(server, get):
    path = get(origin=server.address + "/a.txt")
    (server.files / "a.txt").unlink()
    with pytest.raises(DownloadFailed, match="a.txt could not be fetched: HTTP Error 404") as failed:
        get(origin=server.address + "/a.txt", force_download=True)
    assert isinstance(failed.value, OSError)
    assert os.path.getsize(path) == len(CONTENT)


# Archives.


def tar_of(path, *members, mode="w:gz"):
    """An archive of members: of a name and content, or what else `TarInfo` says of it."""
    with tarfile.open(path, mode) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                for key, value in content.items():
                    setattr(info, key, value)
                tar.addfile(info)


def zip_of(path, *members):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members:
            file.writestr(name, content)


@pytest.mark.parametrize(
    ("fname", "directory", "archive"),
    [
        (None, "data.tar.gz", "data.tar.gz_archive"),
        ("data.tar.gz", "data_extracted", "data.tar.gz"),
        ("data.zip", "data_extracted", "data.zip"),
        ("data", "data", "data_archive"),
    ],
)
def test_archives_are_unpacked_where_keras_unpacks_them(server, get, tmp_path, fname, directory, archive):
    tar_of(server.files / "data.tar.gz", ("inside/x.txt", b"x"), ("y.txt", b"y"))
    for _ in range(2):
        path = get(fname, server.address + "/data.tar.gz", extract=True)
        assert path == str(tmp_path / "cache" / "datasets" / directory)
        assert listed(path) == [os.path.join("inside", "x.txt"), "y.txt"]
    assert len(server.paths) == 1
    assert os.path.isfile(tmp_path / "cache" / "datasets" / archive)


def test_zip_files_and_links_that_stay_inside_are_unpacked(server, get):
    zip_of(server.files / "data.zip", ("inside/x.txt", "x"))
    assert listed(get("z.zip", server.address + "/data.zip", extract=True)) == [os.path.join("inside", "x.txt")]
    tar_of(
        server.files / "links.tar",
        ("inside/x.txt", b"x"),
        ("inside/up", {"type": tarfile.SYMTYPE, "linkname": "../y.txt"}),
        ("hard", {"type": tarfile.LNKTYPE, "linkname": "inside/x.txt"}),
        ("y.txt", b"y"),
        mode="w",
    )
    path = get("l.tar", server.address + "/links.tar", untar=True)
    assert (open(path + "/inside/up").read(), open(path + "/hard").read()) == ("y", "x")


LINK, HARD = {"type": tarfile.SYMTYPE}, {"type": tarfile.LNKTYPE}
HOSTILE = [
    ([("/etc/x", b"")], "/etc/x", "has an absolute name"),
    ([("a/../../x", b"")], "a/../../x", "has a name that leads upwards"),
    ([("..\\x", b"")], "..", "has a name that leads upwards"),
    ([("C:\\x", b"")], "C:", "has an absolute name"),
    ([("ok", b""), ("l", {**LINK, "linkname": "/etc"})], "l", "is a link to '/etc', out of the archive"),
    ([("l", {**LINK, "linkname": "../x"})], "l", "is a link to '../x', out of the archive"),
    ([("d/l", {**LINK, "linkname": "../../x"})], "d/l", "is a link to '../../x', out of the archive"),
    ([("d", {**LINK, "linkname": "e"}), ("f", {**LINK, "linkname": "d/../../x"})], "f", "out of the archive"),
    ([("l", {**LINK, "linkname": "d"}), ("l/x", b"")], "l/x", "lies where a link is"),
    ([("l/x", b""), ("l", {**LINK, "linkname": "d"})], "l/x", "lies where a link is"),
    ([("l", {**LINK, "linkname": "d"}), ("l", b"")], "l", "lies where a link is"),
    ([("h", {**HARD, "linkname": "../x"})], "h", "is a link to '../x', which is no file of the archive"),
    ([("h", {**HARD, "linkname": "/etc/passwd"})], "h", "which is no file of the archive"),
    ([("s", {**LINK, "linkname": "t"}), ("h", {**HARD, "linkname": "s"})], "h", "which is no file of the archive"),
    ([("f", {"type": tarfile.FIFOTYPE})], "f", "is no file, directory or link"),
    ([("d", {"type": tarfile.CHRTYPE})], "d", "is no file, directory or link"),
]


@pytest.mark.parametrize(("members", "name", "what"), HOSTILE)
def test_an_archive_that_leaves_its_directory_is_refused_whole(server, get, tmp_path, members, name, what):
    tar_of(server.files / "data.tar.gz", ("first.txt", b"1"), *members)
    with pytest.raises(ArgumentError, match="nothing was unpacked") as refused:
        get("data.tar.gz", server.address + "/data.tar.gz", extract=True)
    assert what in str(refused.value)
    assert f"the member '{name}" in str(refused.value)
    assert listed(tmp_path / "cache") == [os.path.join("datasets", "data.tar.gz")]


@pytest.mark.parametrize("name", ["/x", "../x", "a/../../x", "C:/x"])
def test_zip_files_with_such_names_are_refused_whole(server, get, tmp_path, name):
    zip_of(server.files / "data.zip", ("first.txt", "1"), (name, "x"))
    with pytest.raises(ArgumentError, match="nothing was unpacked"):
        get("data.zip", server.address + "/data.zip", extract=True)
    assert listed(tmp_path / "cache") == [os.path.join("datasets", "data.zip")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"origin": None}, "origin was not given"),
        ({"origin": "http://example.org/"}, "ends in no name"),
        ({"fname": "../x"}, "fname='../x' is a path"),
        ({"fname": ".."}, "fname='..' is a path"),
        ({"hash_algorithm": "crc"}, "there is no hash_algorithm 'crc'"),
        ({"file_hash": "123"}, "file_hash='123' is none of md5 or sha256"),
        ({"extract": True, "archive_format": "rar"}, "there is no archive_format 'rar'"),
        ({"extract": True}, "a.txt is no archive of the format tar or zip"),
        ({"extract": True, "archive_format": None}, "is no archive of the format None"),
    ],
)
def test_what_can_not_be_fetched_is_refused(server, get, arguments, message):
    with pytest.raises(ArgumentError, match=message):
        get(
            **{"fname": "a.txt", "origin": server.address + "/a.txt", **arguments}
            if "origin" not in arguments
            else arguments
        )


def test_a_directory_of_the_file_s_name_is_left_alone(tmp_path):
    kept = tmp_path / "cache" / "datasets" / "data.txt" / "mine"
    kept.parent.mkdir(parents=True)
    kept.write_text("kept")
    source = tmp_path / "data.txt"
    source.write_text("new")
    with pytest.raises(ArgumentError, match=r"data\.txt is a directory\n.*pass another fname"):
        get_file(origin=source.as_uri(), cache_dir=tmp_path / "cache")
    assert kept.read_text() == "kept"
