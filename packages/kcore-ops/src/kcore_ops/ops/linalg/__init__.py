"""Ops of linear algebra."""

import kcore_ops.ops.linalg.elimination  # noqa: F401 (definitions of primitives that are in decompositions.py)
