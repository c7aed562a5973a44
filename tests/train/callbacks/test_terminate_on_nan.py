"""When the loss is no number any more."""

from __future__ import annotations

import numpy as np
import pytest
from kcore_train.callbacks import CallbackList, TerminateOnNaN


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), np.float32("-inf"), np.array([1.0, np.nan])])
def test_training_ends_after_the_batch(fake_model, capsys, loss):
    model = fake_model()
    CallbackList(TerminateOnNaN(), model=model).on_train_batch_end(3, {"loss": loss})
    assert model.stop_training
    assert capsys.readouterr().out == f"Batch 3: the loss is {loss}, training ends\n"


@pytest.mark.parametrize("loss", [1e30, np.float32(0), np.zeros(2), None])
def test_numbers_go_on(fake_model, loss):
    model = fake_model()
    told = CallbackList(TerminateOnNaN(raise_error=True), model=model)
    told.on_train_batch_end(3, {"loss": loss})
    told.on_train_batch_end(4, {})
    assert not model.stop_training


def test_it_raises_if_asked_to(fake_model):
    told = CallbackList(TerminateOnNaN(raise_error=True), model=fake_model())
    with pytest.raises(RuntimeError, match=r"the loss is nan at batch 3\n  fix: a smaller learning rate"):
        told.on_train_batch_end(3, {"loss": float("nan")})
