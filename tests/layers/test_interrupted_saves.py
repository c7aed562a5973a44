"""Saves that are killed, or for which the disk has no room: the old file is whole, whatever format it is of.

They run in processes of their own, on NumPy: files are written in the same way on every backend.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("resource", reason="limits of what a process may write are POSIX's")

COMMON = """
import os, random, resource, signal, sys, time
import numpy as np
from kcore_layers import Input, Layer, Sequential
from kcore_layers.files import load_model
from kcore_layers.layers import Dense
from kcore_layers.serialization.registry import register_keras_serializable

form, directory = sys.argv[1:3]
SHARD = 800_000 / 2**30

@register_keras_serializable("interrupted")
class Words(Layer):
    word = b""
    def call(self, x):
        return x
    def save_own_assets(self, store):
        store["word.bin"] = self.word
    def load_own_assets(self, store):
        self.word = store["word.bin"]

def net(number):
    model = Sequential([Input((300,)), Dense(300), Words(), Dense(300), Dense(300)])
    for v in model.weights:
        v.assign(np.full(v.shape, number, "float32"))
    model.layers[1].word = bytes([number]) * 100_000
    return model

def save(model):
    if form == "directory":
        model.save(f"{directory}/net", zipped=False)
    elif form == "keras":
        model.save(f"{directory}/net.keras")
    elif form == "weights":
        model.save_weights(f"{directory}/net.weights.h5")
    else:
        model.save_weights(f"{directory}/net.weights.json", max_shard_size=SHARD)

def saved_number():
    if form in ("directory", "keras"):
        model = load_model(f"{directory}/net" + ".keras" * (form == "keras"))
        numbers = set(model.layers[1].word)
    else:
        model, numbers = net(0), set()
        model.load_weights(f"{directory}/net.weights." + ("h5" if form == "weights" else "json"))
    (number,) = numbers.union(*(np.unique(v.numpy()) for v in model.weights))
    return int(number)
"""

FULL = """
save(net(1))
before = sorted(os.listdir(directory))
for limit in (2000, 300_000, 600_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    try:
        save(net(2))
    except OSError as error:
        print(limit, error.strerror)
    assert sorted(os.listdir(directory)) == before, os.listdir(directory)
    assert saved_number() == 1
    still_open = [os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")[:-1]
                  if os.path.lexists(f"/proc/self/fd/{n}")] if os.path.isdir("/proc/self/fd") else []
    assert not [name for name in still_open if directory in name], still_open
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
save(net(3))
print(saved_number())
"""

KILLED = """
random.seed(0)
models = [net(number) for number in range(3)]
start = time.perf_counter()
save(models[0])
took = time.perf_counter() - start
for _ in range(int(sys.argv[3])):
    child = os.fork()
    if not child:
        while True:
            for model in models:
                save(model)
    time.sleep(random.uniform(0, 3 * took))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    saved_number()
save(models[2])
print(saved_number())
"""

FORMS = pytest.mark.parametrize("form", ["keras", "directory", "weights", "shards"])


def run(code, form, directory, *arguments):
    environment = {**os.environ, "KCORE_BACKEND": "numpy"}
    command = [sys.executable, "-c", COMMON + code, form, str(directory), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


@FORMS
def test_where_the_disk_has_no_room_the_old_file_stays_and_nothing_is_left(form, tmp_path):
    assert run(FULL, form, tmp_path) == ["2000 File too large", "300000 File too large", "600000 File too large", "3"]


@FORMS
def test_whenever_a_save_is_killed_some_file_is_there_as_a_whole(form, tmp_path):
    assert run(KILLED, form, tmp_path, "4") == ["2"]
