"""`cardstack ca`: the certification authority, recognition between provinces, and validation."""

from collections.abc import Callable
from typing import Any

import typer

from cardstack.cli import ca_audit, ca_authority, ca_ceremony, ca_escrow, ca_foreign, ca_recognition
from cardstack.cli.ca_inspect import inspect
from cardstack.cli.ca_validate import validate
from cardstack.cli.output import words

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.command(
    help=words("Validate a certificate: its path, policies, names and revocation.", "验证证书：路径、策略、名称与吊销状态。")
)(validate)
app.add_typer(ca_audit.app, name="audit")
app.add_typer(ca_ceremony.app, name="ceremony")
app.add_typer(ca_escrow.app, name="escrow")
app.add_typer(ca_foreign.app, name="foreign")

VERBS: dict[str, tuple[Callable[..., Any], str]] = {
    "show": (ca_authority.show, words("The authorities here.", "本机的机构。")),
    "inspect": (inspect, words("What a certificate file says.", "查看证书文件内容。")),
    "create": (ca_authority.create, words("Make an authority.", "创建机构。")),
    "issue": (ca_authority.issue, words("Issue a certificate.", "签发证书。")),
    "batch": (ca_authority.batch, words("Issue for a batch of cards.", "批量签发。")),
    "renew": (ca_authority.renew, words("Issue a successor of a certificate.", "续期证书。")),
    "status": (ca_authority.status, words("Show, suspend, resume or revoke a certificate.", "查询、暂停、恢复或吊销证书。")),
    "rekey": (ca_ceremony.rekey, words("Change an authority's key.", "更换机构密钥。")),
    "crl": (ca_authority.crl, words("Publish CRLs.", "发布 CRL。")),
    "ticket": (ca_authority.ticket, words("Let a machine enrol once (EST).", "发放设备注册凭证（EST）。")),
    "agreements": (ca_recognition.agreements, words("The recognition agreements.", "互认协议。")),
    "plan": (ca_recognition.plan, words("What agreements ask for and is not issued.", "协议与已签发证书的差异。")),
    "approve": (ca_recognition.approve, words("Approve a plan as an officer.", "以管理员身份批准计划。")),
    "apply": (ca_recognition.apply, words("Carry out a plan that two officers approved.", "执行两名管理员批准的计划。")),
    "officer": (ca_recognition.officer, words("Appoint an officer.", "任命管理员。")),
    "graph": (ca_recognition.graph, words("The trust graph.", "信任图。")),
    "what-if": (ca_recognition.what_if, words("What a change would cost.", "假设变更的影响。")),
    "recognise": (ca_recognition.recognise, words("Is a certificate accepted, and why.", "证书是否被认可及原因。")),
    "trustlist": (ca_recognition.trustlist, words("Publish or check a trust list.", "发布或核验信任列表。")),
}
for _name, (_verb, _help) in VERBS.items():
    app.command(_name, help=_help)(_verb)


@app.callback()
def _group() -> None:
    """The group itself does nothing."""
