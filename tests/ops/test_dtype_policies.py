"""Policies for layers by their paths."""

from __future__ import annotations

import re

import pytest
from kcore_ops import dtype_policies
from kcore_ops.dtype_policies import DTypePolicy, DTypePolicyMap, FloatDTypePolicy
from kcore_ops.foundation.errors import ArgumentError


def test_a_path_is_matched_as_a_whole_and_the_path_itself_goes_first():
    policies = DTypePolicyMap("float32", {"(en|de)coder/.*": "mixed_float16", "encoder/head": "float64"})
    assert policies["encoder/head"] == DTypePolicy("float64")
    assert policies["decoder/dense"] == DTypePolicy("mixed_float16")
    assert policies["my/encoder/dense"] == policies.default_policy == DTypePolicy("float32")
    assert (policies.name, policies.compute_dtype, len(policies)) == ("map_float32", "float32", 2)


def test_two_expressions_for_one_path_are_an_error():
    policies = DTypePolicyMap(policy_map={"a.*": "float16", ".*b": "bfloat16"})
    with pytest.raises(ArgumentError, match=re.escape("path 'ab' is matched by 'a.*', '.*b'")):
        policies["ab"]


def test_a_key_is_not_overwritten():
    policies = DTypePolicyMap(policy_map={"a": "float16"})
    with pytest.raises(ArgumentError, match="'a' already has <DTypePolicy \"float16\">\n  fix: delete it first"):
        policies["a"] = "float32"
    del policies["a"]
    policies["a"] = "float32"
    assert dict(policies) == {"a": DTypePolicy("float32")}


def test_an_expression_that_is_none_is_refused():
    with pytest.raises(ArgumentError, match=r"'\(' is no path and no regular expression: missing \)"):
        DTypePolicyMap(policy_map={"(": "float16"})


@pytest.mark.parametrize(
    "policy", [DTypePolicy("float16"), FloatDTypePolicy("mixed_bfloat16"), DTypePolicyMap("float64", {"a": "float16"})]
)
def test_plain_data_makes_an_equal_policy(policy):
    again = dtype_policies.deserialize(dtype_policies.serialize(policy))
    assert type(again) is type(policy) and again == policy
