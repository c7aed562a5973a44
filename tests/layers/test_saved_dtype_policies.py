"""Dtype policies as data: maps and classes of one's own, in configs, copies and files."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.files.model_file import load_model, save_model
from kcore_layers.layers.attention.multi_head_attention import MultiHeadAttention
from kcore_layers.layers.core.dense import Dense
from kcore_layers.layers.rnn.bidirectional import Bidirectional
from kcore_layers.layers.rnn.lstm import LSTM
from kcore_layers.serialization.objects import (
    deserialize_keras_object,
    register_keras_serializable,
    serialize_keras_object,
)
from kcore_ops import dtype_policies
from kcore_ops.dtype_policies import DTypePolicy, DTypePolicyMap, FloatDTypePolicy
from kcore_ops.foundation.errors import ArgumentError
from kcore_train import losses, metrics


@register_keras_serializable("policies")
class Stepped(DTypePolicy):
    """A policy with an argument of its own."""

    def __init__(self, name=None, steps=1):
        super().__init__(name)
        self.steps = steps

    def get_config(self):
        return {**super().get_config(), "steps": self.steps}


class Unregistered(DTypePolicy):
    pass


MAP = DTypePolicyMap("float32", {".*head": "mixed_bfloat16", "body": Stepped("float32", 3)})
POLICIES = {
    "plain": DTypePolicy("bfloat16"),
    "float": FloatDTypePolicy("mixed_bfloat16"),
    "own": Stepped("mixed_bfloat16", steps=4),
    "map": MAP,
}
EACH = pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)


def described(policy):
    return type(policy).__name__, policy.get_config()


@EACH
def test_data_says_class_module_and_registered_name(policy):
    data = dtype_policies.serialize(policy)
    assert sorted(data) == ["class_name", "config", "module", "registered_name"]
    assert data == serialize_keras_object(policy)
    assert data["registered_name"] == ("policies>Stepped" if type(policy) is Stepped else None)
    for again in (dtype_policies.deserialize(data), dtype_policies.get(data), deserialize_keras_object(data)):
        assert described(again) == described(policy)


@EACH
@pytest.mark.parametrize(
    "make",
    [
        lambda **k: Dense(2, **k),
        lambda **k: Bidirectional(LSTM(2, **k), **k),
        lambda **k: MultiHeadAttention(2, 2, **k),
    ],
)
def test_a_layer_keeps_its_policy_in_configs_copies_and_pickles(backend, policy, make):
    layer = make(dtype=policy, name="a")
    config = layer.get_config()
    assert config["dtype"] == dtype_policies.serialize(policy)
    for again in (
        type(layer).from_config(config),
        deserialize_keras_object(serialize_keras_object(layer)),
        copy.deepcopy(layer),
        pickle.loads(pickle.dumps(layer)),  # noqa: S301
    ):
        assert described(again.dtype_policy) == described(policy)
        assert again.get_config() == config


@EACH
def test_a_file_keeps_the_policies_of_a_model(backend, tmp_path, policy):
    model = Sequential([Input((3,)), Dense(2, dtype=policy, name="body"), Dense(2, dtype=policy, name="a_head")])
    save_model(model, tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    x = np.ones((1, 3), "float32")
    assert [described(layer.dtype_policy) for layer in again.layers] == [described(policy)] * 2
    assert [layer.compute_dtype for layer in again.layers] == [layer.compute_dtype for layer in model.layers]
    assert backend.dtype(again(x)) == backend.dtype(model(x))


def test_a_map_is_read_from_names_and_from_data():
    names = {"default_policy": "float16", "policy_map": {"a": "mixed_bfloat16"}}
    data = {name: dtype_policies.serialize(DTypePolicy(name)) for name in ("float16", "mixed_bfloat16")}
    full = {"default_policy": data["float16"], "policy_map": {"a": data["mixed_bfloat16"]}}
    maps = [dtype_policies.deserialize({"class_name": "DTypePolicyMap", "config": config}) for config in (names, full)]
    assert maps[0] == maps[1] == DTypePolicyMap("float16", {"a": "mixed_bfloat16"})
    assert DTypePolicyMap.from_config(names, custom_objects={}) == maps[0]


def test_classes_that_are_not_registered_are_found_among_custom_objects_and_refused_otherwise(backend):
    config = Dense(1, dtype=Unregistered("float16")).get_config()
    with pytest.raises(ArgumentError, match=r"no class Unregistered of dtype policies[\s\S]*custom_objects="):
        Dense.from_config(config)
    data = {"module": "keras.layers", "class_name": "Dense", "config": config, "registered_name": None}
    layer = deserialize_keras_object(data, custom_objects={"Unregistered": Unregistered})
    assert type(layer.dtype_policy) is Unregistered
    found = dtype_policies.deserialize(config["dtype"], custom_objects={"Unregistered": Unregistered})
    assert (type(found), found.name) == (Unregistered, "float16")


@pytest.mark.parametrize(
    "data",
    [
        {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}, "registered_name": None},
        {"module": "os", "class_name": "system", "config": {}, "registered_name": None},
    ],
)
def test_data_of_something_else_makes_no_policy(data):
    with pytest.raises(ArgumentError, match=r"there is no class \w+ of dtype policies here"):
        dtype_policies.deserialize(data)
    with pytest.raises(ArgumentError, match="this is not the data of a dtype policy"):
        dtype_policies.get({"name": "float16"})


@pytest.mark.parametrize("wrong", ["nope", 3, 1.5, ["float32"], object])
def test_what_names_no_policy_is_refused(wrong):
    with pytest.raises(ArgumentError, match="there is no dtype policy|is not a dtype policy"):
        dtype_policies.get(wrong)


@EACH
@pytest.mark.parametrize("make", [metrics.Mean, metrics.MeanSquaredError, losses.MeanSquaredError])
def test_configs_of_metrics_and_losses_say_the_dtype_they_compute_in(backend, policy, make):
    made = make(dtype=policy)
    assert made.get_config()["dtype"] == policy.compute_dtype
    assert type(made).from_config(made.get_config()).dtype == made.dtype
