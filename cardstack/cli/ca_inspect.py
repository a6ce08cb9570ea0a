"""`cardstack ca inspect`: what a certificate file says, in words."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cardstack.cli.ca_homes import AsJson
from cardstack.cli.output import emit, language, words

if TYPE_CHECKING:
    from cardstack.ca.certificate import Certificate


def inspect(
    file: Annotated[Path, typer.Argument(help=words("Certificates, PEM or DER.", "证书文件（PEM 或 DER）。"))],
    *,
    reveal: Annotated[bool, typer.Option(help=words("Show the holder's numbers in full.", "完整显示持有人号码。"))] = False,
    as_json: AsJson = False,
) -> None:
    """Subject, dates, usages, policies, constraints and the holder's numbers (masked); nothing here says that it is true."""
    from cardstack.ca.certificate import Certificate
    from cardstack.vault import files

    data = [_data(one, reveal=reveal) for one in Certificate.parse_all(files.read(file))]

    def lines() -> None:
        for one in data:
            for name, value in one.items():
                if value not in (None, "", [], {}):
                    print(f"{name:20} {_said(value)}")
            print()

    emit({"certificates": data}, as_json=as_json, render=lines)


def _said(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(map(_said, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {_said(one)}" for name, one in value.items())
    return str(value)


def _data(one: "Certificate", *, reveal: bool) -> dict[str, Any]:
    from cardstack.ca import holders
    from cardstack.ca.fields import KeyUsage
    from cardstack.ca.profile import PURPOSES

    named = {oid: name for name, oid in PURPOSES.items()}
    names, basic = one.name_constraints, one.basic_constraints
    return {
        "subject": one.subject.text,
        "issuer": one.issuer.text,
        "serial": f"{one.serial:x}",
        "fingerprint": one.fingerprint,
        "valid_from": one.valid_from.isoformat(),
        "valid_until": one.valid_until.isoformat(),
        "algorithm": str(one.public_key.algorithm),
        "authority": one.is_ca,
        "path_length": basic.path_length if basic else None,
        "key_usage": [KeyUsage(bit).name.lower() for bit in sorted(one.key_usage or ())],
        "purposes": [named.get(oid, oid) for oid in sorted(one.extended_key_usage or ())],
        "policies": [policy.oid for policy in one.policies or ()],
        "mappings": [{"issuer": ours, "subject": theirs} for ours, theirs in one.mappings],
        "permitted": [str(name) for name in names.permitted] if names else [],
        "excluded": [str(name) for name in names.excluded] if names else [],
        "names": [str(name) for name in one.alternative_names],
        "numbers": [
            {
                "kind": number.kind,
                "title": holders.TITLES[number.kind].of(language()),
                "oid": number.oid,
                "number": number.text if reveal else number.masked,
            }
            for number in holders.numbers(one)
        ],
    }
