"""What of a conversation may be seen: everything but personal items, secrets and cryptograms, by the declarations.

A mask follows one conversation: which application and file a command speaks of depends on the SELECTs before it.
Whatever it does not understand it hides.
"""

from cardstack.apdu.trace import Hide, bodies_hidden
from cardstack.card.layout import File, items
from cardstack.card.profile import Application, Profile

SELECT, GET_CHALLENGE, GET_RESPONSE, READ_RECORD = 0xA4, 0x84, 0xC0, 0xB2


def masking(profile: Profile | None) -> Hide:
    """The mask of one conversation with a card of a profile; without one only SELECT and GET CHALLENGE are seen."""
    seen = _Conversation(profile)
    return seen.hide


class _Conversation:
    """Where a conversation is: the application selected last, and what GET RESPONSE would go on with."""

    def __init__(self, profile: Profile | None) -> None:
        self.profile = profile
        self.application: Application | None = None
        self.file: File | None = None
        self.before = 0

    def hide(self, command: bytes, answer: bytes) -> tuple[str, str]:
        instruction = command[1] if len(command) >= 4 else 0
        said = self.before if instruction == GET_RESPONSE else instruction
        self.before = said
        if instruction == SELECT:
            self._select(command)
        shown, answered = bodies_hidden(command, answer)
        if instruction == SELECT or (said == SELECT and instruction == GET_RESPONSE):
            return command.hex().upper(), answer.hex().upper()
        if instruction == GET_CHALLENGE:
            return shown, answer.hex().upper()
        if instruction == READ_RECORD and len(answer) > 4:
            return shown, self._record(command, answer, answered)
        return shown, answered

    def _select(self, command: bytes) -> None:
        name = command[5 : 5 + command[4]] if len(command) > 5 else b""
        known = self.profile.applications if self.profile else ()
        by_name = next((one for one in known if one.aid == name or (one.fid and one.fid.to_bytes(2) == name)), None)
        if by_name is not None:
            self.application, self.file = by_name, None
        elif self.application is not None and len(name) == 2:
            self.file = self.application.file(int.from_bytes(name))

    def _record(self, command: bytes, answer: bytes, hidden: str) -> str:
        """A record whose item is not personal is seen whole; of any other, tag and length."""
        sfi = command[3] >> 3
        file = self.file if sfi == 0 else self.application.file_by_sfi(sfi) if self.application else None
        tags = {item.tag: item.personal for item in items(file.body).values()} if file is not None else {}
        if tags.get(answer[0]) is False:
            return answer.hex().upper()
        return answer[:2].hex().upper() + hidden[4:] if answer[0] in tags else hidden
