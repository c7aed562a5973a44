"""Connectionist temporal classification: sequences of labels from outputs not aligned with them."""

from __future__ import annotations

from typing import Any, NamedTuple

from kcore_ops.dtypes.promotion import index, real, real_floating
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.control_flow import scan
from kcore_ops.ops.core.conversion import cast, dtype, shape
from kcore_ops.ops.math.top_k import top_k
from kcore_ops.ops.nn.activations import log_softmax
from kcore_ops.ops.nn.encodings import one_hot
from kcore_ops.ops.nn.precision import widened
from kcore_ops.ops.numpy.arithmetic import maximum, multiply, negative, subtract
from kcore_ops.ops.numpy.comparison import equal, greater, less, not_equal, where
from kcore_ops.ops.numpy.creation import arange, full, full_like
from kcore_ops.ops.numpy.exponentials import logaddexp
from kcore_ops.ops.numpy.indexing import get_item, take_along_axis
from kcore_ops.ops.numpy.joining import concatenate, stack
from kcore_ops.ops.numpy.logic import logical_and, logical_or
from kcore_ops.ops.numpy.manipulation import broadcast_to, expand_dims, moveaxis, reshape
from kcore_ops.ops.numpy.products import matmul
from kcore_ops.ops.numpy.reductions import all, argmax, max, sum
from kcore_ops.ops.numpy.sorting import argsort
from kcore_ops.specs.shapes import differ, one_of, show_shape
from kcore_ops.specs.spec import is_unknown

__all__ = ["ctc_decode", "ctc_loss"]

# The logarithm of 0, but finite, so that gradients are numbers. What lies below half of it is impossible.
_IMPOSSIBLE = -1e30


@op(dtypes={"target": real, "output": real_floating, "target_length": index, "output_length": index})
def ctc_loss(
    target: Tensor, output: Tensor, target_length: Tensor, output_length: Tensor, mask_index: int = 0
) -> Tensor:
    """Minus the logarithm of the probability, in nats, that outputs spell the target.

    Outputs spell the labels that are left when equal neighbours have become one and blanks are taken away. Where a
    target is too long to be spelt, the loss is infinite and its gradient 0.

    Args:
        target: the labels of each sample.
        output: logits, or logarithms of probabilities, of each class at each step.
        target_length: how many labels each sample has.
        output_length: how many steps each sample has.
        mask_index: the class that is the blank, counted from the end if it is negative.

    Shapes: `target` is `(batch, labels)`, `output` is `(batch, steps, classes)`; the lengths, and the result, are
    `(batch,)`. Dtype: that of `output`; float32 for float16 and bfloat16. Labels may be whole numbers of any dtype.
    Raises: `ShapeError` if the shapes do not fit; `ArgumentError` if `mask_index` is no class.
    Source: Graves et al. (2006), "Connectionist temporal classification", section 4.1.

    >>> ctc_loss([[1]], np.log([[[0.5, 0.5], [0.5, 0.5]]]).astype("float32"), [1], [2]).round(4)
    array([0.2877], dtype=float32)
    """
    _check_fit(output, target_length, output_length)
    if len(target.shape) != 2 or differ(target.shape[0], output.shape[0]):
        raise ShapeError(
            f"target has shape {show_shape(target.shape)} and output {show_shape(output.shape)}",
            fix="pass target (batch, labels) and output (batch, steps, classes)",
        )
    blank = _blank(mask_index, shape(output)[-1])
    batch, labels = shape(target)
    # A blank before, between and behind the labels.
    blanks = full((batch, labels), blank, dtype="int32")
    spelling = reshape(stack([blanks, cast(target, "int32")], axis=-1), (batch, 2 * labels))
    spelling = concatenate([spelling, full((batch, 1), blank, dtype="int32")], axis=1)
    gains = take_along_axis(log_softmax(widened(output)), expand_dims(spelling, 1), axis=-1)
    gains = moveaxis(maximum(gains, _IMPOSSIBLE), 1, 0)
    # Between two different labels the blank may be left out.
    before = _later(spelling, 2, -1)
    is_skippable = logical_and(not_equal(spelling, blank), not_equal(spelling, before))

    def step(scores: Tensor, inputs: tuple[Tensor, Tensor]) -> tuple[Tensor, None]:
        gain, time = inputs
        reached = logaddexp(scores, _later(scores, 1, _IMPOSSIBLE))
        skipped = where(is_skippable, _later(scores, 2, _IMPOSSIBLE), _IMPOSSIBLE)
        moved = maximum(logaddexp(reached, skipped) + gain, _IMPOSSIBLE)
        return where(expand_dims(less(time, output_length), -1), moved, scores), None

    kind = dtype(gains)
    start = where(equal(arange(2 * labels + 1), 0), cast(0, kind), cast(_IMPOSSIBLE, kind))
    start = broadcast_to(start, (batch, 2 * labels + 1))
    scores, _ = scan(step, start, (gains, arange(shape(output)[1], dtype=dtype(output_length))))
    last = expand_dims(multiply(cast(target_length, "int32"), 2), -1)
    in_blank = take_along_axis(scores, last, axis=-1)[:, 0]
    in_label = take_along_axis(scores, maximum(subtract(last, 1), 0), axis=-1)[:, 0]
    total = logaddexp(in_blank, where(equal(target_length, 0), cast(_IMPOSSIBLE, kind), in_label))
    is_possible = greater(total, _IMPOSSIBLE / 2)
    return where(is_possible, negative(where(is_possible, total, cast(0, kind))), float("inf"))


def _later(x: Tensor, count: int, filling: Any) -> Tensor:
    """Move the elements of each row to the right."""
    batch, size = shape(x)
    filled = concatenate([full((batch, count), filling, dtype=dtype(x)), x], axis=1)
    return get_item(filled, (slice(None), slice(None, size)))


@op(dtypes={"inputs": real_floating, "sequence_lengths": index})
def ctc_decode(
    inputs: Tensor,
    sequence_lengths: Tensor,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int | None = 0,
) -> tuple[Tensor, Tensor]:
    """Read labels off the outputs of a model trained with `ctc_loss`.

    `"greedy"` takes the strongest class at each step, lets equal neighbours become one, and takes blanks away.
    `"beam_search"` looks for the labels that are most probable over all ways to spell them, and keeps the `beam_width`
    best beginnings at each step.

    Args:
        inputs: logits, or logarithms of probabilities, of each class at each step.
        sequence_lengths: how many steps each sample has.
        strategy: `"greedy"` or `"beam_search"`.
        beam_width: how many beginnings a beam search keeps.
        top_paths: how many of the best sequences a beam search gives; a greedy one gives one.
        merge_repeated: whether equal neighbours become one in a greedy search; in a beam search they always do.
        mask_index: the class that is the blank, counted from the end if it is negative; None is the last.

    Shapes: `inputs` is `(batch, steps, classes)` and `sequence_lengths` is `(batch,)`. The results are the labels,
    `(paths, batch, steps)`, with -1 behind the last label; and `(batch, paths)`, for a beam search the logarithm of
    each sequence's probability, -inf where there are no more sequences, and for a greedy one minus the sum of the
    strongest inputs. Dtype: int32, and that of `inputs`; float32 for float16 and bfloat16.
    Raises: `ShapeError` if the shapes do not fit; `ArgumentError` if there is no such strategy, `mask_index` is no
    class or `top_paths` is more than `beam_width`.
    Source: Graves et al. (2006), "Connectionist temporal classification", section 3.2; Hannun et al. (2014),
    arXiv:1408.2873, algorithm 1.

    >>> labels, scores = ctc_decode([[[0.0, 5.0], [0.0, 5.0], [5.0, 0.0], [0.0, 5.0]]], [4])
    >>> labels, scores
    (array([[[ 1,  1, -1, -1]]], dtype=int32), array([[-20.]], dtype=float32))
    """
    one_of("strategy", strategy, ("greedy", "beam_search"))
    _check_fit(inputs, sequence_lengths)
    blank = _blank(-1 if mask_index is None else mask_index, shape(inputs)[-1])
    if strategy == "greedy":
        return _strongest(widened(inputs), sequence_lengths, merge_repeated, blank)
    for name, number in (("beam_width", beam_width), ("top_paths", top_paths)):
        if not hasattr(number, "__index__") or number < 1:
            raise ArgumentError(f"{name}={number!r} is not a positive integer", fix="pass how many sequences to keep")
    if top_paths > beam_width:
        raise ArgumentError(f"top_paths={top_paths} is more than beam_width={beam_width}", fix="widen the beam")
    return _most_probable(widened(inputs), sequence_lengths, beam_width, top_paths, blank)


def _strongest(x: Tensor, lengths: Tensor, merge_repeated: bool, blank: Any) -> tuple[Tensor, Tensor]:
    """Decode greedily."""
    batch, steps, _ = shape(x)
    times = arange(steps, dtype="int32")
    in_time = less(times, expand_dims(lengths, -1))
    best = argmax(x, axis=-1)
    scores = negative(sum(where(in_time, max(x, axis=-1), cast(0, dtype(x))), axis=-1, keepdims=True))
    is_kept = logical_and(in_time, not_equal(best, blank))
    if merge_repeated:
        is_kept = logical_and(is_kept, not_equal(best, _later(best, 1, -1)))
    order = argsort(where(is_kept, times, times + steps), axis=-1)
    count = sum(cast(is_kept, "int32"), axis=-1, keepdims=True)
    labels = where(less(times, count), take_along_axis(cast(best, "int32"), order, axis=-1), -1)
    return expand_dims(labels, 0), scores


# Beginnings are told apart by two hashes of their labels, of 32 bits each, which wrap around: to compare the labels
# themselves would take as many times longer as there are steps.
_FACTORS = (1103515245, 1566083941)
_EMPTY, _NO_PARENT = 1, 0


class _Beam(NamedTuple):
    """The beginnings that a search has kept, those of each sample in a row."""

    labels: Tensor  # (batch, width, steps), -1 behind the last
    count: Tensor  # how many labels there are
    in_blank: Tensor  # logarithm of the probability of the spellings that end in a blank
    in_label: Tensor  # and of those that end in a label
    last: Tensor  # the last label, -1 if there is none
    hashes: Tensor  # (batch, width, 2): of the labels
    parents: Tensor  # and of the labels but for the last


def _most_probable(x: Tensor, lengths: Tensor, width: int, paths: int, blank: Any) -> tuple[Tensor, Tensor]:
    """Decode by beam search, all samples at once."""
    batch, steps, classes = shape(x)
    gains = maximum(log_softmax(x), _IMPOSSIBLE)
    kind = dtype(gains)
    is_blank = equal(arange(classes, dtype="int32"), blank)

    def ints(value: int, *sizes: Any) -> Tensor:
        return full((batch, width, *sizes), value, dtype="int32")

    scores = full((batch, width), _IMPOSSIBLE, dtype=kind)
    first = where(equal(arange(width), 0), cast(0, kind), scores)
    beam = _Beam(ints(-1, steps), ints(0), first, scores, ints(-1), ints(_EMPTY, 2), ints(_NO_PARENT, 2))

    def step(beam: _Beam, inputs: tuple[Tensor, Tensor]) -> tuple[_Beam, None]:
        gain, time = inputs
        in_time = less(time, lengths)
        grown = _grown(beam, gain, is_blank)
        return _Beam(*(_chosen(in_time, new, old) for new, old in zip(grown, beam, strict=True))), None

    beam, _ = scan(step, beam, (moveaxis(gains, 1, 0), arange(steps, dtype=dtype(lengths))))
    total, order = top_k(logaddexp(beam.in_blank, beam.in_label), paths)
    exists = greater(total, _IMPOSSIBLE / 2)
    labels = take_along_axis(beam.labels, expand_dims(order, -1), axis=1)
    return moveaxis(where(expand_dims(exists, -1), labels, -1), 1, 0), where(exists, total, float("-inf"))


def _grown(beam: _Beam, gain: Tensor, is_blank: Tensor) -> _Beam:
    """Go one step on: keep the best of all beginnings as they are and of all with one more label."""
    total = logaddexp(beam.in_blank, beam.in_label)
    own = take_along_axis(gain, maximum(beam.last, 0), axis=-1)
    is_child = _children(beam, greater(total, _IMPOSSIBLE / 2))
    # What goes on with the label it ends in has had a blank between.
    is_repeat = equal(expand_dims(beam.last, 2), expand_dims(beam.last, 1))
    joined = where(is_repeat, expand_dims(beam.in_blank, 1), expand_dims(total, 1)) + expand_dims(own, 2)
    joined = max(where(is_child, joined, _IMPOSSIBLE), axis=-1)
    # As they are: with a blank, with their last label again, or as another's continuation.
    in_blank = _possible(total + max(where(is_blank, gain, _IMPOSSIBLE), axis=-1, keepdims=True))
    again = where(equal(beam.count, 0), _IMPOSSIBLE, _possible(beam.in_label + own))
    in_label = _possible(logaddexp(again, joined))
    # With one more label: any class but the blank, and but for what is among the beginnings already.
    width, classes = shape(beam.last)[1], shape(gain)[-1]
    endings = one_hot(beam.last, classes, dtype=dtype(gain))
    is_there = greater(matmul(moveaxis(cast(is_child, dtype(gain)), 1, 2), endings), 0.5)
    fresh = where(greater(endings, 0.5), expand_dims(beam.in_blank, 2), expand_dims(total, 2)) + expand_dims(gain, 1)
    fresh = where(logical_or(is_there, is_blank), _IMPOSSIBLE, _possible(fresh))
    fresh = reshape(fresh, (shape(gain)[0], width * classes))
    scores, chosen = top_k(concatenate([logaddexp(in_blank, in_label), fresh], axis=1), width)
    place = maximum(subtract(chosen, width), 0)
    is_kept = less(chosen, width)
    kept = beam._replace(in_blank=in_blank, in_label=in_label)
    old = _Beam(*(_rows(x, where(is_kept, chosen, place // classes)) for x in kept))
    new = _longer(old, place % classes, scores)
    return _Beam(
        *(
            where(expand_dims(is_kept, -1) if len(a.shape) == 3 else is_kept, a, b)
            for a, b in zip(old, new, strict=True)
        )
    )


def _children(beam: _Beam, exists: Tensor) -> Tensor:
    """Return whether beginning j, but for its last label, is beginning i: `(batch, j, i)`."""
    is_same = equal(expand_dims(beam.parents, 2), expand_dims(beam.hashes, 1))
    return logical_and(all(is_same, axis=-1), logical_and(expand_dims(exists, 2), expand_dims(exists, 1)))


def _longer(beam: _Beam, label: Tensor, scores: Tensor) -> _Beam:
    """Append a label to each beginning."""
    is_place = equal(arange(shape(beam.labels)[-1], dtype="int32"), expand_dims(beam.count, -1))
    hashes = [beam.hashes[..., i] * factor + label + 1 for i, factor in enumerate(_FACTORS)]
    return _Beam(
        labels=where(is_place, expand_dims(label, -1), beam.labels),
        count=beam.count + 1,
        in_blank=full_like(scores, _IMPOSSIBLE),
        in_label=scores,
        last=label,
        hashes=stack(hashes, axis=-1),
        parents=beam.hashes,
    )


def _rows(x: Tensor, order: Tensor) -> Tensor:
    """Take the beginnings in this order."""
    return take_along_axis(x, expand_dims(order, -1) if len(x.shape) == 3 else order, axis=1)


def _possible(scores: Tensor) -> Tensor:
    """Keep scores from falling below that of the impossible."""
    return maximum(scores, _IMPOSSIBLE)


def _chosen(condition: Tensor, x1: Tensor, x2: Tensor) -> Tensor:
    """Choose by samples."""
    return where(reshape(condition, (-1, *[1] * (len(x1.shape) - 1))), x1, x2)


def _blank(mask_index: Any, classes: Any) -> Any:
    """Return the class that is the blank, counted from the first.

    Raises:
        ArgumentError: if there is no such class.
    """
    is_known = isinstance(classes, int) and not is_unknown(classes)
    if not hasattr(mask_index, "__index__") or (is_known and not -classes <= mask_index < classes):
        raise ArgumentError(
            f"mask_index={mask_index!r} is none of {classes if is_known else 'the'} classes",
            fix="pass the number of the class that stands for blanks",
        )
    return classes + mask_index if mask_index < 0 else mask_index


def _check_fit(output: Any, *lengths: Any) -> None:
    """Check that there are steps and classes, and one length for each sample.

    Raises:
        ShapeError: if not.
    """
    if len(output.shape) != 3:
        raise ShapeError(f"the outputs have shape {show_shape(output.shape)}", fix="pass (batch, steps, classes)")
    for length in lengths:
        if len(length.shape) != 1 or differ(length.shape[0], output.shape[0]):
            raise ShapeError(
                f"the lengths have shape {show_shape(length.shape)} and the outputs {show_shape(output.shape)}",
                fix="pass one length for each sample",
            )
