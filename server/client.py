"""A client of the interface: one connection, signed envelopes, answers as values, problems as errors."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ssl import SSLContext
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from cardstack.crypto.keys import Signer
from cardstack.errors import CardstackError, Malformed, Problem, Refused, Untrusted, faulty, problem
from cardstack.settlement.envelope import seal
from cardstack.settlement.transaction import Transaction
from cardstack.text import Text

TIMEOUT = 30.0
ANSWER_MAX = 64 << 20

UNREACHABLE = problem(
    "CS-4050",
    Text("The service did not answer", "服务无应答"),
    Text(
        "Whether the message was booked is unknown: send the same message again, or ask for its id.",
        "报文是否入账尚不确定：请以相同报文重发，或按报文标识查询。",
    ),
)
BUSY: Final = (408, 429)
"""Answers that say nothing of the message itself, beside 5xx: of the service, or of what stands in front of it."""
CLASSES: Final[Mapping[int, type[CardstackError]]] = {400: Malformed, 413: Malformed, 401: Untrusted, 403: Untrusted}


class Lost(Refused):
    """No answer came, or none of the ledger: the outcome is unknown until the same message is sent again or asked for."""

    problem = UNREACHABLE


class Client:
    """A node's connection to a settlement service; not to be shared by threads.

    With a `clock` every request is signed (RFC 9421), for services that want to know who reads.
    """

    def __init__(
        self,
        url: str,
        signer: Signer | None = None,
        certificates: Sequence[bytes] = (),
        *,
        clock: Callable[[], datetime] | None = None,
        tls: SSLContext | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or parts.hostname is None:
            raise faulty("url", "http://host:port or https://host:port", "应为 http://主机:端口 或 https://主机:端口")
        self.url, self.signer, self.certificates, self.clock = url.rstrip("/"), signer, tuple(certificates), clock
        if parts.scheme == "https":
            self.connection: HTTPConnection = HTTPSConnection(parts.hostname, parts.port, timeout=timeout, context=tls)
        else:
            self.connection = HTTPConnection(parts.hostname, parts.port, timeout=timeout)

    def submit(self, transaction: Transaction, at: datetime) -> dict[str, Any]:
        """Sign one transaction and send it; the answer where it stands in the ledger, else the problem as an error."""
        return self.send(self._seal([transaction], at))

    def submit_batch(self, transactions: Sequence[Transaction], at: datetime) -> list[dict[str, Any]]:
        """Sign up to 8,190 transactions and send them at once; an answer a line, of the same ids, or `Lost`."""
        answers = self.send_batch(self._seal(transactions, at))
        if [one.get("id") for one in answers] != [str(one.id) for one in transactions]:
            raise Lost(Text("other answers than were asked for", "应答与所送交易不符"))
        return answers

    def send(self, envelope: bytes) -> dict[str, Any]:
        """Send an envelope of one transaction."""
        return self._ask("POST", "/transactions", envelope)

    def send_batch(self, envelope: bytes) -> list[dict[str, Any]]:
        """Send an envelope of many."""
        return self._listed("answers", "POST", "/batches", envelope)

    def receive_batch(self, transactions: Sequence[Transaction], at: datetime, *, wait: int = 0) -> dict[str, Any]:
        """Sign and send a batch, to be answered once it is durable, or after up to so many seconds once it is judged.

        `batch` of the answer is what `batch()` asks for; `state` is `received` while lines wait to be judged.
        """
        prefer = f"respond-async, wait={wait}" if wait else "respond-async"
        return self._ask("POST", "/batches", self._seal(transactions, at), Prefer=prefer)

    def batch(self, digest: str) -> dict[str, Any]:
        """What became of a batch, by the SHA-256 of its envelope (hexadecimal)."""
        return self._ask("GET", f"/batches/{digest}")

    def refusals(self, message: str) -> list[dict[str, Any]]:
        """Why lines under a message id were refused, the newest first."""
        return self._listed("refusals", "GET", f"/refusals/{message}")

    def transaction(self, message: str) -> dict[str, Any]:
        """A transaction by its message id."""
        return self._ask("GET", f"/transactions/{message}")

    def windows(self, **which: str) -> list[dict[str, Any]]:
        """The settlement windows."""
        return self._listed("windows", "GET", f"/windows?{urlencode(which)}")

    def window(self, window: str) -> dict[str, Any]:
        """One window with its positions."""
        return self._ask("GET", f"/windows/{window}")

    def events(self, after: int = 0, limit: int = 100) -> dict[str, Any]:
        """What happened after a cursor."""
        return self._ask("GET", f"/events?after={after}&limit={limit}")

    def totals(self, book: Mapping[str, Any]) -> dict[str, Any]:
        """Compare totals by day (see the interface's description of /reconciliation/totals)."""
        return self._ask("POST", "/reconciliation/totals", json.dumps(book).encode())

    def lines(self, book: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Compare lines; those that differ."""
        return self._listed("mismatches", "POST", "/reconciliation/lines", json.dumps(book).encode())

    def presettle(self, claim: Mapping[str, Any], day: date | None = None, instead_of: str = "") -> dict[str, Any]:
        """What a medical bill would come to on the year as it is now; `body` of the answer is what to sign and send.

        `instead_of` is the message that was taken back and that the bill corrects.
        """
        asked = {"claim": claim} | ({} if day is None else {"day": day.isoformat()})
        asked |= {"instead_of": instead_of} if instead_of else {}
        return self._ask("POST", "/presettlements", json.dumps(asked).encode())

    def card_lists(self) -> list[dict[str, Any]]:
        """The newest version of every card list."""
        return self._listed("lists", "GET", "/lists")

    def pull_list(self, kind: str, after: int = 0) -> bytes | None:
        """The signed file with what changed in a card list since a version; None where nothing did."""
        path = f"/lists/{kind}?after={after}"
        status, raw = self._fetch("GET", path, None, {"Accept": "application/zip, application/problem+json"})
        if status == 304:
            return None
        if status >= 400:
            raise _as_error(status, _object(raw))
        return raw

    def send_file(self, raw: bytes) -> dict[str, Any]:
        """Send a signed bulk file; what became of its lines. Sent again after a lost reply, nothing is taken twice."""
        return self._ask("POST", "/files", raw, **{"Content-Type": "application/zip"})

    def file(self, digest: str) -> dict[str, Any]:
        """What became of a file, by the SHA-256 of its bytes (hexadecimal)."""
        return self._ask("GET", f"/files/{digest}")

    def file_return(self, digest: str) -> bytes:
        """The return file about a file."""
        status, raw = self._fetch("GET", f"/files/{digest}/return", None, {"Accept": "application/zip, application/problem+json"})
        if status >= 400:
            raise _as_error(status, _object(raw))
        return raw

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _seal(self, transactions: Sequence[Transaction], at: datetime) -> bytes:
        if self.signer is None:
            raise Refused(Text("this client has no key to sign with", "客户端未配置签名密钥"))
        return seal(transactions, self.signer, self.certificates, at)

    def _proof(self, method: str, path: str, body: bytes) -> Mapping[str, str]:
        """RFC 9421 headers, where this client has a key and a clock; an envelope is proof by itself, but not of reading."""
        if self.signer is None or self.clock is None:
            return {}
        from server.signatures import Request, sign  # noqa: PLC0415  # only clients that sign what they ask need it

        return sign(Request(method, self.url + path, {}, body), self.signer, self.certificates[0], self.clock())

    def _ask(self, method: str, path: str, body: bytes | None = None, **further: str) -> dict[str, Any]:
        headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if body is not None else {})
        status, raw = self._fetch(method, path, body, headers | further)
        content = _object(raw)
        if status >= 400:
            raise _as_error(status, content)
        if not 200 <= status < 300:  # a proxy leads elsewhere: nobody said anything of the message
            raise Lost(str(status))
        return content

    def _listed(self, name: str, method: str, path: str, body: bytes | None = None) -> list[dict[str, Any]]:
        found = self._ask(method, path, body).get(name)
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise Lost(Text(f"an answer without {name}", f"应答缺少 {name}"))
        return found

    def _fetch(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        try:
            self.connection.request(method, path, body, {**headers, **self._proof(method, path, body or b"")})
            response = self.connection.getresponse()
            return response.status, response.read(ANSWER_MAX)
        except (OSError, HTTPException) as error:
            self.connection.close()
            raise Lost(type(error).__name__) from error


def _object(raw: bytes) -> dict[str, Any]:
    try:
        content = json.loads(raw)
    except ValueError as error:
        raise Lost(Text("an answer that is no JSON", "应答不是 JSON")) from error
    if not isinstance(content, dict):
        raise Lost(Text("an answer that is no object", "应答不是 JSON 对象"))
    return content


def _as_error(status: int, content: dict[str, Any]) -> CardstackError:
    """The service's problem as an error here, of the class that gave it its status there; a service in trouble is `Lost`."""
    if status in BUSY or status >= 500:
        return Lost(f"{status} {content.get('code', '')}".strip())
    title = _both(content.get("titles"), Text("The service refused it", "服务拒绝了请求"))
    detail, remedy = str(content.get("detail", "")), str(content.get("remedy", ""))
    kind = Problem(str(content.get("code", "CS-4000")), title, Text(remedy, remedy))
    facts = content.get("facts")
    error = CLASSES.get(status, Refused)
    return error(_both(content.get("details"), Text(detail, detail)), kind, **(facts if isinstance(facts, dict) else {}))


def _both(told: object, otherwise: Text) -> Text:
    """What the service says in both languages, or else: an older one does not say everything in both."""
    known = told if isinstance(told, dict) else {}
    return Text(str(known.get("en", otherwise.en)), str(known.get("zh", otherwise.zh)))
