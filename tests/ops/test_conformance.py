"""Every op on the backend under test, by the suite that strangers' backends are held to; ours have no gaps."""

from __future__ import annotations

import re

import pytest
from kcore_ops.conformance import BackendConformance


class TestConformance(BackendConformance):
    pass


def test_a_suite_that_was_cut_is_an_error():
    with pytest.raises(
        TypeError, match=re.escape("Cut overrides test_errors, test_gradient of the conformance suite; ")
    ):

        class Cut(BackendConformance):
            test_gradient = None

            def test_errors(self):
                pass
