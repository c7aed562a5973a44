"""One line of a terminal that is drawn over and over, and lines that are printed while it is there.

Nothing stays behind between two drawings, no thread, no hidden cursor and no redirected output, so a loop that is
interrupted leaves a terminal as it should be.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from kcore_ops import config

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["TerminalLine", "say", "write_line"]


class TerminalLine:
    """Draw a line with a bar over what was drawn before.

    Args:
        console: ??Console, `rich.console.Console`, the terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    @classmethod
    def on_stdout(cls) -> TerminalLine | None:
        """Return one if standard output is a terminal that a person looks at, and None otherwise."""
        if (
            not config.is_interactive_logging_enabled()
            or not getattr(sys.stdout, "isatty", bool)()
            or "CI" in os.environ
        ):
            return None
        from rich.console import Console

        console = Console(highlight=False)
        return cls(console) if console.is_terminal and not console.is_dumb_terminal else None

    def draw(self, count: str, done: float | None, width: int, text: str, is_last: bool) -> None:
        """Draw the line.

        Args:
            count: str, the text before the bar.
            done: float or None, the fraction that is done, in [0, 1], None if it is unknown, and then there is no bar.
            width: int, the number of characters in the bar.
            text: str, the text after the bar.
            is_last: bool, whether the line stays, rather than being drawn over and cut at the width of the terminal.
        """
        from rich.progress_bar import ProgressBar
        from rich.text import Text

        line = Text.assemble((count, "bold"), " ")
        if done is not None:
            bar = ProgressBar(total=1.0, completed=done, width=width)
            for segment in self._console.render(bar, self._console.options.update(width=width)):
                line.append(segment.text, segment.style)
            line.append(" ")
        line.append(text)
        with self._console:  # one write, so that nothing flickers
            self.erase()
            if is_last:
                self._console.print(line, soft_wrap=True)
            else:
                # The last column stays free: some terminals begin a new line when it is filled.
                line.truncate(self._console.width - 1)
                self._console.print(line, end="", no_wrap=True)

    def erase(self) -> None:
        """Erase the line the cursor is in."""
        from rich.control import Control
        from rich.segment import ControlType

        self._console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))


def say(text: str) -> None:
    """Print a line, in place of a bar that may be in the way and is drawn again below.

    Args:
        text: str, the line.

    >>> say("Epoch 4: early stopping")
    Epoch 4: early stopping
    """
    line = TerminalLine.on_stdout()
    if line is not None:
        line.erase()
    write_line(text)


def write_line(text: str) -> None:
    """Print a line, or report it to the logger `kcore` where interactive logging is disabled.

    Args:
        text: str, the line.
    """
    if config.is_interactive_logging_enabled():
        print(text, flush=True)
    else:
        logging.getLogger("kcore").info(text)
