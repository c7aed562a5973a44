"""What is of one framework is tested in that framework's session, and not again in the others'."""

from __future__ import annotations

import pytest

FRAMEWORKS = ("jax", "tensorflow", "torch")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = str(config.getoption("--kcore-backend") or "numpy")
    others = [
        item
        for item in items
        if any(item.path.name.startswith(f"test_{name}_") and name != chosen for name in FRAMEWORKS)
        and item.path.parent.name == "backends"
    ]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in set(others)]
