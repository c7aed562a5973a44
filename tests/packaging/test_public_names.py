"""The public names of each package are a checked-in list: adding or removing one is a line in a review.

To renew a list: `python tests/packaging/test_public_names.py kcore_ops > tests/packaging/public_names/kcore_ops.txt`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import types
from pathlib import Path

import pytest

LISTS = Path(__file__).with_name("public_names")
MODULES = sorted(path.stem for path in LISTS.glob("*.txt"))
UNDER_TEST = os.environ.get("KCORE_PACKAGE", "").replace("-", "_")


def public_names(module: str) -> list[str]:
    """The names in a package's `__all__`, and with a dot before them those of the modules that it names, sorted."""
    found = importlib.import_module(module)
    names = list(names_of(found))
    for name in names_of(found):
        inner = getattr(found, name)
        if isinstance(inner, types.ModuleType):
            names += [f"{name}.{each}" for each in public_names(inner.__name__)]
    return sorted(names)


def names_of(module: types.ModuleType) -> list[str]:
    """What `from module import *` gives."""
    # pytest adds names that begin with @ to the modules of distributions that have plugins for it.
    return getattr(module, "__all__", [name for name in vars(module) if name[0] not in "_@"])


def test_every_package_has_a_list(packages):
    assert MODULES == sorted(package.module for package in packages.values())


@pytest.mark.parametrize("module", [UNDER_TEST] if UNDER_TEST else MODULES)
def test_public_names_are_those_checked_in(module):
    if not UNDER_TEST and importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed here")
    listed = (LISTS / f"{module}.txt").read_text(encoding="utf-8").split()
    found = public_names(module)
    assert found == listed, (
        f"not in the list: {sorted(set(found) - set(listed))}; no more in __all__: {sorted(set(listed) - set(found))}"
    )


if __name__ == "__main__":
    print("\n".join(public_names(sys.argv[1])))
