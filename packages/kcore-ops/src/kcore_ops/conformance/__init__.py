"""The conformance suite: what every backend's ops are held to.

`python -m kcore_ops.conformance NAME` prints a table, `pytest --pyargs kcore_ops.conformance --kcore-backend=NAME`
runs the tests, and a plugin's own test file is one subclass of `BackendConformance`.
"""

try:
    from kcore_ops.conformance.suite import BackendConformance as BackendConformance
except ModuleNotFoundError as error:
    if error.name not in ("hypothesis", "pytest"):
        raise
    raise ImportError(
        f"the conformance suite needs {error.name}, which is not installed\n  fix: pip install 'kcore-ops[conformance]'"
    ) from error
