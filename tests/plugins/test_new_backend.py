"""What `kcore new-backend` writes is a backend at once: found by its entry point, and right as far as it goes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from kcore_ops.command.new_backend import write_backend

METADATA = "Metadata-Version: 2.1\nName: kcore-backend-foo\nVersion: 0.1.0\n"


@pytest.fixture(scope="module")
def foo(tmp_path_factory) -> Path:
    """The directory of a backend named foo, with what installing it would write beside its package."""
    written = write_backend("foo", tmp_path_factory.mktemp("written"))
    entry_points = tomllib.loads((written / "pyproject.toml").read_text())["project"]["entry-points"]
    installed = written / "src" / "kcore_backend_foo-0.1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(METADATA)
    lines = [
        f"[{group}]\n{name} = {value}\n" for group, entries in entry_points.items() for name, value in entries.items()
    ]
    (installed / "entry_points.txt").write_text("".join(lines))
    return written


def run(foo: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python where foo is installed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(foo / "src"), os.environ.get("PYTHONPATH", "")])}
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=foo, env=environment, capture_output=True, text=True, timeout=300
    )


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command `kcore`."""
    return subprocess.run([sys.executable, "-m", "kcore_ops.command.main", *arguments], capture_output=True, text=True)


def test_every_name_is_filled_in(foo):
    texts = {path.name: path.read_text() for path in foo.rglob("*") if path.is_file()}
    assert "kcore_backend_foo" in texts["pyproject.toml"] and "FooBackend" in texts["implementation.py"]
    left = {name: re.findall(r"\$(?:name|package|\{?class_name)", text) for name, text in texts.items()}
    assert {name: found for name, found in left.items() if found} == {}


def test_it_is_found_by_its_entry_point(foo):
    listed = run(foo, "kcore_ops.command.main", "backends").stdout
    assert re.search(r"^foo: kcore-backend-foo 0\.1\.0, numpy [\d.]+\n  not loaded yet", listed, re.MULTILINE)


def test_the_conformance_command_finds_nothing_wrong_and_names_what_is_missing(foo):
    done = run(foo, "kcore_ops.conformance", "foo", "--effort", "0.1")
    assert done.returncode == 0, done.stdout + done.stderr
    kinds = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if len(line.split()) > 1}
    assert kinds["add"] == ["native"] and kinds["square"] == ["derived"]
    assert kinds["matmul"] == ["missing", "backend", "'foo'", "has", "no", "matmul"]
    assert not any(kind[:1] == ["wrong"] for kind in kinds.values())
    assert re.search(r"^foo: \d+ ops: \d+ derived, \d+ missing, \d+ native$", done.stdout, re.MULTILINE)
    assert "checked gradient: not run: foo has not the capability 'gradient'\n" in done.stdout
    assert "checked compiled: not run: foo has not the capability 'jit'\n" in done.stdout
    assert not (foo / ".hypothesis").exists()


def test_its_own_test_fails_once_naming_what_is_missing(foo):
    done = run(foo, "pytest", "tests", "-k", "every_op", "-p", "no:cacheprovider")
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"foo lacks, and does not list in known_gaps: .*\bmatmul\b.*\bsvd\b", done.stdout)
    assert re.search(r"1 failed, 1 passed, \d+ deselected", done.stdout)


def test_the_command_says_what_to_do_next(tmp_path):
    done = command("new-backend", "two_words", "--in", str(tmp_path))
    written = tmp_path / "kcore-backend-two-words"
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"wrote {written}; now:",
        f"  cd {written}",
        "  pip install -e '.[test]'",
        "  python -m kcore_ops.conformance two_words",
    ]
    assert "class TwoWordsBackend(Backend)" in (written / "src/kcore_backend_two_words/implementation.py").read_text()


@pytest.mark.parametrize("name", ["class", "Foo", "f-oo", "1st"])
def test_the_command_refuses_what_can_not_be_a_name(tmp_path, name):
    done = command("new-backend", name, "--in", str(tmp_path))
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.splitlines() == [
        "ArgumentError",
        f"  {name!r} can not be the name of a backend",
        "  fix: use lower-case letters, digits and underscores, for example mlx",
    ]
    assert not list(tmp_path.iterdir())


def test_the_command_overwrites_nothing(tmp_path):
    mine = tmp_path / "kcore-backend-foo"
    mine.mkdir()
    done = command("new-backend", "foo", "--in", str(tmp_path))
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.splitlines() == [
        "ArgumentError",
        f"  {mine} exists",
        "  fix: choose another name, or move it away",
    ]
    assert not list(mine.iterdir())
