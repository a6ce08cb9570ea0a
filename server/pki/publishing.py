"""Which authorities a service publishes: those below `ca/` of its home, as far as their keys are open to it."""

from collections.abc import Callable
from datetime import datetime

from pydantic import SecretStr

from cardstack.vault.enrolment import Enrolment
from cardstack.vault.network import Network
from server.config import Config
from server.pki.pages import Published
from server.pki.upkeep import Upkeep


def upkeep(config: Config, clock: Callable[[], datetime]) -> Upkeep | None:
    """Who keeps the authorities' publications fresh; None where there are no authorities."""
    folder = config.home / "ca"
    if not folder.is_dir():
        return None
    password = secret(config.ca_password)
    kept = Upkeep(Network(folder, password), clock, online=secret(config.ocsp_password), password=password)
    kept.look()
    return kept


def published(kept: Upkeep | None) -> tuple[Published, ...]:
    """Every authority with its files; its responders and enrolment where the passwords are set."""
    if kept is None:
        return ()
    return tuple(
        Published(home, kept.responders, Enrolment(home) if home.signs else None, kept.look)
        for home in kept.network.homes.values()
    )


def secret(held: SecretStr | None) -> bytes | None:
    """A secret's bytes; None where it is not set."""
    return None if held is None else held.get_secret_value().encode()
