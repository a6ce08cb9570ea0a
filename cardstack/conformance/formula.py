"""The small language in which a conversation says what is computed: `mac(session, amount4 type1 terminal6 moment7)`.

An argument is names and hexadecimal side by side; `name[2:4]` is a part of it. Functions are the cryptograms of the
field: `key(USAGE index)` is this card's own key, from the tester's key set.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from cardstack.card.keys import Key, Usage, derive
from cardstack.card.paying import algorithm_of
from cardstack.card.profile import Application, Diversified
from cardstack.card.proving import LocalKeys
from cardstack.conformance.case import Subject, Unready
from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.errors import Malformed
from cardstack.text import Text

CALL: Final = re.compile(r"(?P<function>\w+)\((?P<arguments>[^()]*)\)")
ATOM: Final = re.compile(r"(?P<name>\w+?)(?:\[(?P<start>\d*):(?P<end>\d*)\])?")
Names = Mapping[str, bytes]


def value(formula: str, names: Names, subject: Subject, application: Application | None) -> bytes:
    r"""What a formula comes to; `Malformed` where it is none, `Unready` where the tester lacks the key.

    >>> from cardstack.card.profiles import profile
    >>> value("sum(amount4, 00000002) 90", {"amount4": bytes(3) + b"\x05"}, Subject(profile("2.00")), None).hex()
    '0000000790'
    """
    worked: dict[str, bytes] = {}

    def called(found: re.Match[str]) -> str:
        mark = f"_{len(worked)}_"
        arguments = [one.strip() for one in found["arguments"].split(",")]
        worked[mark] = _call(found["function"], arguments, {**names, **worked}, subject, application)
        return mark

    return _side_by_side(CALL.sub(called, formula), {**names, **worked})


def _side_by_side(text: str, names: Names) -> bytes:
    return b"".join(_atom(word, names) for word in text.split())


def _atom(word: str, names: Names) -> bytes:
    found = ATOM.fullmatch(word)
    if found is None:
        raise Malformed(
            Text(f"{word}: a name, a part of one, or hexadecimal", f"{word}：应为名称、名称的一部分或十六进制"), field="formula"
        )
    if found["name"] not in names:
        try:
            return bytes.fromhex(word)
        except ValueError:
            raise Malformed(Text(f"{word} is not known here", f"{word} 未定义"), field="formula") from None
    held = names[found["name"]]
    return held[int(found["start"] or 0) : int(found["end"] or len(held))] if "[" in word else held


def _call(function: str, arguments: list[str], names: Names, subject: Subject, application: Application | None) -> bytes:
    if function == "key":
        return own_key(arguments[0], names, subject, application)
    if function not in FUNCTIONS:
        raise Malformed(
            Text(
                f"{function} is no function; there are key, {', '.join(FUNCTIONS)}",
                f"{function} 不是函数，可用 key、{'、'.join(FUNCTIONS)}",
            ),
            field="formula",
        )
    try:
        return FUNCTIONS[function](_block(names, application), *(_side_by_side(one, names) for one in arguments))
    except TypeError as error:
        raise Malformed(
            Text(f"{function} does not take {len(arguments)} arguments", f"{function} 不接受 {len(arguments)} 个参数"),
            field="formula",
        ) from error


def _block(names: Names, application: Application | None) -> Block:
    """The cipher that the card named when the payment began; else that of the application's keys."""
    if "alg1" in names:
        return algorithm_of(names["alg1"][0])
    return application.keys[0].algorithm if application is not None and application.keys else Block.TRIPLE_DES


def _sum(_block: Block, left: bytes, right: bytes) -> bytes:
    return ((int.from_bytes(left) + int.from_bytes(right)) % (1 << 8 * len(left))).to_bytes(len(left))


def _less(_block: Block, left: bytes, right: bytes) -> bytes:
    return ((int.from_bytes(left) - int.from_bytes(right)) % (1 << 8 * len(left))).to_bytes(len(left))


FUNCTIONS: Final[Mapping[str, Callable[..., bytes]]] = {
    "session": lambda block, key, random, sequence, tail: cryptogram.session_key(key, random, sequence, tail, block),
    "mac": lambda block, key, data: cryptogram.mac(key, data, block),
    "tac": lambda block, key, data: cryptogram.tac(key, data, block),
    "proof": lambda block, key, challenge, source: cryptogram.authentication(key, challenge, source, block),
    "encrypt": lambda block, key, data: cryptogram.encrypt(key, data, block),
    "flip": lambda _block, data: bytes((data[0] ^ 1,)) + data[1:],
    "sum": _sum,
    "less": _less,
}


def own_key(which: str, names: Names, subject: Subject, application: Application | None) -> bytes:
    """This card's key by usage and identifier (`PURCHASE 01`) in the application of the case."""
    usage, _, kid = which.partition(" ")
    if application is None or usage not in Usage.__members__:
        raise Malformed(
            Text(
                f"key({which}): a usage and its identifier, in a case of an application",
                f"key({which})：应为用途及其标识，且用于应用的用例",
            ),
            field="formula",
        )
    key = application.key(int(kid or "0", 16), Usage[usage])
    if key is None:
        raise Unready(Text(f"{application.name} declares no key {which}", f"{application.name} 未声明密钥 {which}"))
    if not isinstance(subject.keys, LocalKeys):
        raise Unready(
            Text("the key source keeps its keys; this case needs a key set file", "密钥来源不给出密钥；本用例需密钥集文件")
        )
    return derive(subject.keys.master(key.name), _factors(names, subject, application, key), key.algorithm)


def _factors(names: Names, subject: Subject, application: Application, key: Key) -> tuple[bytes, ...]:
    if application.diversified is Diversified.BY_CARD:
        return subject.factors.chain(3)
    if not {"issuer8", "serial8"} <= set(names):
        raise Malformed(
            Text(
                f"{key.name} needs issuer8 and serial8, which file 0015 holds",
                f"{key.name} 需要文件 0015 中的 issuer8 和 serial8",
            ),
            field="formula",
        )
    return names["issuer8"], names["serial8"]
