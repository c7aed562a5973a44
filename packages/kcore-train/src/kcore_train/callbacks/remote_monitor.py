"""`RemoteMonitor`: the losses and metrics of every epoch, sent to a server."""

from __future__ import annotations

import json
import urllib.parse
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.callbacks.callback import Callback, Logs, MutableLogs

__all__ = ["RemoteMonitor"]

_PATIENCE = 10.0  # seconds that a server may take to answer, while training waits


class RemoteMonitor(Callback):
    """Send the losses and metrics of every epoch to a server, by HTTP POST: JSON of their names, and of `epoch`.

    Training goes on whatever becomes of it: the first time in a `fit` that sending fails is a warning.

    Args:
        root: str, the address of the server, which begins with "http://" or "https://"; "http://localhost:9000".
        path: str, what follows it; "/publish/epoch/end/".
        field: str, the field of a form that has the JSON, where it is sent as one; "data".
        headers: dict or None, more headers of the request, by name; None for none. None.
        send_as_json: bool, whether the request is JSON itself, rather than a form; False.

    Raises:
        ArgumentError: if `root` is no address of that kind.
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json
        self._has_warned = False
        if urllib.parse.urlsplit(root).scheme not in ("http", "https"):
            raise ArgumentError(
                f"root is {root!r}", fix='begin it with "http://" or "https://", as in "http://localhost:9000"'
            ).at("RemoteMonitor")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget that sending has failed before.

        Args:
            logs: dict or None, empty; None.
        """
        self._has_warned = False

    def on_epoch_end(self, epoch: int, logs: MutableLogs | None = None) -> None:
        """Send losses and metrics.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, losses and metrics of the epoch by name; entries may be added; None.
        """
        values = {"epoch": epoch, **{name: _plain(value) for name, value in (logs or {}).items()}}
        try:
            self._send(json.dumps(values))
        # Whatever it may be: urllib's errors are OSErrors, and json's of values, and of types that it does not know.
        except (OSError, TypeError, ValueError) as error:
            if not self._has_warned:
                self._has_warned = True
                warnings.warn(
                    f"RemoteMonitor could not send epoch {epoch} to {self.root + self.path}: {error}; "
                    "training goes on, and later failures are not told",
                    stacklevel=2,
                )

    def _send(self, text: str) -> None:
        """Send a text of JSON, and wait for the answer."""
        import http.client  # these take as long to import as the rest of callbacks
        import urllib.request

        if self.send_as_json:
            content, kind = text, "application/json"
        else:
            content, kind = urllib.parse.urlencode({self.field: text}), "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, **(self.headers or {})}
        request = urllib.request.Request(self.root + self.path, content.encode(), headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE):
                pass
        except http.client.HTTPException as error:
            raise OSError(f"the answer is not HTTP: {type(error).__name__} {error}") from error


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it: arrays as lists."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
