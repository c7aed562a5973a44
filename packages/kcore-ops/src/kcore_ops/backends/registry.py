"""Which backends, components and commands are installed, found by entry points and loaded when first used."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import importlib
import importlib.util
import re
import sys
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any

from kcore_ops.backends.interface import CAPABILITIES, INTERFACE, Backend, Plugin
from kcore_ops.dtypes import add_native_dtypes
from kcore_ops.foundation.errors import BackendNotFound, BackendUnusable, PluginError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "BackendRecord",
    "backends",
    "command",
    "commands",
    "component",
    "components",
    "is_ours",
    "load",
    "owner",
    "register",
]

BACKENDS, COMMANDS, COMPONENTS = "kcore.backends", "kcore.commands", "kcore.components"

# Our own distributions, by the backends, the components and the commands that they offer. No other is ever named to be
# installed: what a mistyped name would be on the package index is a stranger's.
DISTRIBUTIONS = {
    "jax": "kcore-backend-jax",
    "numpy": "kcore-backend-numpy",
    "tensorflow": "kcore-backend-tf",
    "torch": "kcore-backend-torch",
}
COMPONENT_DISTRIBUTIONS = {
    **dict.fromkeys(("ops", "random"), "kcore-ops"),
    **dict.fromkeys(
        ("activations", "constraints", "files", "initializers", "layers", "models", "regularizers"), "kcore-layers"
    ),
    **dict.fromkeys(("callbacks", "losses", "metrics", "optimizers", "trainer"), "kcore-train"),
}
COMMAND_DISTRIBUTIONS = {"bench-backends": "kcore-train"}
_SHORT_NAMES = {"np": "numpy", "pt": "torch", "pytorch": "torch", "tf": "tensorflow"}


@dataclasses.dataclass
class BackendRecord:
    """What is known of one installed backend.

    Attributes:
        name: the name users select it by.
        distribution: the package that offers it, with its version; "this process" if registered by hand.
        plugin: what its entry point names, or None if that could not be imported.
        reason: why it can not be used, or None.
        backend: the loaded backend, or None while it is not needed.
    """

    name: str
    distribution: str
    plugin: Plugin | None = None
    reason: str | None = None
    backend: Backend | None = None

    @property
    def is_usable(self) -> bool:
        """Whether nothing is known to keep it from being used."""
        return self.reason is None

    @property
    def priority(self) -> int:
        """The plugin's priority."""
        return self.plugin.priority if self.plugin else 0

    @property
    def framework_version(self) -> str | None:
        """Version of the installed framework, found without importing it."""
        if self.plugin is None:
            return None
        metadata = _metadata()
        for distribution in (self.plugin.requires, self.plugin.framework):
            try:
                return str(metadata.version(distribution or ""))
            except (metadata.PackageNotFoundError, ValueError):
                continue
        return None


# What else is looked at in a backend when it is loaded: functions that return the faults found.
checks: list[Callable[[Backend], list[str]]] = []

_registered: dict[str, BackendRecord] = {}
# The classes of sizes that loaded backends have beside integers.
_size_types: set[type] = set()
# Held while plugins are looked for and loaded: of each backend there is one, whichever threads need it first.
_lock = threading.RLock()
# By class; not held, for it may be one that was made in a function.
_owners: weakref.WeakKeyDictionary[type, Backend | None] = weakref.WeakKeyDictionary()


def _metadata() -> Any:
    """Return importlib.metadata, which takes long to import and is needed only once plugins are looked for."""
    return importlib.import_module("importlib.metadata")


def _installed() -> dict[str, BackendRecord]:
    """Return the installed backends; a faulty one is recorded with its reason."""
    with _lock:
        return _found()


@functools.cache
def _found() -> dict[str, BackendRecord]:
    records: dict[str, BackendRecord] = {}
    for entry in _metadata().entry_points(group=BACKENDS):
        distribution = f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown"
        rival = records.get(entry.name)
        if rival is None:
            records[entry.name] = _record(entry, distribution)
        elif rival.distribution != distribution:
            rival.reason = f"two distributions offer {entry.name!r}: {rival.distribution} and {distribution}"
    return records


def _record(entry: EntryPoint, distribution: str) -> BackendRecord:
    record = BackendRecord(entry.name, distribution)
    try:
        plugin = entry.load()
    except Exception as error:
        lacking = _lacking_attribute(entry.value, error)
        record.reason = lacking or f"importing {entry.value} failed: {type(error).__name__}: {error}"
        return record
    if not isinstance(plugin, Plugin):
        record.reason = f"{entry.value} is a {type(plugin).__name__}, not a kcore_ops.backends.interface.Plugin"
        return record
    record.plugin = plugin
    record.reason = _fault(entry.name, plugin)
    return record


def _lacking_attribute(value: str, error: Exception) -> str | None:
    """Return what to say of `"module:attribute"` if the module is there and the attribute is not, else None."""
    name, _, attribute = value.replace(" ", "").partition(":")
    module = sys.modules.get(name)  # which is not there if importing it failed
    first = attribute.partition(".")[0]
    if not isinstance(error, AttributeError) or module is None or hasattr(module, first):
        return None
    names = [public for public in dir(module) if not public.startswith("_")]
    close = difflib.get_close_matches(first, names, n=3)
    return f"{value} names what is not there: module {name} has no attribute {first!r}" + (
        f"; close to it are {', '.join(close)}" if close else "")  # fmt: skip


def _misplaced(name: str | None, group: str) -> list[str]:
    """Say which installed distributions offer a name, or anything if it is None, in a group spelt nearly like ours."""
    found = set()
    for distribution in _metadata().distributions():
        for entry in distribution.entry_points:
            if name not in (None, entry.name) or entry.group in (BACKENDS, COMMANDS, COMPONENTS):
                continue
            plain = entry.group.strip().lower().replace("-", ".").replace("_", ".")
            if difflib.get_close_matches(plain, [group], cutoff=0.8):
                found.add(
                    f"{distribution.name} {distribution.version} offers {entry.name!r} in the entry point group "
                    f"{entry.group!r}, which nothing reads; it must be {group!r}"
                )
    return sorted(found)


def misplaced_backends() -> list[str]:
    """Say which installed distributions offer backends in a group that is spelt nearly like the one that is read."""
    return _misplaced(None, BACKENDS)


def _fault(name: str, plugin: Plugin) -> str | None:
    """Return the reason for which a plugin can not be used, as far as can be told without loading it."""
    if plugin.name != name:
        return f"its entry point is named {name!r} and its plugin {plugin.name!r}"
    if not _serves(plugin.interface):
        return f"it is written for interface {plugin.interface}, and this kcore-ops has {INTERFACE}"
    try:
        missing = importlib.util.find_spec(plugin.framework) is None
    except (ImportError, ValueError):
        missing = True
    return (
        f"{plugin.framework} is not installed (pip install {plugin.requires or plugin.framework})" if missing else None
    )


def _serves(interface: str) -> bool:
    """Return whether a plugin written for `interface` works with ours."""
    try:
        theirs, ours = (tuple(int(part) for part in version.split(".")) for version in (interface, INTERFACE))
    except ValueError:
        return False
    return theirs == ours if ours[0] == 0 else theirs[0] == ours[0] and theirs <= ours


def backends() -> dict[str, BackendRecord]:
    """Return the record of each backend, installed or registered, by name; loads no framework.

    >>> "numpy" in backends()
    True
    """
    return {**_installed(), **_registered}


def register(backend: Plugin | Backend) -> None:
    """Add a backend in this process, for tests and notebooks.

    Args:
        backend: a `Plugin`, loaded when first used, or a `Backend`, used as it is.

    Raises:
        PluginError: if its name is taken, or it does not keep to the interface.
    """
    if backend.name in backends():
        taken = backends()[backend.name].distribution
        raise PluginError(f"two backends named {backend.name!r}: one from {taken}, one registered in this process")
    if isinstance(backend, Plugin):
        reason = _fault(backend.name, backend)
        if reason:
            raise PluginError(f"backend {backend.name!r} can not be registered: {reason}")
        _registered[backend.name] = BackendRecord(backend.name, "this process", plugin=backend)
    else:
        check(backend)
        plugin = Plugin(backend.name, type(backend).__module__.partition(".")[0], "", interface=INTERFACE)
        _registered[backend.name] = BackendRecord(backend.name, "this process", plugin, backend=backend)
    _owners.clear()


def unregister(name: str) -> None:
    """Take back what `register` added."""
    _registered.pop(name)
    _owners.clear()


# What is wrong with loading one shows only when it is tried: without `--load` the command does not.
_FIX_OF_UNUSABLE = "run `kcore backends --load` to see which can"
_FIX_OF_GROUP = "correct the group in the plugin's pyproject.toml, and install it anew"


def load(name: str) -> Backend:
    """Return a backend, loading its framework the first time.

    Raises:
        BackendNotFound: if no such backend is installed.
        BackendUnusable: if it is and can not be used; the text says why.
    """
    record = backends().get(name)
    if record is None:
        usable = [r.name for r in backends().values() if r.is_usable]
        misplaced = _misplaced(name, BACKENDS)
        problem = (
            f"no backend named {name!r} is installed\n"
            f"  installed: {', '.join(sorted(usable)) or 'none'} (run `kcore backends` for details)"
        )
        raise BackendNotFound(
            "\n  ".join([problem, *misplaced]),
            fix=_FIX_OF_GROUP if misplaced else _fix_of_unknown(name, usable),
        )
    if record.backend is not None:
        return record.backend
    with _lock:
        return record.backend if record.backend is not None else _load_record(record)


def _load_record(record: BackendRecord) -> Backend:
    name = record.name
    if record.reason is not None:
        raise BackendUnusable(
            f"backend {name!r} ({record.distribution}) can not be used: {record.reason}", fix=_FIX_OF_UNUSABLE
        )
    assert record.plugin is not None
    try:
        record.backend = _load(record.plugin)
    except Exception as error:
        # A record of the reason keeps the next caller from importing a broken framework once more.
        problem = error.problem if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
        record.reason = f"loading it failed: {problem}"
        raise BackendUnusable(
            f"backend {name!r} ({record.distribution}) can not be used: {record.reason}", fix=_FIX_OF_UNUSABLE
        ) from error
    return record.backend


def _fix_of_unknown(name: Any, usable: list[str]) -> str:
    """Say what to do about a backend that is not there: the name that was meant, or what to install of ours."""
    if name in DISTRIBUTIONS:
        return f"pip install {DISTRIBUTIONS[name]}"
    meant = _nearest(name, [*usable, *DISTRIBUTIONS], _SHORT_NAMES)
    if meant is None:
        return "check the name, or install the distribution that offers it"
    return f"write {meant!r}" + ("" if meant in usable else f", after pip install {DISTRIBUTIONS[meant]}")


def _nearest(name: Any, names: list[str], short: Mapping[str, str]) -> str | None:
    lowered = str(name).lower()
    found = [short.get(lowered, lowered)] if short.get(lowered, lowered) in names else []
    return next(iter(found or difflib.get_close_matches(lowered, names, n=1)), None)


def _load(plugin: Plugin) -> Backend:
    name, _, attribute = plugin.implementation.partition(":")
    module = importlib.import_module(name)
    try:
        backend_class = getattr(module, attribute)
    except AttributeError as error:
        lacking = _lacking_attribute(plugin.implementation, error)
        if lacking is None:
            raise
        raise PluginError(lacking) from error
    backend: Backend = backend_class()
    backend.name = plugin.name
    check(backend)
    return backend


def check(backend: Backend) -> None:
    """Hold a backend to the interface.

    Raises:
        PluginError: naming every fault.
    """
    if not isinstance(backend, Backend):
        raise PluginError(f"{type(backend).__name__} is not a kcore_ops.backends.interface.Backend")
    faults = []
    if not backend.tensor_types:
        faults.append("tensor_types is empty")
    unknown = sorted(backend.capabilities - CAPABILITIES)
    if unknown:
        faults.append(f"capabilities that the interface does not have: {', '.join(unknown)}")
    for method in ("to_tensor", "to_numpy"):
        if getattr(type(backend), method) is getattr(Backend, method):
            faults.append(f"{method} is missing")
    parameters = parameters_of(type(backend).to_tensor, with_defaults=True)
    if backend.follows_tensors and parameters is not None and "like" not in parameters:
        faults.append("elsewhere is there, and to_tensor takes no 'like'")
    if "gradient" in backend.capabilities and type(backend).vjp is Backend.vjp:
        faults.append("it claims the capability 'gradient' and has no vjp")
    for find_faults in checks:
        faults += find_faults(backend)
    if faults:
        raise PluginError("; ".join(faults))
    add_native_dtypes(backend.dtypes)
    _size_types.update(backend.size_types)


def is_symbolic_size(size: Any) -> bool:
    """Return whether a size is one that a framework knows when the function runs that it traces now."""
    return isinstance(size, tuple(_size_types))


def parameters_of(function: Any, with_defaults: bool = False) -> list[str] | None:
    """Return the names of a plain Python function's parameters, or None where they can not tell how it is called."""
    if not isinstance(function, FunctionType) or hasattr(function, "__wrapped__"):
        return None
    code = function.__code__
    if code.co_flags & 0x04 or (function.__defaults__ and not with_defaults):  # takes *args
        return None
    return list(code.co_varnames[: code.co_argcount])


def owner(cls: type) -> Backend | None:
    """Return the backend whose tensors are instances of `cls`, or None.

    The backend is loaded if `cls` comes from a framework that one of the installed backends is for.
    """
    try:
        return _owners[cls]
    except KeyError:
        pass
    _owners[cls] = result = _find_owner(cls)
    return result


def _find_owner(cls: type) -> Backend | None:
    loaded = [record.backend for record in backends().values() if record.backend is not None]
    for backend in loaded:
        if issubclass(cls, backend.tensor_types):
            return backend
    # jaxlib's arrays belong to jax: any class in the hierarchy may come from the framework, or a part named after it.
    modules = {base.__module__.partition(".")[0] for base in cls.__mro__} - {"builtins", "numpy", "abc", "typing"}
    for record in backends().values():
        if record.backend is None and record.is_usable and record.plugin is not None:
            framework = record.plugin.framework
            if any(module in (framework, f"{framework}lib") for module in modules):
                backend = load(record.name)
                if issubclass(cls, backend.tensor_types):
                    return backend
    return None


def forget() -> None:
    """Look for plugins anew; for tests that install some."""
    _found.cache_clear()
    _owners.clear()


def components() -> dict[str, list[EntryPoint]]:
    """Return the entry points of the installed components, by the components' names; imports none of them.

    >>> [entry.value for entry in components()["ops"]]
    ['kcore_ops']
    """
    return _offered(COMPONENTS)


def _offered(group: str) -> dict[str, list[EntryPoint]]:
    found: dict[str, dict[str, EntryPoint]] = {}
    for entry in _metadata().entry_points(group=group):
        found.setdefault(entry.name, {})[entry.value] = entry
    return {name: list(entries.values()) for name, entries in found.items()}


def is_ours(entry: EntryPoint) -> bool:
    """Return whether a component is one of kcore's, offered by the distribution of kcore's that has it.

    Args:
        entry: one of those that `components` gives.

    >>> all(is_ours(entry) for entry in components()["ops"])
    True
    """
    name = entry.dist.name if entry.dist else ""
    return COMPONENT_DISTRIBUTIONS.get(entry.name) == re.sub(r"[-_.]+", "-", name).lower()


def component(name: str) -> Any:
    """Return the component registered under `name`, importing it.

    Raises:
        PluginError: if none is, or two distributions offer it.

    >>> component("ops").__name__
    'kcore_ops'
    """
    return _load_offered("component", name, COMPONENTS, COMPONENT_DISTRIBUTIONS)


def commands() -> dict[str, list[EntryPoint]]:
    """Return the entry points of what other packages add to the command line, by name; imports none of them.

    >>> all(entry.group == "kcore.commands" for entries in commands().values() for entry in entries)
    True
    """
    return _offered(COMMANDS)


def command(name: str) -> Callable[[Sequence[str]], int]:
    """Return the function behind `kcore NAME`, importing it; it takes the arguments and returns the exit status.

    Args:
        name: str, what stands behind `kcore` on the command line.

    Raises:
        PluginError: if no package offers it, or two do.

    >>> command("bench-backend")
    Traceback (most recent call last):
    kcore_ops.foundation.errors.PluginError: PluginError
      no installed package offers the command 'bench-backend'
      fix: write 'bench-backends'
    """
    found: Callable[[Sequence[str]], int] = _load_offered("command", name, COMMANDS, COMMAND_DISTRIBUTIONS)
    return found


def _load_offered(kind: str, name: str, group: str, distributions: Mapping[str, str]) -> Any:
    """Import what one package offers under a name; `distributions` are ours, by the names that they offer."""
    entries = _offered(group).get(name)
    if not entries:
        meant = _nearest(name, list(distributions), {})
        fix = "check the name, or install the distribution that offers it"
        if meant is not None:
            fix = f"pip install {distributions[meant]}" if meant == name else f"write {meant!r}"
        misplaced = _misplaced(name, group)
        problem = f"no installed package offers the {kind} {name!r}"
        raise PluginError("\n  ".join([problem, *misplaced]), fix=_FIX_OF_GROUP if misplaced else fix)
    if len(entries) > 1:
        packages = sorted(entry.dist.name if entry.dist else entry.value for entry in entries)
        raise PluginError(f"two packages offer the {kind} {name!r}: {' and '.join(packages)}", fix="remove one")
    return entries[0].load()
