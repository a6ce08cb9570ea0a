"""Reading as much of a card as the proofs at hand open: file by file, each with its content or its refusal."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from cardstack.apdu.script import Script
from cardstack.card.access import Access
from cardstack.card.keys import Factors
from cardstack.card.layout import File, Form
from cardstack.card.profile import Application, Pin, Profile
from cardstack.card.proving import PIN_BLOCKED, PIN_WRONG, external_authenticate, verify_at_pad, verify_pin
from cardstack.card.reading import Terminal, open_application, read_city, read_loosely
from cardstack.card.salvage import Deviation
from cardstack.errors import CardstackError, Refused, problem
from cardstack.text import Text

NOT_PROVEN = problem(
    "CS-1221",
    Text("The card gives this file only after: {access}", "读取该文件须先满足：{access}"),
    Text("Give the PIN, or a PSAM that holds the key.", "请输入密码，或使用含有该密钥的 PSAM。"),
)
Wanted = Callable[[Application, File], bool]


@dataclass(frozen=True, slots=True)
class Gathered:
    """One file: its content, or why it was not read."""

    application: Application
    file: File
    content: Any = None
    refused: CardstackError | None = None
    deviations: tuple[Deviation, ...] = ()
    """Where the card differs from its declaration; the content is what could be read all the same."""
    records: tuple[bytes, ...] = ()
    """The bytes as they stand on the card, where it was read record by record."""


def everything(_application: Application, file: File) -> bool:
    """Every file that can be read at all."""
    return bool(file.read.ways) and file.form is not Form.INTERNAL


def logs(application: Application, file: File) -> bool:
    """The cyclic files."""
    return file.form is Form.CYCLIC and everything(application, file)


def basics(application: Application, file: File) -> bool:
    """EF05 and EF06 of the social security application: what the first screen of every terminal shows."""
    return application.name == "SSSE" and file.fid in (0xEF05, 0xEF06)


def gather(
    profile: Profile,
    wanted: Wanted = everything,
    *,
    pin: str | None = None,
    terminal: Terminal | None = None,
    pad: bool = False,
) -> Script[tuple[Gathered, ...]]:
    """The wanted files in declared order. A wrong PIN ends it at once: every further file would cost a try.

    With `pad` the PIN is typed at the reader (the partner `pad`), once in every application that asks for it.
    """
    city = yield from _city(profile)
    gathered: list[Gathered] = []
    for application in profile.applications:
        files = [file for file in application.files if wanted(application, file)]
        if not files:
            continue
        try:
            yield from open_application(profile, application.name)
        except Refused as refused:
            gathered += [Gathered(application, file, refused=refused) for file in files]
            continue
        proofs = _Proofs(application, pin, terminal, city, pad)
        for file in files:
            gathered.append((yield from _read(application, file, proofs)))
    return tuple(gathered)


def _city(profile: Profile) -> Script[str]:
    """The city that the card's keys are diversified by: the first six digits of its identification code."""
    if not profile.has("SSSE"):
        return ""
    yield from open_application(profile, "SSSE")
    return (yield from read_city(profile))


@dataclass(slots=True)
class _Proofs:
    """What has been proved in the current application, and what could be."""

    application: Application
    pin: str | None
    terminal: Terminal | None
    city: str
    pad: bool = False
    typing: bool = False
    """A PIN was asked for at the reader and did not come: nobody is asked again for every further file."""
    given: frozenset[str] = frozenset()

    def give(self, access: Access) -> Script[None]:
        """Prove what the cheapest way asks for; `Refused` where nobody here can."""
        ways = (way - self.given for way in access.ways)
        for proof in min((way for way in ways if self._possible(way)), key=len, default=("?",)):
            yield from self._prove(proof, access)

    def _possible(self, way: Iterable[str]) -> bool:
        pin = self.pin or self.pad
        return all(pin if proof == "PIN" else self.terminal and self.application.key_named(proof) for proof in way)

    def _prove(self, proof: str, access: Access) -> Script[None]:
        key = self.application.key_named(proof)
        if proof == "PIN" and self.pad:
            declared = self.application.pin or Pin()
            self.typing = True
            yield from verify_at_pad(declared.shortest, declared.longest)
            self.typing = False
        elif proof == "PIN" and self.pin is not None:
            yield from verify_pin(self.pin)
        elif key is not None and self.terminal is not None:
            yield from external_authenticate(key, Factors(self.city, self.terminal.card), self.terminal.keys)
        else:
            raise Refused(problem=NOT_PROVEN, access=str(access))
        self.given |= {proof}


def _read(application: Application, file: File, proofs: _Proofs) -> Script[Gathered]:
    try:
        yield from proofs.give(file.read)
        found = yield from read_loosely(file)
        return Gathered(application, file, found.content, deviations=found.deviations, records=found.records)
    except CardstackError as refused:
        if proofs.typing or refused.problem in (PIN_WRONG, PIN_BLOCKED):
            raise
        return Gathered(application, file, refused=refused)
