"""The command `kcore`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kcore_ops.backends import current, registry
from kcore_ops.command.new_backend import write_backend
from kcore_ops.foundation.errors import ArgumentError, BackendNotFound, PluginError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="kcore", description="What kcore finds on this machine, and the start of a backend of your own."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("backends", help="list the installed backends, and which is current and why")
    listing.add_argument("--load", action="store_true", help="load each one, to see its devices and capabilities")
    new = commands.add_parser("new-backend", help="write the skeleton of a package with a backend of your own")
    new.add_argument("name", help="what users will select it by, for example mlx")
    new.add_argument("--in", dest="parent", type=Path, default=Path(), help="the directory to write it into")
    own = set(commands.choices)
    for name, origin in _offered_commands().items():
        if name not in own:
            commands.add_parser(name, help=origin)
    arguments = sys.argv[1:] if argv is None else list(argv)
    if arguments and arguments[0] in set(commands.choices) - own:
        return _other_command(arguments[0], arguments[1:])
    options = parser.parse_args(arguments)
    if options.command == "new-backend":
        return _new_backend(options.name, options.parent)
    print("\n".join(backend_lines(options.load)))
    return 0


def _offered_commands() -> dict[str, str]:
    """Return the commands of other packages, our own among them where these are not installed, with what to say."""
    found = {name: f"not installed: pip install {package}" for name, package in registry.COMMAND_DISTRIBUTIONS.items()}
    for name, entries in registry.commands().items():
        packages = sorted(f"{entry.dist.name} {entry.dist.version}" for entry in entries if entry.dist)
        found[name] = f"by {' and '.join(packages) or entries[0].value}; `kcore {name} --help` says what it does"
    return found


def _other_command(name: str, arguments: Sequence[str]) -> int:
    try:
        run = registry.command(name)
    except PluginError as error:
        print(error, file=sys.stderr)
        return 2
    return run(arguments)


def _new_backend(name: str, parent: Path) -> int:
    try:
        written = write_backend(name, parent)
    except ArgumentError as error:
        print(error, file=sys.stderr)
        return 2
    print(
        f"wrote {written}; now:\n  cd {written}\n  pip install -e '.[test]'\n  python -m kcore_ops.conformance {name}"
    )
    return 0


def backend_lines(load: bool = False) -> list[str]:
    """Describe the installed backends, a few lines each; loads their frameworks only if asked to."""
    lines = []
    for name, record in sorted(registry.backends().items()):
        if load and record.is_usable:
            try:
                registry.load(name)
            except BackendNotFound:
                pass  # the record now holds the reason
        version = record.backend.version() if record.backend else record.framework_version
        framework = f", {record.plugin.framework} {version or 'not installed'}" if record.plugin else ""
        lines.append(f"{name}: {record.distribution}{framework}")
        if record.reason:
            lines.append(f"  not usable: {record.reason}")
        elif record.backend is None:
            lines.append("  not loaded yet (kcore backends --load tries it, and shows devices and capabilities)")
        else:
            lines.append(f"  devices: {', '.join(record.backend.devices())}")
            lines.append(f"  capabilities: {', '.join(sorted(record.backend.capabilities)) or 'none'}")
    lines += [f"overlooked: {misplaced}" for misplaced in registry.misplaced_backends()]
    try:
        lines.append(f"current: {current.backend()}, by {current.reason()}{_doubt(current.backend())}")
    except BackendNotFound as error:
        lines.append(f"current: none ({error.problem})")
    return lines


def _doubt(name: str) -> str:
    """Say why the backend that was chosen can not be used, if it can not."""
    record = registry.backends().get(name)
    if record is None:
        return "; no backend of that name is installed"
    return "" if record.is_usable else "; it is not usable"


if __name__ == "__main__":
    sys.exit(main())
