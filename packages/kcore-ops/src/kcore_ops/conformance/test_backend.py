"""The suite on the backend that `--kcore-backend` names: `pytest --pyargs kcore_ops.conformance`."""

from __future__ import annotations

from kcore_ops.conformance import BackendConformance


class TestBackend(BackendConformance):
    """The backend has every op, and all are right."""
