"""A batch in one value, and out of it."""

from __future__ import annotations

import kcore_ops as ops
import pytest
from kcore_train.data import pack_x_y_sample_weight, unpack_x_y_sample_weight


# What Keras 3.15.1 gives for the same arguments.
@pytest.mark.parametrize(
    ("parts", "packed"),
    [
        (([1],), ([1],)),
        (((1,),), ((1,),)),
        ((1,), 1),
        (({1: 2},), {1: 2}),
        ((1, 2), (1, 2)),
        ((1, None, 3), (1, None, 3)),
        ((1, 2, 3), (1, 2, 3)),
    ],
)
def test_packing_is_as_short_as_it_can_be_and_unpacking_undoes_it(parts, packed):
    assert pack_x_y_sample_weight(*parts) == packed
    assert unpack_x_y_sample_weight(packed) == (*parts, None, None)[:3]


def test_a_list_is_unpacked_as_a_tuple():
    assert unpack_x_y_sample_weight([1, 2]) == (1, 2, None)
    assert unpack_x_y_sample_weight(None) == (None, None, None)


@pytest.mark.parametrize("data", [(), (1, 2, 3, 4)])
def test_a_batch_of_another_length_is_refused(data):
    with pytest.raises(ops.ArgumentError, match=f"a batch has 1 to 3 parts, and this one {len(data)}"):
        unpack_x_y_sample_weight(data)
