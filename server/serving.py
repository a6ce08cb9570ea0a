"""Ways to serve the application: granian for production, a thread in this process for demos and tests."""

import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import ENOTDIR
from threading import Thread
from typing import Any, Final, NamedTuple

from flask import Flask
from pydantic import SecretStr
from werkzeug.serving import make_server

from cardstack.errors import Malformed
from cardstack.text import Text
from server.config import BAD_SETTING, Config, Role, settings

KNOCKING: Final = 0.05
"""How many seconds pass between two looks at whether a worker listens yet."""
LOG: Final = {
    name: {"class": "logging.StreamHandler", "formatter": formatter, "stream": "ext://sys.stderr"}
    for name, formatter in (("console", "generic"), ("access", "access"))
}
"""Granian's log goes to standard error: standard output is the command's."""
STOPPING: Final = 20
"""For how many seconds a worker that was told to stop may go on with what it was asked before."""


def _born_mortal() -> None:
    """Let a worker that is told to stop while it still starts end at once: it has no work under way.

    It is born with the handler of its parent, which notes the signal for somebody who is not there, and granian sets one
    of its own only when the application stands. What comes while it is being born waits until it can die of it.
    """
    ending = {signal.SIGTERM}

    def outlived() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ending)

    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ending),
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, ending),
        after_in_child=outlived,
    )


def application() -> Flask:
    """What granian's workers load: the application of the settings in the environment."""
    from server.admitting import Admission  # noqa: PLC0415  # only a worker needs the ORM
    from server.app import create_app  # noqa: PLC0415  # as above

    config = settings()
    app = create_app(config)
    if config.minds and config.role is Role.HUB:
        _mind(app)
    app.wsgi_app = Admission(app)  # type: ignore[method-assign,assignment]  # how Flask takes middleware
    collect_seldom()
    return app


def _mind(app: Flask) -> None:
    """Have the ledger's windows and deadlines looked after by the clock."""
    from server.minding import minder  # noqa: PLC0415  # as above
    from server.store.office import Office  # noqa: PLC0415  # as above

    here = app.extensions["cardstack"]
    app.extensions["minder"] = minding = minder(here.store, Office(here.store.database.engine).requests, here.clock)
    minding.start()


def collect_seldom() -> None:
    """Look for cyclic garbage seldom: thousands of lines live at once, and none of them is a cycle."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


class Served(NamedTuple):
    """Where a service answers, and the links that open its console once, by operator, where nobody can sign in yet."""

    address: str
    links: dict[str, str]


def serve(
    config: Config,
    *,
    workers: int = 1,
    tls: dict[str, Any] | None = None,
    listening: Callable[[Served], None] | None = None,
) -> None:
    """Serve until interrupted. Workers read the same settings from the environment.

    What would keep them from starting is found out here, where it can be said once: `CardstackError`, or the `OSError` of a
    port that is taken. `listening` is called once a worker takes connections; without it the links go to standard error.
    """
    from granian import Granian  # noqa: PLC0415  # as above
    from granian.constants import Interfaces  # noqa: PLC0415  # as above

    from server.admitting import THREADS  # noqa: PLC0415  # as above

    # Every worker binds the port for itself: of a free one each would take its own.
    config = config.model_copy(update={"port": _rehearse(config)})
    served = _served(config, "https" if tls else "http")
    os.environ.update(in_environment(config))
    _born_mortal()
    granian = Granian(
        "server.serving:application",
        address=config.host,
        port=config.port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=workers if config.role is Role.HUB else 1,  # one forwarder keeps the outbox in order
        blocking_threads=THREADS,
        workers_kill_timeout=STOPPING,
        websockets=False,
        log_access=False,
        log_dictconfig={"handlers": LOG},
        **(tls or {}),
    )
    if listening is None:
        for name, link in served.links.items():
            sys.stderr.write(f"一次性登录链接 one-time link ({name}): {link}\n")
    else:
        granian.on_startup(Thread(target=_heard, args=(config, served, listening), daemon=True).start)
    granian.serve()


def _heard(config: Config, served: Served, listening: Callable[[Served], None]) -> None:
    """Wait until a worker takes connections, then say so."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)  # noqa: S104  # every address has this one
    while True:
        try:
            socket.create_connection((host, config.port), timeout=1).close()
            break
        except OSError:
            time.sleep(KNOCKING)
    listening(served)


def _rehearse(config: Config) -> int:
    """Read and take what the workers will, and give it back; the port, a free one where none was named."""
    from server.identity import Identity  # noqa: PLC0415  # as above
    from server.trusting import Trust  # noqa: PLC0415  # as above

    if config.trust is not None and not config.trust.is_dir():
        raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), str(config.trust))
    Trust.load(config.trust_folder)
    if (config.key is None) != (config.certificate is None):
        raise Malformed(
            Text("key and certificate belong together", "key 与 certificate 须同时设置"),
            BAD_SETTING,
            field="key" if config.key is None else "certificate",
        )
    if config.key and config.certificate:
        Identity.load(config.key, config.certificate, config.key_password)
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.create_server((config.host, config.port), family=family) as taken:
        return int(taken.getsockname()[1])


def in_environment(config: Config) -> dict[str, str]:
    """The settings as variables, secrets in clear: a worker is a child of this process and needs them."""
    in_clear = {name: value.get_secret_value() for name, value in config if isinstance(value, SecretStr)}
    said = config.model_dump(mode="json", exclude_none=True) | in_clear
    return {f"CARDSTACK_{name.upper()}": str(value) for name, value in said.items()}


def _served(config: Config, protocol: str) -> Served:
    """The address, and where nobody can sign in yet, the two links that open the console once."""
    from server.clock import system  # noqa: PLC0415  # the ORM, as above
    from server.operators import first_links  # noqa: PLC0415  # as above
    from server.store import open_store  # noqa: PLC0415  # as above
    from server.store.office import Office  # noqa: PLC0415  # as above

    config.home.mkdir(parents=True, exist_ok=True)
    store = open_store(config.database_url)
    # A name, not an address: browsers make passkeys for localhost and for no bare address.
    host = "localhost" if config.host in {"127.0.0.1", "::1"} else _in_address(config.host)
    tokens = first_links(Office(store.database.engine).people, system())
    store.close()
    links = {name: f"{protocol}://{host}:{config.port}/enter/{token}" for name, token in tokens.items()}
    return Served(f"{protocol}://{_in_address(config.host)}:{config.port}", links)


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextmanager
def in_background(app: Flask, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve in a thread of this process for as long as the block lasts; the address it is at."""
    server = make_server(host, port, app, threaded=True)
    # The default looks for a shutdown twice a second, which whoever waits for the end would feel.
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="http", daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
