"""Directories of pictures, texts and recordings."""

from __future__ import annotations

import wave

import numpy as np
import pytest

CLASSES = {"b": 5, "a": 4, "c": 3}


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    Image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    root = tmp_path_factory.mktemp("pictures")
    for name, count in CLASSES.items():
        (root / name / "inside").mkdir(parents=True)
        for i in range(count):
            height, width = rng.integers(4, 12, 2)
            Image.fromarray(rng.integers(0, 256, (height, width, 3), "uint8")).save(root / name / f"{i}.png")
    Image.fromarray(rng.integers(0, 256, (7, 9, 4), "uint8")).save(root / "a" / "inside" / "9.png")
    Image.fromarray(rng.integers(0, 256, (8, 5, 3), "uint8")).save(root / "a" / "x.JPG")
    (root / "a" / "notes.txt").write_text("no picture")
    (root / ".hidden").mkdir()
    return root


@pytest.fixture(scope="session")
def texts(tmp_path_factory):
    root = tmp_path_factory.mktemp("texts")
    for name, count in CLASSES.items():
        (root / name).mkdir()
        for i in range(count):
            (root / name / f"{i}.txt").write_bytes(f"{name} {i} é\n".encode())
    return root


@pytest.fixture(scope="session")
def recordings(tmp_path_factory):
    rng = np.random.default_rng(0)
    root = tmp_path_factory.mktemp("recordings")
    for name, count in CLASSES.items():
        (root / name).mkdir()
        for i in range(count):
            with wave.open(str(root / name / f"{i}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(8000)
                file.writeframes(rng.integers(-32768, 32768, 10 + i, "<i2").tobytes())
    return root
