"""Runs that are cut off, at any batch, and go on: they end as a run that was not, to the bit."""

from __future__ import annotations

import kcore as keras
import numpy as np
import pytest
import resuming
from kcore import callbacks

pytestmark = pytest.mark.needs("gradient")


class _Cut(Exception):
    pass


class CutOff(callbacks.Callback):
    """Ends the process, as it were, at some moment."""

    def __init__(self, batch: int, hook: str) -> None:
        super().__init__()
        self._left = batch
        self._hook = hook

    def get_state(self):
        return {}

    def on_train_batch_end(self, batch, logs=None):
        self._left -= 1
        if self._left == 0 and self._hook == "batch":
            raise _Cut("cut")

    def on_epoch_end(self, epoch, logs=None):
        if self._left <= 0 and self._hook == "epoch":
            raise _Cut("cut")

    def on_test_begin(self, logs=None):
        if self._left <= 0 and self._hook == "test":
            raise _Cut("cut")


@pytest.fixture(scope="module")
def whole(backend_name, tmp_path_factory):
    """What runs that are not cut off end with, each kind once."""
    found = {}

    def of(kind):
        if kind not in found:
            with keras.use_backend(backend_name):
                found[kind] = resuming.train(kind, tmp_path_factory.mktemp(kind), "epoch")
        return found[kind]

    return of


# Where a run is compiled, several times for each kind, those are tried whose state a compiled step has a part in.
COMPILED = ("mixed", "several_steps", "multi")
RUNS = [("arrays", "epoch"), *((kind, 3) for kind in COMPILED)]
OTHERS = [(kind, 3) for kind in resuming.KINDS if kind not in COMPILED]


@pytest.mark.parametrize(
    ("kind", "save_freq"), [*RUNS, *(pytest.param(*run, marks=pytest.mark.only("torch")) for run in OTHERS)]
)
def test_a_run_that_was_cut_off_ends_as_one_that_was_not(kind, save_freq, whole, backend, tmp_path):
    expected = whole(kind)
    rng = np.random.default_rng(len(kind))
    for hook in ("batch", "test" if save_freq == 3 else "epoch"):
        with pytest.raises(_Cut, match="cut"):
            resuming.train(kind, tmp_path, save_freq, CutOff(int(rng.integers(1, 5)), hook))
    found = resuming.train(kind, tmp_path, save_freq)
    assert resuming.differences(expected, found) == []
    assert not list((tmp_path / "backup").iterdir())
