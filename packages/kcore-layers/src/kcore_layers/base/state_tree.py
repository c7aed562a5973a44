"""State as a tree: groups of variables by path, where no two have the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kcore_ops import Variable
from kcore_ops.foundation.errors import ArgumentError

__all__ = ["by_path", "flattened", "set_tree", "nested"]


def by_path(variables: Sequence[Variable]) -> dict[str, Variable]:
    """Return variables by path; a path that several have is numbered, in their order: `mean/total`, `mean/total_1`.

    Args:
        variables: the variables, in order.

    Raises:
        ArgumentError: if the path of one is a part of another's, so that a tree can not hold both.
    """
    found: dict[str, Variable] = {}
    for variable in variables:
        path, number = variable.path, 0
        while path in found:
            number += 1
            path = f"{variable.path}_{number}"
        found[path] = variable
    parents = {path[:i] for path in found for i, letter in enumerate(path) if letter == "/"}
    both = parents & set(found)
    if both:
        raise ArgumentError(
            f"a variable has the path {min(both)!r}, and another one a path inside it", fix="give the variable a name"
        )
    assert len(found) == len(variables)
    return found


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by path as dicts of dicts.

    Args:
        values: the values, by paths whose parts "/" separates.

    >>> nested({"mean/total": 1.0, "mean/count": 2.0})
    {'mean': {'total': 1.0, 'count': 2.0}}
    """
    found: dict[str, Any] = {}
    for path, value in values.items():
        *parents, last = path.split("/")
        level = found
        for parent in parents:
            level = level.setdefault(parent, {})
        level[last] = value
    return found


def flattened(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the values of a tree by path.

    Args:
        tree: dicts of dicts, of values at last.
        prefix: what paths begin with; "" by default.

    >>> flattened({"mean": {"total": 1.0, "count": 2.0}})
    {'mean/total': 1.0, 'mean/count': 2.0}
    """
    leaves: dict[str, Any] = {}
    for name, value in tree.items():
        path = f"{prefix}{name}"
        leaves.update(flattened(value, f"{path}/") if isinstance(value, Mapping) else {path: value})
    return leaves


def set_tree(groups: Mapping[str, Sequence[Variable]], tree: Mapping[str, Any]) -> None:
    """Set variables, given in groups, from a tree of their values; none, if a path is unknown or a value does not fit.

    Args:
        groups: the variables, in a list for each name at the top of the tree.
        tree: the values: groups by name, and in each the values by the parts of their paths. What is left out stays.

    Raises:
        ArgumentError: naming the paths that are unknown.
        ShapeError: if a value has not the shape of its variable.
    """
    updates: list[tuple[Variable, Any]] = []
    unknown = [name for name in tree if name not in groups]
    for group, variables in groups.items():
        known = by_path(variables)
        for path, value in flattened(tree.get(group, {})).items():
            if path in known:
                updates.append((known[path], known[path].checked(value)))
            else:
                unknown.append(f"{group}/{path}")
    if unknown:
        raise ArgumentError(f"the model has no {', '.join(unknown)}").at("set_state_tree")
    for variable, value in updates:
        variable.assign(value)
