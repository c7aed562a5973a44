"""Files that attack whoever loads them, or are broken: made by code, loaded in a process that notes what loading does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from hostile_files.case import BIAS as BIAS
from hostile_files.case import CASES as CASES
from hostile_files.case import KERNEL as KERNEL
from hostile_files.case import Case
from hostile_files.case import X as X


def build(directory: Path, pattern: str = "") -> None:
    """Write the files, each into a directory of its own, and what their loaders are called with.

    Those that load are always among them: they show the way that the guarded process is not to be stopped on.
    """
    outside = directory / "outside"
    outside.mkdir()
    secret(outside)
    for name, each in CASES.items():
        if each.says is not None and not re.search(pattern, name):
            continue
        (directory / name).mkdir()
        argument = each.make(directory / name, outside)
        if isinstance(argument, Path):
            argument = str(argument)
        (directory / name / "argument.json").write_text(json.dumps(argument))


def arguments_of(directory: str) -> dict[str, Any]:
    """Return what the loaders are called with, by the name of the case."""
    files = {name: Path(directory, name, "argument.json") for name in CASES}
    return {name: json.loads(file.read_text()) for name, file in files.items() if file.exists()}


def load_all(directory: Path, backend: str, *deeds: str, seconds: float = 300) -> dict[str, dict[str, Any]]:
    """Load all files that `build` wrote, or do deeds, in a process of their own; return what came of each, by name.

    One that ended the process, or never came back, has nothing to say of itself, nor have those after it.
    """
    environment = {**os.environ, "KCORE_BACKEND": backend, "PYTHONPATH": os.pathsep.join(map(str, sys.path))}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)  # which JAX reads and writes whatever is loaded
    command = [sys.executable, "-X", "faulthandler", "-m", "hostile_files.guarded", str(directory), *deeds]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds)
        text, errors = done.stdout, done.stderr
    except subprocess.TimeoutExpired as error:
        text, errors = (
            part.decode() if isinstance(part, bytes) else part or "" for part in (error.stdout, error.stderr)
        )
    found = {
        line["name"]: line for line in (json.loads(line) for line in text.splitlines() if line.startswith('{"name"'))
    }
    for name in deeds or arguments_of(str(directory)):
        if name not in found:
            found[name] = {"name": name, "wrong": f"the process ended: {errors[-2000:]}", "breaches": []}
            break
    return found


LONGEST = 10_000  # characters of a message: more is no sentence, whoever chose the names in it
MEMORY = 200 * 2**20


def faults_of(case: Case, found: dict[str, Any] | None) -> list[str]:
    """Return what was wrong about loading one of the files."""
    if found is None:
        return ["it was not loaded, as one before it ended the process"]
    text = found.get("error")
    faults = [f"breach: {each}" for each in found["breaches"]]
    if found.get("grown", 0) > MEMORY:
        faults.append(f"memory grew by {found['grown'] / 2**20:.0f} MB")
    if text is None:
        return faults + ([f"wrong: {found['wrong']}"] if found["wrong"] else []) + (["it loads"] if case.says else [])
    if case.says is None:
        faults.append("it does not load")
    elif not re.search(case.says, text):
        faults.append(f"the message lacks {case.says!r}")
    if len(text) > LONGEST:
        faults.append(f"the message has {len(text)} characters")
    if not all(line.isprintable() for line in text.splitlines()):
        faults.append("the message has characters that do something to a terminal")
    if text.count("\n  fix: ") > 1:
        faults.append("the message has a line that the file wrote")
    if "\n  fix: " not in text:
        faults.append("the message says no way out")
    return faults


# Each registers its cases as it is imported.
from hostile_files import archives, configs, directories, hdf5, legacy, tensors, texts  # noqa: E402, F401
from hostile_files.hdf5 import secret  # noqa: E402
