"""Examples written in one framework are tested with that framework."""

from __future__ import annotations

from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs_example_of(*backends): the example is written in their frameworks")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests of examples in other frameworks."""
    name = config.getoption("--kcore-backend")
    others = [item for item in items if any(name not in mark.args for mark in item.iter_markers("needs_example_of"))]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in set(others)]


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    """Examples are imported by name, by the tests and by the processes that an example starts."""
    monkeypatch.syspath_prepend(EXAMPLES)
