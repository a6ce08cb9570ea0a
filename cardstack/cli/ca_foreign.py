"""`cardstack ca foreign`: provinces whose keys are elsewhere, known here by their certificate and what they publish."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cardstack.cli.ca_homes import AsJson, At, Id, attributes, folder, level, moment, network
from cardstack.cli.output import emit, words

if TYPE_CHECKING:
    from cardstack.vault.foreign import Foreign

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help=words("Provinces whose keys are elsewhere.", "密钥不在本机的省份。")
)


@app.command("add", help=words("Enter a province by its certificate.", "以证书登记外省机构。"))
def add(
    id_: Id,
    *,
    certificate: Annotated[Path, typer.Option(help=words("Its root or CA certificate.", "其根证书或 CA 证书。"))],
    title: Annotated[str, typer.Option(help=words("Its name.", "机构名称。"))],
    policy: Annotated[list[str], typer.Option(help=words("LEVEL=OID; repeat.", "等级=策略 OID，可多次给出。"))],
    names: Annotated[
        list[str] | None, typer.Option("--names", help=words("The names it may give out: C=CN,ST=…", "其名称空间：C=CN,ST=…"))
    ] = None,
    domain: Annotated[list[str] | None, typer.Option(help=words("A domain of its hosts.", "其主机所属域名。"))] = None,
    crl: Annotated[list[str] | None, typer.Option(help=words("Where its CRL is published, a URL.", "CRL 发布地址。"))] = None,
    replace: Annotated[bool, typer.Option(help=words("Take the place of what is known.", "替换现有登记。"))] = False,
    as_json: AsJson = False,
) -> None:
    """From then on agreements may name it, and cross certificates are issued for it."""
    from cardstack.ca import encoding as der
    from cardstack.ca.certificate import Certificate
    from cardstack.errors import Malformed
    from cardstack.text import Text
    from cardstack.vault import files
    from cardstack.vault.foreign import Foreign, Stranger

    pairs = [one.partition("=") for one in policy]
    if not all(oid and all(part.isdigit() for part in oid.split(".")) for _, _, oid in pairs):
        raise Malformed(Text("a policy is written LEVEL=OID", "策略写作 等级=OID"), field="policy")
    declared = Stranger(
        id_,
        Text(title, title),
        {level(name.strip()): oid for name, _, oid in pairs},
        namespace=tuple(der.name(**attributes(one)) for one in names or ()),
        domains=tuple(domain or ()),
        crl=tuple(crl or ()),
    )
    made = Foreign.enter(folder() / id_, declared, Certificate.parse(files.read(certificate)), replace=replace)
    data = _data(made)
    emit(data, as_json=as_json, render=lambda: print(f"{id_}  {title}  {data['fingerprint']}"))


@app.command("show", help=words("Those that are known.", "已登记的外省机构。"))
def show(*, as_json: AsJson = False) -> None:
    """With fingerprint, policies, and the CRL that is kept."""
    data = [_data(one) for one in network().foreign.values()]

    def lines() -> None:
        for one in data:
            print(f"{one['id']}  {one['title']['zh']}  {one['fingerprint'][:16]}  {one['crl'] or '-'}")

    emit({"foreign": data}, as_json=as_json, render=lines)


@app.command("crl", help=words("Take in its CRL from a file, or fetch it.", "导入其 CRL 文件，或从发布地址获取。"))
def crl(
    id_: Id,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help=words("The CRL.", "CRL 文件。"))] = None,
    *,
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Only one that it signed, and that is not older than the one that is kept."""
    from cardstack.vault import files

    found, when = network().stranger(id_), moment(at)
    made = found.fetch(when) if file is None else found.take(files.read(file), when)
    data = {
        "id": id_,
        "number": made.number,
        "revoked": len(made),
        "next_update": made.next_update.isoformat() if made.next_update else None,
    }
    emit(data, as_json=as_json, render=lambda: print(f"{id_}  #{made.number}  {data['next_update']}"))


@app.command("cross", help=words("Take in a cross certificate that it issued.", "导入其签发的交叉证书。"))
def cross(
    id_: Id,
    file: Annotated[Path, typer.Argument(help=words("The certificate.", "证书文件。"))],
    *,
    as_json: AsJson = False,
) -> None:
    """So that the trust graph shows the other direction too."""
    from cardstack.vault import files

    made = network().stranger(id_).take_cross(files.read(file))
    data = {"id": id_, "subject": made.subject.text, "fingerprint": made.fingerprint}
    emit(data, as_json=as_json, render=lambda: print(f"{id_} → {made.subject.text}"))


def _data(one: "Foreign") -> dict[str, Any]:
    kept = one.crl
    return one.declared.as_data() | {
        "fingerprint": one.certificate.fingerprint,
        "subject": one.certificate.subject.text,
        "valid_until": one.certificate.valid_until.isoformat(),
        "places": list(one.declared.crl),
        "crl": None if kept is None else {"number": kept.number, "next_update": str(kept.next_update)},
    }
