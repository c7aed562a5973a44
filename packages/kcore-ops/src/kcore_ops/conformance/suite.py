"""The suite as a class of tests: a plugin's test file is one subclass of it, with its known gaps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from kcore_ops import registry
from kcore_ops.conformance import checks, faults, places
from kcore_ops.conformance.case import Case, all_cases, iterate
from kcore_ops.conformance.examination import examine_op, other_with_gradients
from kcore_ops.current import on
from kcore_ops.errors import MissingOp
from kcore_ops.operation import all_ops
from kcore_ops.plugin import Backend

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
        needs = _NEEDS.get(metafunc.function.__name__)
        if "gap" in metafunc.fixturenames:
            gaps: list[Any] = [*sorted(self.known_gaps)]
            metafunc.parametrize("gap", gaps or [pytest.param(None, marks=_NO_GAPS)])
        if "case" not in metafunc.fixturenames:
            return
        loaded = self._load(metafunc.config)
        if needs is not None and needs not in loaded.capabilities:
            lacking = pytest.mark.skip(reason=f"{loaded.name} has not the capability {needs!r}")
            metafunc.parametrize("case", [pytest.param(None, id="none", marks=lacking)])
            return
        is_meant: Callable[[Case], bool] = _MEANT.get(metafunc.function.__name__, lambda case: True)
        chosen = [
            pytest.param(case, id=f"{name}-{number}")
            for name, number, case in iterate(all_cases())
            if name not in self.known_gaps and is_meant(case)
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
        kind, _ = examine_op(loaded, gap, all_cases().get(gap, []), examples=20)
        assert kind in ("missing", "wrong"), f"{gap} is {kind} and right: take it out of known_gaps"

    def test_value_dtype_and_spec(self, loaded: Backend, case: Case) -> None:
        """Values are NumPy's or the definition's, and so are dtypes; specs tell the truth, sizes known or not."""

        def check(case: Case, dtype: str, args: Any) -> None:
            checks.check_value(loaded, case, dtype, args)
            checks.check_definition(loaded, case, dtype, args)
            checks.check_spec(loaded, case, dtype, args)
            checks.check_unknown_sizes(loaded, case, dtype, args)

        self._draw(check, case, examples=20)

    def test_errors(self, loaded: Backend, case: Case) -> None:
        """A wrong call gives the error that specs give, word for word."""
        self._draw(lambda *drawn: faults.check_faults(loaded, *drawn), case, examples=3)

    def test_compiled(self, loaded: Backend, case: Case) -> None:
        """Compiled, with sizes unknown where the backend can, the result is the same."""
        self._draw(lambda *drawn: checks.check_compiled(loaded, *drawn), case, examples=5)

    def test_place(self, loaded: Backend, case: Case) -> None:
        """With its tensors on another device, a call's results, and gradients, are there."""
        device = places.other_device(loaded)
        if device is None:
            pytest.skip(f"{loaded.name} has one device")
        self._draw(lambda *drawn: places.check_place(loaded, device, *drawn), case, examples=3)

    def test_gradient(self, loaded: Backend, case: Case) -> None:
        """Gradients are those of another backend, or finite differences."""
        other = other_with_gradients(loaded)
        check = lambda *drawn: checks.check_gradient(loaded, other, *drawn)  # noqa: E731
        self._draw(check, case, examples=5, dtypes=_DIFFERENTIATED)

    def test_second_gradient(self, loaded: Backend, case: Case) -> None:
        """Gradients of gradients are those of another backend."""
        other = other_with_gradients(loaded)
        if other is None:
            pytest.skip("no other backend with gradients is installed")
        check = lambda *drawn: checks.check_second_gradient(loaded, other, *drawn)  # noqa: E731
        self._draw(check, case, examples=2, dtypes=("float64",))

    def _draw(
        self, check: Callable[..., None], case: Case, examples: int, dtypes: Collection[str] | None = None
    ) -> None:
        """Check as many inputs, as far as the effort goes. How fast the machine is has no part in it."""

        @settings(
            max_examples=max(1, round(examples * case.effort * self._effort)),
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        )
        @given(case.inputs(dtypes))
        def run(drawn: tuple[str, tuple[Any, ...]]) -> None:
            try:
                with np.errstate(all="ignore"):  # NumPy's warnings about what the cases do on purpose
                    check(case, *drawn)
            except Exception as error:
                self._skip_if_missing(error)
                raise

        run()

    def _skip_if_missing(self, error: Exception) -> None:
        """Skip a test for want of an op: to say so, once, is for test_every_op_is_there_or_a_known_gap."""
        missing = next((e for e in (error, error.__cause__) if isinstance(e, MissingOp)), None)
        if missing is not None:
            name = missing.problem.partition(" has no ")[2].partition(",")[0]
            pytest.skip(f"needs {name}, which is missing: {self.known_gaps.get(name, 'not a known gap')}")


_SETTINGS = frozenset({"backend", "known_gaps", "__module__", "__doc__", "__qualname__", "__annotations__", "__dict__",
                       "__weakref__", "__firstlineno__", "__static_attributes__", "pytestmark"})  # fmt: skip
_NO_GAPS = pytest.mark.skip(reason="no gaps are known")
# What a backend must be able to do for a test to mean something.
_NEEDS = {"test_compiled": "jit", "test_gradient": "gradient", "test_second_gradient": "gradient"}
# The dtypes whose gradients can tell right from wrong.
_DIFFERENTIATED = frozenset({"float32", "float64"})
# Which cases a test is for.
_MEANT: dict[str, Callable[[Case], bool]] = {
    "test_gradient": lambda case: case.gradient and not _DIFFERENTIATED.isdisjoint(case.dtypes),
    "test_second_gradient": lambda case: case.gradient and case.second_gradient and "float64" in case.dtypes,
}
