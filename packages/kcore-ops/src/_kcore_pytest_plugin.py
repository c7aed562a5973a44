"""The conformance suite's options, for pytest. They lie outside kcore_ops, which pytest is to start without."""

from __future__ import annotations

import os
from typing import Any


def pytest_addoption(parser: Any) -> None:
    """Name the backend under test, the environment's `KCORE_BACKEND` by default, and how hard to try."""
    parser.addoption("--kcore-backend", default=os.environ.get("KCORE_BACKEND"), help="the kcore backend under test")
    parser.addoption(
        "--kcore-effort", default=1.0, type=float, metavar="FACTOR",
        help="how many inputs ops are tried on, as a multiple of the usual: less where each shape is compiled anew",
    )  # fmt: skip
