"""Arguments of a call, as the conformance cases draw them; the same in every process."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from kcore_ops.conformance.case import Case, few_shapes

__all__ = ["drawn"]


def drawn(case: Case, dtype: str, choices: bytes, has_few_shapes: bool = False) -> tuple[Any, ...]:
    """Draw the arguments of a call, as the bytes choose: from all shapes, or from those few that are seldom compiled.

    What hypothesis draws by itself is not the same in every process, even when it is not to be random: it mixes in
    constants from the source of the modules that happen to be imported and lie outside site-packages.
    """
    calls: list[tuple[Any, ...]] = []

    @given(st.data())
    def draw(data):
        calls.append(tuple(case.arguments(data.draw, dtype)))

    with few_shapes(has_few_shapes):
        accepted = draw.hypothesis.fuzz_one_input(choices)
    assert accepted is not None, f"{case.op} draws more than {len(choices)} bytes choose"
    return calls[0]
