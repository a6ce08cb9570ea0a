"""`cardstack ca ceremony` and `ca rekey`: how an authority's key comes into being, and how it is changed."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cardstack.cli.ca_homes import (
    AUTHORITY_PASSWORD,
    Actor,
    AsJson,
    At,
    Id,
    authority,
    folder,
    moment,
    network,
    officer_key,
    password,
)
from cardstack.cli.labels import facts
from cardstack.cli.output import choices, emit, language, words
from cardstack.cli.outputs import ready_folder
from cardstack.text import Text

if TYPE_CHECKING:
    from cardstack.ca.ceremony import Step

app = typer.Typer(no_args_is_help=True, add_completion=False, help=words("Root key ceremonies.", "根密钥仪式。"))


@app.command("run", help=words("Make a root key by the script, two officers at each step.", "按脚本生成根密钥，每步两人。"))
def run(
    id_: Id,
    *,
    title: Annotated[str, typer.Option(help=words("The authority's name.", "机构名称。"))],
    officer: Annotated[list[str], typer.Option(help=words("Who is present; repeat.", "在场管理员，可多次给出。"))],
    shares: Annotated[Path, typer.Option(callback=ready_folder, help=words("Where the shares are written.", "分片写入的目录。"))],
    province: Annotated[str, typer.Option(help=words("ST of its names.", "名称中的 ST（省级）。"))] = "",
    suite: Annotated[str, typer.Option(help="sm | international")] = "sm",
    needed: Annotated[int, typer.Option(min=1, help=words("How many shares open the key.", "打开密钥所需分片数。"))] = 2,
    place: Annotated[str, typer.Option(help=words("Where this is.", "地点。"))] = "-",
    base: Annotated[str, typer.Option(help=words("Where it publishes, a URL.", "发布地址 URL。"))] = "http://127.0.0.1:8650",
    yes: Annotated[bool, typer.Option("--yes", help=words("Do not ask at each step.", "各步骤不再询问。"))] = False,
    as_json: AsJson = False,
) -> None:
    """Open, software, key, shares, certificate, CRL, close; the transcript is signed and kept beside the authority."""
    from cardstack.crypto.suite import Suite
    from cardstack.errors import Malformed
    from cardstack.vault import ceremonies, files
    from cardstack.vault.declaring import declare

    if suite not in set(Suite):
        raise Malformed(choices("suite", Suite), field="suite")
    listed = network().officers()
    unknown = [one for one in officer if one not in listed]
    if unknown:
        raise Malformed(
            Text(
                f"no officer {', '.join(unknown)}; appoint them with `ca officer`",
                f"没有管理员 {'、'.join(unknown)}，请先用 `ca officer` 任命",
            ),
            field="officer",
        )
    held = ceremonies.root_key(
        folder() / id_,
        declare(id_, title, province=province, base=base),
        Suite(suite).algorithm,
        {one: (listed[one], officer_key(one)) for one in officer},
        needed=needed,
        place=place,
        clock=lambda: moment(""),
        witness=_quiet if yes or as_json else _asked,
    )
    for who, share in held.shares.items():
        files.write(shares / f"{id_}-{who}.share", share.encode().encode() + b"\n", secret=True)
    made = held.home.certificate
    data = {
        "id": id_,
        "fingerprint": made.fingerprint,
        "needed": needed,
        "shares": [str(shares / f"{id_}-{who}.share") for who in held.shares],
        "transcript": str(folder() / id_ / "ceremony.jsonl"),
    }
    emit(data, as_json=as_json, render=lambda: facts(data))


@app.command("verify", help=words("Check a transcript.", "核验仪式记录。"))
def verify(
    transcript: Annotated[Path, typer.Argument(help=words("The transcript's file.", "记录文件。"))],
    *,
    known: Annotated[bool, typer.Option(help=words("The officers must be those here.", "管理员须与本机登记一致。"))] = False,
    as_json: AsJson = False,
) -> None:
    """Chain, order, and the approvals of maker and checker at every step."""
    from cardstack.ca.ceremony import verify as proven
    from cardstack.vault import files

    text = files.read(transcript).decode("utf-8", errors="replace")
    found = proven(text, network().officers() if known else None)
    data = {"officers": list(found.officers), "head": found.head, "outputs": found.outputs}
    emit(
        data, as_json=as_json, render=lambda: print(f"{', '.join(found.officers)}  {found.outputs['certificate']['fingerprint']}")
    )


def rekey(id_: Id, *, actor: Actor = "console", at: At = "", as_json: AsJson = False) -> None:
    """Change an authority's key; links lead from the old certificate to the new one and back."""
    from cardstack.vault import keys

    home, when = authority(id_, keys=True), moment(at)
    secret = password(AUTHORITY_PASSWORD)
    signer = keys.generate(home.certificate.public_key.algorithm, secret)
    before = home.certificate.fingerprint
    # The new key is on disk before anything points to it, so that no interruption can lose it.
    following = home.folder / "next"
    keys.keep(following, signer, secret)
    links = home.rekey(signer, at=when, actor=actor)
    keys.keep(home.folder, signer, secret)
    shutil.rmtree(following)
    home.publish(at=when, actor=actor, force="full")
    data = {"before": before, "after": home.certificate.fingerprint, "links": [one.fingerprint for one in links]}
    emit(data, as_json=as_json, render=lambda: print(f"{before[:16]} → {home.certificate.fingerprint[:16]}"))


def _quiet(step: "Step", maker: str, checker: str, outputs: Mapping[str, Any]) -> None:
    """Everything goes on by itself."""


def _asked(step: "Step", maker: str, checker: str, outputs: Mapping[str, Any]) -> None:
    """Show what was done and what came out; the checker says that it is so."""
    print(f"[{step.id}] {maker}: {step.make.of(language())}")
    for name, value in outputs.items():
        print(f"    {name}: {value}")
    typer.confirm(f"    {checker}: {step.check.of(language())}", abort=True)
