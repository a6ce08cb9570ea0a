"""Command and response APDUs (ISO/IEC 7816-3 §12.1, 7816-4 §5.1)."""

from dataclasses import dataclass

from cardstack.apdu.status import meaning
from cardstack.errors import Malformed, Refused, problem
from cardstack.text import Text

STATUS = problem(
    "CS-1101",
    Text("The card answered {sw}: {en}", "卡片返回 {sw}：{zh}"),
    Text(
        "Look the status word up in the reference; the command had no effect.",
        "请在参考手册中查询该状态字；该命令未生效。",
    ),
)


@dataclass(frozen=True, slots=True)
class Command:
    """A command APDU. `ne` is how many bytes are wanted back, None when none are.

    >>> bytes(Command(0x00, 0xB2, 1, 0x34, ne=256)).hex()
    '00b2013400'
    >>> Command.parse(bytes.fromhex("00a4000002df01")).data.hex()
    'df01'
    """

    cla: int
    ins: int
    p1: int = 0
    p2: int = 0
    data: bytes = b""
    ne: int | None = None

    def __post_init__(self) -> None:
        if self.ne is not None and not 1 <= self.ne <= 65536:
            raise Malformed(Text(f"ne is 1 to 65536, or None; got {self.ne}", f"ne 应为 1 至 65536 或 None，实为 {self.ne}"))
        if len(self.data) > 65535:
            raise Malformed(
                Text(
                    f"a command carries at most 65535 bytes, got {len(self.data)}",
                    f"命令数据至多 65535 字节，实为 {len(self.data)} 字节",
                )
            )

    @property
    def extended(self) -> bool:
        """Whether the command needs the extended length form."""
        return len(self.data) > 255 or (self.ne or 0) > 256

    def __bytes__(self) -> bytes:
        width = 2 if self.extended else 1
        lead = b"\0" if self.extended else b""
        lc = lead + len(self.data).to_bytes(width) + self.data if self.data else b""
        # Ne of 256 (or 65536) is written as zeros; the lead byte stands only once.
        le = b"" if self.ne is None else (b"" if lc else lead) + (self.ne % 256**width).to_bytes(width)
        return bytes((self.cla, self.ins, self.p1, self.p2)) + lc + le

    @classmethod
    def parse(cls, raw: bytes) -> "Command":
        """One of the seven cases of 7816-3 §12.1.3, or `Malformed`."""
        if len(raw) < 4:
            raise Malformed(Text(f"a command has at least 4 bytes, got {len(raw)}", f"命令至少 4 字节，实为 {len(raw)} 字节"))
        data, ne = _body(raw[4:])
        return cls(raw[0], raw[1], raw[2], raw[3], data, ne)


def _body(body: bytes) -> tuple[bytes, int | None]:
    """Data and Ne from what follows the header."""
    if not body:
        return b"", None
    if len(body) == 1:
        return b"", body[0] or 256
    if body[0] != 0:
        return _lengths(body, 1)
    if len(body) == 3:
        return b"", int.from_bytes(body[1:]) or 65536
    # 00 as a short Lc stands for no data; some readers send it before nothing else (00A4000000 is case 2).
    return _lengths(body[1:], 2)


def _lengths(body: bytes, width: int) -> tuple[bytes, int | None]:
    """Cases 3 and 4, Lc and Le each `width` bytes wide."""
    size = int.from_bytes(body[:width])
    data, le = body[width : width + size], body[width + size :]
    if len(body) < width or not size or len(data) < size:
        raise Malformed(
            Text(f"Lc says {size} bytes of data, {len(data)} are there", f"Lc 声明 {size} 字节数据，实有 {len(data)} 字节"),
            offset=4,
        )
    if len(le) not in (0, width):
        raise Malformed(
            Text(f"{len(le)} bytes after the data, Le has {width}", f"数据之后有 {len(le)} 字节，Le 应为 {width} 字节"),
            offset=4 + width + size,
        )
    return data, (int.from_bytes(le) or 256**width) if le else None


@dataclass(frozen=True, slots=True)
class Response:
    """A response APDU: data and status word."""

    data: bytes
    sw: int

    @classmethod
    def parse(cls, raw: bytes) -> "Response":
        if len(raw) < 2:
            raise Malformed(
                Text(
                    f"a response ends in two status bytes, got {len(raw)} in all",
                    f"应答末尾应为两字节状态字，总共仅 {len(raw)} 字节",
                )
            )
        return cls(raw[:-2], int.from_bytes(raw[-2:]))

    def __bytes__(self) -> bytes:
        return self.data + self.sw.to_bytes(2)

    @property
    def attempts_remaining(self) -> int | None:
        """How many tries are left after 63Cx, 0 after 6983; None for any other answer.

        >>> Response(b"", 0x63C2).attempts_remaining, Response(b"", 0x9000).attempts_remaining
        (2, None)
        """
        if self.sw == 0x6983:
            return 0
        return self.sw & 0x0F if self.sw >> 4 == 0x63C else None

    def require(self, *accepted: int) -> bytes:
        """The data, provided the card said 9000 or one of `accepted`; else `StatusError`."""
        if self.sw == 0x9000 or self.sw in accepted:
            return self.data
        raise StatusError(self)


class StatusError(Refused):
    """The card answered with a status word the caller did not accept."""

    problem = STATUS

    def __init__(self, response: Response) -> None:
        self.response = response
        said = meaning(response.sw)
        super().__init__(sw=f"{response.sw:04X}", en=said.en, zh=said.zh)

    @property
    def sw(self) -> int:
        return self.response.sw

    @property
    def attempts_remaining(self) -> int | None:
        """As the response has it."""
        return self.response.attempts_remaining
