"""Answers for relying parties: certificates recognised from a member's own anchor, with what was published kept at hand."""

from datetime import datetime
from threading import Lock
from typing import NamedTuple

from cardstack.ca.agreement import Level
from cardstack.ca.certificate import Certificate
from cardstack.ca.path import Pool
from cardstack.ca.purposes import Purpose
from cardstack.ca.recognise import Recognised, recognise
from cardstack.ca.standing import Crls
from cardstack.ca.trust import Revocation
from cardstack.vault.network import Network


class Asked(NamedTuple):
    """What a relying party wants to know."""

    by: str
    minimum: Level = Level.BASIC
    purpose: Purpose | None = None
    revocation: Revocation = Revocation.REQUIRE


class Recogniser:
    """The authorities' publications, taken in again when one of them has written to its log."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._held: tuple[object, datetime, Pool, Crls] | None = None
        self._lock = Lock()

    def ask(self, certificate: Certificate, asked: Asked, at: datetime) -> Recognised:
        """One answer; `Refused` CS-2321 where nobody here is called `by`."""
        home = self.network.home(asked.by)
        pool, crls = self._published(at)
        return recognise(
            certificate,
            by=home.member,
            anchor=home.chain[-1],
            pool=pool,
            crls=crls,
            at=at,
            minimum=asked.minimum,
            purpose=asked.purpose,
            revocation=asked.revocation,
        )

    def _published(self, at: datetime) -> tuple[Pool, Crls]:
        with self._lock:
            for home in self.network.homes.values():
                home.refresh()
            state = self.network.state()
            # What has run out since does no harm; what had not run out at an earlier moment may be missing.
            if self._held is None or self._held[0] != state or at < self._held[1]:
                self._held = state, at, Pool(self.network.pool(at)), Crls(self.network.crls())
            return self._held[2], self._held[3]
