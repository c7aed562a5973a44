"""The batches of an epoch in groups, each of which one call of a step works through."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Generator, Sequence

from kcore_ops import config

from kcore_train.data import Batch, DataAdapter
from kcore_train.data.data_adapter import InputsOnly, close
from kcore_train.steps.step import TrainingSetup
from kcore_train.steps.tensors import placed_batch

__all__ = ["batch_groups", "num_steps_in", "place_batches"]


def batch_groups(data: DataAdapter, size: int) -> Generator[Sequence[Batch], None, None]:
    """Draw the batches of an epoch, as many as the settings allow, in groups, the last of which may be smaller.

    Closed in the middle, it ends whatever makes the batches. An error in making one says which it was.

    Args:
        data: makes the batches.
        size: how many batches a group has.
    """
    number = 0
    epoch = data.epoch()
    limit = config.max_steps_per_epoch()
    batches = epoch if limit is None else itertools.islice(epoch, limit)
    try:
        if size == 1:
            for batch in batches:
                number += 1
                yield (batch[0] if batch.__class__ is InputsOnly else batch,)
            return
        while group := list(itertools.islice(batches, size)):
            number += len(group)
            yield tuple([batch[0] if batch.__class__ is InputsOnly else batch for batch in group])
    except Exception as error:
        which = f"batch {number}" if size == 1 else f"one of the batches {number} to {number + size - 1}"
        error.add_note(f"this happened as {which} of an epoch was made, counted from 0")
        raise
    finally:
        close(epoch)


def place_batches(data: DataAdapter, setup: TrainingSetup) -> None:
    """Let batches be brought to where a model is as they are made; in the background, where that takes a move.

    Args:
        data: makes the batches.
        setup: the model, and what it is trained with.
    """
    backend, weights = setup.backend, setup.model.variables
    like = weights[0]._storage if weights else None
    training = backend.training
    stacks_arrays = training.loops_in_place and setup.steps_per_execution > 1
    if (training.takes_arrays and not training.moves_batches(like)) or stacks_arrays:
        return
    data.place_by(functools.partial(placed_batch, backend, like), training.moves_batches(like))


def num_steps_in(data: DataAdapter, asked_for: int | None) -> int | None:
    """Return how many batches an epoch has, or None if that is not known.

    Args:
        data: makes the batches.
        asked_for: how many somebody asked for, or None.
    """
    count, limit = asked_for or data.num_batches, config.max_steps_per_epoch()
    return count if limit is None else limit if count is None else min(count, limit)
