"""The weights of forty architectures: their paths, names, order, shapes, dtypes and who trains are Keras's."""

from __future__ import annotations

import gc
import re

import kcore
import pytest
from architectures import ARCHITECTURES


def described(model):
    groups = {name: getattr(model, name) for name in ("weights", "trainable_weights", "non_trainable_variables")}
    return {
        # Keras counts the generators of seeds there are, whatever has them; kcore counts those that one model has.
        name: [
            (re.sub(r"seed_generator(_\d+)?/", "", v.path), v.name, tuple(v.shape), str(v.dtype), bool(v.trainable))
            for v in group
        ]
        for name, group in groups.items()
    }


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_weights_are_named_and_ordered_as_in_keras(backend, keras, name, monkeypatch):
    assert len(ARCHITECTURES) >= 30
    monkeypatch.setattr(gc, "collect", lambda *_: 0)  # which clearing a session takes seconds for
    found = []
    for k in (kcore, keras):
        k.utils.clear_session()  # names are made up from the start
        found.append(described(ARCHITECTURES[name](k)))
    ours, theirs = found
    assert len(theirs["weights"]) >= 2
    assert ours == theirs
