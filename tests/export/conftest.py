"""Processes that run exported files without kcore, one for each format, for as long as the tests run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kcore_ops as ops
import numpy as np
import pytest

Arrays = dict[str, np.ndarray]


class Runtime:
    """A process with the runtime of one format."""

    def __init__(self, format: str) -> None:
        command = [sys.executable, str(Path(__file__).with_name("plain_runtime.py")), format]
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self.process = subprocess.Popen(command, text=True, env=environment, **pipes)

    def __call__(self, path: Path, batches: list[Arrays]) -> list[Arrays]:
        """Return what a file gives for some inputs, by the names of its outputs."""
        given = [path.with_name(f"{path.name}.given_{i}.npz") for i in range(len(batches))]
        wanted = [path.with_name(f"{path.name}.wanted_{i}.npz") for i in range(len(batches))]
        for file, arrays in zip(given, batches, strict=True):
            np.savez(file, **arrays)
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps([str(path), [*map(str, given)], [*map(str, wanted)]]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer == "done", answer
        return [dict(np.load(file)) for file in wanted]


@pytest.fixture(scope="session")
def run_plainly() -> Iterator[Callable[..., list[Arrays]]]:
    """Run a file of a format, with batches of arrays by name, where there is no kcore."""
    runtimes: dict[str, Runtime] = {}

    def run(format: str, path: Path, *batches: Arrays) -> list[Arrays]:
        if format not in runtimes:
            runtimes[format] = Runtime(format)
        return runtimes[format](path, list(batches))

    yield run
    for runtime in runtimes.values():
        runtime.process.kill()
        runtime.process.wait()


def arrays_by_name(outputs: Any) -> Arrays:
    """Return outputs of a model as arrays, by the names that files give them."""
    if isinstance(outputs, dict):
        return {name: ops.convert_to_numpy(value) for name, value in outputs.items()}
    several = outputs if isinstance(outputs, list | tuple) else [outputs]
    return {f"output_{i}": ops.convert_to_numpy(value) for i, value in enumerate(several)}


@pytest.fixture
def by_name() -> Callable[[Any], Arrays]:
    return arrays_by_name
