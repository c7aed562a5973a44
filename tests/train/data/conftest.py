"""Waiting for other threads, however slow the machine."""

from __future__ import annotations

import time

import pytest


@pytest.fixture
def until():
    """Wait, for half a minute at most, for what another thread brings about."""

    def wait(condition) -> bool:
        deadline = time.monotonic() + 30
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.001)
        return bool(condition())

    return wait
