"""Dtype policies as data: Keras reads what kcore writes, and the other way round where Keras can write it."""

from __future__ import annotations

import kcore
import numpy as np
import pytest
from kcore_ops import dtype_policies

NAMES = ("float32", "bfloat16", "mixed_float16", "mixed_bfloat16")


@pytest.mark.parametrize("class_name", ["DTypePolicy", "FloatDTypePolicy"])
@pytest.mark.parametrize("name", NAMES)
def test_data_of_a_policy_is_the_same(keras, class_name, name):
    ours = getattr(kcore.dtype_policies, class_name)(name)
    theirs = getattr(keras.dtype_policies, class_name)(name)
    assert kcore.dtype_policies.serialize(ours) == keras.dtype_policies.serialize(theirs)
    assert (
        kcore.layers.Dense(1, dtype=ours).get_config()["dtype"]
        == keras.layers.Dense(1, dtype=theirs).get_config()["dtype"]
    )


def test_keras_reads_a_layer_with_a_map(keras):
    policies = kcore.dtype_policies.DTypePolicyMap("float32", {"a": "mixed_bfloat16"})
    layer = keras.layers.Dense.from_config(kcore.layers.Dense(1, dtype=policies, name="a").get_config())
    assert layer.dtype_policy["a"].name == "mixed_bfloat16"


def test_keras_reads_a_policy_of_a_registered_class_and_the_other_way_round(keras):
    data = [k.dtype_policies.serialize(own_class(k)("mixed_bfloat16", steps=3)) for k in (kcore, keras)]
    assert {**data[0], "module": None} == {**data[1], "module": None}
    for k, written in ((keras, data[0]), (kcore, data[1])):
        assert k.dtype_policies.deserialize(written).steps == 3


def test_kcore_reads_the_map_that_keras_writes_and_does_not_read_itself(keras):
    theirs = keras.dtype_policies.serialize(keras.dtype_policies.DTypePolicyMap("float32", {"a": "mixed_bfloat16"}))
    assert kcore.dtype_policies.deserialize(theirs) == dtype_policies.DTypePolicyMap("float32", {"a": "mixed_bfloat16"})


def test_keras_reads_a_file_of_a_model_with_a_map(keras, tmp_path):
    def model(k):
        policies = k.dtype_policies.DTypePolicyMap("float32", {".*head": "mixed_bfloat16"})
        return k.Sequential([k.Input((3,)), k.layers.Dense(2, dtype=policies, name="head")])

    ours = model(kcore)
    ours.save(tmp_path / "model.keras")
    theirs = keras.saving.load_model(tmp_path / "model.keras")
    assert theirs.layers[0].dtype_policy.default_policy.name == "float32"
    np.testing.assert_array_equal(theirs.get_weights()[0], ours.get_weights()[0])


def own_class(k):
    """A policy with an argument, registered in a library."""

    @k.saving.register_keras_serializable("parity")
    class Stepped(k.dtype_policies.DTypePolicy):
        def __init__(self, name=None, steps=1):
            super().__init__(name)
            self.steps = steps

        def get_config(self):
            return {**super().get_config(), "steps": self.steps}

    return Stepped
