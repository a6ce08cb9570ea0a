"""我的账户: one's own ways to sign in, one's sessions, and staying signed in."""

import io

import pyotp
import segno
from flask import Response, abort, flash, g, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from cardstack.errors import Malformed, faulty
from cardstack.text import Text
from server import operators, passkeys, terminator
from server.console import shell, words
from server.console.services import moment, operator, services, signed_in, t
from server.permissions import Pages, Permission

pages = Pages("account", __name__, url_prefix="/console/account")


@pages.page("/", needs=Permission.OWN)
def show() -> ResponseReturnValue:
    """Credentials and sessions."""
    people = services().office.people
    held = people.credentials(operator().id)
    return render_template(
        "account/show.html",
        kinds={one.kind for one in held},
        passkeys=[one for one in held if one.kind == "passkey"],
        certificates=[one for one in held if one.kind == "certificate"],
        recovery_left=sum(one.kind == "recovery" and one.counter == 0 for one in held),
        sessions=people.sessions(operator().id),
        this=signed_in().token_hash,
        codes=session.pop("codes", None),
    )


@pages.page("/extend", needs=Permission.OWN, method="POST")
def extend() -> ResponseReturnValue:
    """Stay signed in."""
    services().office.people.touch(signed_in().token_hash, moment())
    return jsonify(seconds=words.session_ends()["seconds"])


@pages.page("/again", needs=Permission.OWN, method="POST")
def again() -> ResponseReturnValue:
    """The proof of presence for a page that only shows something; then on to it."""
    if not shell.present():
        return shell.ask_again()
    return redirect(shell.own_path(request.form.get("next")), 303)


@pages.page("/password", needs=Permission.OWN, method="POST", fresh=True)
def password() -> ResponseReturnValue:
    """A new password; every other session ends."""
    given = request.form.get("password", "")
    if given != request.form.get("password_again", ""):
        raise Malformed(Text("the two passwords differ", "两次输入的口令不一致"), field="password")
    operators.set_password(services().office.people, operator(), given, moment())
    services().office.people.end_sessions(operator().id, keep=signed_in().token_hash)
    return _back(t("Password changed; other sessions have ended.", "密码已修改，其他登录已结束。"))


@pages.page("/totp", needs=Permission.OWN, fresh=True)
def totp_form() -> ResponseReturnValue:
    """A fresh secret as QR code."""
    secret = session.setdefault("totp", pyotp.random_base32())
    return render_template("account/totp.html", secret=secret)


@pages.page("/totp.svg", needs=Permission.OWN)
def totp_code() -> ResponseReturnValue:
    """The QR code that an authenticator app reads."""
    uri = pyotp.TOTP(session.get("totp", "")).provisioning_uri(name=operator().id, issuer_name="cardstack")
    drawn = io.BytesIO()
    segno.make(uri, micro=False).save(drawn, kind="svg", scale=5, border=4, light="#ffffff")
    return Response(drawn.getvalue(), mimetype="image/svg+xml")


@pages.page("/totp", needs=Permission.OWN, method="POST")
def totp() -> ResponseReturnValue:
    """Keep the secret once a first code came from the phone; recovery codes come with it."""
    people = services().office.people
    operators.enrol_totp(people, operator(), session.get("totp", ""), request.form.get("code", ""), moment())
    session.pop("totp", None)
    session["codes"] = operators.new_recovery_codes(people, operator(), moment())
    return _back(t("Codes from your phone are now asked for.", "已启用动态验证码。"))


@pages.page("/recovery", needs=Permission.OWN, method="POST", fresh=True)
def recovery() -> ResponseReturnValue:
    """Ten new recovery codes, shown once."""
    session["codes"] = operators.new_recovery_codes(services().office.people, operator(), moment())
    return _back(t("Earlier recovery codes no longer serve.", "旧恢复码已作废。"))


@pages.page("/passkey/options", needs=Permission.OWN, method="POST")
def passkey_options() -> ResponseReturnValue:
    """What the browser needs to make a passkey."""
    options, session["challenge"] = passkeys.offer_registration(
        services().office.people, operator(), request.host.partition(":")[0]
    )
    return jsonify(options)


@pages.page("/passkey", needs=Permission.OWN, method="POST", fresh=True)
def passkey() -> ResponseReturnValue:
    """Keep a new passkey."""
    given = request.get_json(silent=True) or {}
    passkeys.register(
        services().office.people,
        operator(),
        given.get("answer") or {},
        challenge=session.pop("challenge", ""),
        host=request.host.partition(":")[0],
        origin=f"{request.scheme}://{request.host}",
        label=str(given.get("label") or t("passkey", "通行密钥")),
        at=moment(),
    )
    return jsonify(done=True)


@pages.page("/passkey/<int:credential_id>/remove", needs=Permission.OWN, method="POST", fresh=True)
def remove_passkey(credential_id: int) -> ResponseReturnValue:
    """Forget a passkey."""
    services().office.people.drop_credentials(operator().id, "passkey", credential_id)
    return _back(t("Removed.", "已移除。"))


@pages.page("/certificate", needs=Permission.OWN, method="POST", fresh=True)
def certificate() -> ResponseReturnValue:
    """Let the certificate of this browser sign one in, as the TLS terminator verified it."""
    fingerprint = request.environ.get(terminator.CERTIFICATE, "") if services().certificates else ""
    if not fingerprint:
        abort(404)
    people = services().office.people
    if people.by_handle("certificate", fingerprint) is None:
        people.put_credentials(operator().id, "certificate", [""], moment(), label=fingerprint[:16], handle=fingerprint)
    return _back(t("This browser's certificate now signs you in.", "已绑定本浏览器证书，可用于登录。"))


@pages.page("/certificate/<int:credential_id>/remove", needs=Permission.OWN, method="POST", fresh=True)
def remove_certificate(credential_id: int) -> ResponseReturnValue:
    """Let a certificate no longer sign one in."""
    services().office.people.drop_credentials(operator().id, "certificate", credential_id)
    return _back(t("Removed.", "已移除。"))


@pages.page("/sessions/<prefix>/end", needs=Permission.OWN, method="POST")
def end_session(prefix: str) -> ResponseReturnValue:
    """End one of one's own sessions."""
    if len(prefix) < 12:
        raise faulty("session", "its first characters", "请给出会话标识的开头几位")
    services().office.people.end_session(operator().id, prefix)
    return _back(t("Session ended.", "已结束该登录。"))


def _back(said: str) -> ResponseReturnValue:
    flash(said, "success")
    g.audit_subject = operator().id
    return redirect(url_for(".show"), 303)
