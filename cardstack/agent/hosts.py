"""The functions in steps: what a terminal without a PSAM asks its province's host for, as scripts that pause.

A script yields `To("host", text)` and is sent the host's text; everything between two pauses is one step. Field
orders follow the vendors' samples (HSM step 1 of iReadCardBas as recorded in Lishui, iReloadPIN as documented).
"""

from collections.abc import Generator
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from cardstack.agent.codes import HOST_DIFFERS, PARAMETER, Failed
from cardstack.apdu import commands
from cardstack.apdu.message import Command, Response
from cardstack.apdu.script import Exchange, Script, To, ask
from cardstack.card.keys import Key, Usage
from cardstack.card.profile import Profile
from cardstack.card.profiles.social import Issuer
from cardstack.card.proving import SOURCE_DATA, get_challenge
from cardstack.card.reading import open_application, read_issuer
from cardstack.crypto.cryptogram import Block

HOST = "host"
ALGORITHMS = {Block.TRIPLE_DES: "01", Block.SM4: "03"}


@dataclass
class Steps:
    """A script that has paused for its host."""

    script: Generator[Command | To, Response, Any]
    exchange: Exchange
    ended: bool = False
    """Whether the last thing said was the result, and no further question for the host."""

    def begin(self) -> str:
        """The first thing for the host."""
        return str(self._until_host(None))

    def go_on(self, said: str) -> Any:
        """What the host said goes in; the next thing for the host, or the result."""
        return self._until_host(Response(said.encode("gbk", "replace"), 0x9000))

    def _until_host(self, answer: Response | None) -> Any:
        try:
            step = next(self.script) if answer is None else self.script.send(answer)
            while not (isinstance(step, To) and step.partner == HOST):
                message = step.message if isinstance(step, To) else step
                step = self.script.send(Response.parse(self.exchange(bytes(message))))
        except StopIteration as end:
            self.ended = True
            return end.value
        assert isinstance(step.message, bytes)
        return step.message.decode("gbk")


def ask_host(text: str) -> Script[list[str]]:
    """The fields of the host's answer."""
    answer = yield To(HOST, text.encode("gbk"))
    return answer.data.decode("gbk", "replace").rstrip("|").split("|")


def octets(field: str, least: int) -> bytes:
    """Hexadecimal from the host, at least so many bytes."""
    try:
        raw = bytes.fromhex(field)
    except ValueError:
        raise Failed(PARAMETER) from None
    if len(raw) < least:
        raise Failed(PARAMETER)
    return raw


def prove_basics(profile: Profile, atr: bytes, nonce: bytes) -> Script[Issuer]:
    """Card and host prove themselves to each other over one exchange with the host; what the card then says of its issue.

    To the host: region|historical bytes|algorithm|identification code|process factor and source of the card's proof|the
    same of the host's|. A card whose holder is free to read leaves the last two empty.
    """
    issuer = yield from read_issuer(profile)
    social = profile.application("SSSE")
    internal = next(key for key in social.keys if key.usage is Usage.INTERNAL)
    free = profile.file("SSSE", 0xEF06).read.allows(frozenset())
    challenge = b"" if free else (yield from get_challenge())
    source = b"" if free else SOURCE_DATA
    head = [issuer.region, atr[4:].hex().upper(), ALGORITHMS[internal.algorithm], issuer.identifier]
    factors = [part.hex().upper() for part in (nonce[:8], nonce[8:], challenge, source)]
    fields = yield from ask_host("|".join(head + factors) + "|")
    if not free:
        external = octets(fields[1] if len(fields) > 1 else "", 8)
        yield from _authenticate(social.key_named("RKSSSE"), external[:8])
    answer = (yield from ask(commands.internal_authenticate(internal.kid, nonce, internal.algorithm.size))).require()
    if not compare_digest(answer[:8], octets(fields[0], 8)[:8]):
        raise Failed(HOST_DIFFERS)
    return issuer


def prove_key(issuer: Issuer, key: Key, atr: bytes) -> Script[None]:
    """One key of the current application through the host.

    It is asked with region|historical bytes|algorithm|identification code|address|challenge|source|.
    """
    challenge = yield from get_challenge()
    head = [issuer.region, atr[4:].hex().upper(), ALGORITHMS[key.algorithm], issuer.identifier]
    rest = [f"{key.hsm or 0:04X}", challenge.hex().upper(), SOURCE_DATA.hex().upper()]
    fields = yield from ask_host("|".join(head + rest) + "|")
    yield from _authenticate(key, octets(fields[0], 8)[:8])


def renew_pin(profile: Profile, new: str | None) -> Script[str]:
    """Unblock the PIN in three steps, or set a new one: prove the unblocking key, then send what the host enciphered.

    Step 1 says algorithm|0090|challenge|source|, step 2 algorithm|0173|challenge|header|new PIN|; step 3 is given
    enciphered PIN and MAC.
    """
    application = next(one for one in profile.applications if one.key_named("PUK"))
    puk = application.key_named("PUK")
    reload_key = next(key for key in application.keys if key.usage is Usage.RELOAD)
    assert puk is not None
    yield from open_application(profile, application.name)
    challenge = yield from get_challenge()
    algorithm = ALGORITHMS[puk.algorithm]
    first = f"{algorithm}|{puk.hsm or 0x0090:04X}|{challenge.hex().upper()}|{SOURCE_DATA.hex().upper()}|"
    fields = yield from ask_host(first)
    yield from _authenticate(puk, octets(fields[0], 8)[:8])
    challenge = yield from get_challenge()
    size = reload_key.algorithm.size + 4 if new is not None else 4
    header = bytes((0x84, 0x24, 0x00, 0x01 if new is not None else 0x00, size))
    said = [algorithm, f"{reload_key.hsm or 0x0173:04X}", challenge.hex().upper(), header.hex().upper(), new or ""]
    fields = yield from ask_host("|".join(said) + "|")
    data = octets("".join(fields), size)
    (yield from ask(Command(0x84, 0x24, header[2], header[3], data[:size]))).require()
    return ""


def _authenticate(key: Key | None, cipher: bytes) -> Script[None]:
    if key is None:
        raise Failed(PARAMETER)
    (yield from ask(commands.external_authenticate(key.kid, cipher + SOURCE_DATA))).require()


@dataclass
class HostSam:
    """The host's half of a payment: it is told what MAC1 covers and says terminal sequence|MAC1|.

    What it is told: random|sequence|fields|key version|algorithm|factors|. Whether MAC2 holds it says afterwards.
    """

    number: bytes

    def terminal(self) -> Script[bytes]:
        """The terminal's number as configured."""
        yield from ()
        return self.number

    def begin(self, opening: Any, fields: bytes, factors: tuple[bytes, ...]) -> Script[tuple[bytes, bytes]]:
        """Sequence and MAC1 from the host."""
        parts = [opening.random, opening.sequence, fields, bytes((opening.key_version,)), bytes((opening.algorithm,))]
        said = yield from ask_host("|".join(part.hex().upper() for part in (*parts, *factors)) + "|")
        if len(said) < 2:
            raise Failed(PARAMETER)
        return octets(said[0], 4)[:4], octets(said[1], 4)[:4]

    def finish(self, mac2: bytes) -> Script[bool]:
        """MAC2 goes back with the answer."""
        yield from ()
        return len(mac2) == 4
