"""Cases of connectionist temporal classification, whose references try every path, and of folding."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import strategies as st

import kcore_ops.ops.nn.ctc
import kcore_ops.ops.nn.folding  # noqa: F401
from kcore_ops.conformance.case import FLOATS, arrays, case

WITH_INTEGERS = (*FLOATS, "int32")


def _spellings(logits, blank):
    """Give the probability of each sequence of labels."""
    found = {}
    gains = logits - np.log(np.sum(np.exp(logits), axis=-1, keepdims=True))
    for path in itertools.product(range(logits.shape[-1]), repeat=len(logits)):
        merged = [c for i, c in enumerate(path) if i == 0 or c != path[i - 1]]
        labels = tuple(c for c in merged if c != blank)
        found[labels] = found.get(labels, 0.0) + np.exp(sum(gains[i, c] for i, c in enumerate(path)))
    return found


def _np_loss(target, output, target_length, output_length, mask_index):
    losses = []
    for labels, logits, count, steps in zip(target, output, target_length, output_length, strict=True):
        found = _spellings(logits[:steps], mask_index % output.shape[-1])
        with np.errstate(divide="ignore"):
            losses.append(-np.log(found.get(tuple(int(c) for c in labels[:count]), 0.0)))
    return np.array(losses)


def _classes(mask_index):
    return [c for c in range(3) if c != mask_index % 3]


# The second derivative of torch.logaddexp is NaN where its arguments are far apart (2.13).
@case("ctc_loss", _np_loss, dtypes=FLOATS, tolerance=8, second_gradient=False, rounds_once=True)
def _ctc_loss(draw, dtype):
    mask_index = draw(st.sampled_from([0, 2, -1]))
    labels = np.array([[draw(st.sampled_from(_classes(mask_index))) for _ in range(2)] for _ in range(3)], "int32")
    output = draw(arrays(dtype, (3, 4, 3)))
    counts = np.array([draw(st.integers(0, 2)) for _ in range(3)], "int32")
    steps = np.array([4, draw(st.integers(1, 4)), draw(st.integers(0, 3))], "int32")
    return labels, output, counts, steps, mask_index


def _padded(labels, size):
    return [*labels, *[-1] * (size - len(labels))]


def _np_decoded(inputs, lengths, strategy, beam_width, top_paths, merge_repeated, mask_index):
    blank = (-1 if mask_index is None else mask_index) % inputs.shape[-1]
    decoded, scores = [], []
    for logits, steps in zip(inputs, lengths, strict=True):
        if strategy == "greedy":
            best = np.argmax(logits[:steps], axis=-1)
            is_kept = [not (merge_repeated and i and c == best[i - 1]) and c != blank for i, c in enumerate(best)]
            decoded.append([_padded(best[np.array(is_kept, bool)], len(logits))])
            scores.append([-np.sum(np.max(logits[:steps], axis=-1))])
            continue
        ranked = sorted(_spellings(logits[:steps], blank).items(), key=lambda item: -item[1])[:top_paths]
        ranked += [((), 0.0)] * (top_paths - len(ranked))
        decoded.append([_padded(labels, len(logits)) for labels, _ in ranked])
        with np.errstate(divide="ignore"):
            scores.append([np.log(probability) for _, probability in ranked])
    return np.array(decoded, "int32").swapaxes(0, 1), np.array(scores)


@case("ctc_decode", _np_decoded, dtypes=("float32", "float64", "float16"), gradient=False)
def _ctc_decode(draw, dtype):
    # Inputs are all different, and far enough apart for float16.
    inputs = draw(arrays("float32", (2, 4, 3), distinct=True))
    steps = np.array([4, draw(st.integers(0, 4))], "int32")
    strategy = draw(st.sampled_from(["greedy", "beam_search"]))
    paths = 1 if strategy == "greedy" else 2
    inputs = (inputs / 8 + draw(arrays("float32", (2, 4, 3), low=-0.05, high=0.05))).astype(dtype)
    mask_index = draw(st.sampled_from([0, 2, None]))
    return inputs, steps, strategy, 30, paths, draw(st.booleans()), mask_index


_WINDOWS = [((2, 3), 1, 0, 1), (2, 2, 1, 2), ((1, 2), (1, 2), (0, 1), (2, 1)), (3, 1, 2, 3)]


def _two(value):
    return value if isinstance(value, tuple) else (value, value)


def _blocks(size, window, dilation, padding, stride):
    """Give the places of a window's elements, padding included, at each of its positions."""
    count = (size + 2 * padding - (window - 1) * dilation - 1) // stride + 1
    return [[i * stride + k * dilation for k in range(window)] for i in range(count)]


def _places(sizes, window, dilation, padding, stride):
    settings = zip(sizes, _two(window), _two(dilation), _two(padding), _two(stride), strict=True)
    rows, columns = (_blocks(*setting) for setting in settings)
    return [np.ix_(row, column) for row in rows for column in columns]


def _np_unfold(x, kernel_size, dilation, padding, stride):
    vertical, horizontal = _two(padding)
    padded = np.pad(x, [(0, 0), (0, 0), (vertical, vertical), (horizontal, horizontal)])
    places = _places(x.shape[2:], kernel_size, dilation, padding, stride)
    return np.stack([padded[:, :, i, j].reshape(len(x), x.shape[1] * i.size * j.size) for i, j in places], axis=-1)


@case("unfold", _np_unfold, dtypes=(*WITH_INTEGERS, "bool"))
def _unfold(draw, dtype):
    sizes = draw(st.sampled_from([(5, 4), (3, 6)]))
    return draw(arrays(dtype, (draw(st.integers(0, 2)), 2, *sizes))), *draw(st.sampled_from(_WINDOWS))


def _np_fold(x, output_size, kernel_size, dilation, padding, stride):
    (vertical, horizontal), (height, width) = _two(padding), _two(output_size)
    rows, columns = _two(kernel_size)
    channels = x.shape[1] // (rows * columns)
    result = np.zeros((len(x), channels, height + 2 * vertical, width + 2 * horizontal), x.dtype)
    for n, (i, j) in enumerate(_places((height, width), kernel_size, dilation, padding, stride)):
        result[:, :, i, j] += x[..., n].reshape(len(x), channels, rows, columns)
    return result[:, :, vertical : vertical + height, horizontal : horizontal + width]


@case("fold", _np_fold, dtypes=WITH_INTEGERS, tolerance=4)
def _fold(draw, dtype):
    size = draw(st.sampled_from([(5, 4), 5]))
    window, *others = draw(st.sampled_from(_WINDOWS))
    count = len(_places(_two(size), window, *others))
    depth = 2 * int(np.prod(_two(window)))
    return draw(arrays(dtype, (draw(st.integers(0, 2)), depth, count))), size, window, *others
