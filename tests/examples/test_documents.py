"""The documents are true: their Python runs, prints what they say it prints, and is in the files they quote.

The words after ```python say where a block runs: on a backend or with a capability; or they name the file it is from.
A block of text that follows is what it prints.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import re
from pathlib import Path

import pytest
from kcore_ops.backends import registry
from kcore_ops.backends.interface import CAPABILITIES

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("library-authors.md", "backend-authors.md")
FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


@dataclasses.dataclass
class Block:
    """A fenced block: its language, the word after it, its text, the text block right behind it, and its line."""

    language: str
    word: str | None
    text: str
    printed: str | None
    line: int


def blocks_of(document: str) -> list[Block]:
    text = (ROOT / "docs" / document).read_text()
    found = []
    for match in FENCE.finditer(text):
        following = FENCE.match(text, match.end() + 1)
        printed = following[3] if following and following[1] == "text" else None
        found.append(Block(match[1], match[2], match[3], printed, text.count("\n", 0, match.start()) + 2))
    return found


@pytest.fixture
def _nothing_stays_registered():
    before = set(registry.backends())
    yield
    for name in set(registry.backends()) - before:
        registry.unregister(name)


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.usefixtures("_nothing_stays_registered")
def test_code_runs_and_prints_what_stands_below_it(backend, document):
    blocks = [block for block in blocks_of(document) if block.language == "python" and "/" not in str(block.word)]
    assert len(blocks) >= 2
    namespace = {"__name__": "__main__"}
    for block in blocks:
        if block.word not in {None, backend.name, *backend.capabilities}:
            continue
        code = compile("\n" * (block.line - 1) + block.text, str(ROOT / "docs" / document), "exec")
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(code, namespace)
        assert out.getvalue() == (block.printed or ""), f"{document}, line {block.line}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_quotations_are_word_for_word(document):
    quoted = [block for block in blocks_of(document) if "/" in str(block.word)]
    assert len(quoted) >= 4
    wrong = [block.line for block in quoted if block.text not in (ROOT / block.word).read_text()]
    assert not wrong, f"{document}: not in the files they name: the blocks at lines {wrong}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_block_of_code_is_passed_over(document):
    words = {block.word for block in blocks_of(document) if block.language == "python"}
    places = {None, *CAPABILITIES, *registry.backends(), *(word for word in words if word and "/" in word)}
    assert words <= places


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_are_linked_exist(document):
    links = re.findall(r"\]\((\.\.?/[^)#]+)\)", (ROOT / "docs" / document).read_text())
    assert links and all((ROOT / "docs" / link).exists() for link in links)
