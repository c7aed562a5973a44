"""Files that attack, or are broken, do nothing but end in an error that says what is wrong with which file.

`python -m hostile_files --show`, in this directory, prints what is said of each.
"""

from __future__ import annotations

import sys

import pytest
from hostile_files import CASES, build, faults_of, load_all

on_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="memory is bounded, and opened files are seen, in Linux's ways"
)


@on_linux
@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.only("numpy", "torch")
def test_hostile_files_end_in_an_error_that_says_why_and_do_nothing_else(tmp_path, backend_name):
    build(tmp_path)
    found = load_all(tmp_path, backend_name)
    faults = {name: (faults_of(each, found.get(name)), found.get(name)) for name, each in CASES.items()}
    assert {name: fault for name, fault in faults.items() if fault[0]} == {}
    assert len(CASES) > 600


@on_linux
def test_what_a_file_could_bring_about_is_seen(tmp_path):
    build(tmp_path, "^$")
    deeds = (
        "os.system", "subprocess.Popen", "import", "open", "open(", "os.remove", "opened secret.h5", "exec",
        "marshal.loads", "socket.__new__", "MemoryError", "more than its time",
    )  # fmt: skip
    found = load_all(tmp_path, "numpy", *deeds)
    assert [deed for deed in deeds if deed not in f"{found[deed]['breaches']} {found[deed]['wrong']}"] == []
