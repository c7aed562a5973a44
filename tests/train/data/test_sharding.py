"""Each process takes its share of every batch, of whatever source: together they see what one alone would."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.ops.random.seeds import set_seed
from kcore_train.data import PyDataset, adapter

X = np.arange(23)
Y = X[:, None] * 10


class Batches(PyDataset):
    def __len__(self):
        return 5

    def __getitem__(self, index):
        return X[index * 5 : index * 5 + 5], Y[index * 5 : index * 5 + 5]


def generated():
    for i in range(0, 23, 5):
        yield X[i : i + 5], {"y": Y[i : i + 5], "none": None}


SOURCES = {
    "arrays": lambda: adapter(X, Y, batch_size=5, shuffle=False),
    "shuffled": lambda: adapter(X, Y, batch_size=5, shuffle=True),
    "weighted": lambda: adapter(X, Y, Y[:, 0], batch_size=5, shuffle="batch"),
    "inputs": lambda: adapter(X, batch_size=5, shuffle=False),
    "dataset": lambda: adapter(Batches(), shuffle=True),
    "generator": lambda: adapter(generated(), shuffle=False),
}


def epoch_of(make, share=None):
    set_seed(3)
    data = make()
    if share is not None:
        data.shard(*share)
    first = data.peek()
    return first, list(data.epoch())


@pytest.mark.parametrize("name", SOURCES)
@given(count=st.integers(1, 7))
def test_shares_together_are_the_batch(name, count):
    _, whole = epoch_of(SOURCES[name])
    shares = [epoch_of(SOURCES[name], (index, count))[1] for index in range(count)]
    assert all(len(share) == len(whole) for share in shares)
    for number, batch in enumerate(whole):
        parts = [share[number] for share in shares]
        assert all(type(part) is type(batch) and len(part) == len(batch) for part in parts)
        np.testing.assert_array_equal(np.concatenate([part[0] for part in parts]), batch[0])
        sizes = [len(part[0]) for part in parts]
        assert max(sizes) - min(sizes) <= 1
        if len(batch) > 1:
            targets = [part[1]["y"] if isinstance(part[1], dict) else part[1] for part in parts]
            np.testing.assert_array_equal(np.concatenate(targets)[:, 0], batch[0] * 10)


def test_a_run_that_resumes_goes_on_with_its_share():
    set_seed(3)
    data = adapter(X, Y, batch_size=5, shuffle=True)
    data.shard(1, 2)
    batches = data.epoch()
    taken = [next(batches)[0].tolist() for _ in range(2)]
    state = data.state()
    rest = [x.tolist() for x, _ in batches]
    other = adapter(X, Y, batch_size=5, shuffle=True)
    other.shard(1, 2)
    other.restore(state, len(taken))
    assert [x.tolist() for x, _ in other.epoch()] == rest


@pytest.mark.parametrize("share", [(2, 2), (-1, 2), (0, 0)])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ArgumentError, match=f"there is no share {share[0]} of {share[1]}"):
        adapter(X, batch_size=5).shard(*share)
