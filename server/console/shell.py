"""What stands around every page: who is signed in, the guard, headers, preferences, and how errors are shown."""

import hmac
import secrets
from datetime import timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import (
    Response,
    abort,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.test import create_environ

from cardstack.errors import CardstackError
from cardstack.text import Text, language_of
from server import operators
from server.console import forms
from server.console.services import language, moment, operator, services, visitor
from server.permissions import EVERYWHERE, PageRule, View

COOKIE = "cardstack_session"
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self';"
    " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), publickey-credentials-get=(self)",
}
KEPT = ("Cookie", "Accept-Language", "User-Agent")
"""What of a request goes on with it when the page of its form is shown again."""

PREFERENCES: dict[str, tuple[str, ...]] = {
    "lang": ("zh", "en"),
    "theme": ("light", "dark"),
    "size": ("normal", "large"),
    "contrast": ("normal", "high"),
    "density": ("normal", "compact"),
}
"""What a browser remembers about itself; the first of each is the default."""


def load_request() -> ResponseReturnValue | None:
    """Before each page: preferences, session, operator."""
    changed = {key: request.args[key] for key, allowed in PREFERENCES.items() if request.args.get(key) in allowed}
    if changed and request.method == "GET":
        return _remember(changed)
    g.preferences = {key: _preference(key) for key in PREFERENCES}
    g.language = g.preferences["lang"]
    g.operator, g.signed_in, g.session_token = None, None, request.cookies.get(COOKIE, "")
    if g.session_token:
        _resume()
    return None


def _resume() -> None:
    people, now = services().office.people, moment()
    found = operators.resume(people, g.session_token, now)
    if found is None:
        return
    g.operator, g.signed_in = found
    # What the page asks for by itself does not keep a session alive; and one write a minute is enough.
    if "HX-Request" not in request.headers and g.signed_in.seen + timedelta(minutes=1) <= now:
        people.touch(g.signed_in.token_hash, now)


def _remember(changed: dict[str, str]) -> Response:
    kept = [(key, value) for key, value in request.args.items(multi=True) if key not in changed]
    response = make_response(redirect(request.path + ("?" + urlencode(kept) if kept else ""), code=303))
    for key, value in changed.items():
        response.set_cookie(f"cardstack_{key}", value, max_age=31_536_000, samesite="Lax", secure=request.is_secure)
    return response


def _preference(key: str) -> str:
    asked = request.cookies.get(f"cardstack_{key}", "")
    if asked in PREFERENCES[key]:
        return asked
    if key == "lang":
        return language_of(request.headers.get("Accept-Language", ""))
    return PREFERENCES[key][0]


def csrf() -> str:
    """The token that this browser's forms carry: of its session, or before sign-in of its cookie."""
    if g.operator is not None:
        return operators.csrf_token(g.session_token)
    return str(session.setdefault("csrf", secrets.token_urlsafe(24)))


def check_csrf() -> None:
    """A change must come from one of our own pages."""
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")
    if not hmac.compare_digest(given.encode(), csrf().encode()) or request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(400)


def guard(page: PageRule, view: View) -> View:
    """The one place where a page's permission, CSRF token, freshness and audit event are seen to."""

    @wraps(view)
    def guarded(**arguments: Any) -> ResponseReturnValue:
        if g.operator is None:
            return redirect(url_for("signin.show", next=request.full_path.rstrip("?") if request.method == "GET" else None), 303)
        g.scope = operator().scope(page.needs)
        if g.scope is not None and not g.scope:
            abort(403)
        if page.method == "GET" and not page.fresh:
            return view(**arguments)
        if page.size_max is not None:
            request.max_content_length = page.size_max
        if page.method != "GET":
            check_csrf()
        if page.fresh and not present():
            return ask_again()
        return view(**arguments) if page.method == "GET" else _change(page, view, arguments)

    return guarded


def ask_again() -> Response:
    """Ask for a proof of presence: as data where a script asked, else as a page that keeps everything typed."""
    if request.is_json:
        said = Text("Sign in again first: this needs a fresh proof of presence.", "请重新登录后再试：该操作需近期的身份确认。")
        return make_response({"error": said.of(language())}, 401)
    return make_response(render_template("signin/again.html", typed_form=request.form), 200)


def present() -> bool:
    """Whether the operator proved their presence within the last minutes, or does so with this very form."""
    signed_in, people, now = g.signed_in, services().office.people, moment()
    if signed_in.fresh + operators.FRESH > now or signed_in.method == "demo":
        return True
    password, code = request.form.get("_password"), request.form.get("_code", "")
    if not password:
        return False
    try:
        operators.check_password(people, operator().id, password, code, visitor=visitor(), at=now)
    except CardstackError as error:
        flash(error.say(language()), "danger")
        return False
    people.touch(signed_in.token_hash, now, fresh=True)
    return True


def _change(page: PageRule, view: View, arguments: dict[str, Any]) -> ResponseReturnValue:
    g.audit_subject, g.audit_province, g.audit_detail = "/".join(str(value) for value in arguments.values()), "", {}
    try:
        response = make_response(view(**arguments))
        outcome = "done"
    except CardstackError as error:
        response, outcome = _back_with(error), error.code
    detail = {**g.audit_detail, "outcome": outcome}
    province = g.audit_province or _own_province()
    services().office.audit.append(moment(), operator().id, province, page.endpoint, subject=g.audit_subject, detail=detail)
    return response


def _own_province() -> str:
    provinces = {grant.province for grant in operator().grants}
    return provinces.pop() if len(provinces) == 1 else EVERYWHERE


def _back_with(error: CardstackError) -> Response:
    """The page of the form once more, with the error said and everything typed still there; as data where a script asked."""
    said = error.say(language())
    if request.is_json:
        return make_response({"error": said}, 422)
    path = own_path(request.form.get("_back") or request.referrer)
    kept = [(name, request.headers[name]) for name in KEPT if name in request.headers]
    again = create_environ(path, request.host_url, headers=kept)
    again |= {"REMOTE_ADDR": request.remote_addr or "", forms.RETURNED: forms.Returned.of(error, said)}
    page = Response.from_app(current_app.wsgi_app, again, buffered=True)
    if page.status_code != HTTPStatus.OK:
        flash(said, "danger")
        return make_response(redirect(path, code=303))
    return make_response(page.get_data(), HTTPStatus.UNPROCESSABLE_ENTITY)


def own_path(url: str | None) -> str:
    """The path of one of our own pages, whatever was asked for: a redirect never leaves the site.

    >>> own_path("//evil.example/x"), own_path("/console/audit?actor=a")
    ('/console/', '/console/audit?actor=a')
    """
    parts = urlsplit(url or "")
    same_host = not parts.netloc or parts.netloc == (request.host if request else "")
    if not same_host or not parts.path.startswith("/console/") or "\\" in parts.path:
        return "/console/"
    return parts.path + ("?" + parts.query if parts.query else "")


def finish(response: Response) -> Response:
    """After each page: the headers, and nothing of it in any cache."""
    response.headers.update(HEADERS)
    if request.endpoint != "console.static":
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = "Cookie, HX-Request"
    response.headers["Content-Language"] = "en" if getattr(g, "language", "zh") == "en" else "zh-CN"
    return response


ERROR_WORDS: dict[int, Text] = {
    400: Text(
        "The form is too old or did not come from this console. Reload the page and try again.",
        "表单已过期或并非来自本控制台，请刷新页面后重试。",
    ),
    403: Text("Your roles do not allow this page. An administrator can change that.", "您的角色无权访问此页面，请联系管理员。"),
    404: Text(
        "There is nothing here, or nothing that your provinces include. Check the number, or look for it in its list.",
        "未找到该记录，或不在您的管辖省份范围内。请核对编号，或在相应列表中查询。",
    ),
    405: Text("This page cannot be used in that way. Go on from the overview.", "不支持该访问方式，请从总览重新进入。"),
    413: Text("The file is too large. Send it in parts.", "文件过大，请拆分后重新上传。"),
}


def show_error(error: HTTPException) -> ResponseReturnValue:
    """An error as a page, or as a fragment where a fragment was asked for: htmx swaps errors in."""
    code = error.code or 500
    said = ERROR_WORDS.get(
        code,
        Text(
            "Something went wrong here; it has been logged. Try again, or tell the administrator the time.",
            "系统出现错误，已记录日志。请重试，或将时间告知管理员。",
        ),
    )
    template = "error_part.html" if "HX-Request" in request.headers else "error.html"
    return render_template(template, status=code, said=said.of(language())), code


def show_refusal(error: CardstackError) -> ResponseReturnValue:
    """A refusal of a page that only shows something."""
    template = "error_part.html" if "HX-Request" in request.headers else "error.html"
    return render_template(template, status=422, said=error.say(language())), 422


def set_session(response: Response, token: str) -> None:
    """Give the browser its session's token."""
    response.set_cookie(
        COOKIE,
        token,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
        max_age=int(operators.ABSOLUTE.total_seconds()),
    )


def typed(form: str = "") -> MultiDict[str, str]:
    """What was typed into the form that came back with an error; nothing for the other forms of the page."""
    came = forms.returned()
    return came.typed if came is not None and came.form == form else MultiDict()


def fault(name: str, form: str = "") -> str:
    """What is wrong with a field of the form that came back; empty where nothing is."""
    came = forms.returned()
    return came.said if came is not None and came.form == form and came.field == name else ""
