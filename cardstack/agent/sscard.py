"""The functions that hospital systems already call, under their own names: `iReadCardBas` and its family.

Each answers with its return code and its output text (see `codes`); nothing is raised for what a card or a caller
does. `iType` is 1 contact, 2 contactless, 3 and 4 whichever is there, contact or contactless first. Between the steps
of an HSM function the card stays connected.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from secrets import token_bytes
from typing import Any, Concatenate, ParamSpec

from cardstack.agent import codes, hosts
from cardstack.agent.codes import DONE, Failed, code_of
from cardstack.agent.hosts import Steps
from cardstack.apdu.script import Script, ask
from cardstack.card import address, paying, proving
from cardstack.card.keys import Factors, Usage
from cardstack.card.layout import Form
from cardstack.card.plain import parts_of, to_text
from cardstack.card.profile import Application, Profile
from cardstack.card.reading import open_application, read_file, read_holder, read_issuer
from cardstack.codec import Day
from cardstack.errors import CardstackError
from cardstack.values import Fen
from emulator.opening import Opened

Answer = tuple[int, str]
Arguments = ParamSpec("Arguments")
TYPES = (1, 2, 3, 4)
BY_PIN, BY_KEY = 1, 2


@dataclass
class SscApi:
    """One terminal with its reader. `opener` connects the card for an `iType`; `ask_pin` asks the holder, never the caller."""

    opener: Callable[[int], Opened]
    ask_pin: Callable[[str], str | None] = lambda _: None
    terminal_number: str = "000000000001"
    device_number: str = "CS0000000001"
    clock: Callable[[], datetime] = datetime.now
    _paused: dict[str, tuple[Opened, Steps]] = field(default_factory=dict)


Function = Callable[Concatenate[SscApi, int, Arguments], Answer]
Work = Callable[Concatenate[SscApi, Opened, Arguments], str]


def function(work: Work[Arguments]) -> Function[Arguments]:
    """A function of the library: opens the card, does its work, and turns every failure into its number."""

    @wraps(work)
    def called(api: SscApi, i_type: int, /, *given: Arguments.args, **named: Arguments.kwargs) -> Answer:
        def begun() -> str:
            with _opened(api, i_type) as card:
                return work(api, card, *given, **named)

        return answered(begun)

    return called


def answered(action: Callable[[], str]) -> Answer:
    """Zero and the text, or the number of the failure."""
    try:
        return DONE, action()
    except Failed as failed:
        return failed.code, ""
    except CardstackError as error:
        return code_of(error), ""


def _opened(api: SscApi, i_type: int) -> Opened:
    if i_type not in TYPES:
        raise Failed(codes.PARAMETER)
    return api.opener(i_type)


def joined(*fields: str) -> str:
    """Fields with a bar behind each."""
    return "".join(f"{one}|" for one in fields)


def _kind(card: Opened) -> Profile:
    return card.kind()


def _keys(card: Opened) -> Any:
    if card.keys is None:
        raise Failed(codes.NO_PSAM)
    return card.keys


def basics(api: SscApi, card: Opened, issuer: Any, holder: Any) -> str:
    """region|number|card number|identification code|name|historical bytes|version|issued|valid until|terminal|device|."""
    return joined(
        issuer.region,
        holder.number,
        issuer.number,
        issuer.identifier,
        holder.full_name,
        card.reader.atr[4:].hex().upper(),
        issuer.version,
        to_text(Day(), issuer.issued),
        to_text(Day(), issuer.valid_until),
        api.terminal_number,
        api.device_number,
    )


@function
def read_basics(api: SscApi, card: Opened) -> str:
    """Who issued the card and who holds it; a third-generation card asks for the terminal's key first."""
    profile = _kind(card)
    issuer = card.run(read_issuer(profile))
    if not profile.file("SSSE", 0xEF06).read.allows(frozenset()):
        _keys(card)
    return basics(api, card, issuer, card.run(read_holder(profile, card.terminal)))


@function
def read_items(api: SscApi, card: Opened, i_auth: int, info: str, addresses: str) -> str:
    """Items by their addresses, after the PIN (1) or the read keys (2)."""
    profile = _kind(card)
    factors = _matches(card, profile, info)
    if i_auth not in (BY_PIN, BY_KEY):
        raise Failed(codes.PARAMETER)
    unlock = _by_pin(_typed(api, "PIN")) if i_auth == BY_PIN else _by_keys(factors, _keys(card))
    return str(card.run(address.read(profile, addresses, unlock)))


@function
def write_items(_api: SscApi, card: Opened, info: str, addresses: str, data: str) -> str:
    """Items by their addresses, each under the update key that its file asks for."""
    profile = _kind(card)
    factors = _matches(card, profile, info)
    keys = _keys(card)
    card.run(_write(profile, addresses, data, lambda key: proving.external_authenticate(key, factors, keys)))
    return ""


@function
def verify_pin(api: SscApi, card: Opened) -> str:
    """The holder's PIN, typed at the terminal."""
    profile = _kind(card)
    card.run(open_application(profile, "SSSE"))
    card.run(proving.verify_pin(_typed(api, "PIN")))
    return ""


@function
def change_pin(api: SscApi, card: Opened) -> str:
    """Old and new PIN, both typed at the terminal, the new one twice."""
    profile = _kind(card)
    card.run(open_application(profile, "SSSE"))
    old = _typed(api, "PIN")
    card.run(proving.change_pin(old, _new_pin(api)))
    return ""


@function
def reload_pin(api: SscApi, card: Opened, info: str) -> str:
    """A new PIN under the unblocking key."""
    return _renew(card, info, _new_pin(api))


@function
def unblock_pin(_api: SscApi, card: Opened, info: str) -> str:
    """The blocked PIN counts again."""
    return _renew(card, info, None)


def _renew(card: Opened, info: str, new: str | None) -> str:
    profile = _kind(card)
    factors, keys = _matches(card, profile, info), _keys(card)
    application = next(one for one in profile.applications if one.key_named("PUK"))
    puk = application.key_named("PUK")
    stk = next(key for key in application.keys if key.usage is Usage.RELOAD)
    assert puk is not None
    card.run(open_application(profile, application.name))
    card.run(proving.unblock_pin(puk, stk, factors, keys) if new is None else proving.reload_pin(puk, stk, factors, keys, new))
    return ""


@function
def debit(api: SscApi, card: Opened, info: str, pay: str) -> str:
    """A medical settlement. `pay` is account|self-paid|pooled| in fen (this project's order; none is published)."""
    profile = _kind(card)
    factors = _matches(card, profile, info)
    if card.psam is None:
        raise Failed(codes.NO_PSAM)
    parts = _parts(pay)
    script = paying.medical_purchase(profile, paying.PsamSam(0xDF01, p1=1), factors, parts, api.clock(), pin=api.ask_pin("PIN"))
    return receipt(card.run(script))


def receipt(made: Any) -> str:
    """TAC|terminal|terminal sequence|card sequence|moment|balance in fen before|."""
    proof = made.debit
    parts = (made.tac, proof.terminal, proof.sequence, made.sequence, proof.moment)
    return joined(*(part.hex().upper() for part in parts), str(made.before.balance))


@function
def read_debits(api: SscApi, card: Opened) -> str:
    """The medical log, newest first: commas inside a record, a bar behind each."""
    profile = _kind(card)
    card.run(open_application(profile, "DF04"))
    card.run(proving.verify_pin(_typed(api, "PIN")))
    file = next(one for one in profile.application("DF04").files if one.form is Form.CYCLIC)
    return "".join(",".join(parts_of(entry)) + "|" for entry in card.run(read_file(file)))


# The same in steps, with the province's host in the terminal's place.


def step_1(api: SscApi, i_type: int, name: str, script: Callable[[Opened, Profile], Script[Any]]) -> Answer:
    """Begin a function in steps; the card stays connected for the next."""

    def begun() -> str:
        forget(api, name)
        card = _opened(api, i_type)
        steps = Steps(script(card, _kind(card)), card.exchange)
        try:
            said = steps.begin()
        except BaseException:
            card.close()
            raise
        api._paused[name] = card, steps  # noqa: SLF001  # this module is the class's own
        return said

    return answered(begun)


def step_n(api: SscApi, name: str, said: str, *, last: bool = True, again: bool = False) -> Answer:
    """Go on with what the host said; after the last step, or a failure, the card is let go.

    With `again` the step is repeated, and answers `MORE`, while there is another key for the host to prove.
    """
    if name not in api._paused:  # noqa: SLF001  # this module is the class's own
        return codes.PARAMETER, ""
    _, steps = api._paused[name]  # noqa: SLF001  # the same
    code, out = answered(lambda: steps.go_on(said) or "")
    if again and not code and not steps.ended:
        return codes.MORE, out
    if last or code:
        forget(api, name)
    return code, out


def forget(api: SscApi, name: str) -> None:
    """Let go of the card of an unfinished function."""
    paused = api._paused.pop(name, None)  # noqa: SLF001  # this module is the class's own
    if paused:
        with suppress(CardstackError):
            paused[0].close()


def basics_by_host(api: SscApi, card: Opened, profile: Profile) -> Script[str]:
    """IReadCardBas with the host's proofs."""
    issuer = yield from hosts.prove_basics(profile, card.reader.atr, token_bytes(16))
    holder = yield from read_file(profile.file("SSSE", 0xEF06))
    return basics(api, card, issuer, holder)


def items_by_host(api: SscApi, card: Opened, profile: Profile, addresses: str) -> Script[str]:
    """IReadCard under the read key of each address, one question to the host for each key; with the PIN where both are asked."""
    guarded = [one for file in address.parse(profile, addresses) for one in file if not one.file.read.allows(frozenset())]
    if not guarded:
        raise Failed(codes.NO_HOST_NEEDED)
    issuer = yield from read_issuer(profile)

    def unlock(application: Application) -> Script[None]:
        files = [one.file for one in guarded if one.application == application.name]
        if any(all("PIN" in way for way in file.read.ways) for file in files):
            yield from proving.verify_pin(_typed(api, "PIN"))
        for key in {key.name: key for key in (_key_of(profile, application.name, file.read) for file in files)}.values():
            yield from hosts.prove_key(issuer, key, card.reader.atr)

    return (yield from address.read(profile, addresses, unlock))


def write_by_host(card: Opened, profile: Profile, addresses: str, data: str) -> Script[str]:
    """IWriteCard under the update key of each address, one question to the host for each key."""
    issuer = yield from read_issuer(profile)
    yield from _write(profile, addresses, data, lambda key: hosts.prove_key(issuer, key, card.reader.atr))
    return ""


def debit_by_host(api: SscApi, card: Opened, profile: Profile, pay: str) -> Script[str]:
    """IDoDebit with MAC1 from the host."""
    issuer = yield from read_issuer(profile)
    sam = hosts.HostSam(bytes.fromhex(api.terminal_number))
    factors = Factors(issuer.region, card.factor)
    made = yield from paying.medical_purchase(profile, sam, factors, _parts(pay), api.clock(), pin=api.ask_pin("PIN"))
    return receipt(made)


def new_pin_by_host(api: SscApi, profile: Profile) -> Script[str]:
    """IReloadPIN with the host's cipher."""
    return (yield from hosts.renew_pin(profile, _new_pin(api)))


def _key_of(profile: Profile, name: str, access: Any) -> Any:
    keys = profile.application(name)
    proofs = (proof for way in access.ways for proof in way)
    named = (keys.key_named(proof) for proof in sorted(proofs))
    found = next((key for key in named if key), None)
    if found is None:
        raise Failed(codes.UNSUPPORTED)
    return found


def _write(profile: Profile, addresses: str, data: str, prove: Callable[[Any], Script[None]]) -> Script[None]:
    """Every command of an update, its application opened and its keys proved before the first."""
    keys: dict[str, dict[str, Any]] = {}
    for one in (one for file in address.parse(profile, addresses) for one in file):
        key = _key_of(profile, one.application, one.file.update)
        keys.setdefault(one.application, {})[key.name] = key
    current = ""
    for name, command in address.updates(profile, addresses, data):
        if name != current:
            yield from open_application(profile, name)
            current = name
            for key in keys[name].values():
                yield from prove(key)
        (yield from ask(command)).require()


def _guarded(application: Any) -> list[Any]:
    """The files that ask for a proof before they are read."""
    return [file for file in application.files if file.read.ways and not file.read.allows(frozenset())]


def _by_pin(pin: str) -> Callable[[Any], Script[None]]:
    """What opens an application: the PIN."""

    def unlock(application: Any) -> Script[None]:
        if _guarded(application):
            yield from proving.verify_pin(pin)

    return unlock


def _by_keys(factors: Factors, keys: Any) -> Callable[[Any], Script[None]]:
    """What opens an application: all its read keys."""

    def unlock(application: Any) -> Script[None]:
        asked = {proof for file in _guarded(application) for way in file.read.ways for proof in way}
        for key in application.keys:
            if key.name in asked:
                yield from proving.external_authenticate(key, factors, keys)

    return unlock


def _matches(card: Opened, profile: Profile, info: str) -> Factors:
    """Every field of `pCardInfo` must be one of the card's own; what its keys are diversified by."""
    issuer = card.run(read_issuer(profile))
    given = [one for one in info.split("|") if one]
    known = {issuer.identifier, issuer.number, issuer.region, issuer.version, card.reader.atr[4:].hex().upper()}
    if any(one not in known for one in given):
        holder = card.run(read_holder(profile, card.terminal)) if card.terminal else None
        known |= {holder.number, holder.full_name} if holder else set()
        if any(one not in known for one in given):
            raise Failed(codes.MISMATCH)
    return Factors(issuer.region, card.factor)


def _parts(pay: str) -> tuple[Fen, Fen, Fen]:
    """Account, self-paid and pooled amounts in fen."""
    fields = [one for one in pay.split("|") if one]
    if len(fields) != 3 or not all(one.isascii() and one.isdigit() and len(one) <= 9 for one in fields):
        raise Failed(codes.PARAMETER)
    account, own, pool = (Fen(int(one)) for one in fields)
    return account, own, pool


def _typed(api: SscApi, what: str) -> str:
    pin = api.ask_pin(what)
    if pin is None:
        raise Failed(codes.CANCELLED)
    if not 4 <= len(pin) <= 12 or not (pin.isascii() and pin.isdigit()):
        raise Failed(codes.PIN_LENGTH)
    return pin


def _new_pin(api: SscApi) -> str:
    """The new PIN typed twice."""
    first = _typed(api, "new PIN")
    if _typed(api, "new PIN again") != first:
        raise Failed(codes.PIN_UNEQUAL)
    return first
