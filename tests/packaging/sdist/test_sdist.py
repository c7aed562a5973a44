"""Each package's source distribution holds all that it is made of, and a wheel can be built of it alone.

They are built by the packages' build backend, hatchling, as pip and `build` would, without an environment of its own.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = sorted(path.parent for path in ROOT.glob("packages/*/pyproject.toml"))
LICENSE = (ROOT / "LICENSE").read_bytes()


def built(hook: str, source: Path, out: Path) -> Path:
    """Build a distribution by a hook of PEP 517; give its path."""
    code = f"import sys, hatchling.build; print(hatchling.build.{hook}(sys.argv[1]))"
    run = subprocess.run([sys.executable, "-c", code, str(out)], cwd=source, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return out / run.stdout.splitlines()[-1]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_source_distribution_holds_the_license_and_makes_the_wheel(package, tmp_path):
    module = package.name.replace("-", "_")
    with tarfile.open(built("build_sdist", package, tmp_path)) as sdist:
        found = {Path(*Path(member.name).parts[1:]).as_posix(): member for member in sdist.getmembers()}
        assert not [name for name, member in found.items() if member.issym() or member.islnk()]
        assert sdist.extractfile(found["LICENSE"]).read() == LICENSE
        assert {"README.md", "CHANGELOG.md", f"src/{module}/py.typed"} <= found.keys()
        sdist.extractall(tmp_path, filter="data")
    (unpacked,) = (path for path in tmp_path.iterdir() if path.is_dir())
    with zipfile.ZipFile(built("build_wheel", unpacked, tmp_path)) as wheel:
        names = wheel.namelist()
        (license_,) = (name for name in names if name.endswith(".dist-info/licenses/LICENSE"))
        assert wheel.read(license_) == LICENSE
        assert f"{module}/py.typed" in names
        sources = {path.relative_to(package / "src").as_posix() for path in (package / "src").rglob("*.py")}
        assert sources <= set(names)
