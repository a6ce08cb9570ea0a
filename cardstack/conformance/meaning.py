"""What an answer means to whoever compares two cards: status word and data, fresh numbers and cryptograms as dots."""

import re
from typing import Final

from cardstack.apdu.difference import CHALLENGE, meaningful
from cardstack.apdu.trace import Exchanged

LENGTH: Final = re.compile(r"\d+ bytes [0-9A-F]{4}.*")


class Meaning:
    """The meanings of one conversation; a challenge that comes again says so."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()

    def of(self, command: bytes, answer: bytes) -> str:
        """What an answer means.

        >>> Meaning().of(bytes.fromhex("0084000004"), bytes.fromhex("112233449000"))
        '........9000'
        """
        told = meaningful(Exchanged("", "", 0, command.hex(), answer.hex()))[1]
        if command[1] == CHALLENGE and len(answer) > 2:
            told += " again" if answer in self.seen else ""
            self.seen.add(answer)
        return told

    @staticmethod
    def fits(got: str, expected: str) -> bool:
        """Whether a meaning is the one expected, or of the length expected.

        >>> Meaning.fits("080c31319000", "4 bytes 9000"), Meaning.fits("6982", "9000"), Meaning.fits("CS-1213", "6982")
        (True, False, False)
        """
        return got == expected or (LENGTH.fullmatch(expected) is not None and Meaning.length(got) == expected)

    @staticmethod
    def length(meaning: str) -> str:
        """A meaning without its data."""
        first, _, more = meaning.partition(" ")
        return meaning if first.startswith("CS-") else f"{len(first) // 2 - 2} bytes {first[-4:].upper()} {more}".strip()

    @staticmethod
    def brief(meaning: str) -> str:
        """A meaning without content, which may be somebody's life.

        >>> Meaning.brief("080c31319000"), Meaning.brief("........9000 again"), Meaning.brief("CS-1212")
        ('4 bytes 9000', '4 bytes 9000 again', 'CS-1212')
        """
        return meaning if LENGTH.fullmatch(meaning) or meaning == "nothing" else Meaning.length(meaning)
