"""`kcore new-backend NAME`: the skeleton of a package with a backend, which installs and runs the suite at once."""

from __future__ import annotations

import keyword
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from kcore_ops.foundation.errors import ArgumentError

__all__ = ["write_backend"]


def write_backend(name: str, parent: Path) -> Path:
    """Write the directory `kcore-backend-NAME`; gives its path.

    Args:
        name: the backend's name, as users will select it: lower-case letters, digits and underscores.
        parent: the directory to write it into.

    Raises:
        ArgumentError: if it can not be a name, or the directory exists.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     written = write_backend("mlx", Path(parent))
    ...     sorted(path.name for path in written.iterdir())
    ['.github', 'README.md', 'pyproject.toml', 'src', 'tests']
    """
    if not name.isidentifier() or keyword.iskeyword(name) or name != name.lower():
        problem = f"{name!r} can not be the name of a backend"
        raise ArgumentError(problem, fix="use lower-case letters, digits and underscores, for example mlx")
    target = parent / f"kcore-backend-{name.replace('_', '-')}"
    if target.exists():
        raise ArgumentError(f"{target} exists", fix="choose another name, or move it away")
    words = {
        "name": name,
        "package": f"kcore_backend_{name}",
        "class_name": "".join(part.capitalize() for part in name.split("_")),
    }
    places = {"src/package": f"src/{words['package']}", "workflows": ".github/workflows"}
    for source, directory in _templates(resources.files("kcore_ops.command") / "skeleton"):
        path = target / places.get(directory, directory) / source.name.removesuffix(".template")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(source.read_text(encoding="utf-8")).substitute(words), encoding="utf-8")
    return target


def _templates(root: Traversable, directory: str = "") -> list[tuple[Traversable, str]]:
    """Return each template with the directory it lies in."""
    found: list[tuple[Traversable, str]] = []
    for entry in sorted(root.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            found += _templates(entry, f"{directory}/{entry.name}".lstrip("/"))
        elif entry.name.endswith(".template"):
            found.append((entry, directory))
    return found
