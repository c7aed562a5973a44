"""The conformance suite: what every backend's ops are held to.

`python -m kcore_ops.conformance NAME` prints a table, `pytest --pyargs kcore_ops.conformance --kcore-backend=NAME`
runs the tests, and a plugin's own test file is one subclass of `BackendConformance`.
"""

from kcore_ops.conformance.suite import BackendConformance as BackendConformance
