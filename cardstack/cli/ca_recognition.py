"""`cardstack ca agreements|plan|approve|apply|officer|graph|what-if|recognise|trustlist`: recognition between authorities."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cardstack.cli.ca_homes import (
    AUTHORITY_PASSWORD,
    OFFICER_PASSWORD,
    Actor,
    AsJson,
    At,
    Id,
    Who,
    approvals_of,
    approve_file,
    folder,
    level,
    moment,
    network,
    officer_key,
    password,
)
from cardstack.cli.output import emit, language, words
from cardstack.cli.outputs import ready
from cardstack.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardstack.ca.officers import Approval

PlanFile = Annotated[
    Path, typer.Argument(metavar="PLAN", help=words("A file that `ca plan --out` wrote.", "ca plan --out 写出的文件。"))
]


def agreements(*, at: At = "", as_json: AsJson = False) -> None:
    """The recognition agreements, and where each stands at a moment."""
    from cardstack.ca.agreement import CHINA

    when = moment(at)
    day = when.astimezone(CHINA).date()
    data = [
        {
            "id": one.id,
            "by": one.by,
            "of": one.of,
            "via": one.via,
            "since": str(one.since),
            "until": str(one.until),
            "status": one.status(day),
            "in_force": one.in_force(when),
            "levels": [{"theirs": theirs, "ours": ours} for theirs, ours in one.levels],
            "purposes": list(one.purposes),
            "history": [{"since": str(event.since), "step": event.step, "reference": event.reference} for event in one.history],
        }
        for one in network().agreements()
    ]

    def lines() -> None:
        for one in data:
            via = f" ({one['via']})" if one["via"] else ""
            print(f"{one['id']}  {one['by']} ← {one['of']}{via}  {one['status']}  {one['since']} … {one['until']}")

    emit({"agreements": data}, as_json=as_json, render=lines)


def plan(
    *,
    out: Annotated[
        Path | None, typer.Option(callback=ready, help=words("Write it here for approval.", "写入此文件以供批准。"))
    ] = None,
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """What differs between the agreements in force and the cross certificates that are issued."""
    import json

    made = network().plan(moment(at))
    data: dict[str, Any] = {"changes": made.as_data()}
    if out is not None:
        out.write_text(json.dumps(data | {"approvals": []}, ensure_ascii=False, indent=1) + "\n", "utf-8")

    def lines() -> None:
        print("\n".join(f"{one.move:8} {one.issuer} → {one.subject}  {one.why.of(language())}" for one in made.changes))
        if not made.changes:
            print(words("Nothing differs.", "没有差异。"))

    emit(data, as_json=as_json, render=lines)


def approve(plan_: PlanFile, *, officer: Who, at: At = "", as_json: AsJson = False) -> None:
    """An officer's signature over a plan, added to its file."""
    what, _ = _plan(plan_)
    made = approve_file(plan_, what, officer, moment(at))
    emit(made.as_data(), as_json=as_json, render=lambda: print(words(f"Approved by {officer}.", f"{officer} 已批准。")))


def apply(plan_: PlanFile, *, at: At = "", as_json: AsJson = False) -> None:
    """Carry out a plan that two officers approved: issue, then revoke, then publish CRLs."""
    what, approvals = _plan(plan_)
    made = network(keys=True).apply(what, approvals, at=moment(at))
    data = {"issued": [{"subject": one.subject.text, "fingerprint": one.fingerprint} for one in made]}
    emit(data, as_json=as_json, render=lambda: print(words(f"{len(made)} certificates issued.", f"已签发 {len(made)} 张证书。")))


def officer(
    id_: Annotated[str, typer.Argument(metavar="OFFICER")],
    *,
    name: Annotated[str, typer.Option(help=words("The person's name.", "姓名。"))],
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Appoint an officer with a new key under CARDSTACK_OFFICER_PASSWORD; from the third on, two others approve."""
    from cardstack.ca.officers import Officer
    from cardstack.ca.officers import approve as signed
    from cardstack.crypto import local
    from cardstack.crypto.keys import Algorithm
    from cardstack.vault import files

    here, when = network(), moment(at)
    key = local.generate(Algorithm.ECDSA_P256_SHA256)
    made = Officer(id_, name, key.public.spki)
    present = here.officers()
    approvals = [
        signed(here.appointing(made), officer=one, signer=officer_key(one), at=when)
        for one in list(present)[:2]
        if len(present) > 1
    ]
    here.appoint(made, approvals=approvals, at=when)
    files.write(folder() / "officers" / f"{id_}.pem", key.to_pkcs8(password(OFFICER_PASSWORD)), secret=True)
    emit(made.as_data(), as_json=as_json, render=lambda: print(f"{id_}  {name}"))


def graph(*, at: At = "", as_json: AsJson = False) -> None:
    """The trust graph: authorities, cross certificates, and who recognises whom at which level."""
    from cardstack.ca.graph import as_data

    when = moment(at)
    data = as_data(network().graph(when), when)

    def lines() -> None:
        for one in data["edges"]:
            print(f"{one['issuer']} → {one['subject']}  {one['state']}  {one['valid_until'][:10]}  {one['fingerprint'][:16]}")
        for one in data["recognitions"]:
            print(f"{one['by']} ← {one['of']}: {one['theirs']} = {one['ours']}")

    emit(data, as_json=as_json, render=lines)


def what_if(
    *,
    revoke: Annotated[
        list[str] | None, typer.Option(help=words("An edge: ISSUER-SUBJECT or a fingerprint.", "一条边：签发者-主体或指纹。"))
    ] = None,
    expire: Annotated[
        list[str] | None, typer.Option(help=words("An edge that is not renewed.", "到期不再续签的一条边。"))
    ] = None,
    exclude: Annotated[
        str, typer.Option(help=words("EDGE:C=CN,ST=… excludes names on an edge.", "边:C=CN,ST=…，在该边上排除名称。"))
    ] = "",
    only: Annotated[
        str, typer.Option(help=words("EDGE:high,… maps no other levels on an edge.", "边:high,…，该边上仅映射这些等级。"))
    ] = "",
    later: Annotated[
        str, typer.Option(help=words("Look at that moment: what will have expired.", "在该时刻查看：哪些已到期。"))
    ] = "",
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """What would be lost: which issuers, terminals and nodes lose recognition where, with counts."""
    from cardstack.ca import encoding as der
    from cardstack.ca import whatif
    from cardstack.ca.names import Name
    from cardstack.cli.ca_homes import attributes

    when = moment(at)
    before = network().graph(when)
    after = before.without(*map(before.edge, revoke or [])).expired(*map(before.edge, expire or []), at=when)
    if exclude:
        edge, _, names = exclude.partition(":")
        after = after.constrained(after.edge(edge), excluded=[Name.parse(der.name(**attributes(names)))])
    if only:
        edge, _, levels = only.partition(":")
        after = after.limited(after.edge(edge), [level(one.strip()) for one in levels.split(",")])
    found = whatif.what_if(before, after, when, moment(later) if later else None)
    data = whatif.effects_as_data(found)

    def lines() -> None:
        for one in data:
            counts = one["affected"]
            lost = ", ".join(each["theirs"] for each in one["lost"]) or words("some names", "部分主体")
            print(f"{one['by']} ✗ {one['of']}: {lost}  ({counts['issuers']} / {counts['terminals']} / {counts['nodes']})")
        if not data:
            print(words("Nothing changes.", "没有变化。"))

    emit({"effects": data, "total": whatif.total(found)._asdict()}, as_json=as_json, render=lines)


def recognise(
    certificate: Annotated[
        Path | None, typer.Argument(help=words("The certificate, PEM or DER.", "证书（PEM 或 DER）。"))
    ] = None,
    *,
    by: Annotated[str, typer.Option(help=words("Who relies on it.", "依赖方所属机构。"))],
    batch: Annotated[
        Path | None,
        typer.Option(
            help=words("Instead: a case a line, {id, certificate}, PEM or a path.", "批量：每行一条 {id, certificate}。")
        ),
    ] = None,
    minimum: Annotated[str, typer.Option("--level", help="basic | substantial | high")] = "basic",
    purpose: Annotated[str, typer.Option(help=words("What it is used for.", "用途。"))] = "",
    soft: Annotated[bool, typer.Option(help=words("Unknown revocation passes.", "吊销状态未知时放行。"))] = False,
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Is a certificate accepted: at which level, under which policy of the relying party's own, and why."""
    from cardstack.ca.certificate import Certificate
    from cardstack.ca.purposes import purpose as named
    from cardstack.ca.trust import Revocation
    from cardstack.errors import Malformed
    from cardstack.vault import files
    from cardstack.vault.recognising import Asked, Recogniser

    if (certificate is None) == (batch is None):
        raise Malformed(Text("either a certificate or --batch", "证书与 --batch 须且只须给出一个"), field="certificate")
    when, recogniser = moment(at), Recogniser(network())
    revocation = Revocation.SOFT if soft else Revocation.REQUIRE
    asked = Asked(by, level(minimum), named(purpose) if purpose else None, revocation)
    if batch is not None:
        recogniser.network.home(by)
        _batch(batch, lambda raw: recogniser.ask(Certificate.parse(raw), asked, when).as_data())
        return
    assert certificate is not None
    answer = recogniser.ask(Certificate.parse(files.read(certificate)), asked, when)
    emit(answer.as_data(), as_json=as_json, render=lambda: print(f"{answer.level or '✗'}  {answer.why.of(language())}"))
    if not answer.accepted:
        raise typer.Exit(3)


def _batch(path: Path, ask: "Callable[[bytes], dict[str, Any]]") -> None:
    """A line in, a line out; what is no case, or no certificate, is answered in its line."""
    import json

    from cardstack.errors import CardstackError
    from cardstack.vault import files

    for number, line in enumerate(files.read(path).decode("utf-8", errors="replace").splitlines(), 1):
        id_: object = number
        try:
            case = json.loads(line)
            id_, text = case.get("id", number), str(case["certificate"])
            raw = text.encode() if text.lstrip().startswith("-----BEGIN") else files.read(path.parent / text)
            answer = ask(raw)
        except CardstackError as error:
            answer = {"accepted": False, "code": error.code, "why": error.title._asdict()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            answer = {"accepted": False, "code": "CS-1000", "why": {"en": "the line is no case", "zh": "该行格式不正确"}}
        print(json.dumps({"id": id_, **answer}, ensure_ascii=False))


def trustlist(
    id_: Id,
    *,
    verify: Annotated[
        Path | None, typer.Option(help=words("Check this list against the authority.", "按该机构的锚验证此列表。"))
    ] = None,
    out: Annotated[
        Path | None, typer.Option(callback=ready, help=words("Write the new list here too.", "同时写入此文件。"))
    ] = None,
    actor: Actor = "console",
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Publish the authority's next trust list, or check one."""
    from cardstack.ca.trustlist import accept
    from cardstack.vault import files

    when = moment(at)
    here = network(keys=verify is None)
    if verify is None:
        made = here.publish_list(id_, at=when, actor=actor, password=password(AUTHORITY_PASSWORD))
        if out is not None:
            out.write_bytes(files.read(here.home(id_).folder / "trustlist.json"))
    else:
        made, _ = accept(files.read(verify), anchors=here.home(id_).chain[-1:], at=when)
    data = {
        "issuer": made.issuer,
        "sequence": made.sequence,
        "issued_at": made.issued_at.isoformat(),
        "next_update": made.next_update.isoformat(),
        "services": [{"id": one.id, "status": one.status, "agreement": one.agreement} for one in made.services],
        "anchors": [one.fingerprint for one in made.anchors],
    }
    emit(
        data,
        as_json=as_json,
        render=lambda: print(f"{made.issuer} #{made.sequence}: {len(made.anchors)} … {made.next_update:%F}"),
    )


def _plan(path: Path) -> "tuple[bytes, list[Approval]]":
    """What its officers sign, and who has."""
    import json

    from cardstack.errors import Malformed
    from cardstack.vault import files

    held, approvals = approvals_of(path, "changes")
    if not isinstance(held["changes"], list):
        raise Malformed(problem=files.UNREADABLE, file=path.name)
    return json.dumps(held["changes"], ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(), approvals
