"""Which authorities a service publishes: those below `ca/` of its home, as far as their keys are open to it."""

from datetime import datetime

from pydantic import SecretStr

from cardstack.vault.enrolment import Enrolment
from cardstack.vault.home import AuthorityHome
from cardstack.vault.network import Network
from server.config import Config
from server.pki.pages import Published

ACTOR = "service"


def published(config: Config, at: datetime) -> tuple[Published, ...]:
    """Every authority with its files; its responders and enrolment where the passwords are set."""
    folder = config.home / "ca"
    if not folder.is_dir():
        return ()
    network = Network(folder, _secret(config.ca_password))
    return tuple(_published(home, config, at) for home in network.homes.values())


def _published(home: AuthorityHome, config: Config, at: datetime) -> Published:
    online, signing = _secret(config.ocsp_password), home.signs
    responders = []
    # A responder's certificate that is missing or runs out is made anew, which takes the authority's own key.
    if online is not None and (signing or home.has_responder(at)):
        responders = [home.responder(at=at, actor=ACTOR, password=online)]
    if online is not None:
        responders += home.earlier_responders(at=at, password=online)
    return Published(home, tuple(responders), Enrolment(home) if signing else None)


def _secret(held: SecretStr | None) -> bytes | None:
    return None if held is None else held.get_secret_value().encode()
