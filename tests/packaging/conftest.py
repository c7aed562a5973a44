"""What the packaging tests share: a fresh interpreter to look at, and what is declared in packages/*/pyproject.toml."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

PACKAGES = Path(__file__).resolve().parents[2] / "packages"
FRAMEWORKS = ("jax", "jaxlib", "keras", "tensorflow", "torch")


@dataclasses.dataclass(frozen=True)
class Package:
    """One of packages/, as its pyproject.toml declares it."""

    name: str
    requirements: tuple[str, ...]

    @property
    def module(self) -> str:
        """Its import name."""
        return self.name.replace("-", "_")

    @property
    def source(self) -> Path:
        """The directory of its modules."""
        return PACKAGES / self.name / "src" / self.module


def read_package(directory: Path) -> Package:
    project = tomllib.loads((directory / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = tuple(re.match(r"[\w.-]+", line)[0] for line in project["dependencies"])
    return Package(project["name"], requirements)


@pytest.fixture(scope="session")
def packages() -> dict[str, Package]:
    """All of packages/, by name."""
    found = [read_package(path.parent) for path in PACKAGES.glob("*/pyproject.toml")]
    return {package.name: package for package in found}


@pytest.fixture(scope="session")
def required(packages: dict[str, Package]) -> Callable[[str], set[str]]:
    """The distributions that one of packages/ declares to need, by itself or through its siblings."""

    def close(name: str) -> set[str]:
        direct = set(packages[name].requirements)
        return direct.union(*(close(sibling) for sibling in direct & set(packages)))

    return close


@pytest.fixture(scope="session")
def run_python() -> Callable[..., str]:
    """Run code in a fresh interpreter, where no setting of the user's holds; gives what it printed."""

    def run(code: str, **env: str) -> str:
        told = ("KCORE_", "KERAS_BACKEND")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(told)}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env={**inherited, **env}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    return run


@pytest.fixture(scope="session")
def frameworks_after(run_python: Callable[..., str]) -> Callable[..., set[str]]:
    """The frameworks that are loaded once some code has run in a fresh interpreter."""

    def names(code: str, **env: str) -> set[str]:
        loaded = f"import sys; print(*(name for name in {FRAMEWORKS} if name in sys.modules))"
        return set(run_python(f"{code}\n{loaded}", **env).rpartition("\n")[2].split())

    return names
