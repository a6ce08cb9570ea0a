"""From the bytes of an envelope to its answers: trust, signature, lines."""

from collections.abc import Sequence
from contextlib import nullcontext
from threading import Lock
from time import monotonic
from typing import NamedTuple

from cardstack.ca.trust import Trusted
from cardstack.errors import Malformed, Refused, Untrusted, problem
from cardstack.settlement import envelope
from cardstack.settlement.answer import Answer, Outcome
from cardstack.settlement.intake import SKEW
from cardstack.settlement.node import Node
from cardstack.settlement.receipt import give
from cardstack.settlement.receiving import WAITING, malformed, prepared
from cardstack.text import Text
from server.clock import Clock
from server.config import Config
from server.identity import Identity
from server.store.commit import Kept
from server.store.packing import packed
from server.store.posting import Submission
from server.store.receiving import Arrival
from server.store.store import Store
from server.trusting import Trust
from server.writer import Writer

FRESH = 1.0
"""For how many seconds a node's registration is remembered: suspending a node takes effect within them."""
NODES_MAX = 10_000
LARGE = 65_536
"""From how many bytes on an envelope waits for its turn to be decoded."""

UNKNOWN_NODE = problem(
    "CS-4010",
    Text("The certificate is trusted, but its subject is not a node of this service", "证书可信，但其主体不是本系统的接入节点"),
    Text("Register the node with the subject of its certificate.", "请以证书主体名称登记该节点。"),
)
NOT_NOW = problem(
    "CS-4011",
    Text("The envelope was signed too long ago or in the future", "报文签名时间过早或在未来"),
    Text(
        "Set the clock, sign again and send it again; the message ids stay the same.",
        "请校准时钟后重新签名发送，报文标识保持不变。",
    ),
)


class Reply(NamedTuple):
    """What is answered to an envelope: an answer a line, the signed receipt for them, and whether lines wait to be judged."""

    digest: bytes
    answers: Sequence[Answer]
    receipt: bytes | None = None
    waits: bool = False


class Intake:
    """What the API and a bulk file have in common: whom to believe, what is answered, and what is kept."""

    def __init__(self, config: Config, store: Store, trust: Trust, clock: Clock, identity: Identity | None = None) -> None:
        self.config, self.store, self.trust, self.clock, self.identity = config, store, trust, clock, identity
        self.writer = Writer(store, clock, self.sign)
        self._nodes: dict[str, tuple[float, Node]] = {}
        self._turn = Lock()

    def sign(self, digest: bytes, answers: Sequence[Answer]) -> bytes | None:
        """The signed receipt for the envelope with that digest; None where this node has no key."""
        if self.identity is None:
            return None
        return give(digest, answers, self.identity.signer, self.identity.certificates, self.clock())

    def receive(self, raw: bytes) -> Answer:
        """Take a signed envelope of one transaction; its answer, durable when it returns.

        `Malformed` where it is no envelope or no transaction, `Untrusted` where its signature or certificate does not
        hold, `Refused` where it was signed at the wrong time or carries more lines.
        """
        arrival = self._arrive(raw, most=1)
        arrival.sealed.transaction(0)
        (answer,) = self.writer.submit(self._submission(arrival))
        return answer

    def receive_batch(self, raw: bytes, *, wait: float | None = None, most: int = envelope.LINES_MAX) -> Reply:
        """Take a signed envelope of up to 8,190 lines; an answer a line. Errors as for one, but a malformed line is answered.

        Without `wait` every line has been judged when it returns. With `wait` what was received is durable when it
        returns, and was judged if that took no longer than so many seconds.
        """
        with self.writer.expecting():
            arrival = self._arrive(raw, most=most)
            if wait is None:
                return self._judge_at_once(arrival)
            got = self.writer.take_in(arrival)
        waits = any(one.outcome is Outcome.RECEIVED or one.state == WAITING for one in got.answers)
        if waits and got.envelope is not None and wait > 0 and self.writer.await_posted(got.envelope, wait):
            found = self.store.batch(arrival.kept.digest)
            if found is not None and found.posted_at is not None:
                return Reply(found.digest, found.answers, found.receipt)
        return Reply(arrival.kept.digest, got.answers, got.receipt, waits)

    def _judge_at_once(self, arrival: Arrival) -> Reply:
        receipts: list[bytes | None] = []

        def sign(digest: bytes, answers: Sequence[Answer]) -> bytes | None:
            receipts.append(self.sign(digest, answers))
            return receipts[-1]

        answers = self.writer.submit(self._submission(arrival)._replace(batch=True, sign=sign))
        return Reply(arrival.kept.digest, answers, receipts[-1])

    def _arrive(self, raw: bytes, *, most: int) -> Arrival:
        """An envelope whose signature holds, as what its signer's node sent."""
        with self._turn if len(raw) >= LARGE else nullcontext():  # decoding holds the interpreter: two at once both end later
            sealed = envelope.parse(raw)
        if len(sealed.contents) > most:
            raise Refused(
                Text(
                    f"{len(sealed.contents)} transactions, at most {most} here",
                    f"{len(sealed.contents)} 笔交易，本接口至多 {most} 笔",
                ),
                field="transactions",
            )
        now = self.clock()
        if not now - self.config.age_max <= sealed.signed_at <= now + SKEW:
            raise Refused("signed_at", NOT_NOW, field="signed_at")
        trusted = self.trust.vouch(sealed.certificates, sealed.signed_at)
        envelope.verify(sealed, trusted)
        node = self.node(trusted)
        path = {one.fingerprint: one.raw for one in trusted.path}
        kept = Kept("envelope", sealed.digest, raw, str(node.name), sealed.signed_at, tuple(path), path, packed(raw))
        return Arrival(kept, sealed, node)

    def _submission(self, arrival: Arrival) -> Submission:
        """Its lines, each with what its scheme makes of it."""
        lines = [line for _, line in prepared(arrival.sealed, arrival.node, self.store.schemes)]
        broken = {
            place: malformed(arrival.lines[place], content)
            for place, content in enumerate(arrival.contents)
            if isinstance(content, Malformed)
        }
        return Submission(arrival.kept, lines, broken, {place: arrival.digest_of(place) for place in broken})

    def node(self, trusted: Trusted) -> Node:
        """The registered node that a trusted certificate belongs to; `Untrusted` (CS-4010) where there is none."""
        subject, instant = str(trusted.certificate.subject), monotonic()
        known = self._nodes.get(subject)
        if known is not None and instant - known[0] < FRESH:
            return known[1]
        if known is not None:  # the others go on with it while one looks again
            self._nodes[subject] = instant, known[1]
        try:
            found = self.store.node_of(subject)
        except BaseException:
            self._nodes.pop(subject, None)
            raise
        if found is None:
            self._nodes.pop(subject, None)
            raise Untrusted("certificate", UNKNOWN_NODE)
        if len(self._nodes) >= NODES_MAX:
            self._nodes.clear()
        self._nodes[subject] = instant, Node(found.name, found.relays, found.institutions)
        return self._nodes[subject][1]

    def start(self) -> None:
        """Go on with what was received and not judged before this process began."""
        if self.store.waiting():
            self.writer.start()

    def close(self) -> None:
        """Stop the writer once nothing is waiting."""
        self.writer.close()
