"""`cardstack ca create|show|issue|status|crl|ticket|rekey`: one authority and its certificates."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cardstack.cli.ca_homes import (
    AUTHORITY_PASSWORD,
    Actor,
    AsJson,
    At,
    AtLevel,
    Id,
    Numbers,
    Subject,
    attributes,
    authority,
    folder,
    level,
    moment,
    network,
    numbers,
    password,
    serial,
)
from cardstack.cli.labels import facts
from cardstack.cli.output import choices, emit, words
from cardstack.cli.outputs import ready
from cardstack.text import Text

if TYPE_CHECKING:
    from cardstack.ca.certificate import Certificate
    from cardstack.vault.home import AuthorityHome

Hosts = Annotated[list[str] | None, typer.Option("--host", help=words("A host name; may be repeated.", "主机名，可多次给出。"))]
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"


def create(
    id_: Id,
    *,
    title: Annotated[str, typer.Option(help=words("Its name.", "机构名称。"))],
    province: Annotated[str, typer.Option(help=words("ST of its names.", "名称中的 ST（省级）。"))] = "",
    suite: Annotated[str, typer.Option(help="sm | international")] = "international",
    profile: Annotated[str, typer.Option(help="province-root | bridge | sub-ca")] = "province-root",
    below: Annotated[str, typer.Option(help=words("The authority above a sub-ca.", "下级 CA 的上级机构。"))] = "",
    domain: Annotated[list[str] | None, typer.Option(help=words("A domain of its hosts.", "其主机所属域名。"))] = None,
    token: Annotated[
        str, typer.Option(help=words("Make the key in this PKCS #11 token.", "在此 PKCS #11 密码模块中生成密钥。"))
    ] = "",
    library: Annotated[str, typer.Option(help=words("The token's library.", "密码模块库文件。"))] = SOFTHSM,
    sm2_mechanism: Annotated[
        str,
        typer.Option(help=words("The token's number for SM2, such as 0x80000105.", "密码模块的 SM2 机制号，如 0x80000105。")),
    ] = "",
    sm2_takes: Annotated[str, typer.Option(help="digest | message")] = "digest",
    base: Annotated[str, typer.Option(help=words("Where it publishes, a URL.", "发布地址 URL。"))] = "http://127.0.0.1:8650",
    actor: Actor = "console",
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Make an authority: its key (encrypted with CARDSTACK_CA_PASSWORD), certificate, first CRL and audit log."""
    from cardstack.ca.issue import Wish
    from cardstack.crypto.suite import Suite
    from cardstack.errors import Malformed
    from cardstack.vault import keys
    from cardstack.vault.declaring import declare
    from cardstack.vault.home import AuthorityHome

    if suite not in set(Suite):
        raise Malformed(choices("suite", Suite), field="suite")
    secret, when = password(AUTHORITY_PASSWORD), moment(at)
    above = authority(below, keys=True) if below else None
    declared = declare(id_, title, province=province, profile=profile, domains=tuple(domain or ()), base=base)
    place = folder() / id_
    mechanism = {"sign": sm2_mechanism, "takes": sm2_takes, "generate": None}
    sm2 = keys.Sm2Mechanism.of_data(mechanism) if sm2_mechanism else None
    where = keys.Place(library, token, f"cardstack {id_}", sm2) if token else None
    signer = keys.generate(Suite(suite).algorithm, secret, where)
    wish = Wish(policies=tuple(above.declared.policies.values())) if above else Wish()
    made = AuthorityHome.create(place, declared, signer, at=when, actor=actor, below=above, wish=wish)
    keys.keep(place, signer, secret)
    made.publish(at=when, actor=actor)
    data = _authority(made)
    emit(data, as_json=as_json, render=lambda: print(f"{data['id']}  {data['title']['zh']}  {data['fingerprint']}"))


def show(
    id_: Annotated[str, typer.Argument(metavar="[AUTHORITY]", help=words("One of them.", "其中一个。"))] = "",
    *,
    certificates: Annotated[bool, typer.Option(help=words("List its certificates too.", "同时列出证书。"))] = False,
    as_json: AsJson = False,
) -> None:
    """The authorities here: fingerprints, certificates by state, CRLs, and what they issued."""
    here = network()
    chosen = [here.home(id_)] if id_ else list(here.homes.values())
    data = [_authority(one) | ({"certificates": _certificates(one)} if certificates else {}) for one in chosen]

    def table() -> None:
        from rich.console import Console
        from rich.table import Table

        table = Table(*(words(en, zh) for en, zh in (("id", "标识"), ("authority", "机构"), ("algorithm", "算法"))), "SHA-256")
        for extra in (("good", "有效"), ("held", "暂停"), ("revoked", "吊销"), ("CRL", "CRL")):
            table.add_column(words(*extra))
        for one in data:
            counts = one["count"]
            number = str(one["crl"]["number"]) if one["crl"] else "-"
            row = (one["id"], one["title"]["zh"], one["algorithm"], one["fingerprint"][:16])
            table.add_row(*row, str(counts["good"]), str(counts["suspended"]), str(counts["revoked"]), number)
        Console().print(table)

    emit({"authorities": data}, as_json=as_json, render=table)


def issue(
    id_: Id,
    profile: Annotated[str, typer.Argument(help=words("The certificate profile.", "证书模板。"))],
    *,
    csr: Annotated[Path | None, typer.Option(help=words("A PKCS #10 request with the key.", "含公钥的 PKCS #10 申请。"))] = None,
    key: Annotated[
        Path | None,
        typer.Option(callback=ready, help=words("Make a new key and write it here, encrypted.", "生成新密钥并加密写入此文件。")),
    ] = None,
    subject: Subject = "",
    assurance: AtLevel = "high",
    host: Hosts = None,
    number: Numbers = None,
    out: Annotated[
        Path | None, typer.Option(callback=ready, help=words("Where to write the certificate, PEM.", "证书输出文件（PEM）。"))
    ] = None,
    actor: Actor = "console",
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Issue a certificate for a request's key or a new one; refused with the rule where no path could validate it."""
    from cardstack.ca import fields
    from cardstack.ca.issue import Wish
    from cardstack.ca.profile import profile as named

    home = authority(id_, keys=True)
    kind = named(profile)
    public = _key(home, csr, key)
    wish = Wish(
        policies=(home.policy(level(assurance)),) if kind.policy else (),
        names=tuple(map(fields.dns, host or ())),
        numbers=numbers(number or []),
    )
    made = home.issue(kind, subject=home.name(**attributes(subject)), public=public, at=moment(at), actor=actor, wish=wish)
    _give(made, out, as_json=as_json)


def batch(
    id_: Id,
    profile: Annotated[str, typer.Argument(help=words("The certificate profile.", "证书模板。"))],
    wanted: Annotated[Path, typer.Argument(help=words("A request a line, JSON: subject, spki, numbers.", "每行一条 JSON。"))],
    *,
    out: Annotated[
        Path, typer.Option(callback=ready, help=words("Where the certificates go, a line each.", "证书输出文件，每行一条。"))
    ],
    assurance: AtLevel = "high",
    actor: Actor = "console",
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Issue for a batch of cards; one request that cannot be met, and nothing is issued."""
    import json

    from cardstack.ca.issue import Wish
    from cardstack.ca.profile import profile as named
    from cardstack.crypto import local
    from cardstack.errors import Malformed
    from cardstack.vault import files
    from cardstack.vault.home import Wanted

    home = authority(id_, keys=True)
    policy, asked = home.policy(level(assurance)), []
    for number, line in enumerate(files.read(wanted).decode("utf-8", errors="replace").splitlines(), 1):
        try:
            held = json.loads(line)
            wish = Wish(policies=(policy,), numbers={str(kind): str(value) for kind, value in held.get("numbers", {}).items()})
            asked.append(Wanted(home.name(**attributes(held["subject"])), local.public_key(bytes.fromhex(held["spki"])), wish))
        except (ValueError, KeyError, TypeError, AttributeError):
            expected = Text(
                f"line {number}: a subject, an spki in hexadecimal and numbers were expected",
                f"第 {number} 行：须有 subject、十六进制 spki 与 numbers",
            )
            raise Malformed(expected, line=number) from None
    made = home.issue_many(named(profile), asked, at=moment(at), actor=actor)
    lines = [{"serial": f"{one.serial:x}", "subject": one.subject.text, "certificate": one.raw.hex()} for one in made]
    out.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines), "utf-8")
    emit({"issued": len(made), "out": str(out)}, as_json=as_json, render=lambda: print(f"{len(made)}  {out}"))


def renew(
    id_: Id,
    number: Annotated[str, typer.Argument(metavar="SERIAL", help=words("Hexadecimal.", "序列号（十六进制）。"))],
    *,
    csr: Annotated[Path | None, typer.Option(help=words("A request with a new key.", "含新公钥的 PKCS #10 申请。"))] = None,
    out: Annotated[
        Path | None, typer.Option(callback=ready, help=words("Where to write the certificate, PEM.", "证书输出文件（PEM）。"))
    ] = None,
    actor: Actor = "console",
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Issue a successor that says the same, for the same key or a new one; the old certificate stays as it is."""
    from cardstack.ca.csr import Request
    from cardstack.vault import files

    public = Request.parse(files.read(csr)).public if csr is not None else None
    made = authority(id_, keys=True).renew(serial(number), at=moment(at), actor=actor, public=public)
    _give(made, out, as_json=as_json)


def status(
    id_: Id,
    number: Annotated[str, typer.Argument(metavar="SERIAL", help=words("Hexadecimal.", "序列号（十六进制）。"))],
    act: Annotated[str, typer.Argument(metavar="[suspend|resume|revoke]")] = "",
    *,
    reason: Annotated[str, typer.Option(help="key-compromise | superseded | cessation-of-operation | …")] = "unspecified",
    actor: Actor = "console",
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Where a certificate stands; or suspend, resume or revoke it, with a delta CRL that says so."""
    from cardstack.ca.register import Act, Reason
    from cardstack.errors import Malformed

    home = authority(id_, keys=bool(act))
    if act:
        reasons = {one.word: one for one in Reason}
        if act not in set(Act) or reason not in reasons:
            raise Malformed(choices("act", Act) if act not in set(Act) else choices("reason", reasons), field="act")
        when = moment(at)
        home.act(serial(number), Act(act), at=when, actor=actor, reason=reasons[reason])
        home.publish(at=when, actor=actor, force="delta")
    record = home.register.record(serial(number))
    data = {
        "serial": f"{record.serial:x}",
        "subject": record.subject,
        "state": record.state,
        "since": record.since.isoformat() if record.since else None,
        "reason": record.reason.word if record.since else None,
    }
    emit(
        data,
        as_json=as_json,
        render=lambda: print(f"{data['serial']}  {data['state']}  {data['since'] or ''}  {data['subject']}"),
    )


def crl(
    id_: Id,
    *,
    force: Annotated[str, typer.Option(help="full | delta")] = "",
    out: Annotated[
        Path | None, typer.Option(callback=ready, help=words("Write the newest here, DER.", "将最新 CRL 写入此文件（DER）。"))
    ] = None,
    actor: Actor = "console",
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Publish the CRL that is due, or the one asked for; nothing where none is."""
    from cardstack.errors import Malformed

    if force not in {"", "full", "delta"}:
        raise Malformed(choices("force", ("full", "delta")), field="force")
    home = authority(id_, keys=True)
    kind = home.publish(at=moment(at), actor=actor, force=force or None)
    newest = home.crl("full" if force != "delta" else kind or "delta")
    if out is not None and newest is not None:
        out.write_bytes(newest)
    made = home.delta or home.full
    data = {"published": kind, "number": made[0] if made else None, "revoked": len(home.register.entries())}
    emit(data, as_json=as_json, render=lambda: print(f"{kind or words('none is due', '尚未到期')}  {data['number']}"))


def ticket(
    id_: Id,
    profile: Annotated[str, typer.Argument(help="terminal | node-tls | node-message | operator")],
    *,
    subject: Subject,
    assurance: AtLevel = "high",
    host: Hosts = None,
    actor: Actor = "console",
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Make an enrolment ticket (EST): who has it fetches one certificate that says what is typed here."""
    from cardstack.vault.enrolment import Enrolment

    made, secret = Enrolment(authority(id_)).ticket(
        profile, attributes=attributes(subject), level=level(assurance), hosts=tuple(host or ()), at=moment(at), actor=actor
    )
    data = {"ticket": made.id, "secret": secret, "until": made.until.isoformat(), "path": f"/.well-known/est/{id_}/simpleenroll"}
    emit(data, as_json=as_json, render=lambda: facts(data))


def _key(home: "AuthorityHome", csr: Path | None, key: Path | None) -> Any:
    """The public key of a request, or of a new pair written to a file."""
    from cardstack.ca.csr import Request
    from cardstack.cli.ca_homes import OFFICER_PASSWORD
    from cardstack.crypto import local
    from cardstack.errors import Malformed
    from cardstack.vault import files

    if (csr is None) == (key is None):
        raise Malformed(Text("either --csr or --key", "--csr 与 --key 须且只须给出一个"), field="csr")
    if csr is not None:
        return Request.parse(files.read(csr)).public
    assert key is not None
    made = local.generate(home.certificate.public_key.algorithm)
    files.write(key, made.to_pkcs8(password(OFFICER_PASSWORD)), secret=True)
    return made.public


def _give(made: "Certificate", out: Path | None, *, as_json: bool) -> None:
    from cardstack.crypto.armour import pem

    text = pem("CERTIFICATE", made.raw).decode()
    if out is not None:
        out.write_text(text)
    data = {
        "serial": f"{made.serial:x}",
        "subject": made.subject.text,
        "fingerprint": made.fingerprint,
        "valid_until": made.valid_until.isoformat(),
        "certificate": text,
    }
    emit(data, as_json=as_json, render=lambda: print(text if out is None else f"{data['serial']}  {out}"))


def _authority(one: "AuthorityHome") -> dict[str, Any]:
    newest = one.delta or one.full
    return {
        "id": one.id,
        "title": one.declared.title._asdict(),
        "profile": one.declared.profile,
        "subject": one.certificate.subject.text,
        "algorithm": str(one.certificate.public_key.algorithm),
        "fingerprint": one.certificate.fingerprint,
        "valid_until": one.certificate.valid_until.isoformat(),
        "policies": {str(name): oid for name, oid in one.declared.policies.items()},
        "count": {str(state): count for state, count in one.register.count().items()},
        "crl": {"number": newest[0], "at": newest[1].isoformat()} if newest else None,
    }


def _certificates(one: "AuthorityHome") -> list[dict[str, Any]]:
    return [
        {
            "serial": f"{record.serial:x}",
            "profile": record.profile,
            "subject": record.subject,
            "state": record.state,
            "valid_until": record.valid_until.isoformat(),
        }
        for record in one.register
    ]
