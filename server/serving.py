"""Ways to serve the application: granian for production, a thread in this process for demos and tests."""

import gc
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOTDIR
from threading import Thread
from typing import Any, Final

from flask import Flask
from pydantic import SecretStr
from werkzeug.serving import make_server

from cardstack.errors import Malformed
from server.config import BAD_SETTING, Config, Role, settings

STOPPING: Final = 20
"""For how many seconds a worker that was told to stop may go on; one told while it still started would never hear of it."""


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


def serve(config: Config, *, workers: int = 1, tls: dict[str, Any] | None = None) -> None:
    """Serve until interrupted. Workers read the same settings from the environment.

    What would keep them from starting is found out here, where it can be said once: `CardstackError`, or the `OSError` of a
    port that is taken.
    """
    from granian import Granian  # noqa: PLC0415  # as above
    from granian.constants import Interfaces  # noqa: PLC0415  # as above

    from server.admitting import THREADS  # noqa: PLC0415  # as above

    _rehearse(config)
    _say_first_links(config)
    os.environ.update(in_environment(config))
    Granian(
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
        **(tls or {}),
    ).serve()


def _rehearse(config: Config) -> None:
    """Read and take what the workers will, and give it back."""
    from server.identity import Identity  # noqa: PLC0415  # as above
    from server.trusting import Trust  # noqa: PLC0415  # as above

    if config.trust is not None and not config.trust.is_dir():
        raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), str(config.trust))
    Trust.load(config.trust_folder)
    if (config.key is None) != (config.certificate is None):
        raise Malformed("key and certificate belong together", BAD_SETTING, field="key" if config.key is None else "certificate")
    if config.key and config.certificate:
        Identity.load(config.key, config.certificate, config.key_password)
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    socket.create_server((config.host, config.port), family=family).close()


def in_environment(config: Config) -> dict[str, str]:
    """The settings as variables, secrets in clear: a worker is a child of this process and needs them."""
    in_clear = {name: value.get_secret_value() for name, value in config if isinstance(value, SecretStr)}
    said = config.model_dump(mode="json", exclude_none=True) | in_clear
    return {f"CARDSTACK_{name.upper()}": str(value) for name, value in said.items()}


def _say_first_links(config: Config) -> None:
    """Where nobody can sign in yet, print the two links that open the console once."""
    from server.clock import system  # noqa: PLC0415  # the ORM, as above
    from server.operators import first_links  # noqa: PLC0415  # as above
    from server.store import open_store  # noqa: PLC0415  # as above
    from server.store.office import Office  # noqa: PLC0415  # as above

    config.home.mkdir(parents=True, exist_ok=True)
    store = open_store(config.database_url)
    # A name, not an address: browsers make passkeys for localhost and for no bare address.
    host = "localhost" if config.host in {"127.0.0.1", "::1"} else config.host
    for name, token in first_links(Office(store.database.engine).people, system()).items():
        sys.stderr.write(f"一次性登录链接 one-time link ({name}): http://{host}:{config.port}/enter/{token}\n")
    store.close()


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
