"""`cardstack ca validate`: is this certificate to be trusted, and why; one, or many as lines of JSON."""

import json
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer

from cardstack.cli.output import EXIT_UNTRUSTED, emit, language, words
from cardstack.cli.outputs import ready
from cardstack.text import Text

_Leaf = Annotated[str | None, typer.Argument(help=words("The certificate: PEM or DER", "待验证书：PEM 或 DER"))]
_At = Annotated[str | None, typer.Option(help=words("The moment, ISO 8601; else now", "验证时刻（ISO 8601），缺省为当前"))]
_Anchor = Annotated[list[str] | None, typer.Option(help=words("Trust anchors: files or folders", "信任锚：文件或目录"))]
_Pool = Annotated[list[str] | None, typer.Option(help=words("Intermediate and cross certificates", "中间证书与交叉证书"))]
_Crl = Annotated[list[str] | None, typer.Option(help=words("CRLs: files or folders", "CRL：文件或目录"))]
_Ocsp = Annotated[list[str] | None, typer.Option(help=words("OCSP responses", "OCSP 响应：文件或目录"))]
_Policy = Annotated[list[str] | None, typer.Option(help=words("Acceptable policies (OID)", "可接受的策略 OID"))]
_Explicit = Annotated[bool, typer.Option("--explicit-policy", help=words("A policy must hold all along", "全程须有明确策略"))]
_Mapping = Annotated[bool, typer.Option("--inhibit-mapping", help=words("Ignore policy mappings", "禁止策略映射"))]
_Any = Annotated[bool, typer.Option("--inhibit-any", help=words("anyPolicy does not count", "禁用 anyPolicy"))]
_Depth = Annotated[int | None, typer.Option(min=0, help=words("Authorities that may stand between", "中间机构的最大层数"))]
_Purpose = Annotated[str | None, typer.Option(help=words("Its use, e.g. serverAuth, or an OID", "用途，如 serverAuth，或 OID"))]
_Name = Annotated[list[str] | None, typer.Option(help=words("A name it has: DNS, IP, email", "须具有的名称：域名、IP、邮箱"))]
_Revocation = Annotated[str | None, typer.Option(help="require | soft | off")]
_Explain = Annotated[bool, typer.Option("--explain", help=words("Tell every path tried", "列出尝试过的每条路径及原因"))]
_Svg = Annotated[Path | None, typer.Option(callback=ready, help=words("Draw the paths into this file", "将路径绘制为 SVG 文件"))]
_Batch = Annotated[Path | None, typer.Option(help=words("Cases, a line of JSON each; - is stdin", "批量用例（每行一个 JSON）"))]
_Json = Annotated[bool, typer.Option("--json", help=words("As JSON", "以 JSON 输出"))]


def validate(
    leaf: _Leaf = None,
    *,
    at: _At = None,
    anchor: _Anchor = None,
    pool: _Pool = None,
    crl: _Crl = None,
    ocsp: _Ocsp = None,
    policy: _Policy = None,
    explicit_policy: _Explicit = False,
    inhibit_mapping: _Mapping = False,
    inhibit_any: _Any = False,
    max_depth: _Depth = None,
    purpose: _Purpose = None,
    name: _Name = None,
    revocation: _Revocation = None,
    explain: _Explain = False,
    svg: _Svg = None,
    batch: _Batch = None,
    as_json: _Json = False,
) -> None:
    """Validate a certificate: its path, policies, names and revocation."""
    if batch is not None:
        _batch(batch)
        return
    if leaf is None or not anchor:
        raise typer.BadParameter(words("a certificate and at least one --anchor", "需要待验证书与至少一个 --anchor"))
    from cardstack.ca.trust import Settings
    from cardstack.cli import ca_cases

    settings = Settings(
        policies=ca_cases.policies(policy or ()),
        explicit_policy=explicit_policy,
        inhibit_mapping=inhibit_mapping,
        inhibit_any=inhibit_any,
        max_depth=max_depth,
        purpose=ca_cases.asked_purpose(purpose),
        names=tuple(map(ca_cases.asked_name, name or ())),
        revocation=ca_cases.revocation(revocation, evidence=bool(crl or ocsp)),
    )
    moment = ca_cases.moment(at) if at else ca_cases.present()
    case = ca_cases.Case(
        leaf=leaf,
        anchors=tuple(anchor),
        pool=tuple(pool or ()),
        crls=tuple(crl or ()),
        ocsp=tuple(ocsp or ()),
        at=moment,
        settings=settings,
    )
    _single(case, explain=explain, svg=svg, as_json=as_json)


def _single(case: Any, *, explain: bool, svg: Path | None, as_json: bool) -> None:
    """One verdict, for people or as data; exit 0 trusted, 3 not."""
    from cardstack.ca.trust import PathRejected, Trusted
    from cardstack.cli.ca_cases import result

    explanation = None
    verdict: Trusted | PathRejected
    try:
        if explain or svg is not None:
            explanation = case.explain()
            verdict = explanation.verdict
        else:
            verdict = case.validate()
    except PathRejected as refusal:
        verdict = refusal
    if svg is not None and explanation is not None:
        from cardstack.ca.drawing import svg as drawn

        svg.write_text(drawn(explanation, language()), "utf-8")
    data = result(verdict) | ({"explanation": explanation.as_data()} if explanation else {})
    emit(data, as_json=as_json, render=lambda: _tell(verdict, explanation if explain else None))
    if isinstance(verdict, PathRejected):
        raise typer.Exit(EXIT_UNTRUSTED)


def _tell(verdict: Any, explanation: Any) -> None:
    from cardstack.ca.trust import PathRejected

    if explanation is not None:
        print(explanation.text(language()))
    elif isinstance(verdict, PathRejected):
        print(verdict.say(language()), file=sys.stderr)
    else:
        print(words("Trusted", "可信"), verdict.certificate.subject)
        for one in verdict.path[:-1]:
            print("  ←", one.subject)
        print(words("Policies:", "策略："), ", ".join(sorted(verdict.policies)) or "-")


def _batch(file: Path) -> None:
    """A result line for every case line, as they come."""
    from cardstack.cli import ca_cases
    from cardstack.errors import Malformed

    try:
        raw = sys.stdin.buffer if str(file) == "-" else file.open("rb")
    except OSError as error:
        raise Malformed(
            Text(f"cannot be read: {error.strerror}", f"无法读取：{error.strerror}"), field="batch", path=str(file)
        ) from None
    with TextIOWrapper(raw, encoding="utf-8", errors="replace") as source:
        for told in ca_cases.run(ca_cases.lines(source), file.parent):
            # Plain ASCII: a result goes to a program, over whatever encoding its pipe has.
            print(json.dumps(told), flush=True)
