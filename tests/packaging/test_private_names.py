"""Backends see layers by way of `ModuleBridge`: they read nothing that the layers keep for themselves."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parents[2] / "packages"
SOURCES = sorted(PACKAGES.glob("kcore-backend-*/src/**/*.py"))
PREFIX = "_kcore_"  # of all that a layer keeps; tests/layers/test_attribute_names.py holds the layers to it


def private_names(source: str) -> list[tuple[int, str]]:
    """The names of layers' own attributes in a source, as attributes, names, parameters or strings, by line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        named = [getattr(node, field, None) for field in ("attr", "id", "arg", "name", "value")]
        found += [(node.lineno, name) for name in named if isinstance(name, str) and PREFIX in name]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_backend_reads_nothing_private_of_a_layer(path):
    assert private_names(path.read_text(encoding="utf-8")) == []


def test_all_backends_are_looked_at():
    assert len({path.parents[2] for path in SOURCES if path.name == "implementation.py"}) == 4


@pytest.mark.parametrize(
    "source",
    ["layer._kcore_plan = None", 'layer.__dict__["_kcore_mode"]', "class A:\n  def _kcore_call(self): ...",
     "f(_kcore_x=1)", "_kcore_names = ()"],
)  # fmt: skip
def test_each_way_to_write_such_a_name_is_found(source):
    assert len(private_names(source)) == 1
