# /// script
# requires-python = ">=3.11"
# dependencies = ["nox", "uv"]
# ///
"""The full check is `nox`; `nox -l` lists its parts, and `nox -s "tests(torch)" -- -k softmax` runs a part of a part.

Every session installs the packages' wheels, as a user would, into an environment of its own that is thrown away
afterwards. What those environments share (the wheels, compiled bytecode) lies in `SCRATCH` for as long as nox runs.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import itertools
import os
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv|virtualenv"

ROOT = Path(__file__).resolve().parent
_scratch = tempfile.TemporaryDirectory(prefix="kcore-nox-", ignore_cleanup_errors=True)  # removed when nox ends
SCRATCH = Path(_scratch.name)
PACKAGES = sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))
BACKENDS = {"numpy": "numpy", "jax": "jax", "torch": "torch", "tensorflow": "tf"}  # name -> extra of kcore
# Each alone, two of them in one process, and all.
COMBINATIONS = [names for size in (1, 2, 4) for names in itertools.combinations(BACKENDS, size)]
TESTING = ("hypothesis", "pytest", "pytest-xdist")
# What the examples, and the tests of where data comes from, where logs go and what is drawn, need beside kcore.
EXAMPLES = (
    "datasets", "flax", "grain", "matplotlib", "optax", "pandas", "pillow", "pydot", "scikit-learn", "scipy",
    "tensorboard",
)  # fmt: skip
# What runs exported models, beside the frameworks.
RUNTIMES = ("ai-edge-litert", "onnxruntime", "tf2onnx")
# JAX compiles each op anew for each shape, and calls of the others take longer than NumPy's.
EFFORT = {"jax": "0.1", "tensorflow": "0.3", "torch": "0.3"}
# What tests compute is small: compiling it well takes twice as long as compiling it. Numbers differ in their last
# digits, and the sessions that do not set this (quickstart, matrix, oldest) see what users see.
COMPILED_QUICKLY = {
    "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
    "XLA_FLAGS": "--xla_force_host_platform_device_count=2 --xla_cpu_use_fusion_emitters=false",
}
# Tests differ a hundredfold in time: whoever has none left takes over some of another's.
SHARED = ("-n", "auto", "--dist", "worksteal")
# tests/conftest.py is of no use, and does harm, where there may be no backend.
CUT = "--confcutdir=tests/packaging"
PUBLIC_NAMES = "test_public_names.py"  # of the packages that are installed, where the others there read sources

ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "",
    "OMP_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # Nothing of the user's own set-up may decide what a test sees.
    "KCORE_BACKEND": None,
    "KERAS_BACKEND": None,
    "KCORE_HOME": str(SCRATCH / "home"),
    "KERAS_HOME": str(SCRATCH / "home"),
    "PYTHONPATH": None,
    # The frameworks are 20,000 files: compile them once, not once an environment or, worse, once a process.
    "PYTHONDONTWRITEBYTECODE": None,
    "PYTHONPYCACHEPREFIX": str(SCRATCH / "bytecode"),
    # The same for what JAX compiles: each op, once for each shape.
    "JAX_COMPILATION_CACHE_DIR": str(SCRATCH / "jax"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}

for_each_backend = nox.parametrize("backend", [nox.param(name, id=name) for name in BACKENDS])


@contextlib.contextmanager
def environment(
    session: nox.Session, *requirements: str, versions: tuple[str, ...] = ("-c", "constraints.txt")
) -> Iterator[Callable[..., None]]:
    """Install requirements, ours as wheels and all others as constraints.txt pins them; gives the way to run Python."""
    session.env.update(ENVIRONMENT)
    session.env.update(uv_settings())
    try:
        session.install("-c", str(wheels(session)), *versions, *requirements)
        python = at_one_path(session)
        yield lambda *arguments, **env: session.run(python, *arguments, env=env, external=True)
    finally:
        shutil.rmtree(session.virtualenv.location)


def at_one_path(session: nox.Session) -> str:
    """Give the path of the environment's Python by way of a link that all sessions use in turn.

    Bytecode is filed by the path of its source. Seen at one path, environments find what others have compiled.
    """
    if os.name == "nt":  # where making a link takes privileges
        return "python"
    link = SCRATCH / "environment"
    link.unlink(missing_ok=True)
    link.symlink_to(session.virtualenv.location, target_is_directory=True)
    return str(link / "bin" / "python")


def wheels(session: nox.Session) -> Path:
    """Build the wheels of all packages, unless done; gives a constraints file that says where each one is."""
    constraints = SCRATCH / "wheels.txt"
    if not constraints.exists():
        for package in PACKAGES:
            build_wheel(session, ROOT / "packages" / package)
        files = sorted((SCRATCH / "wheels").glob("*.whl"))
        constraints.write_text("".join(f"{file.name.split('-')[0]} @ {file.as_uri()}\n" for file in files))
    return constraints


def build_wheel(session: nox.Session, package: Path) -> None:
    """Build one package's wheel with uv, or without it with `build`."""
    options = ("--wheel", str(package))
    if session.venv_backend == "uv":
        session.run("uv", "build", "-q", "--out-dir", str(SCRATCH / "wheels"), *options, external=True)
    else:
        session.install("build")
        session.run("python", "-m", "build", "--outdir", str(SCRATCH / "wheels"), *options)


def declared(*packages: str) -> list[str]:
    """Give what these of our packages require of others."""
    projects = [tomllib.loads((ROOT / "packages" / name / "pyproject.toml").read_text()) for name in packages]
    lines = [line for project in projects for line in project["project"]["dependencies"]]
    return [line for line in lines if not line.startswith("kcore")]


def pinned(*names: str) -> list[str]:
    """Give the lines of constraints.txt for these distributions."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [line for line in lines if line.partition("==")[0] in names]


@functools.cache
def uv_settings() -> dict[str, str]:
    """Tell uv, which does not read pip's configuration, where pip is set to look, and to take torch's CPU build.

    Pins can not tell the builds of torch apart: 2.13.0 without a tag stands for 2.13.0+cpu, where some place that is
    searched has that, and else for gigabytes of CUDA.
    """
    pip = pip_settings()
    places = pip.get("find-links", "").split()
    settings = {
        "UV_LINK_MODE": "hardlink",
        "UV_DEFAULT_INDEX": pip.get("index-url"),
        "UV_INDEX": pip.get("extra-index-url"),
        "UV_INDEX_STRATEGY": "unsafe-best-match",  # pip's: the newest of all indexes
        "UV_FIND_LINKS": ",".join(places),
        "SSL_CERT_FILE": pip.get("cert"),
    }
    if not any(list(Path(place.removeprefix("file://")).glob("torch-*+cpu-*.whl")) for place in places):
        settings["UV_TORCH_BACKEND"] = "cpu"
    return {name: value for name, value in settings.items() if value and name not in os.environ}


def pip_settings() -> dict[str, str]:
    """Read pip's configuration: files, and over them the environment."""
    pip = shutil.which("pip")
    listing = subprocess.run([pip, "config", "list"], capture_output=True, text=True).stdout if pip else ""
    lines = sorted(line for line in listing.splitlines() if "=" in line)  # ":env:.x" sorts before "global.x"
    found: dict[str, str] = {}
    for key, _, value in (line.partition("=") for line in lines):
        found.setdefault(key.rpartition(".")[2], ast.literal_eval(value))
    return found


def suites(*names: str) -> list[str]:
    """Give the directories of tests that exist, of those named."""
    return [f"tests/{name}" for name in names if (ROOT / "tests" / name).is_dir()]


@nox.session
def lint(session: nox.Session) -> None:
    """Style and formatting, and what a test reads in the sources: folders, names, dependencies, annotations."""
    with environment(session, "ruff", "pytest") as python:
        python("-m", "ruff", "check")
        python("-m", "ruff", "format", "--check")
        others = [f"--ignore=tests/packaging/{name}" for name in ("isolation", "matrix", "sdist", PUBLIC_NAMES)]
        python("-m", "pytest", "tests/packaging", CUT, *others, *session.posargs)


@nox.session
def typecheck(session: nox.Session) -> None:
    """Types of what `[tool.mypy]` in pyproject.toml lists, strictly."""
    with environment(session, "kcore-train", "hypothesis", "mypy", "pytest") as python:
        python("-m", "mypy")


@nox.session
@for_each_backend
def tests(session: nox.Session, backend: str) -> None:
    """The suite on one backend, with the others installed to compare with."""
    with environment(session, "kcore[all,orbax,safetensors]", *EXAMPLES, *TESTING) as python:
        options = ("--kcore-backend", backend, "--kcore-effort", EFFORT.get(backend, "1"), *SHARED, *session.posargs)
        ops, models = suites("ops", "backends"), suites("layers", "train", "examples")
        # On JAX models are tried as users have them, without its 64-bit mode; what ops do in all dtypes wants that.
        for chosen, has_x64 in [(ops, "1"), (models, "0")] if backend == "jax" else [(ops + models, "1")]:
            python("-m", "pytest", *chosen, *options, JAX_ENABLE_X64=has_x64, **COMPILED_QUICKLY)


@nox.session
@for_each_backend
def export(session: nox.Session, backend: str) -> None:
    """Models of one backend in every format, run by the formats' own runtimes."""
    with environment(session, "kcore[all,openvino]", *RUNTIMES, *TESTING) as python:
        chosen = ("tests/export", "--kcore-backend", backend, *SHARED)
        python("-m", "pytest", *chosen, *session.posargs, JAX_ENABLE_X64="1", **COMPILED_QUICKLY)


@nox.session
def doctest(session: nox.Session) -> None:
    """The examples in docstrings: with arrays, and where gradients are shown with torch tensors."""
    with environment(session, "kcore[numpy,orbax,sklearn,torch]", *TESTING) as python:
        what = ("--doctest-modules", "--ignore-glob=/*/conformance/test_backend.py")  # which the other sessions run
        packages = ("--pyargs", "kcore_ops", "kcore_layers", "kcore_train")
        chosen = ("-p", "numpy_in_doctests", *what, *packages, "-n", "auto", *session.posargs)
        python("-m", "pytest", *chosen, KCORE_BACKEND="numpy")


@nox.session(default=False)
def quickstart(session: nox.Session) -> None:
    """Train and evaluate a network on digits: a first look, on JAX or the backend that KCORE_BACKEND names."""
    chosen = os.environ.get("KCORE_BACKEND", "jax")
    with environment(session, f"kcore[{BACKENDS.get(chosen, chosen)}]", "scikit-learn") as python:
        python("examples/quickstart.py")


@nox.session
def plugin(session: nox.Session) -> None:
    """Backends by strangers, in distributions of their own."""
    plugins = ("./tests/plugins/kcore-backend-lazy", "./tests/plugins/kcore-backend-toy")
    with environment(session, "kcore[numpy,torch]", *plugins, "scikit-learn", *TESTING) as python:
        lazy = "tests/plugins/kcore-backend-lazy"
        some = ("--kcore-effort", "0.2")
        python("-m", "pytest", "tests/plugins", f"--ignore={lazy}", *some, "-n", "auto", *session.posargs)
        # Of a plugin that is like the other a few inputs: they tell whether what both rest on still holds.
        python("-m", "pytest", lazy, "--kcore-effort", "0.05", "-n", "auto", *session.posargs)


@nox.session
@nox.parametrize("package", [nox.param(name, id=name) for name in PACKAGES])
def isolation(session: nox.Session, package: str) -> None:
    """One package with what it declares to need, and nothing else."""
    with environment(session, package, "pytest", "pytest-xdist") as python:
        what = ("tests/packaging/isolation", f"tests/packaging/{PUBLIC_NAMES}")
        python("-m", "pytest", *what, CUT, *SHARED, *session.posargs, KCORE_PACKAGE=package)


@nox.session
def sdist(session: nox.Session) -> None:
    """Each package's source distribution, and the wheel made of it alone."""
    with environment(session, "hatchling", "pytest") as python:
        python("-m", "pytest", "tests/packaging/sdist", CUT, *session.posargs)


@nox.session
@nox.parametrize("combination", [nox.param(names, id="+".join(names)) for names in COMBINATIONS])
def matrix(session: nox.Session, combination: tuple[str, ...]) -> None:
    """kcore with some of the backends."""
    extras = ",".join(BACKENDS[name] for name in combination)
    with environment(session, f"kcore[{extras}]", "pytest", "pytest-xdist") as python:
        chosen = ("tests/packaging/matrix", CUT, *SHARED, *session.posargs)
        python("-m", "pytest", *chosen, KCORE_EXPECTED_BACKENDS=",".join(combination))


@nox.session(default=False, venv_backend="uv")
@for_each_backend
def oldest(session: nox.Session, backend: str) -> None:
    """kcore with one backend, and each thing that our packages require in the oldest version that they admit."""
    extra = BACKENDS[backend]
    named = declared("kcore", "kcore-train", "kcore-layers", "kcore-ops", f"kcore-backend-{extra}")
    tools = pinned("hypothesis", "pytest", "scikit-learn")
    lowest = ("--resolution", "lowest-direct")
    with environment(session, f"kcore[{extra}]", *named, *tools, versions=lowest) as python:
        chosen = ("tests/packaging/matrix", CUT, *session.posargs)
        python("-m", "pytest", *chosen, KCORE_EXPECTED_BACKENDS=backend)
        # Without gradients there is no training: then each op, on a few inputs.
        without = ("-m", "kcore_ops.conformance", backend, "--effort", "0.03")
        python(*(without if backend == "numpy" else ("examples/quickstart.py",)), KCORE_BACKEND=backend)


@nox.session
@for_each_backend
def parity(session: nox.Session, backend: str) -> None:
    """The same inputs to Keras, on one of its backends."""
    with environment(session, "kcore[all,orbax,sklearn]", "keras", *EXAMPLES, *TESTING) as python:
        chosen = ("tests/parity", "--kcore-backend", backend, *SHARED)
        python("-m", "pytest", *chosen, *session.posargs, KERAS_BACKEND=backend, **COMPILED_QUICKLY)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """What ops, calls and training steps cost beside the bare framework and Keras; it wants a quiet machine."""
    with environment(session, "kcore[all]", "keras", "optax") as python:
        python("benchmarks/run.py", *session.posargs)
