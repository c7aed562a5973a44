"""What may be imported of a package is few paths, the same ones that docs, examples, backends and plugins use.

`PUBLIC` is the list of them. All other modules may move at any time. These tests read the sources and the texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PUBLIC = {
    "kcore_layers": ("export", "files", "layers", "models", "serialization"),
    "kcore_ops": (
        "config",
        "conformance",
        "core",
        "dtype_policies",
        "dtypes",
        "image",
        "linalg",
        "math",
        "nn",
        "numpy",
        "plugin",
        "random",
        "tree",
    ),
    "kcore_train": ("callbacks", "data", "losses", "metrics", "optimizers", "optimizers.schedules", "wrappers"),
}

# Where only these may be named.
PLACES = (
    "README.md",
    "benchmarks/*.py",
    "docs/*.md",
    "examples/*.py",
    "packages/*/CHANGELOG.md",
    "packages/*/README.md",
    "packages/kcore-backend-*/src/**/*.py",
    "packages/kcore-ops/src/kcore_ops/command/skeleton/**/*.template",
    "tests/plugins/kcore-backend-*/**/*.py",
    "tests/plugins/test_lazy.py",
    "tests/plugins/test_toy.py",
)

# docs/architecture.md says what is inside.
INSIDE = ("docs/architecture.md",)


def source_of(package: str) -> Path:
    return ROOT / "packages" / package.replace("_", "-") / "src" / package


def modules_named(text: str) -> Iterator[str]:
    """The modules of our packages that a text names: in imports, in dotted names, and through another name."""
    for package, alias in re.findall(r"import (kcore_(?:layers|ops|train)) as (\w+)", text):
        text = re.sub(rf"(?<![.\w]){alias}\.", f"{package}.", text)
    for package, taken in re.findall(r"from (kcore_(?:layers|ops|train)) import \(?([\w\s,]+)", text):
        text += "".join(f"\n{package}.{name.split()[0]}" for name in taken.split(",") if name.strip())
    for name in re.findall(r"\bkcore_(?:layers|ops|train)(?:\.\w+)*", text):
        package, *parts = name.split(".")
        path, inner = source_of(package), []
        for part in parts:
            path /= part
            if not (path.is_dir() or path.with_suffix(".py").is_file()):
                break
            inner.append(part)
        yield ".".join([package, *inner])


def inner_modules_named(text: str) -> list[str]:
    """The modules that a text names and that are not public."""
    public = {f"{package}.{path}" for package, paths in PUBLIC.items() for path in paths} | set(PUBLIC)
    return sorted({module for module in modules_named(text) if module not in public})


def texts(places: Sequence[str]) -> list[Path]:
    return [path for place in places for path in ROOT.glob(place) if path.relative_to(ROOT).as_posix() not in INSIDE]


def test_public_paths_are_modules():
    for package, paths in PUBLIC.items():
        for path in paths:
            file = source_of(package).joinpath(*path.split("."))
            assert file.is_dir() or file.with_suffix(".py").is_file(), f"{package}.{path} is no module"


@pytest.mark.parametrize("place", PLACES)
def test_only_public_paths_are_named(place):
    paths = texts([place])
    assert paths, f"there is nothing at {place}"
    named = {path: inner_modules_named(path.read_text(encoding="utf-8")) for path in paths}
    faults = [f"{path.relative_to(ROOT)} names {', '.join(inner)}" for path, inner in named.items() if inner]
    assert not faults, "not public, see PUBLIC in this file:\n  " + "\n  ".join(faults)


def test_modules_that_are_not_public_are_noticed():
    text = """
    from kcore_ops import engine, nn
    from kcore_ops.foundation.errors import ShapeError
    from kcore_train.losses import (
        Loss,
    )
    import kcore_layers as layers
    layers.base.layer.Layer, layers.layers.Dense, backend.layers.options
    """
    assert inner_modules_named(text) == ["kcore_layers.base.layer", "kcore_ops.engine", "kcore_ops.foundation.errors"]
    assert inner_modules_named("import kcore_ops as ops\nops.add(ops.nn.relu(1), kcore_ops.random.normal())") == []
