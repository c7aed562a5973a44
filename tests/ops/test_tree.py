"""Nested structures: what differs in form is said, and parts are what the other's leaves stand for."""

from __future__ import annotations

import pytest
from kcore_ops import tree


def test_a_part_can_be_mapped_to_none():
    drop = lambda x: tree.MAP_TO_NONE if x == 1 else None  # noqa: E731
    for top_down in (True, False):
        assert tree.traverse(drop, {"a": 1, "b": [2, 1]}, top_down=top_down) == {"a": None, "b": [2, None]}


def test_paths_are_compared_whatever_the_containers_are():
    tree.assert_same_paths([1, {"b": 2, "a": 3}], (4, {"a": 5, "b": 6}))
    with pytest.raises(ValueError, match=r"(?s)other paths.*only in the first: \('a',\).*in the second: \('a', 0\)"):
        tree.assert_same_paths({"a": 1}, {"a": [1]})


def test_structures_of_other_forms_are_refused():
    with pytest.raises(ValueError, match="the structures differ in form"):
        tree.assert_same_structure([1, 2], (1, 2))
    with pytest.raises(ValueError, match="3"):
        tree.map_structure_up_to([0, 0], lambda x: x, [1, 2, 3])


def test_functions_get_what_stands_at_the_leaves_of_the_shallow_structure():
    found = tree.map_structure_up_to({"a": 0, "b": 0}, lambda x, y: (x, y), {"a": [1, 2], "b": 3}, {"a": 4, "b": [5]})
    assert found == {"a": ([1, 2], 4), "b": (3, [5])}


def test_shapes_are_leaves():
    shapes = {"a": (1, 2), "b": [(3, None), [5]]}
    assert tree.map_shape_structure(len, shapes) == {"a": 2, "b": [2, 1]}


def test_none_may_stay_as_it_is():
    assert tree.map_structure(lambda x: 0, [None, 1]) == [0, 0]
    assert tree.map_structure(lambda x: 0, [None, 1], none_is_leaf=False) == [None, 0]


def test_a_kind_of_list_or_dict_is_a_container_once_it_is_registered():
    class Pair(dict):
        pass

    pair = Pair(b=1, a=[Pair(c=2)])
    assert tree.flatten(pair) == [pair]
    tree.register_container(Pair)
    assert tree.flatten_with_path(pair) == [(("a", 0, "c"), 2), (("b",), 1)]
    mapped = tree.map_structure(lambda x: -x, pair)
    assert mapped == {"a": [{"c": -2}], "b": -1}
    assert type(mapped) is dict
    with pytest.raises(TypeError, match="int is no subclass of list or dict"):
        tree.register_container(int)
