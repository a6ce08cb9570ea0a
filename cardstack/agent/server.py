"""The agent's two doors on the loopback: WebSocket for pages that stay, HTTP for those that ask once."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from cardstack.agent.answers import Desk
from cardstack.errors import CardstackError, Refused, problem
from cardstack.text import Text

ADDRESS = "127.0.0.1"
REQUEST_MAX = 65536
PORT_TAKEN = problem(
    "CS-6007",
    Text("The agent's port is taken: {port}", "代理端口已被占用：{port}"),
    Text("Another agent may run; stop it or choose another port.", "可能已有代理在运行；请先停止或更换端口。"),
)


@dataclass
class Agent:
    """A desk with its two doors open."""

    desk: Desk
    ws_port: int
    http_port: int


@contextmanager
def opened(desk: Desk, ws_port: int = 12342, http_port: int = 8321) -> Iterator[Agent]:
    """Both doors, on the loopback alone, until the end of the block; port 0 is a free one."""
    one_at_a_time = threading.Lock()
    plain = _http(desk, http_port, one_at_a_time)
    try:
        web = _web_socket(desk, ws_port, one_at_a_time)
    except Refused:
        plain.server_close()  # it does not serve yet: to shut it down would wait for that
        raise
    threads = [threading.Thread(target=door.serve_forever, daemon=True) for door in (web, plain)]
    for thread in threads:
        thread.start()
    try:
        yield Agent(desk, int(web.socket.getsockname()[1]), int(plain.server_address[1]))
    finally:
        web.shutdown()
        plain.shutdown()
        plain.server_close()
        for thread in threads:
            thread.join(5)


def _web_socket(desk: Desk, port: int, lock: threading.Lock) -> Server:
    def welcome(connection: ServerConnection, request: Request) -> Response | None:
        try:
            desk.gate.check_host(request.headers.get("Host", ""))
            origin = desk.gate.check_origin(request.headers.get("Origin"))
        except CardstackError as error:
            return connection.respond(HTTPStatus.FORBIDDEN, error.say("en") + "\n")
        connection.username = origin
        return None

    def talk(connection: ServerConnection) -> None:
        origin = connection.username or ""
        token = parse_qs(urlsplit(connection.request.path if connection.request else "").query).get("token", [""])[0]
        paired = _paired(desk, token)
        try:
            for message in connection:
                text = message if isinstance(message, str) else ""
                with lock:
                    said = desk.answer(text, origin=origin, paired=paired)
                connection.send(said)
        except ConnectionClosed:
            return

    try:
        return serve(talk, ADDRESS, port, process_request=welcome, max_size=REQUEST_MAX, server_header=None, compression=None)
    except OSError as error:
        raise Refused(problem=PORT_TAKEN, port=port) from error


def _paired(desk: Desk, token: str) -> bool:
    try:
        desk.gate.check_token(token)
    except CardstackError:
        return False
    return True


class Door(BaseHTTPRequestHandler):
    """POST /api/call with a JSON body; GET / says that the agent is there."""

    desk: Desk
    turn: threading.Lock
    timeout = 30
    server_version, sys_version = "cardstack-agent", ""

    def do_OPTIONS(self) -> None:  # the base class's name
        origin = self._checked()
        if origin is not None:
            self._say(HTTPStatus.NO_CONTENT, "", origin)

    def do_GET(self) -> None:  # the base class's name
        origin = self._checked()
        if origin is not None:
            self._say(HTTPStatus.OK, '{"agent": "cardstack"}', origin)

    def do_POST(self) -> None:  # the base class's name
        origin = self._checked()
        if origin is None:
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > REQUEST_MAX:
            self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "", origin)
            return
        text = self.rfile.read(int(length)).decode("utf-8", "replace")
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        with self.turn:
            said = self.desk.answer(text, origin=origin, paired=_paired(self.desk, token))
        self._say(HTTPStatus.OK, said, origin)

    def _checked(self) -> str | None:
        try:
            self.desk.gate.check_host(self.headers.get("Host", ""))
            return self.desk.gate.check_origin(self.headers.get("Origin"))
        except CardstackError as error:
            self._say(HTTPStatus.FORBIDDEN, error.say("en"), "")
            return None

    def _say(self, status: HTTPStatus, text: str, origin: str) -> None:
        raw = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(raw)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if origin and origin != "local":
            self.send_header("Access-Control-Allow-Origin", origin)
            self.send_header("Access-Control-Allow-Headers", "Content-Type, Authorization")
            self.send_header("Access-Control-Allow-Methods", "POST, GET")
            self.send_header("Access-Control-Allow-Private-Network", "true")
            self.send_header("Vary", "Origin")
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        """The audit log is the log."""


def _http(desk: Desk, port: int, lock: threading.Lock) -> ThreadingHTTPServer:
    bound = type("BoundDoor", (Door,), {"desk": desk, "turn": lock})
    try:
        return _Bounded((ADDRESS, port), bound)
    except OSError as error:
        raise Refused(problem=PORT_TAKEN, port=port) from error


class _Bounded(ThreadingHTTPServer):
    """No more than sixteen requests at a time; the others wait in the kernel's queue."""

    daemon_threads = True
    allow_reuse_address = True
    _room = threading.BoundedSemaphore(16)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._room.acquire()
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | Any) -> None:
        super().shutdown_request(request)
        self._room.release()
