"""What a request means and how it is answered: our own form, and the vendors' dialect (`--compat sscard`).

Ours: `{"function": "iReadCardBas", "iType": 1, "nonce": "…", "token": "…"}` is answered with code, text and named fields,
bound to the page's origin and nonce by the agent's signature: an answer carried to another site proves nothing there.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cardstack.agent.audit import Audit
from cardstack.agent.family import FAMILY, call
from cardstack.agent.gate import Gate
from cardstack.agent.sscard import SscApi
from cardstack.crypto.keys import Signer
from cardstack.errors import CardstackError, Malformed
from cardstack.text import Text, language_of

BASICS = ("aab301", "aac002", "aaz500", "aaz501", "aac003", "aaz507", "version", "issued", "valid_until", "terminal", "device")
"""Names of the fields of iReadCardBas: the ministry's data element codes where it has them."""
NONCE_MAX = 128
REFUSED = "-13"
RESERVED = frozenset({"function", "functionName", "nonce", "token", "id"})


@dataclass
class Desk:
    """Takes a request's text, gives an answer's text. One call at a time is the caller's to ensure."""

    gate: Gate
    api: SscApi
    audit: Audit
    signer: Signer | None = None
    compat: bool = False

    def answer(self, text: str, *, origin: str, paired: bool = False) -> str:
        """The answer to one request from a checked origin."""
        request = self._request(text)
        function = str(request.get("function") or request.get("functionName") or "")[:64]
        arguments = {name: value for name, value in request.items() if name not in RESERVED}
        try:
            if not paired:
                self.gate.check_token(request.get("token"))
            if function not in FAMILY:
                raise Malformed(Text(f"{function!r} is no function", f"{function!r} 不是函数"), field="function")
            self.gate.check_call(origin, function, arguments)
            code, out = call(self.api, function, arguments)
            said = self._said(function, code, out, request, origin)
        except CardstackError as error:
            code = int(REFUSED)
            said = self._refused(function, error, request)
        self.audit.add(at=_now(), origin=origin, function=function, code=code)
        return json.dumps(said, ensure_ascii=False)

    @staticmethod
    def _request(text: str) -> dict[str, Any]:
        try:
            request = json.loads(text)
        except (ValueError, RecursionError):
            request = None
        return request if isinstance(request, dict) else {}

    def _said(self, function: str, code: int, out: str, request: Mapping[str, Any], origin: str) -> dict[str, Any]:
        if self.compat:
            return {"functionName": function, "success": "1" if code == 0 else str(code), "pOutInfo": out}
        nonce = request.get("nonce")
        bound = {
            "id": request.get("id") if isinstance(request.get("id"), str | int) else None,
            "function": function,
            "code": code,
            "out": out,
            "fields": dict(zip(BASICS, out.split("|"), strict=False)) if code == 0 and function in NAMED else {},
            "origin": origin,
            "nonce": nonce[:NONCE_MAX] if isinstance(nonce, str) else None,
            "at": _now(),
        }
        if self.signer is None or bound["nonce"] is None:
            return bound
        return bound | {"signature": base64.b64encode(self.signer.sign(to_be_signed(bound))).decode()}

    def _refused(self, function: str, error: CardstackError, request: Mapping[str, Any]) -> dict[str, Any]:
        if self.compat:
            return {"functionName": function, "success": REFUSED, "pOutInfo": "", "msg": error.say("zh")}
        language = language_of(str(request.get("language", "")))
        return {"function": function, "code": int(REFUSED), "error": error.code, "message": error.say(language)}


NAMED = frozenset({"iReadCardBas", "iReadCardBas_HSM_Step2"})


def to_be_signed(answer: Mapping[str, Any]) -> bytes:
    """What the signature covers: origin, nonce, moment, function, code and text, each on its line."""
    return "\n".join(str(answer[name]) for name in ("origin", "nonce", "at", "function", "code", "out")).encode()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
