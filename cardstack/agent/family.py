"""The family of functions as a table: the names that callers know, their parameters in order, and what they do.

The C library, the browser dialect and the manual are made from this one table.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from cardstack.agent import codes, hosts, sscard
from cardstack.agent.sscard import Answer, SscApi


class Entry(NamedTuple):
    """One function: its parameters (those beginning with `i` are numbers, the others text), and its work."""

    parameters: tuple[str, ...]
    call: Callable[..., Answer]
    writes: bool = False
    """Whether it changes the card or asks for the PIN; the agent keeps such functions off unless enabled."""


def _first(name: str, script: Callable[..., Any]) -> Callable[..., Answer]:
    """Step 1: `iType` and whatever the script takes besides."""

    def call(api: SscApi, i_type: int, *given: str) -> Answer:
        return sscard.step_1(api, i_type, name, lambda card, profile: script(api, card, profile, *given))

    return call


def _next(name: str, *, last: bool = True, again: bool = False) -> Callable[..., Answer]:
    """A later step: what the host said."""

    def call(api: SscApi, said: str) -> Answer:
        return sscard.step_n(api, name, said, last=last, again=again)

    return call


INFO, ADDRESS, DATA, PAY, KEY, TYPE = "pCardInfo", "pFileAddr", "pWriteData", "pPayInfo", "pKey", "iType"

FAMILY: Mapping[str, Entry] = {
    "iReadCardBas": Entry((TYPE,), sscard.read_basics),
    "iReadCardBas_HSM_Step1": Entry((TYPE,), _first("bas", sscard.basics_by_host)),
    "iReadCardBas_HSM_Step2": Entry((KEY,), _next("bas")),
    "iReadCard": Entry((TYPE, "iAuthType", INFO, ADDRESS), sscard.read_items),
    "iReadCard_HSM_Step1": Entry(
        (TYPE, INFO, ADDRESS), _first("read", lambda api, card, kind, _, where: sscard.items_by_host(api, card, kind, where))
    ),
    "iReadCard_HSM_Step2": Entry((KEY,), _next("read", again=True)),
    "iWriteCard": Entry((TYPE, INFO, ADDRESS, DATA), sscard.write_items, writes=True),
    "iWriteCard_HSM_Step1": Entry(
        (TYPE, INFO, ADDRESS, DATA),
        _first("write", lambda _, card, kind, __, where, data: sscard.write_by_host(card, kind, where, data)),
        writes=True,
    ),
    "iWriteCard_HSM_Step2": Entry((KEY,), _next("write", again=True), writes=True),
    "iVerifyPIN": Entry((TYPE,), sscard.verify_pin, writes=True),
    "iChangePIN": Entry((TYPE,), sscard.change_pin, writes=True),
    "iReloadPIN": Entry((TYPE, INFO), sscard.reload_pin, writes=True),
    "iReloadPIN_HSM_Step1": Entry(
        (TYPE, INFO), _first("reload", lambda api, _, kind, __: sscard.new_pin_by_host(api, kind)), writes=True
    ),
    "iReloadPIN_HSM_Step2": Entry((KEY,), _next("reload", last=False), writes=True),
    "iReloadPIN_HSM_Step3": Entry((KEY,), _next("reload"), writes=True),
    "iUnblockPIN": Entry((TYPE, INFO), sscard.unblock_pin, writes=True),
    "iUnblockPIN_HSM_Step1": Entry(
        (TYPE, INFO), _first("unblock", lambda _, __, kind, ___: hosts.renew_pin(kind, None)), writes=True
    ),
    "iUnblockPIN_HSM_Step2": Entry((KEY,), _next("unblock", last=False), writes=True),
    "iUnblockPIN_HSM_Step3": Entry((KEY,), _next("unblock"), writes=True),
    "iDoDebit": Entry((TYPE, INFO, PAY), sscard.debit, writes=True),
    "iDoDebit_HSM_Step1": Entry(
        (TYPE, INFO, PAY),
        _first("debit", lambda api, card, kind, _, pay: sscard.debit_by_host(api, card, kind, pay)),
        writes=True,
    ),
    "iDoDebit_HSM_Step2": Entry((KEY,), _next("debit"), writes=True),
    "iReadDebitRecord": Entry((TYPE,), sscard.read_debits, writes=True),
}


def call(api: SscApi, name: str, arguments: Mapping[str, Any]) -> Answer:
    """One function by name with its arguments by name; what is left out is 0 or empty.

    >>> call(SscApi(lambda _: None), "iFly", {})
    (-13, '')
    """
    entry = FAMILY.get(name)
    if entry is None:
        return codes.UNSUPPORTED, ""
    given: list[Any] = []
    for parameter in entry.parameters:
        value = arguments.get(parameter, 0 if parameter.startswith("i") else "")
        if isinstance(value, bool) or not isinstance(value, int if parameter.startswith("i") else str):
            return codes.PARAMETER, ""
        given.append(value)
    return entry.call(api, *given)
