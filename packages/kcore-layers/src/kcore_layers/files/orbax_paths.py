"""Variables of a model, and what a checkpoint has by path, matched: paths are the same but for the numbers in names.

Names that nobody gave are numbered as they are made, so that a model made a second time has others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from kcore_ops import Variable

from kcore_layers.files.faults import fault_of
from kcore_layers.files.stored import Entry

__all__ = ["Matches", "match_paths", "without_numbers"]

_NUMBER = re.compile(r"_(\d+)(?=[/_]|$)")


class Matches(NamedTuple):
    """What fits, and what does not.

    Attributes:
        variables: the variable for each key of what is stored and fits.
        faults: what does not fit, each with the path that it is of.
    """

    variables: dict[str, Variable]
    faults: list[tuple[str, str]]

    def messages(self, besides: Iterable[Variable] = ()) -> list[str]:
        """Return what does not fit.

        Args:
            besides: variables of which nothing is said; () by default.
        """
        passed_over = {without_numbers(v.path) for v in besides}
        return [f"{path}: {fault}" for path, fault in self.faults if without_numbers(path) not in passed_over]


def without_numbers(path: str) -> str:
    """Return a path without the numbers of the names in it.

    Args:
        path: the path.

    >>> without_numbers("model_2/dense_1/kernel")
    'model/dense/kernel'
    """
    return _NUMBER.sub("", path)


def match_paths(ours: Iterable[tuple[str, Variable]], stored: Mapping[str, tuple[str, Entry]]) -> Matches:
    """Return which variable belongs to which entry.

    Those whose paths are the same but for numbers follow one another in the order of their numbers. If there are more
    of them in the model than in the file, or fewer, only those of one path are matched, and those where one path is the
    end of one other alone.

    Args:
        ours: the variables, each with its path.
        stored: the entries, each with its path, by key.
    """
    variables: dict[str, list[tuple[str, Variable]]] = {}
    for path, variable in ours:
        variables.setdefault(without_numbers(path), []).append((path, variable))
    keys: dict[str, list[tuple[str, str]]] = {}
    for key, (path, _) in stored.items():
        keys.setdefault(without_numbers(path), []).append((path, key))
    found: dict[str, Variable] = {}
    faults: list[tuple[str, str]] = []

    def match(variable: Variable, path: str, key: str) -> None:
        fault = fault_of(variable, stored[key][1])
        if fault:
            faults.append((path, fault))
        else:
            found[key] = variable

    own_left: list[tuple[str, Variable]] = []
    left: list[tuple[str, str]] = []
    for like in dict.fromkeys([*variables, *keys]):
        own = sorted(variables.get(like, ()), key=lambda each: _numbers(each[0]))
        other = sorted(keys.get(like, ()), key=lambda each: _numbers(each[0]))
        if len(own) != len(other):
            own_left += own
            left += other
            continue
        for (_, variable), (path, key) in zip(own, other, strict=True):
            match(variable, path, key)
    for (_, variable), (path, key) in _same_ends(own_left, left):
        match(variable, path, key)
    faults += [(path, "missing in the file") for path, _ in own_left]
    faults += [(path, "only in the file") for path, _ in left]
    return Matches(found, faults)


def _same_ends(
    ours: list[tuple[str, Variable]], others: list[tuple[str, str]]
) -> Iterator[tuple[tuple[str, Variable], tuple[str, str]]]:
    """Take out, in pairs, what has the same path, or where one path alone is the end of one other.

    A model that Keras made of a config has paths that begin with layers, and not with the model.
    """
    is_new = True
    while is_new:
        is_new = False
        for is_match in (str.__eq__, _is_end):
            for own in list(ours):
                found = [other for other in others if is_match(own[0], other[0])]
                if len(found) == 1 and sum(is_match(each[0], found[0][0]) for each in ours) == 1:
                    ours.remove(own)
                    others.remove(found[0])
                    is_new = True
                    yield own, found[0]


def _is_end(path: str, other: str) -> bool:
    """Return whether one of two paths is the end of the other, or is but for the name of the optimizer.

    >>> _is_end("model/dense/kernel", "dense/kernel"), _is_end("adam/model_dense_momentum", "adam/dense_momentum")
    (True, True)
    """
    head, _, tail = path.partition("/")
    other_head, _, other_tail = other.partition("/")
    if without_numbers(head) == without_numbers(other_head):
        path, other = tail, other_tail
    short, long = sorted((path, other), key=len)
    return long.endswith((f"/{short}", f"_{short}"))


def _numbers(path: str) -> tuple[tuple[int, int], ...]:
    """Return the numbers in a path: paths that are the same without them are in the order of these.

    >>> _numbers("model_2/dense_1")
    ((-5, 2), (-11, 1))
    """
    removed, found = 0, []
    for match in _NUMBER.finditer(path):
        found.append((removed - match.start(), int(match[1])))
        removed += len(match[0])
    return tuple(found)
