"""The suite as a class of tests: a plugin's test file is one subclass of it, with its known gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest

from kcore_ops.backends import registry
from kcore_ops.backends.current import on
from kcore_ops.backends.interface import Backend
from kcore_ops.conformance.case import Case, all_cases, iterate
from kcore_ops.conformance.examination import examine_op
from kcore_ops.conformance.trials import TRIALS, try_inputs
from kcore_ops.engine.op import all_ops
from kcore_ops.foundation.errors import MissingOp

__all__ = ["BackendConformance"]


class BackendConformance:
    """What a backend is held to. Subclass it in a file of tests; the tests are pytest's to find.

    A test that a subclass overrides or deletes is an error, and so is a gap without a reason, or one that has closed.

    Attributes:
        backend: the backend's name; by default what `--kcore-backend` says.
        known_gaps: the ops that are missing, or not right, each with the reason. What is missing for want of one of
            them needs no entry of its own.

    >>> class TestNumpy(BackendConformance):
    ...     backend = "numpy"
    """

    backend: ClassVar[str | None] = None
    known_gaps: ClassVar[Mapping[str, str]] = {}
    _effort: float = 1.0  # of `--kcore-effort`

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        changed = sorted(name for name in vars(BackendConformance) if name in vars(cls) and name not in _SETTINGS)
        if changed:
            raise TypeError(
                f"{cls.__qualname__} overrides {', '.join(changed)} of the conformance suite; "
                "name ops that do not conform in known_gaps, each with its reason"
            )

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Make one test of each case, for the ops that are no gaps; pytest calls this."""
        if "gap" in metafunc.fixturenames:
            gaps: list[Any] = [*sorted(self.known_gaps)]
            metafunc.parametrize("gap", gaps or [pytest.param(None, marks=_NO_GAPS)])
        if "case" not in metafunc.fixturenames:
            return
        loaded = self._load(metafunc.config)
        trial = TRIALS[metafunc.function.__name__.removeprefix("test_")]
        against = trial.reason_against(loaded)
        if against is not None:
            lacking = pytest.mark.skip(reason=against)
            metafunc.parametrize("case", [pytest.param(None, id="none", marks=lacking)])
            return
        chosen = [
            pytest.param(case, id=f"{name}-{number}")
            for name, number, case in iterate(all_cases())
            if name not in self.known_gaps and trial.is_for(loaded, case)
        ]
        metafunc.parametrize("case", chosen)

    @pytest.fixture
    def loaded(self, request: pytest.FixtureRequest) -> Iterator[Backend]:
        """The backend, current while a test runs."""
        found = self._load(request.config)
        self._effort = float(request.config.getoption("--kcore-effort"))
        with on(found):
            yield found

    def _load(self, config: pytest.Config) -> Backend:
        return registry.load(self.backend or config.getoption("--kcore-backend") or "numpy")

    def test_every_op_has_cases(self) -> None:
        """An op that nothing tries is an op nobody knows to be right."""
        missing = sorted(name for name in all_ops() if "." not in name and name not in all_cases())
        assert not missing, f"add cases in kcore_ops/conformance/cases for: {', '.join(missing)}"

    def test_every_op_is_there_or_a_known_gap(self, loaded: Backend) -> None:
        """Primitives have no definition to fall back on."""
        missing = [op.name for op in all_ops().values() if op.name not in loaded.ops and op.definition is None]
        unknown = sorted(set(missing) - set(self.known_gaps))
        assert not unknown, f"{loaded.name} lacks, and does not list in known_gaps: {', '.join(unknown)}"

    def test_gap_is_known_and_open(self, loaded: Backend, gap: str) -> None:
        """A gap has a reason, and goes when it has closed."""
        assert gap in all_ops(), f"known_gaps names {gap!r}, and there is no such op"
        assert self.known_gaps[gap].strip(), f"known_gaps gives no reason for {gap!r}"
        kind = examine_op(loaded, gap, all_cases().get(gap, [])).kind
        assert kind in ("missing", "wrong"), f"{gap} is {kind} and right: take it out of known_gaps"

    def test_value_dtype_and_spec(self, loaded: Backend, case: Case) -> None:
        """Values are NumPy's or the definition's, and so are dtypes; specs tell the truth, sizes known or not."""
        self._try("value_dtype_and_spec", loaded, case)

    def test_errors(self, loaded: Backend, case: Case) -> None:
        """A wrong call gives the error that specs give, word for word."""
        self._try("errors", loaded, case)

    def test_layout(self, loaded: Backend, case: Case) -> None:
        """Transposed tensors give the same result."""
        self._try("layout", loaded, case)

    def test_compiled(self, loaded: Backend, case: Case) -> None:
        """Compiled, with sizes unknown where the backend can, the result is the same."""
        self._try("compiled", loaded, case)

    def test_place(self, loaded: Backend, case: Case) -> None:
        """With its tensors on another device, a call's results, and gradients, are there."""
        self._try("place", loaded, case)

    def test_gradient(self, loaded: Backend, case: Case) -> None:
        """Gradients are those of another backend, or finite differences."""
        self._try("gradient", loaded, case)

    def test_second_gradient(self, loaded: Backend, case: Case) -> None:
        """Gradients of gradients are those of another backend, or finite differences."""
        self._try("second_gradient", loaded, case)

    def _try(self, trial: str, loaded: Backend, case: Case) -> None:
        """Try a case on as many inputs as the effort says; skip it where an op that it needs is missing."""
        try:
            try_inputs(TRIALS[trial], loaded, case, self._effort)
        except Exception as error:
            self._skip_if_missing(error)
            raise

    def _skip_if_missing(self, error: Exception) -> None:
        """Skip a test for want of an op: to say so, once, is for test_every_op_is_there_or_a_known_gap."""
        missing = next((e for e in (error, error.__cause__) if isinstance(e, MissingOp)), None)
        if missing is not None:
            name = missing.problem.partition(" has no ")[2].partition(",")[0]
            pytest.skip(f"needs {name}, which is missing: {self.known_gaps.get(name, 'not a known gap')}")


_SETTINGS = frozenset({"backend", "known_gaps", "__module__", "__doc__", "__qualname__", "__annotations__", "__dict__",
                       "__weakref__", "__firstlineno__", "__static_attributes__", "pytestmark"})  # fmt: skip
_NO_GAPS = pytest.mark.skip(reason="no gaps are known")
