"""Errors over HTTP: application/problem+json (RFC 9457) with a stable code, in the language that the caller asks for."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, InternalServerError

from cardstack.errors import CardstackError, Malformed, Problem, Untrusted, problem
from cardstack.settlement.answer import OUTCOMES, Outcome
from cardstack.settlement.transaction import Body
from cardstack.text import Language, Text, language_of
from server.store.receiving import passing

JSON, PROBLEM_JSON = "application/json", "application/problem+json"

NOT_FOUND = problem("CS-4000", Text("There is no such thing here", "未找到"), Text("Check the address.", "请核对地址。"))
NOT_ALLOWED = problem(
    "CS-4001",
    Text("This address does not take that method", "该地址不支持此方法"),
    Text("See the header Allow.", "请参见 Allow 响应头。"),
)
TOO_LARGE = problem(
    "CS-4002", Text("The body is too large", "报文过大"), Text("Send fewer transactions at once.", "请减少单次发送的交易笔数。")
)
BROKEN = problem(
    "CS-4003",
    Text(
        "The service failed; nothing was booked by this request unless it says so elsewhere",
        "服务内部错误，本次请求是否入账请以查询为准",
    ),
    Text("Send the same message again: a repeated message is never booked twice.", "请以相同报文重发，重复报文不会重复入账。"),
)
AWAY = problem(
    "CS-4007",
    Text("The database cannot be used at the moment", "数据库暂不可用"),
    Text(
        "Send the same message again later: it is never booked twice. The operator's log says why, such as a full disk.",
        "请稍后以相同报文重发，重复报文不会重复入账。原因见服务日志（如磁盘已满）。",
    ),
)
BAD_REQUEST = problem(
    "CS-4004",
    Text("The request does not have its declared form", "请求不符合接口定义"),
    Text("Compare it with the interface's description.", "请对照接口文档检查请求。"),
)
NOT_CALLER = problem(
    "CS-4005",
    Text("This address needs a caller who proves who it is", "该接口要求调用方证明身份"),
    Text("Sign the request (RFC 9421) or use mutual TLS.", "请对请求签名（RFC 9421）或使用双向 TLS。"),
)
NOT_YOUR_BOOK = problem(
    "CS-4006",
    Text("Only a sender itself or its province's hub may ask about its book", "只有发送方本身或其省级节点可以对账"),
    Text("Sign the request with the sender's certificate.", "请使用该发送方的证书签名请求。"),
)

# A code never changes: they count up in this order, and a new outcome comes last.
_REMEDIES: Final[Mapping[Outcome, Text]] = {
    Outcome.NOT_YOURS: Text("Sign as the sender's own node.", "请由发送方自己的节点签名。"),
    Outcome.CONFLICTING: Text(
        "Ask for the transaction of that id; use a new id for other content.", "请查询该标识的原交易；不同内容请使用新标识。"
    ),
    Outcome.UNKNOWN_SCHEME: Text("Ask for the list of schemes.", "请查询可办理的业务种类。"),
    Outcome.IN_FUTURE: Text("Set the sender's clock.", "请校准发送方时钟。"),
    Outcome.UNKNOWN_REFERENCE: Text("Send the earlier message first, or correct its id.", "请先发送原交易，或更正原交易标识。"),
    Outcome.RESOLVED_REFERENCE: Text("Ask for the earlier message's state.", "请查询原交易的当前状态。"),
    Outcome.REFUSED: Text("Correct what the reason names.", "请按所示原因更正。"),
    Outcome.UNKNOWN_PARTY: Text("Register the party, or correct the region.", "请先登记参与方，或更正地区代码。"),
    Outcome.DUPLICATE: Text(
        "Do not send it again; dispute the first one if it was wrong.", "请勿重复发送；如首笔有误请提出争议。"
    ),
    Outcome.STALE: Text(
        "Compute the split again on the present totals (POST /presettlements) and use a new id.",
        "请按最新累计额重新计算（POST /presettlements）后以新标识发送。",
    ),
    Outcome.OVER_CAP: Text("Compute the split again with what is left.", "请按剩余额度重新计算。"),
    Outcome.OVER_LIMIT: Text("The payer tops up its prepayment or its limit is raised.", "请付款方补充预付金或提高限额。"),
    Outcome.MALFORMED: Text("Compare the line with the description of a transaction.", "请对照交易报文定义检查该行。"),
}
OUTCOME_PROBLEMS: Final[Mapping[Outcome, Problem]] = {
    outcome: problem(f"CS-40{number}", OUTCOMES[outcome], remedy)
    for number, (outcome, remedy) in enumerate(_REMEDIES.items(), 20)
}
OUTCOME_STATUS: Final[Mapping[Outcome, int]] = {
    Outcome.ACCEPTED: 201,
    Outcome.REPEATED: 200,
    Outcome.RECEIVED: 202,
    Outcome.MALFORMED: 400,
    Outcome.CONFLICTING: 409,
    Outcome.NOT_YOURS: 403,
}


def language() -> Language:
    """The language of the caller."""
    return language_of(request.headers.get("Accept-Language", ""))


def document(one: Problem, status: int, detail: str | Text = "", facts: Body | None = None) -> Response:
    """A problem as its document."""
    asked, said = language(), Text(detail, detail) if isinstance(detail, str) else detail
    known = {name: value if isinstance(value, str | int | bool | None) else str(value) for name, value in (facts or {}).items()}
    content = {
        "type": f"/problems/{one.code}",
        "title": one.title.of(asked),
        "status": status,
        "detail": said.of(asked),
        "code": one.code,
        "remedy": one.remedy.of(asked),
        "titles": one.title._asdict(),
        "details": said._asdict(),
        "facts": known,
    }
    headers = {"Content-Language": asked, "Vary": "Accept-Language"}
    return Response(msgspec.json.encode(content), status, headers, content_type=PROBLEM_JSON)


def status_of(error: CardstackError) -> int:
    """Malformed 400, untrusted 403, what the state does not allow 409."""
    if isinstance(error, Malformed):
        return 400
    return 403 if isinstance(error, Untrusted) else 409


def _expected(error: CardstackError) -> Response:
    text = Problem(error.code, error.title, error.remedy)
    return document(text, status_of(error), error.told, error.facts)


_BY_STATUS: Final = {404: NOT_FOUND, 405: NOT_ALLOWED, 413: TOO_LARGE, 401: NOT_CALLER, 403: NOT_YOUR_BOOK}


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    answer = document(_BY_STATUS.get(status, BROKEN if status >= 500 else BAD_REQUEST), status)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            answer.headers[name] = value
    return answer


def _unexpected(error: Exception) -> Response:
    """Flask has logged it; the caller is not told what is inside, but whether it may pass."""
    if passing(getattr(error, "original_exception", None) or error):
        answer = document(AWAY, 503)
        answer.headers["Retry-After"] = "5"
        return answer
    return _http(InternalServerError())


def handle(app: Flask) -> None:
    """Let every error of the application leave as a problem document."""
    app.register_error_handler(CardstackError, _expected)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(500, _unexpected)


def invalid(error: Any) -> Response:
    """A request that its declared shape refuses; the fields are named, their content is not."""
    fields = [".".join(str(part) for part in one["loc"]) for one in error.errors()]
    return document(BAD_REQUEST, 422, ", ".join(fields), {"fields": ", ".join(fields)})
