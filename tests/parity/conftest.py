"""Keras, as the black box to compare with: one of its backends in each process, named by KERAS_BACKEND."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session")
def keras(backend_name):
    os.environ["KERAS_BACKEND"] = backend_name
    import keras

    assert keras.config.backend() == backend_name, "Keras was imported before its backend was chosen"
    return keras
