"""The pages before anybody is signed in: password, passkey, certificate, the one-time link; and signing out."""

from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue

from cardstack.errors import CardstackError, Untrusted
from server import operators, passkeys, terminator
from server.console import shell
from server.console.services import language, moment, services, visitor
from server.store.office.people import Operator

pages = Blueprint("signin", __name__)


@pages.get("/console/sign-in")
def show() -> ResponseReturnValue:
    """The sign-in page."""
    return render_template("signin/show.html", next=shell.own_path(request.args.get("next")))


@pages.post("/console/sign-in")
def submit() -> ResponseReturnValue:
    """Name and password, with a code where one is enrolled."""
    shell.check_csrf()
    name = request.form.get("name", "").strip()
    password, code = request.form.get("password", ""), request.form.get("code", "")
    try:
        operator = operators.check_password(services().office.people, name, password, code, visitor=visitor(), at=moment())
    except CardstackError as error:
        _note("sign-in.failed", name[:64], error.code)
        flash(error.say(language()), "danger")
        page = render_template("signin/show.html", next=shell.own_path(request.form.get("next")), name=name)
        return page, 429 if error.problem is operators.LOCKED else 401
    return _welcome(operator, "password", shell.own_path(request.form.get("next")))


@pages.get("/enter/<token>")
def enter(token: str) -> ResponseReturnValue:
    """The one-time link. A browser that only looks ahead (HEAD, prefetch) does not spend it."""
    if request.method == "HEAD" or "prefetch" in request.headers.get("Sec-Purpose", ""):
        return Response(status=204)
    try:
        operator, session_token = operators.enter(services().office.people, token, visitor(), moment())
    except Untrusted as error:
        _note("sign-in.failed", "link", error.code)
        return render_template("error.html", status=403, said=error.say(language())), 403
    _note("sign-in", operator.id, "link")
    response = make_response(redirect(url_for("overview.show"), 303))
    shell.set_session(response, session_token)
    return response


@pages.post("/console/sign-in/passkey/options")
def passkey_options() -> ResponseReturnValue:
    """A challenge for any passkey of this host."""
    shell.check_csrf()
    options, session["challenge"] = passkeys.offer_sign_in(_host())
    return jsonify(options)


@pages.post("/console/sign-in/passkey")
def passkey() -> ResponseReturnValue:
    """The passkey's answer; where somebody is signed in already it proves their presence."""
    shell.check_csrf()
    people, now = services().office.people, moment()
    try:
        operator = passkeys.check(
            people, _answer(), challenge=session.pop("challenge", ""), host=_host(), origin=_origin(), at=now
        )
    except CardstackError as error:
        _note("sign-in.failed", "passkey", error.code)
        return jsonify(error=error.say(language())), 401
    if g.operator is not None and g.operator.id == operator.id:
        people.touch(g.signed_in.token_hash, now, fresh=True)
        return jsonify(fresh=True)
    response = _welcome(operator, "passkey", shell.own_path(request.args.get("next")))
    response.status_code = 200
    response.set_data(jsonify(next=response.headers.pop("Location")).get_data())
    response.mimetype = "application/json"
    return response


@pages.post("/console/sign-in/certificate")
def certificate() -> ResponseReturnValue:
    """A client certificate that the TLS terminator in front has verified and whose fingerprint it passes on."""
    shell.check_csrf()
    fingerprint = request.environ.get(terminator.CERTIFICATE, "") if services().certificates else ""
    if not fingerprint:
        if request.environ.get(terminator.CLAIMED):
            _note("sign-in.failed", "certificate", "claimed without proof")
        abort(403)
    try:
        operator = operators.by_certificate(services().office.people, fingerprint)
    except CardstackError as error:
        _note("sign-in.failed", "certificate", error.code)
        flash(error.say(language()), "danger")
        return redirect(url_for("signin.show"), 303)
    return _welcome(operator, "certificate", shell.own_path(request.form.get("next")))


@pages.post("/console/sign-out")
def leave() -> ResponseReturnValue:
    """End this session."""
    shell.check_csrf()
    if g.operator is not None:
        services().office.people.end_session(g.operator.id, g.signed_in.token_hash)
        _note("sign-out", g.operator.id, "")
    session.clear()
    response = make_response(redirect(url_for("signin.show"), 303))
    response.delete_cookie(shell.COOKIE)
    return response


@pages.post("/console/act-as/<operator_id>")
def act_as(operator_id: str) -> ResponseReturnValue:
    """Demo only: be another of the invented operators, so that one person can see maker and checker."""
    shell.check_csrf()
    if not services().demo or g.operator is None:
        abort(404)
    operator = services().office.people.operator(operator_id) or abort(404)
    return _welcome(operator, "demo", shell.own_path(request.referrer))


def _welcome(operator: Operator, method: str, next_path: str) -> Response:
    people = services().office.people
    token = operators.sign_in(people, operator, method, visitor(), moment())
    _note("sign-in", operator.id, method)
    session.clear()
    response = make_response(redirect(next_path, 303))
    shell.set_session(response, token)
    return response


def _note(action: str, subject: str, how: str) -> None:
    services().office.audit.append(
        moment(), subject, "*", action, subject=subject, detail={"how": how, "address": visitor().address}
    )


def _host() -> str:
    return request.host.partition(":")[0]


def _origin() -> str:
    return f"{request.scheme}://{request.host}"


def _answer() -> dict[str, Any]:
    answer = request.get_json(silent=True)
    return answer if isinstance(answer, dict) else {}
