"""Who may ask the agent for what: host, origin, pairing, consent. Everything is refused that was not allowed.

The agent listens on the machine's own loopback, where every page in every browser can knock. So a request counts only
if it was addressed to the loopback by name (against DNS rebinding), comes from an origin on the list, from somebody
who knows the pairing token, for a function that the person at the machine has agreed to for this origin.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hmac import compare_digest
from pathlib import Path
from typing import Any

from cardstack.agent.family import FAMILY
from cardstack.errors import Malformed, Refused, problem
from cardstack.text import Text

HOST_REFUSED = problem(
    "CS-6001",
    Text("The agent answers to the names of this machine alone", "代理只接受以本机名称发来的请求"),
    Text("Call it as 127.0.0.1 or localhost.", "请使用 127.0.0.1 或 localhost 访问。"),
)
ORIGIN_REFUSED = problem(
    "CS-6002",
    Text("This page's origin is not on the agent's list: {origin}", "该页面来源不在代理的允许列表中：{origin}"),
    Text("Start the agent with --origin {origin} if you trust it.", "如信任该来源，请以 --origin {origin} 启动代理。"),
)
NOT_PAIRED = problem(
    "CS-6003",
    Text("The caller is not paired with this agent", "调用方未与本代理配对"),
    Text("Send the pairing token that the agent shows.", "请提交代理界面显示的配对令牌。"),
)
NOT_AGREED = problem(
    "CS-6004",
    Text("The person at the machine did not agree to {function}", "本机操作员未同意调用 {function}"),
    Text("Ask again and agree in the agent's own window.", "请重新发起，并在代理窗口中同意。"),
)
NOT_ENABLED = problem(
    "CS-6005",
    Text("{function} writes to the card or asks for the PIN, and is not enabled", "{function} 涉及写卡或密码，未启用"),
    Text("Start the agent with --enable {function}.", "请以 --enable {function} 启动代理。"),
)
PIN_ON_SOCKET = problem(
    "CS-6006",
    Text("A PIN never travels through the agent's socket", "密码不得通过代理的网络接口传递"),
    Text("Leave it out; the agent asks the holder itself.", "请勿传递密码，代理会直接请持卡人输入。"),
)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Consent(StrEnum):
    """What the person at the machine says to an origin's first call of a function."""

    NO = "no"
    ONCE = "once"
    ALWAYS = "always"


def _remembered(path: Path) -> set[tuple[str, str]]:
    """The consents of a file: a list of pairs, origin and function."""
    try:
        pairs = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError):
        raise Malformed(Text("the file of consents is no JSON", "授权文件不是 JSON"), field="consents") from None
    if not isinstance(pairs, list) or not all(
        isinstance(one, list) and len(one) == 2 and all(isinstance(part, str) for part in one) for one in pairs
    ):
        raise Malformed(
            Text("the file of consents is no list of origins and functions", "授权文件不是来源与函数的列表"), field="consents"
        )
    return {(one[0], one[1]) for one in pairs}


@dataclass
class Gate:
    """The rules of one agent; `ask` shows the question where a page cannot click."""

    origins: frozenset[str]
    token: str | None
    """None in the vendors' dialect, whose pages know no token: origin and consent alone decide there."""
    ask: Callable[[str, str], Consent]
    enabled: frozenset[str] = frozenset()
    kept: Path | None = None
    """Where consents for always are remembered."""
    _agreed: set[tuple[str, str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if self.kept and self.kept.is_file():
            self._agreed = _remembered(self.kept)

    def check_host(self, host: str) -> None:
        """The Host header names this machine's loopback."""
        name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
        if name.lower() not in LOOPBACK:
            raise Refused(problem=HOST_REFUSED)

    def check_origin(self, origin: str | None) -> str:
        """The origin is on the list; a program without one goes as `local`, and then needs the token."""
        if origin is None and self.token is not None:
            return "local"
        if origin is None or origin not in self.origins:
            raise Refused(problem=ORIGIN_REFUSED, origin=(origin or "none")[:255])
        return origin

    def check_token(self, given: object) -> None:
        """The pairing token, compared in constant time."""
        if self.token is None:
            return
        if not isinstance(given, str) or not compare_digest(given.encode(), self.token.encode()):
            raise Refused(problem=NOT_PAIRED)

    def check_call(self, origin: str, function: str, arguments: Mapping[str, Any]) -> None:
        """The function is enabled, carries no PIN, and was agreed to for this origin."""
        if any("pin" in name.lower() for name in arguments):
            raise Refused(problem=PIN_ON_SOCKET)
        entry = FAMILY.get(function)
        if entry is not None and entry.writes and function not in self.enabled:
            raise Refused(problem=NOT_ENABLED, function=function)
        with self._lock:
            if (origin, function) in self._agreed:
                return
            said = self.ask(origin, function)
            if said is Consent.NO:
                raise Refused(problem=NOT_AGREED, function=function)
            if said is Consent.ALWAYS:
                self._agreed.add((origin, function))
                if self.kept:
                    self.kept.touch(mode=0o600)
                    self.kept.write_text(json.dumps(sorted(self._agreed), ensure_ascii=False), "utf-8")
