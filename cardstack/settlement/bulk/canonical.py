"""The canonical JSON of a transit purchase, made from the columns of a line without an object in between.

The bytes are those of `wire.canonical` of the same transaction, so a line that was sent before as a single
message is known as a retry. A test holds the two equal.
"""

from collections.abc import Mapping, Sequence

import msgspec

from cardstack.settlement.transaction import Party


def contents(
    columns: Mapping[str, Sequence[bytes]],
    places: Sequence[int],
    instants: Sequence[bytes],
    lines: Mapping[bytes, bytes],
    sender: Party,
) -> list[bytes]:
    """The canonical bytes of some lines. `instants` are the moments in UTC, `lines` the names of lines as JSON text."""
    tail = b'","scheme":"transit","sender":"' + str(sender).encode() + b'","treating":"'
    members = [columns[name] for name in _NAMES]
    if len(places) == len(members[0]):
        rows = zip(*members, strict=True)
    else:
        rows = zip(*([member[place] for place in places] for member in members), strict=True)
    return [_content(row, instant, lines, tail) for row, instant in zip(rows, instants, strict=True)]


_NAMES = (
    "acquirer",
    "algorithm",
    "amount_fen",
    "balance_fen",
    "card",
    "card_city",
    "card_class",
    "city",
    "counter",
    "day_fen",
    "expires",
    "grey",
    "gross_fen",
    "home",
    "id",
    "incomplete",
    "industry",
    "issuer",
    "key_version",
    "kind",
    "line",
    "moment",
    "month_fen",
    "previous_industry",
    "previous_moment",
    "tac",
    "terminal",
    "terminal_serial",
    "transfers",
    "treating",
    "week_fen",
)
_CLASSES = {b"01": b"", b"02": b'"card_class":"student",', b"03": b'"card_class":"senior",', b"05": b'"card_class":"soldier",'}
_TEMPLATE = (
    b'{"amount_fen":%d,"body":{"tap":{"acquirer":"%b",%b"amount_fen":%d,"balance_fen":%d,"card":"%b","card_city":"%b",%b'
    b'"city":"%b","counter":%d,%b%b%b"gross_fen":%d,%b"industry":"%b","issuer":"%b",%b"kind":%d,%b"moment":"%b",%b%b'
    b'"tac":"%b","terminal":"%b","terminal_serial":%d%b}},"home":"%b","id":"%b","kind":"fare","occurred_at":"%b%b%b"}'
)


def _content(row: tuple[bytes, ...], instant: bytes, lines: Mapping[bytes, bytes], tail: bytes) -> bytes:
    """One line; members that have their default are left out, as in an envelope."""
    (
        acquirer, algorithm, amount, balance, card, card_city, card_class, city, counter, day, expires, grey, gross, home,
        identity, incomplete, industry, issuer, version, kind, line, moment, month, previous_industry, previous_moment, tac,
        terminal, serial, transfers, treating, week,
    ) = row  # fmt: skip
    fen, named = int(amount), lines[line]
    previous = b""
    if previous_moment != b" " * 14:
        more = b',"transfers":%d' % int(transfers)
        previous = b'"previous":{"industry":"%b","moment":"%b"%b},' % (previous_industry, previous_moment, more)
    return _TEMPLATE % (
        fen, acquirer, b"" if algorithm == b"1" else b'"algorithm":"sm4",', fen, int(balance), card, card_city,
        _CLASSES[card_class], city, int(counter), _member(b"day_fen", day),
        b"" if expires == b" " * 8 else b'"expires":"%b",' % expires, b"" if grey == b"0" else b'"grey":true,',
        int(gross), b"" if incomplete == b"0" else b'"incomplete":true,', industry, issuer,
        b"" if version == b"001" else b'"key_version":%d,' % int(version), int(kind),
        b'"line":%b,' % named if named != b'""' else b"", moment, _member(b"month_fen", month), previous, tac, terminal,
        int(serial), b"" if week == b"0" * 10 else b',"week_fen":%d' % int(week), home, identity, instant, tail, treating,
    )  # fmt: skip


def _member(name: bytes, digits: bytes) -> bytes:
    number = int(digits)
    return b'"%b":%d,' % (name, number) if number else b""


def text_member(raw: bytes, charset: str, most: int) -> bytes | None:
    """A padded text column as JSON text; None where it is not of the charset or has more characters than the record takes."""
    try:
        text = raw.decode(charset).rstrip(" ")
    except UnicodeDecodeError:
        return None
    return msgspec.json.encode(text) if len(text) <= most else None
