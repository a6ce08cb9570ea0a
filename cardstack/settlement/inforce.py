"""The figures in force as one sealed whole: the package's texts and the rows that operators added.

A ledger keeps every set that it was ever judged by, and seals its digest in the first block that was judged by it. So an
auditor computes each entry by the figures of its own time, whatever a later release ships; and figures that were put in
afterwards, to make other amounts follow, contradict the chain, or no release ever shipped them.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from typing import Final, NamedTuple

from cardstack.errors import Malformed
from cardstack.settlement import amending, figures
from cardstack.settlement.amending import Amendment, remembered
from cardstack.text import Text

SHIPPED: Final = "shipped.txt"
"""The digest of every text that a release shipped, a line each beside its name."""


class InForce(NamedTuple):
    """A set of figures: the digest of each text by its name, and the rows that were added."""

    texts: Mapping[str, str]
    added: tuple[Amendment, ...]

    @property
    def content(self) -> str:
        """The set as it is kept: JSON with sorted names."""
        said = {"texts": dict(self.texts), "added": [list(one) for one in self.added]}
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @property
    def digest(self) -> bytes:
        """What is sealed with the first block that was judged by it."""
        return sha256(self.content.encode()).digest()

    @classmethod
    def parse(cls, content: str) -> "InForce":
        """A set from its kept form; `Malformed` for anything else."""
        try:
            said = json.loads(content)
            texts = {str(name): str(digest) for name, digest in said["texts"].items()}
            added = tuple(Amendment(str(name), str(table), dict(row)) for name, table, row in said["added"])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Malformed(
                Text("figures in force: not as they are kept", "现行参数：格式与保存时不符"), field="figures"
            ) from error
        return cls(texts, added)

    def unknown(self) -> tuple[str, ...]:
        """The texts that neither this release nor an earlier one shipped."""
        return tuple(sorted(name for name, digest in self.texts.items() if (name, digest) not in shipped()))


@remembered
def present() -> InForce:
    """What this process judges by."""
    return InForce({name: digest_of(text) for name, text in amending.texts().items()}, amending.amendments())


@remembered
def present_digest() -> bytes:
    """Its digest."""
    return present().digest


def digest_of(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return sha256(text.encode()).hexdigest()


@contextmanager
def judging_by(one: InForce, texts: Mapping[str, str]) -> Iterator[None]:
    """Compute by a set; `texts` are kept texts by their digest."""
    with amending.judging_by({name: texts[digest] for name, digest in one.texts.items()}, one.added):
        yield


@cache
def shipped() -> frozenset[tuple[str, str]]:
    """The name and digest of every text that was ever shipped, this package's own among them."""
    lines = (line.split() for line in figures.listed(SHIPPED).splitlines())
    own = ((name, digest_of(figures.text(name))) for name in figures.every())
    return frozenset([(name, digest) for digest, name in lines] + list(own))


def shipped_listing() -> str:
    """The list as it has to stand in the package: what is there, and what is shipped now."""
    return "".join(f"{digest} {name}\n" for name, digest in sorted(shipped()))
