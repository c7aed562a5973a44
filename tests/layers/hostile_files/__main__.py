"""Print what is said of each hostile file: `python -m hostile_files [--backend NAME] [PATTERN]`."""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from pathlib import Path

from hostile_files import CASES, build, faults_of, load_all

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("pattern", nargs="?", default="", help="which cases: a regular expression for their names")
parser.add_argument("--backend", default="numpy")
parser.add_argument("--show", action="store_true", help="print all messages, not those of what fails alone")
options = parser.parse_args()
num_failed = 0
with tempfile.TemporaryDirectory() as directory:
    build(Path(directory), options.pattern)
    began = time.monotonic()
    found = load_all(Path(directory), options.backend)
    seconds = time.monotonic() - began
for name, each in found.items():
    faults = faults_of(CASES[name], each)
    num_failed += bool(faults)
    if re.search(options.pattern, name) and (options.show or faults):
        text = each.get("error") or {key: value for key, value in each.items() if value}
        print(f"== {name}: {'; '.join(faults) or 'as it should'}\n{text}"[:3000])
print(f"{len(found)} files, {num_failed} of them with faults, {seconds:.1f} s")
