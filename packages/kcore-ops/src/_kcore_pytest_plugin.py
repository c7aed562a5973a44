"""The option `--kcore-backend`, for pytest. It lies outside kcore_ops, so that pytest starts without importing that."""

from __future__ import annotations

import os
from typing import Any


def pytest_addoption(parser: Any) -> None:
    """Name the backend under test; the environment's `KCORE_BACKEND` by default."""
    parser.addoption("--kcore-backend", default=os.environ.get("KCORE_BACKEND"), help="the kcore backend under test")
