"""The demo's clearing: nodes and parties entered, bills sent over HTTP, windows closed, nets and payments made."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cardstack.ca.certificate import Certificate
from cardstack.cli.demo.authorities import FOUNDINGS, PASSWORD, Authorities
from cardstack.cli.demo.bills import BUS_NODE, HOSPITAL_NODE
from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm
from cardstack.crypto.local import LocalSigner
from cardstack.errors import Refused
from cardstack.settlement.transaction import Party, Transaction
from cardstack.settlement.window import Event
from cardstack.text import Text
from cardstack.vault import files
from server.client import Client
from server.store.store import Store
from server.store.values import Participant, RegisteredNode

ROLES: Final[Mapping[str, Text]] = {
    "medical-fund": Text("medical insurance fund", "医保基金"),
    "medical-account": Text("individual accounts", "医保个人账户"),
    "hospital-fund": Text("hospitals' fund", "定点医疗机构结算户"),
    "card-issuer": Text("card issuer", "发卡机构"),
    "card-sponsor": Text("sponsor of same-city treatment", "同城待遇补贴方"),
    "city-finance": Text("city finance", "市财政"),
    "transit-operator": Text("transit operator", "公交运营方"),
}
NODES: Final = (
    (HOSPITAL_NODE, "hospital", Text("Demo hospital, Hangzhou", "杭州示范医院")),
    (BUS_NODE, "operator", Text("Demo bus company, Hangzhou", "杭州示范公交")),
)


@dataclass(frozen=True, slots=True)
class Node:
    """A node that signs: its name, its key and its certificate."""

    name: Party
    signer: LocalSigner
    certificate: Certificate

    def client(self, url: str) -> Client:
        """A connection that signs as this node."""
        return Client(url, self.signer, (self.certificate.raw,))


def nodes(folder: Path, authorities: Authorities) -> dict[Party, Node]:
    """The hospital's and the bus company's keys and certificates, made once and kept."""
    found = {}
    for name, _, title in NODES:
        key, certificate = folder / f"{name}.key", folder / f"{name}.cer"
        if not certificate.exists():
            signer = local.generate(Algorithm.SM2_SM3)
            files.write(key, signer.to_pkcs8(PASSWORD), secret=True)
            files.write(certificate, authorities.node(name.province, title.zh, signer).raw)
        loaded = local.load_pkcs8(files.read(key), PASSWORD)
        found[name] = Node(name, loaded, Certificate.parse(files.read(certificate)))
    return found


def enter(store: Store, signing: Mapping[Party, Node], at: datetime) -> None:
    """Everyone who may owe, and everyone who may sign."""
    for founding in FOUNDINGS:
        for role, title in ROLES.items():
            who = Text(f"{founding.title.en}, {title.en}", f"{founding.title.zh}{title.zh}")
            store.register_party(Participant(Party(f"{founding.id}.{role}"), who, "", None, at))
    centre = Text("clearing centre", "清算中心")
    store.register_party(Participant(Party("00.clearing-centre"), centre, "", None, at))
    for name, role, label in NODES:
        subject = str(signing[name].certificate.subject)
        store.register_node(RegisteredNode(name, role, label, subject, relays=False, active=True, since=at))


def send(url: str, signing: Mapping[Party, Node], transactions: Iterable[Transaction], at: datetime) -> list[dict[str, Any]]:
    """Each transaction signed by its sender's node and sent; the service's answers."""
    answers = []
    for transaction in transactions:
        client = signing[transaction.sender].client(url)
        try:
            answers.append(client.submit(transaction, at))
        finally:
            client.close()
    return answers


def close(store: Store, windows: Iterable[str], at: datetime) -> None:
    """Cut the windows off, find the totals agreed, and make the payments."""
    for window in windows:
        for event in (Event.CUT_OFF, Event.RECONCILE, Event.AGREE):
            store.move_window(window, event, actor="demo", now=at, reason="demo")
        store.instruct(window, now=at)


def nets(store: Store, windows: Iterable[str]) -> list[dict[str, Any]]:
    """What each party gets (+) or pays (-) over the windows, as `{party, net_fen}`; the sum is zero."""
    total: dict[str, int] = {}
    for window in windows:
        for one in store.positions(window):
            total[str(one.party)] = total.get(str(one.party), 0) + one.net_fen
    if sum(total.values()):
        raise Refused(Text("the nets do not sum to zero", "净额合计不为零"))
    return [{"party": party, "net_fen": net} for party, net in sorted(total.items())]


def instructions(store: Store, windows: Iterable[str]) -> list[dict[str, Any]]:
    """The payments that settle the windows."""
    return [
        {
            "id": one.instruction.id,
            "window": window,
            "debtor": str(one.instruction.debtor),
            "creditor": str(one.instruction.creditor),
            "amount_fen": one.instruction.amount_fen,
            "state": one.state.value,
        }
        for window in windows
        for one in store.instructions(window)
    ]
