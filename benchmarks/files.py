"""How long saving and loading a model of half a gigabyte takes, and how much memory beside the model.

    python benchmarks/files.py
    python benchmarks/files.py --frameworks torch --layers 2 --rounds 1

Each figure is of a process of its own; kcore and Keras, on the same framework, take turns. Memory is the peak of what
the process holds above what it held before: loading a whole model makes it, so its own size is among that. kcore waits
for the disk, which Keras does not. The figures are of files that the system has in memory.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

FRAMEWORKS = ("jax", "torch")
LIBRARIES = ("kcore", "keras")
NAMES = {"whole": "net.keras", "weights": "net.weights.h5", "shards": "net.weights.json"}
SIDE, SHARD = 4000, 0.125  # numbers along a kernel, which has 64 megabytes; gigabytes


class Peak:
    """The most memory that this process holds while the block runs, above what it held before, in megabytes."""

    def __enter__(self) -> Peak:
        """Note what there is, and look again and again."""
        self._before = self._most = resident()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def _look(self) -> None:
        while not self._is_over.wait(0.002):
            self._most = max(self._most, resident())

    def __exit__(self, *_: object) -> None:
        """Take the last look."""
        self._is_over.set()
        self._thread.join()
        self.megabytes = (max(self._most, resident()) - self._before) / 1e6


def resident() -> int:
    """Give the bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure_here(library: str, form: str, verb: str, directory: str, layers: int) -> dict[str, float]:
    """Give what one operation takes in this process."""
    if library == "keras":
        import keras as k
    else:
        import kcore as k
    path = f"{directory}/{NAMES[form]}"

    def net() -> Any:
        return k.Sequential([k.Input((SIDE,)), *(k.layers.Dense(SIDE) for _ in range(layers))])

    if verb == "load" and form == "whole":
        net_of_one = k.Sequential([k.Input((2,)), k.layers.Dense(2)])  # so that what is made once is made
        net_of_one.save(f"{directory}/small.keras")
        k.models.load_model(f"{directory}/small.keras")

        def operation() -> Any:
            return k.models.load_model(path)
    else:
        model = net()

        def operation() -> Any:
            if verb == "load":
                return model.load_weights(path)
            if form == "whole":
                return model.save(path)
            name = path.replace(".json", ".h5") if library == "keras" else path
            return model.save_weights(name, max_shard_size=SHARD if form == "shards" else None)

    with Peak() as peak:
        start = time.perf_counter()
        kept = operation()
        seconds = time.perf_counter() - start
    del kept
    return {"seconds": seconds, "megabytes": peak.megabytes}


def measure_all(frameworks: Sequence[str], layers: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Give the medians of each operation, by framework, form, verb and library, as they are known."""
    for framework in frameworks:
        environment = {**os.environ, "KERAS_BACKEND": framework, "KCORE_BACKEND": framework}
        with tempfile.TemporaryDirectory() as directory:
            for library in LIBRARIES:
                Path(directory, library).mkdir()
            for form in NAMES:
                for verb in ("save", "load"):
                    found: dict[str, list[dict[str, float]]] = {library: [] for library in LIBRARIES}
                    for _ in range(rounds):
                        for library in LIBRARIES:
                            child = [library, form, verb, f"{directory}/{library}", str(layers)]
                            command = [sys.executable, __file__, "--child", *child]
                            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
                            if done.returncode:
                                raise RuntimeError(done.stderr)
                            found[library].append(json.loads(done.stdout.splitlines()[-1]))
                    for library, each_of in found.items():
                        medians = {unit: statistics.median(each[unit] for each in each_of) for unit in each_of[0]}
                        yield {"framework": framework, "form": form, "verb": verb, "library": library} | medians


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frameworks", nargs="+", default=FRAMEWORKS, choices=("numpy", "jax", "torch", "tensorflow"))
    parser.add_argument("--layers", type=int, default=8, help="of 64 megabytes each")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        *arguments, layers = options.child
        print(json.dumps(measure_here(*arguments, int(layers))))
    else:
        print(f"{'framework':<11}{'form':<9}{'verb':<6}{'library':<9}{'seconds':>8}{'MB':>8}", flush=True)
        for row in measure_all(options.frameworks, options.layers, options.rounds):
            words = f"{row['framework']:<11}{row['form']:<9}{row['verb']:<6}{row['library']:<9}"
            print(f"{words}{row['seconds']:>8.2f}{row['megabytes']:>8.0f}", flush=True)


if __name__ == "__main__":
    main()
