"""`Config`: values under names."""

from __future__ import annotations

import copy
import pickle

import pytest
from kcore_layers.serialization.config import Config
from kcore_ops.foundation.errors import ArgumentError, AttributeUnavailable


def test_values_are_attributes_and_items():
    config = Config(a=1)
    config.b = 2
    config["c"] = 3
    assert (config.a, config["b"], config.c, len(config), list(config)) == (1, 2, 3, 3, ["a", "b", "c"])
    del config.a
    del config["b"]
    assert config.as_dict() == {"c": 3}


def test_the_dict_of_the_values_is_a_copy():
    config = Config(a=1)
    config.as_dict()["a"] = 2
    assert config.a == 1


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_copies_have_values_of_their_own_and_are_frozen_alike(copied):
    config = Config(a=1, keys=2)
    config.freeze()
    other = copied(config)
    assert (other.as_dict(), other.frozen) == ({"a": 1, "keys": 2}, True)
    config.unfreeze()
    config.a = 5
    assert other.a == 1


def test_a_frozen_config_does_not_change():
    config = Config(a=1)
    config.freeze()
    for change in (
        lambda: setattr(config, "a", 2),
        lambda: delattr(config, "a"),
        lambda: config.__setitem__("a", 2),
        lambda: config.__delitem__("a"),
        lambda: config.pop("a"),
        lambda: config.update(a=2),
    ):
        with pytest.raises(ArgumentError, match="the config is frozen\n  fix: call unfreeze"):
            change()
    assert config.a == 1


def test_a_value_that_is_not_there_is_said_so():
    with pytest.raises(AttributeUnavailable, match="the config has no value 'z'"):
        _ = Config(a=1).z
    with pytest.raises(AttributeUnavailable, match="the config has no value 'z'"):
        del Config(a=1).z
    with pytest.raises(KeyError, match="z"):
        Config(a=1)["z"]
