"""What is made when it is first needed is made once, whichever threads need it first: in a process that is new."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import textwrap

CODE = """
    import sys, threading
    import numpy as np
    import kcore_ops as ops
    from kcore_layers import layers
    from kcore_ops import tree
    from kcore_ops.backends.current import current_backend

    sys.setswitchinterval(1e-6)
    start, found, faults = threading.Barrier(8), [], []

    def run():
        try:
            start.wait()
            dense = layers.Dense(2, kernel_initializer="ones")
            y = dense(np.ones((3, 4), "float32"))
            sums = tree.map_structure(lambda leaf: float(ops.sum(leaf)), {"y": [y]})
            found.append((id(current_backend()), id(dense._kcore_backend), id(type(dense)), dense.name, sums["y"][0]))
        except BaseException as fault:
            faults.append(repr(fault))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    backends, others, classes, names, sums = zip(*found) if found else [()] * 5
    print([faults, len({*backends, *others}), len(set(classes)), len(set(names)), sorted(set(sums))])
"""


def test_what_eight_threads_need_first_is_made_once(backend_name):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CODE)],
        env={**os.environ, "KCORE_BACKEND": backend_name},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    faults, backends, classes, names, sums = ast.literal_eval(done.stdout)
    assert faults == []
    assert (backends, classes, names, sums) == (1, 1, 8, [24.0])
