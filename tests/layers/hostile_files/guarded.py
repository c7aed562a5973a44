"""The process that loads hostile files: it notes whatever loading does besides reading the file it was given.

Run as `python -m hostile_files.guarded DIRECTORY`, once `build` has made the files there; it prints one line of JSON for
each. What Python does is seen by an audit hook, what HDF5 opens by the system's own watch on files (Linux).
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import importlib
import io
import json
import marshal
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import time
import warnings
from pathlib import Path
from types import FrameType
from typing import Any

import h5py
import kcore_layers as kl
import numpy as np
from kcore_layers import files
from kcore_layers.layers import Dense
from kcore_layers.serialization import deserialize_keras_object
from kcore_ops import convert_to_numpy
from kcore_ops.backends import registry
from kcore_ops.foundation.errors import KcoreError

from hostile_files import BIAS, CASES, KERNEL, X, arguments_of

SECONDS = 10
MEMORY = 500 * 2**20

# What Python reports of a kind of deed, and that no file may bring about.
FORBIDDEN = (
    "ctypes.", "ftplib.", "gc.", "http.", "mmap.", "os.", "pickle.", "pty.", "shutil.", "smtplib.", "socket.", "sqlite3.",
    "subprocess.", "tempfile.", "urllib.", "webbrowser.", "code.__new__", "function.__new__", "marshal.", "exec",
)  # fmt: skip
HARMLESS = ("os.listdir", "os.scandir", "os.walk", "os.getxattr", "os.listxattr")
OURS = (
    "kcore",
    "kcore_layers",
    "kcore_ops",
    "kcore_train",
    "h5py",
    "numpy",
    "json",
    "zipfile",
    "importlib",
    "encodings",
    "rich",
)


class Breach(BaseException):
    """What a file was not to bring about; no error of the library's passes for it."""


class Guard:
    """Notes deeds while it is on."""

    def __init__(self) -> None:
        self.is_on = False
        self.directory = ""
        self.breaches: list[str] = []
        self.places = tuple(os.path.realpath(place) for place in (*sys.path, sys.prefix) if place)
        if sys.pycache_prefix:
            self.places += (os.path.realpath(sys.pycache_prefix),)
        sys.addaudithook(self)

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.is_on or not self._is_breach(event, args):
            return
        self.breaches.append(f"{event}{args!r}"[:300])
        raise Breach(self.breaches[-1])

    def _is_breach(self, event: str, args: tuple[Any, ...]) -> bool:
        if event == "import":
            return str(args[0]).partition(".")[0] not in OURS
        if event == "open":
            return self._is_elsewhere(*args[:3])
        if event in HARMLESS or not event.startswith(FORBIDDEN):
            return False
        return not _is_our_own(event, args)

    def _is_elsewhere(self, path: Any, mode: Any, flags: Any) -> bool:
        if not isinstance(path, str | bytes):
            return False  # a descriptor, which was opened before
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
            return True
        real = os.path.realpath(os.fsdecode(path))
        is_module = real.startswith(self.places) and not real.startswith(os.path.dirname(self.directory))
        return not (real.startswith(self.directory + os.sep) or is_module)


def _is_our_own(event: str, args: tuple[Any, ...]) -> bool:
    """Return whether code is made of a module that is imported, or of the template that ops are made of."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        name = frame.f_code.co_filename
        if "importlib._bootstrap" in name or name.endswith(OWN_CODE):
            return True
        frame = frame.f_back
    return False


# Where functions are made of a template as they are first needed, whoever needs them.
OWN_CODE = (os.path.join("kcore_ops", "engine", "dispatch.py"), os.path.join("kcore_ops", "engine", "define.py"),
            os.path.join("python3.11", "dataclasses.py"))  # fmt: skip


class Watch:
    """Notes which files of a directory are opened, by whatever code."""

    def __init__(self, directory: str) -> None:
        self.descriptor = -1
        libc = ctypes.CDLL(None)
        if sys.platform == "linux":
            self.descriptor = libc.inotify_init1(os.O_NONBLOCK)
            libc.inotify_add_watch(self.descriptor, directory.encode(), 0x20 | 0x2 | 0x100)  # open, modify, create

    def opened(self) -> list[str]:
        found = []
        try:
            data = os.read(self.descriptor, 2**16) if self.descriptor >= 0 else b""
        except BlockingIOError:
            return []
        while data:
            _, _, _, size = struct.unpack_from("iIII", data)
            found.append(data[16 : 16 + size].rstrip(b"\0").decode())
            data = data[16 + size :]
        return sorted(set(found))


# Loaders: each returns what is to be said of what it loaded, None if that is right.


def load_model(path: str) -> str | None:
    return _fault_of(files.load_model(path))


def model_from_json(text: str) -> str | None:
    model = files.model_from_json(text)
    return None if model.output_shape == (None, 2) else f"its output is {model.output_shape}"


def deserialize(text: str) -> str | None:
    found = deserialize_keras_object(json.loads(text))
    return None if isinstance(found, int | list | dict | kl.Layer) else f"it is {type(found).__name__}"


def load_weights(path: str) -> str | None:
    model = kl.Sequential([kl.Input((3,)), Dense(2, name="dense")], name="net")
    before = model.get_weights()
    try:
        model.load_weights(path)
    except BaseException:
        if not all(map(np.array_equal, before, model.get_weights())):
            raise AssertionError("some weights were set, and then loading failed") from None
        raise
    return _fault_of(model)


def edit(path: str) -> str | None:
    editor = files.KerasFileEditor(path)
    editor.summary()
    editor.compare(kl.Sequential([kl.Input((3,)), Dense(2, name="dense")], name="net"))
    return None


def _fault_of(model: Any) -> str | None:
    y = convert_to_numpy(model(X))
    return None if np.allclose(y, X @ KERNEL + BIAS) else f"its output is {y}"


LOADERS = {loader.__name__: loader for loader in (load_model, load_weights, edit, model_from_json, deserialize)}


# What the guard is to see, by what it says of it: each is told the directory of its case.
DEEDS = {
    "os.system": lambda directory: os.system("true"),
    "subprocess.Popen": lambda directory: subprocess.run(["true"], check=True),
    "import": lambda directory: importlib.import_module("antigravity"),
    "open": lambda directory: open(os.path.join(directory, "..", "outside", "secret.h5")),
    "open(": lambda directory: open(os.path.join(directory, "new"), "w"),
    "os.remove": lambda directory: os.remove(os.path.join(directory, "..", "outside", "secret.h5")),
    "opened secret.h5": lambda directory: h5py.File(os.path.join(directory, "..", "outside", "secret.h5")).close(),
    "exec": lambda directory: exec("1"),
    "marshal.loads": lambda directory: marshal.loads(b"N"),
    "socket.__new__": lambda directory: socket.socket(),
    "MemoryError": lambda directory: bytearray(2**30),
    "more than its time": lambda directory: time.sleep(SECONDS),
}


def do(deed: str) -> str | None:
    name, directory = deed.split("|")
    DEEDS[name](directory)
    return None


LOADERS["do"] = do


def main(directory: str, *deeds: str) -> None:
    """Load each file of a directory that `build` wrote, or do the deeds, and print what came of it."""
    faulthandler.enable()
    given = arguments_of(directory)
    warnings.simplefilter("ignore")
    for component in registry.COMPONENT_DISTRIBUTIONS:  # which a file may have loaded
        registry.component(component)
    watch, guard = Watch(os.path.join(directory, "outside")), Guard()
    for name in [name for name in given if CASES[name].says is None]:  # loads whatever is loaded when first needed
        outcome(CASES[name].load, given[name])
    outcome("deserialize", '{"class_name": "Unknown", "config": {}}')
    _limit_memory()
    signal.signal(signal.SIGALRM, _stop)
    for deed in deeds:
        os.makedirs(own := os.path.join(directory, "deed"), exist_ok=True)
        print(json.dumps({"name": deed, **run(guard, watch, directory, "deed", "do", f"{deed}|{own}", 2)}), flush=True)
    for name, argument in given.items() if not deeds else ():
        result = run(guard, watch, directory, name, CASES[name].load, argument)
        print(json.dumps({"name": name, **result}), flush=True)


def run(
    guard: Guard, watch: Watch, directory: str, name: str, load: str, argument: Any, seconds: int = SECONDS
) -> dict[str, Any]:
    """Load one file under guard."""
    guard.directory, guard.breaches = os.path.join(os.path.realpath(directory), name), []
    began, peak = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.alarm(seconds)
    guard.is_on = True
    try:
        result = outcome(load, argument)
    finally:
        guard.is_on = False
        signal.alarm(0)
    breaches = guard.breaches + [f"opened {each}" for each in watch.opened()]
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) * 1024
    return {**result, "breaches": breaches, "seconds": round(time.monotonic() - began, 2), "grown": grown}


def outcome(load: str, argument: Any) -> dict[str, Any]:
    """Return what loading did: `error`, the text of one of ours; `wrong`, what it was not to do; neither if it is right."""
    printed = io.StringIO()
    try:
        with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stdout(printed):
            warnings.simplefilter("always")
            wrong = LOADERS[load](argument)
        return {"wrong": wrong, "warned": [str(each.message) for each in warned]}
    except KcoreError as error:
        return {"error": str(error)}
    except BaseException as error:  # noqa: B036 (whatever it is, it is to be told)
        return {"wrong": f"{type(error).__name__}: {error}"[:500]}


def _limit_memory() -> None:
    """Allow so much more memory than is in use."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, resource.RLIM_INFINITY))


def _stop(number: int, frame: FrameType | None) -> None:
    raise Breach("it took more than its time")


if __name__ == "__main__":
    main(*sys.argv[1:])
