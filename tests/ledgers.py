"""An invented scheme, parties and transactions for tests of the ledger; no real person or institution."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cardstack.ca.certificate import Certificate
from cardstack.ca.trust import Anchor, Revocation, Settings
from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm
from cardstack.crypto.local import LocalSigner
from cardstack.settlement.envelope import parse, seal_lines
from cardstack.settlement.line import prepare
from cardstack.settlement.node import Node
from cardstack.settlement.scheme import Accumulation, Cycle, Reason, Scheme, Step, Unit
from cardstack.settlement.transaction import SHANGHAI, MessageId, Party, Posting, Transaction
from cardstack.settlement.wire import canonical, digest
from cardstack.text import Text
from cardstack.values import Fen
from server.store.commit import Kept
from server.store.posting import Submission
from server.store.receiving import Arrival
from server.store.store import Store
from server.store.values import Participant, RegisteredNode
from server.trusting import Trust

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=SHANGHAI)
FUND, HOSPITAL, BUS = Party("31.medical-fund"), Party("33.hospital-fund"), Party("33.transit-operator")
NODE = Node(Party("33.hospital.h33010600001"))


class Toy:
    """The home fund pays four fifths, but refuses an amount of 13; `claim` and `account` of the body are declared."""

    name = "toy"
    title = Text("toy", "示例")
    cycle = Cycle("toy", Unit.DAY)

    def check(self, transaction: Transaction) -> Reason | None:
        return Reason("unlucky", Text("thirteen", "十三")) if transaction.amount_fen == 13 else None

    def postings(self, transaction: Transaction, day: date) -> tuple[Posting, ...]:
        del day
        owed = Fen(transaction.amount_fen * 4 // 5)
        debtor = Party(transaction.body.get("debtor", FUND))
        return (Posting(debtor, HOSPITAL, owed, "pool", "toy.share"),) if owed else ()

    def claims(self, transaction: Transaction) -> tuple[str, ...]:
        claim = transaction.body.get("claim")
        return () if claim is None else (str(claim),)

    def accumulations(self, transaction: Transaction) -> tuple[Accumulation, ...]:
        account = transaction.body.get("account")
        if account is None:
            return ()
        return (Accumulation(str(account), transaction.amount_fen, transaction.body.get("before"), Fen(1000)),)

    def explain(self, transaction: Transaction, day: date) -> tuple[Step, ...]:
        del transaction, day
        return ()


SCHEMES: dict[str, Scheme] = {"toy": Toy()}


def bill(
    serial: int,
    amount_fen: int = 100,
    *,
    at: datetime = NOON,
    reverses: MessageId | None = None,
    posts: MessageId | None = None,
    voids: MessageId | None = None,
    pending: bool = False,
    sender: Party = NODE.name,
    **body: object,
) -> Transaction:
    """A bill of the toy scheme; the serial makes its message id."""
    return Transaction(
        id=message_id(serial),
        scheme="toy",
        kind="settle",
        sender=sender,
        home="310000",
        treating="330100",
        occurred_at=at,
        amount_fen=Fen(amount_fen),
        body=body,
        reverses=reverses,
        posts=posts,
        voids=voids,
        pending_until=at + timedelta(days=1) if pending else None,
    )


def message_id(serial: int) -> MessageId:
    """The message id with that serial."""
    return MessageId.of("H33010600001", NOON + timedelta(seconds=serial // 10_000), serial % 10_000)


def kept(*transactions: Transaction) -> Kept:
    """An envelope of them as the store keeps it, unsigned."""
    raw = b"[" + b",".join(canonical(one) for one in transactions) + b"]"
    return Kept("envelope", sha256(raw).digest(), raw, str(NODE.name), NOON)


def submission(*transactions: Transaction, node: Node = NODE) -> Submission:
    """An opened envelope of them."""
    return Submission(kept(*transactions), [prepare(one, digest(canonical(one)), node, SCHEMES) for one in transactions])


ANY_SIGNER = local.generate(Algorithm.ECDSA_P256_SHA256)


def arrival(*transactions: Transaction, node: Node = NODE, broken: Mapping[int, bytes] | None = None) -> Arrival:
    """A batch of them as its signature was found to hold; `broken` puts other bytes in place of a line."""
    lines = [canonical(one) for one in transactions]
    for place, line in (broken or {}).items():
        lines[place] = line
    sealed = parse(seal_lines(lines, ANY_SIGNER, [b""], NOON))
    return Arrival(Kept("envelope", sealed.digest, sealed.raw, str(node.name), NOON), sealed, node)


def enrol(store: Store, parties: Sequence[Party] = (FUND, HOSPITAL, BUS)) -> Store:
    """The store with its participants and one node."""
    for party in parties:
        store.register_party(Participant(party, Text(party, "参与方"), f"account of {party}", None, NOON))
    title = Text("hospital", "医院")
    store.register_node(RegisteredNode(NODE.name, "hospital", title, "CN=hospital", relays=False, active=True, since=NOON))
    return store


def node_trust(subject: str = "hospital", algorithm: Algorithm = Algorithm.ECDSA_P256_SHA256) -> tuple[Trust, LocalSigner, bytes]:
    """A trust with one invented anchor, and the key and certificate (DER) that it vouches for as `CN=subject`."""
    authority = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    anchor = _certificate(issuer, issuer, authority.public_key(), authority, ca=True)
    signer = local.generate(algorithm)
    key = serialization.load_der_public_key(signer.public.spki)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    leaf = _certificate(name, issuer, key, authority, ca=False)
    trust = Trust([Anchor(Certificate.parse(anchor))], settings=Settings(revocation=Revocation.OFF))
    return trust, signer, leaf


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, authority: ec.EllipticCurvePrivateKey, *, ca: bool
) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOON - timedelta(days=30))
        .not_valid_after(NOON + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
    )
    usage = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    usage |= {"encipher_only": False, "decipher_only": False, "crl_sign": ca, "key_cert_sign": ca, "digital_signature": not ca}
    builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
    return builder.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
