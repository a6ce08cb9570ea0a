"""`cardstack ca escrow`: citizens' pairs, and the recovery of their encryption keys by officers together."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cardstack.cli.ca_homes import (
    ESCROW_PASSWORD,
    OFFICER_PASSWORD,
    Actor,
    AsJson,
    At,
    AtLevel,
    Id,
    Numbers,
    Subject,
    Who,
    approvals_of,
    approve_file,
    attributes,
    authority,
    level,
    moment,
    network,
    numbers,
    password,
    public_key,
    serial,
)
from cardstack.cli.labels import facts
from cardstack.cli.output import choices, emit, language, words
from cardstack.cli.outputs import ready, ready_folder

if TYPE_CHECKING:
    from cardstack.ca.recovery import Recovery
    from cardstack.vault.escrow import Escrow

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help=words("Citizens' encryption keys, kept.", "个人加密密钥托管与恢复。")
)
RequestFile = Annotated[
    Path, typer.Argument(metavar="REQUEST", help=words("A file that `ca escrow ask` wrote.", "ca escrow ask 写出的文件。"))
]
Out = Annotated[Path, typer.Option(callback=ready, help=words("Where it is written.", "输出位置。"))]


@app.command("rule", help=words("How many officers recover a key; decided once.", "恢复所需管理员人数；仅可设定一次。"))
def rule(
    id_: Id,
    *,
    needed: Annotated[int, typer.Option(min=2, help=words("So many officers.", "人数。"))],
    actor: Actor = "console",
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Before the first key is kept."""
    held = _escrow(id_)
    held.found(needed, at=moment(at), actor=actor)
    emit({"authority": id_, "needed": needed}, as_json=as_json, render=lambda: print(f"{id_}: {needed}"))


@app.command("issue", help=words("Issue a citizen's two certificates and keep the encryption key.", "签发双证书并托管加密密钥。"))
def issue(
    id_: Id,
    *,
    csr: Annotated[Path, typer.Option(help=words("A PKCS #10 request with the signature key.", "含签名公钥的 PKCS #10 申请。"))],
    subject: Subject,
    out: Annotated[Path, typer.Option(callback=ready_folder, help=words("A folder for what the citizen gets.", "交付文件夹。"))],
    number: Numbers = None,
    assurance: AtLevel = "high",
    actor: Actor = "console",
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """signature.pem, encryption.pem, and encryption-key.der: the encryption key sealed for the signature key."""
    from cardstack.vault import files
    from cardstack.vault.escrow import as_files

    held = _escrow(id_)
    made = held.issue(
        public_key(csr),
        subject=held.home.name(**attributes(subject)),
        policies=(held.home.policy(level(assurance)),),
        numbers=numbers(number or []),
        at=moment(at),
        actor=actor,
    )
    for name, content in as_files(made).items():
        files.write(out / name, content)
    data = {"signature": f"{made.signature.serial:x}", "encryption": f"{made.encryption.serial:x}", "out": str(out)}
    emit(data, as_json=as_json, render=lambda: facts(data))


@app.command("ask", help=words("Ask for a kept key: whose, for whom, and why.", "申请恢复：哪个密钥、给谁、事由。"))
def ask(
    id_: Id,
    number: Annotated[str, typer.Argument(metavar="SERIAL", help=words("Of the encryption certificate.", "加密证书序列号。"))],
    *,
    recipient: Annotated[
        Path, typer.Option("--for", help=words("Certificate or request of who gets it.", "接收方的证书或申请文件。"))
    ],
    reason: Annotated[str, typer.Option(help=words("The paper that asks for it.", "申请依据（文号）。"))],
    out: Out,
    ground: Annotated[str, typer.Option(help="holder | judicial")] = "holder",
    as_json: AsJson = False,
) -> None:
    """Writes the request for the officers to approve."""
    from cardstack.ca.recovery import Ground
    from cardstack.errors import Malformed
    from cardstack.vault import files

    if ground not in set(Ground):
        raise Malformed(choices("ground", Ground), field="ground")
    held = _escrow(id_)
    asked = held.asking(serial(number), public_key(recipient), Ground(ground), reason)
    files.write_json(out, {"recover": asked.as_data(), "approvals": []})
    data = asked.as_data() | {"needed": held.needed, "out": str(out)}
    emit(data, as_json=as_json, render=lambda: print(f"{out}  {words('officers needed', '所需管理员')}: {held.needed}"))


@app.command("approve", help=words("Approve a request as an officer.", "以管理员身份批准恢复申请。"))
def approve(request: RequestFile, *, officer: Who, at: At = "", as_json: AsJson = False) -> None:
    """The officer's signature over exactly this request, added to its file; what is signed is shown first."""
    from cardstack.ca.recovery import GROUNDS

    asked = _asked(request)
    made = approve_file(request, asked.content(), officer, moment(at))
    said = f"{asked.authority} {asked.serial:x}  {GROUNDS[asked.ground].of(language())}  {asked.reason}"
    emit(made.as_data() | {"request": asked.as_data()}, as_json=as_json, render=lambda: print(f"{said}\n{officer} ✓"))


@app.command("recover", help=words("Recover the key that enough officers approved.", "恢复已获足够管理员批准的密钥。"))
def recover(
    request: RequestFile,
    *,
    out: Out,
    transcript: Annotated[
        Path, typer.Option(callback=ready, help=words("Where the signed transcript goes.", "签名记录输出文件。"))
    ],
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """The key in an envelope for the recipient, a transcript signed by the authority, and a line in its audit log."""
    from cardstack.vault import files

    asked = _asked(request)
    _, approvals = approvals_of(request, "recover")
    held = _escrow(asked.authority)
    envelope, said = held.recover(asked, approvals=approvals, known=network().officers(), at=moment(at))
    files.write(out, envelope)
    files.write(transcript, said.encode())
    data = {"serial": f"{asked.serial:x}", "envelope": str(out), "transcript": str(transcript)}
    emit(data, as_json=as_json, render=lambda: facts(data))


@app.command("open", help=words("Open an envelope with one's own signature key.", "用本人签名密钥打开密钥信封。"))
def open_(
    envelope: Annotated[Path, typer.Argument(help=words("What was handed out.", "收到的密钥信封。"))],
    *,
    key: Annotated[Path, typer.Option(help=words("One's signature key, PKCS #8.", "本人签名密钥（PKCS #8）。"))],
    out: Out,
    as_json: AsJson = False,
) -> None:
    """The encryption key as an encrypted PKCS #8 file under CARDSTACK_OFFICER_PASSWORD, which opens the signature key too."""
    from cardstack.ca import pair
    from cardstack.crypto import local
    from cardstack.crypto.armour import pem
    from cardstack.crypto.sm2 import Sm2Signer
    from cardstack.errors import Refused
    from cardstack.vault import files
    from cardstack.vault.escrow import NOT_SM2

    secret = password(OFFICER_PASSWORD)
    own = local.load_pkcs8(files.read(key), secret)
    if not isinstance(own, Sm2Signer):
        raise Refused(problem=NOT_SM2)
    found = pair.opened(files.read(envelope), own)
    files.write(out, pem("ENCRYPTED PRIVATE KEY", found.to_pkcs8(secret)), secret=True)
    data = {"key": str(out), "public_key": found.public.spki.hex()}
    emit(data, as_json=as_json, render=lambda: print(data["key"]))


@app.command("verify", help=words("Check the transcript of a recovery.", "核验恢复记录。"))
def verify(
    transcript: Annotated[Path, typer.Argument(help=words("The transcript's file.", "记录文件。"))],
    *,
    by: Annotated[str, typer.Option(help=words("The authority that signed it.", "签名机构。"))],
    known: Annotated[bool, typer.Option(help=words("The officers must be those here.", "管理员须与本机登记一致。"))] = False,
    as_json: AsJson = False,
) -> None:
    """Chain, request, every approval, and the authority's signature."""
    from cardstack.ca.recovery import verify as proven
    from cardstack.vault import files

    home = authority(by)
    text = files.read(transcript).decode("utf-8", errors="replace")
    signers = [one.public_key for one in (home.certificate, *home.retired)]
    found = proven(text, signers, network().officers() if known else None)
    data = found.asked.as_data() | {"officers": list(found.officers), "needed": found.needed, "head": found.head}
    emit(data, as_json=as_json, render=lambda: print(f"{data['serial']}  {', '.join(found.officers)}  {data['reason']}"))


def _escrow(id_: str) -> "Escrow":
    from cardstack.vault.escrow import Escrow

    return Escrow(authority(id_, keys=True), password(ESCROW_PASSWORD))


def _asked(path: Path) -> "Recovery":
    from cardstack.ca.recovery import Recovery

    held, _ = approvals_of(path, "recover")
    return Recovery.of_data(held["recover"])
