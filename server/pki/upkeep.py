"""What has to be made in time while a service runs: status responders, CRLs on schedule, the next trust lists.

`look` makes what is due. It is asked with every request for a publication, and once a minute by a thread of its own, so
that nothing runs out where nobody asks. What cannot be made is kept in `failures` and said in the log; what was
published before goes on being served.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from threading import Lock

from cardstack.ca import trustlist
from cardstack.ca.responder import Served
from cardstack.errors import CardstackError
from cardstack.vault import responding
from cardstack.vault.home import AuthorityHome
from cardstack.vault.network import Network
from server.looping import Loop

ACTOR = "service"
EVERY = timedelta(minutes=1)
LIST_BEFORE = timedelta(days=7)
LOG = logging.getLogger(__name__)


class Upkeep:
    """The publications of a machine's authorities, kept from running out as far as their keys are open to the service."""

    def __init__(self, network: Network, clock: Callable[[], datetime], *, online: bytes | None, password: bytes | None) -> None:
        self.network, self.clock, self._online, self._password = network, clock, online, password
        self.failures: dict[tuple[str, str], CardstackError] = {}
        """What could not be made: the authority and what it was."""
        self._responders: dict[str, tuple[Served, ...]] = {}
        self._looked: datetime | None = None
        self._lock = Lock()
        self._loop = Loop("pki-upkeep", self.look, self.fetch, every_s=EVERY.total_seconds())

    def responders(self, id_: str) -> tuple[Served, ...]:
        """Who answers for an authority's certificates: its present key's, and those of earlier keys."""
        return self._responders.get(id_, ())

    def look(self) -> None:
        """Make what is due, if the last look was a minute ago (or the clock was set back)."""
        with self._lock:
            at = self.clock()
            if self._looked is not None and self._looked <= at < self._looked + EVERY:
                return
            self._looked = at
            for home in self.network.homes.values():
                if self._online is not None:
                    self._try(home.id, "ocsp", partial(self._answer, home, at))
                if self._password is not None and home.signs:
                    self._try(home.id, "crl", partial(home.publish, at=at, actor=ACTOR))
                    self._try(home.id, "trust-list", partial(self._list, home, at))

    def start(self) -> None:
        """Look once a minute from now on, in a thread."""
        if self._online or self._password or self.network.foreign:
            self._loop.start()

    def close(self) -> None:
        """Stop looking."""
        self._loop.close()

    def fetch(self) -> None:
        """Fetch the CRLs of provinces whose keys are elsewhere, where that is due; never while somebody waits for an answer."""
        at = self.clock()
        for stranger in self.network.foreign.values():
            if stranger.due(at):
                self._try(stranger.id, "crl", partial(stranger.fetch, at))

    def _try(self, id_: str, what: str, make: Callable[[], object]) -> None:
        try:
            make()
        except CardstackError as error:
            if (id_, what) not in self.failures:
                LOG.warning("%s %s: %s", id_, what, error.say("en"))
            self.failures[id_, what] = error
        else:
            self.failures.pop((id_, what), None)

    def _answer(self, home: AuthorityHome, at: datetime) -> None:
        """Have somebody who answers; a delegate that runs out is made anew, which takes the authority's own key."""
        assert self._online is not None
        held = self._responders.get(home.id)
        if held and held[0].issuer == home.certificate and not responding.due(held[0].responder.certificate, at):
            return
        made = []
        if home.signs or not responding.due(responding.delegate(home), at):
            made = [responding.responder(home, at=at, actor=ACTOR, password=self._online)]
        elif held:
            # Without the authority's key the one there is goes on until its certificate ends.
            made = [held[0]]
        self._responders[home.id] = (*made, *responding.earlier(home, at=at, password=self._online))

    def _list(self, home: AuthorityHome, at: datetime) -> None:
        """The next trust list, where there is one and it ends within a week."""
        raw = home.trust_list()
        if raw is None or at + LIST_BEFORE < trustlist.read(raw).next_update:
            return
        assert self._password is not None
        self.network.publish_list(home.id, at=at, actor=ACTOR, password=self._password)
