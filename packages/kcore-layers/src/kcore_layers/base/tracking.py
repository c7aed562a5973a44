"""Which layers, variables, metrics and seed generators an object holds: found as its attributes are assigned."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

from kcore_ops import Variable, tree
from kcore_ops.backends.abilities import Modules
from kcore_ops.backends.interface import Backend
from kcore_ops.ops.random.seeds import SeedGenerator

from kcore_layers.base.attribute_names import check_name
from kcore_layers.base.call_plan import PLAN_ATTRIBUTES, drop_plan

__all__ = [
    "TrackedDict", "TrackedList", "Tracking", "attribute_version", "attributes_changed", "is_metric", "state_version",
    "trackables_in", "wraps_modules",
]  # fmt: skip

W = TypeVar("W", bound="Callable[[Any], Tracking]")

# Values that hold no state, and need no look.
_PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None)})
# Attributes that are not part of the state: what Tracking and Layer keep for themselves.
_OWN = frozenset(
    {
        "_kcore_layers",
        "_kcore_metrics",
        "_kcore_non_trainable_variables",
        "_kcore_seed_generators",
        "_kcore_tracked_names",
        "_kcore_trainable_variables",
    }
)

_version = [0]


def state_version() -> int:
    """Return a number that changes whenever any object's tracked state does: lists of variables are kept until then."""
    return _version[0]


_attribute_version = [0]


def attribute_version() -> int:
    """Return a number that changes as an attribute is set that holds no state: what is compiled holds its value."""
    return _attribute_version[0]


def state_changed() -> None:
    """Make every kept list of variables out of date."""
    _version[0] += 1


def attributes_changed() -> None:
    """Record that an attribute was set that says how a layer computes; for setters that keep it out of sight."""
    _attribute_version[0] += 1


def is_metric(value: object) -> bool:
    """Return whether a value has the methods of a metric, whichever package it comes from.

    Args:
        value: anything.
    """
    return hasattr(value, "update_state") and hasattr(value, "reset_state") and hasattr(value, "variables")


_module_wrappers: list[Callable[[Any], Tracking]] = []


def wraps_modules(wrapper: W) -> W:
    """Make a class of layers the one that wraps a framework's own modules where they are assigned to attributes.

    Args:
        wrapper: called with the module, it returns the layer that holds it; the one registered last is used.

    Returns:
        The wrapper itself: this is a decorator.
    """
    _module_wrappers.append(wrapper)
    return wrapper


class TrackedList(list[Any]):
    """A list that tells the object it belongs to when it changes.

    Args:
        items: what it holds; () by default.
        owner: the object that is told of changes; None, the default, is nobody.
        tracked: the containers that it stands in, by id() of what they are made of; None, the default, is none.
    """

    def __init__(
        self, items: Iterable[Any] = (), owner: Tracking | None = None, tracked: dict[int, Any] | None = None
    ) -> None:
        super().__init__()
        self._owner = owner
        tracked = {} if tracked is None else tracked
        tracked[id(items)] = self  # for a list that contains itself
        list.extend(self, (_tracked_inside(item, owner, tracked) for item in items))

    def __reduce__(self) -> Any:
        return TrackedList, (), {"_owner": self._owner}, iter(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> TrackedList:
        memo[id(self)] = again = TrackedList()
        list.extend(again, (copy.deepcopy(item, memo) for item in self))
        again._owner = copy.deepcopy(self._owner, memo)
        return again


class TrackedDict(dict[Any, Any]):
    """A dict that tells the object it belongs to when it changes.

    Args:
        items: what it holds; () by default.
        owner: the object that is told of changes; None, the default, is nobody.
        tracked: the containers that it stands in, by id() of what they are made of; None, the default, is none.
    """

    def __init__(
        self,
        items: Mapping[Any, Any] | Iterable[tuple[Any, Any]] = (),
        owner: Tracking | None = None,
        tracked: dict[int, Any] | None = None,
    ) -> None:
        super().__init__()
        self._owner = owner
        tracked = {} if tracked is None else tracked
        tracked[id(items)] = self
        dict.update(self, {key: _tracked_inside(value, owner, tracked) for key, value in dict(items).items()})

    def __reduce__(self) -> Any:
        return TrackedDict, (), {"_owner": self._owner}, None, iter(self.items())

    def __deepcopy__(self, memo: dict[int, Any]) -> TrackedDict:
        memo[id(self)] = again = TrackedDict()
        dict.update(again, {copy.deepcopy(key, memo): copy.deepcopy(value, memo) for key, value in self.items()})
        again._owner = copy.deepcopy(self._owner, memo)
        return again


def _notifying(kind: type, name: str) -> None:
    of_builtin = getattr(kind.__base__, name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = of_builtin(self, *args, **kwargs)
        owner = self.__dict__.get("_owner")
        if owner is not None:
            owner._kcore_track_again()
        return self if result is not None and name == "__ior__" else result

    method.__name__ = name
    setattr(kind, name, method)


for _name in ("append", "extend", "insert", "pop", "remove", "clear", "reverse", "__setitem__", "__delitem__",
              "__iadd__"):  # fmt: skip
    _notifying(TrackedList, _name)
for _name in ("pop", "popitem", "clear", "update", "setdefault", "__setitem__", "__delitem__", "__ior__"):
    _notifying(TrackedDict, _name)


for _kind in (TrackedList, TrackedDict):
    tree.register_container(_kind)


def _tracked_inside(value: Any, owner: Tracking | None, tracked: dict[int, Any] | None = None) -> Any:
    """Return a container as one that tells its owner of changes; anything else as it is.

    `tracked` has the containers that it stands in, by id() of what they are made of.
    """
    if tracked and id(value) in tracked:
        return tracked[id(value)]
    if value.__class__ is list or value.__class__ is TrackedList:
        return TrackedList(value, owner, tracked)
    if value.__class__ is dict or value.__class__ is TrackedDict:
        return TrackedDict(value, owner, tracked)
    if value.__class__ is tuple and any(item.__class__ not in _PLAIN for item in value):
        return tuple(_tracked_inside(item, owner, tracked) for item in value)
    return value if owner is None or value.__class__ in _PLAIN else owner._kcore_to_trackable(value)


def trackables_in(value: object, key: str, outer: tuple[int, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Return what a value is or holds that has state, each with its place: `blocks.0`.

    `outer` has the id() of each container it stands in: one that contains itself is gone through once.

    Args:
        value: anything.
        key: its own place: the name of the attribute that holds it.
        outer: the id() of each container it stands in, so that one that contains itself is gone through once; () by
            default.
    """
    if isinstance(value, TrackedList | TrackedDict | tuple):
        if id(value) not in outer:
            inside = value.items() if isinstance(value, dict) else enumerate(value)
            for name, item in inside:
                yield from trackables_in(item, f"{key}.{name}", (*outer, id(value)))
    elif isinstance(value, Tracking | Variable | SeedGenerator) or is_metric(value):
        yield key, value


class Tracking:
    """Mixin that records the state an object holds as it is assigned.

    The lists are in the order in which things were first assigned.
    """

    # The class whose settable properties a subclass may replace, and whose bases may not have their methods replaced.
    _kcore_interface: ClassVar[type]
    # Attributes of instances, which classes do not show, that are no place for state; and methods that only users call.
    _kcore_instance_names: ClassVar[frozenset[str]]
    _kcore_yielding_names: ClassVar[frozenset[str]]
    _kcore_layers: list[Any]
    _kcore_trainable_variables: list[Variable]
    _kcore_non_trainable_variables: list[Variable]
    _kcore_metrics: list[Any]
    _kcore_seed_generators: list[SeedGenerator]
    _kcore_tracked_names: dict[str, None]
    _kcore_storages: dict[str, Variable]
    _kcore_backend: Backend
    # Of the backend: what its framework has of modules, if anything, and the classes of what that trains.
    _kcore_modules: ClassVar[Modules | None] = None
    _kcore_storage_types: ClassVar[tuple[type, ...]] = ()

    def _kcore_start_tracking(self) -> None:
        """Prepare the lists; before any attribute is set."""
        start: dict[str, Any] = {name: [] for name in _OWN}
        start.update(_kcore_tracked_names={}, _kcore_storages={})
        self.__dict__.update(start)

    def _kcore_to_trackable(self, value: Any) -> Any:
        """Return what is to be kept for a value that is assigned; a layer around a framework's own module, for one."""
        modules = self._kcore_modules
        return self._kcore_wrap_module(value) if modules is not None and modules.is_foreign(value) else value

    def _kcore_wrap_module(self, module: Any) -> Tracking:
        """Return a layer around a framework's own module, which was assigned to an attribute."""
        return _module_wrappers[-1](module)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in PLAN_ATTRIBUTES:
            drop_plan(self)
        if value.__class__ in _PLAIN:
            before = self.__dict__.get(name)
            object.__setattr__(self, name, value)
            if self.__dict__.get(name) is not before:  # a property may keep it elsewhere
                _attribute_version[0] += 1
            if name in self._kcore_tracked_names:
                self._kcore_storages.pop(name, None)
                del self._kcore_tracked_names[name]
                self._kcore_track_again()
            return
        if isinstance(value, self._kcore_storage_types) and not isinstance(value, Variable):
            return self._kcore_track_storage(name, value, _is_trainable(value))
        self._kcore_storages.pop(name, None)
        value = _tracked_inside(value, self)
        was_tracked = name in self._kcore_tracked_names
        holds_state = any(True for _ in trackables_in(value, name))
        if holds_state:
            check_name(self, name)
        if holds_state or isinstance(value, TrackedList | TrackedDict):
            self._kcore_tracked_names[name] = None
        elif was_tracked:
            del self._kcore_tracked_names[name]
        object.__setattr__(self, name, value)
        if was_tracked or name in self._kcore_tracked_names:
            self._kcore_track_again()
        else:
            _attribute_version[0] += 1

    def __delattr__(self, name: str) -> None:
        if name in PLAN_ATTRIBUTES:
            drop_plan(self)
        if self._kcore_storages.pop(name, None) is None or name in self.__dict__:
            object.__delattr__(self, name)
        if self._kcore_tracked_names.pop(name, name) is None:
            self._kcore_track_again()

    def _kcore_track_storage(self, name: str, storage: Any, trainable: bool) -> None:
        """Make a weight of storage that is the framework's own, and that the attribute goes on to give.

        Where the attribute is a variable already, the variable's value lies there from now on.
        """
        held = self._kcore_storages.get(name, self.__dict__.get(name))
        if isinstance(held, Variable):
            held.adopt(storage)
        else:
            check_name(self, name)
            self._kcore_storages[name] = Variable.over(self._kcore_backend, storage, name, trainable)
            self._kcore_tracked_names[name] = None
            object.__setattr__(self, name, storage)
            if self._kcore_modules is not None:
                self._kcore_modules.takes_attribute(self, name)
        self._kcore_track_again()

    def _kcore_set_untracked(self, name: str, value: Any) -> None:
        """Set an attribute that is not part of the state."""
        object.__setattr__(self, name, value)

    def _kcore_tracked_attributes(self) -> Iterator[tuple[str, Any]]:
        """Return what the attributes hold that has state, each with its place, in the order of the attributes."""
        for name in self._kcore_tracked_names:
            if name in self._kcore_storages:
                yield name, self._kcore_storages[name]
            elif name in self.__dict__:
                yield from trackables_in(self.__dict__[name], name)

    def _kcore_track_again(self) -> None:
        """Bring the lists up to date with the attributes: what was there keeps its place."""
        held = {}
        for place, value in self._kcore_tracked_attributes():
            held[id(value)] = value
            if isinstance(value, Variable) and value.is_auto_named:
                value.rename(place.replace(".", "_").replace("/", "_"))
        _update(self._kcore_layers, held, lambda value: isinstance(value, Tracking))
        _update(self._kcore_metrics, held, lambda value: is_metric(value) and not isinstance(value, Tracking))
        _update(self._kcore_seed_generators, held, lambda value: isinstance(value, SeedGenerator))
        for variable in held.values():
            if isinstance(variable, Variable):
                self._kcore_track_variable(variable)
        self._kcore_tracking_changed()

    def _kcore_track_variable(self, variable: Variable) -> None:
        """Record a variable as part of the state."""
        if self._kcore_modules is not None and self._kcore_modules.is_parameter(variable):
            if not any(variable is other for other in self._kcore_trainable_variables):
                self._kcore_trainable_variables.append(variable)
            return
        listed = self._kcore_trainable_variables if variable.trainable else self._kcore_non_trainable_variables
        if not any(
            variable is other for other in (*self._kcore_trainable_variables, *self._kcore_non_trainable_variables)
        ):
            listed.append(variable)

    def _kcore_untrack_variable(self, variable: Variable) -> None:
        """Let a variable be part of the state no more."""
        for listed in (self._kcore_trainable_variables, self._kcore_non_trainable_variables):
            listed[:] = [other for other in listed if other is not variable]
        self._kcore_tracking_changed()

    def _kcore_tracking_changed(self) -> None:
        """Act on a change of the lists."""
        plan = self.__dict__.get("_kcore_plan")
        if plan is not None and plan.needs_context != bool(self._kcore_layers):
            drop_plan(self)
        state_changed()
        if self._kcore_modules is not None:
            self._kcore_modules.tracked(self)


def _is_trainable(storage: Any) -> bool:
    return bool(getattr(storage, "requires_grad", getattr(storage, "trainable", True)))


def _update(listed: list[Any], held: dict[int, Any], belongs: Any) -> None:
    kept = [value for value in listed if id(value) in held]
    ids = {id(value) for value in kept}
    listed[:] = kept + [value for value in held.values() if id(value) not in ids and belongs(value)]
