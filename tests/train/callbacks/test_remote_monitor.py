"""What a server receives, and what becomes of training where there is none."""

from __future__ import annotations

import contextlib
import http.server
import json
import socket
import threading
import urllib.parse
import warnings

import numpy as np
import pytest
from kcore_train.callbacks import CallbackList, RemoteMonitor


@contextlib.contextmanager
def server(status=200):
    """A server on this machine: its address, and the requests that it has received."""
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            content = self.rfile.read(int(self.headers["Content-Length"])).decode()
            received.append((self.path, dict(self.headers), content))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_port}", received
        finally:
            running.shutdown()
            thread.join()


def run(callback, *epochs):
    told = CallbackList(callback)
    told.on_train_begin()
    for epoch, logs in enumerate(epochs):
        told.on_epoch_end(epoch, logs)
    told.on_train_end()


# The paths, the kinds of content and their forms are those that Keras 3.15.1, run as a black box, sends.
def test_every_epoch_is_a_form_with_json_in_it():
    with server() as (root, received):
        run(RemoteMonitor(root), {"loss": 0.5, "mae": np.float32(0.25)}, {"loss": 0.125})
    assert [path for path, _, _ in received] == ["/publish/epoch/end/"] * 2
    assert received[0][1]["Content-Type"] == "application/x-www-form-urlencoded"
    assert received[0][2] == "data=%7B%22epoch%22%3A+0%2C+%22loss%22%3A+0.5%2C+%22mae%22%3A+0.25%7D"
    assert json.loads(urllib.parse.parse_qs(received[1][2])["data"][0]) == {"epoch": 1, "loss": 0.125}


def test_path_field_and_headers_are_those_given():
    with server() as (root, received):
        run(RemoteMonitor(root, path="/here", field="values", headers={"X-Token": "secret"}), {"loss": 0.5})
    path, headers, content = received[0]
    assert path == "/here" and headers["X-Token"] == "secret"
    assert list(urllib.parse.parse_qs(content)) == ["values"]


def test_json_is_sent_as_it_is_and_arrays_as_lists():
    with server() as (root, received):
        run(RemoteMonitor(root, send_as_json=True), {"loss": 0.5, "recall": np.array([0.25, 0.5])})
    _, headers, content = received[0]
    assert headers["Content-Type"] == "application/json"
    assert json.loads(content) == {"epoch": 0, "loss": 0.5, "recall": [0.25, 0.5]}


def test_a_server_that_is_not_there_is_told_once_and_stops_nothing():
    with server() as (root, _):
        pass  # now nobody listens there
    monitor = RemoteMonitor(root)
    with pytest.warns(UserWarning, match=f"could not send epoch 0 to {root}/publish.*training goes on") as told:
        run(monitor, {"loss": 0.5}, {"loss": 0.25})
    assert len(told) == 1
    with pytest.warns(UserWarning, match="could not send epoch 0"):  # another fit, another warning
        run(monitor, {"loss": 0.5})


@pytest.mark.parametrize("logs", [{"loss": object()}, {"loss": {1, 2}}])
def test_what_is_no_json_is_a_warning_too(logs):
    with pytest.warns(UserWarning, match="could not send epoch 0.*not JSON serializable"):
        run(RemoteMonitor("http://127.0.0.1:9"), logs)


def test_an_answer_that_refuses_is_a_warning():
    with server(status=500) as (root, received), pytest.warns(UserWarning, match="HTTP Error 500"):
        run(RemoteMonitor(root), {"loss": 0.5})
    assert len(received) == 1


def test_an_answer_that_is_not_http_is_a_warning():
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 this is a mail server\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.warns(UserWarning, match="the answer is not HTTP: BadStatusLine"):
            run(RemoteMonitor(f"http://127.0.0.1:{listening.getsockname()[1]}"), {"loss": 0.5})
        thread.join()


def test_an_answer_that_accepts_is_none():
    with server() as (root, _), warnings.catch_warnings():
        warnings.simplefilter("error")
        run(RemoteMonitor(root), {"loss": 0.5})


@pytest.mark.parametrize("root", ["localhost:9000", "ftp://localhost", "file:///etc/passwd", ""])
def test_an_address_of_another_kind_is_refused(root):
    with pytest.raises(ValueError, match='begin it with "http://" or "https://"'):
        RemoteMonitor(root)
