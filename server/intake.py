"""From the bytes of an envelope to its answers: trust, signature, lines, and one writer that commits for many."""

import gc
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from queue import SimpleQueue
from threading import Lock, Thread
from time import monotonic

from cardstack.ca.trust import Trusted
from cardstack.errors import Refused, Untrusted, problem
from cardstack.settlement import envelope
from cardstack.settlement.intake import SKEW, Answer, Node, prepare
from cardstack.settlement.receipt import give
from cardstack.text import Text
from server.clock import Clock
from server.config import Config
from server.identity import Identity
from server.store.commit import Kept
from server.store.posting import Submission
from server.store.store import Store
from server.trusting import Trust

GROUP_MAX = 16_384
"""How many lines one commit takes at most."""

FRESH = 1.0
"""For how many seconds a node's registration is remembered: suspending a node takes effect within them."""
NODES_MAX = 10_000

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


@dataclass
class Writer:
    """The one thread that writes: whoever waits while it commits is in its next commit."""

    store: Store
    clock: Clock
    _queue: "SimpleQueue[tuple[Submission, Future[list[Answer]]] | None]" = field(default_factory=SimpleQueue)
    _thread: Thread | None = None
    _lock: Lock = field(default_factory=Lock)

    def submit(self, submission: Submission) -> list[Answer]:
        """The answers, once they are durable."""
        future: Future[list[Answer]] = Future()
        self._ready()
        self._queue.put((submission, future))
        return future.result()

    def close(self) -> None:
        """Finish what is waiting and stop."""
        with self._lock:
            if self._thread is not None:
                self._queue.put(None)
                self._thread.join()
                self._thread = None

    def _ready(self) -> None:
        """The thread begins with the first submission: a server forks before that, and threads do not survive it."""
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = Thread(target=self._run, name="ledger-writer", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group, lines, last = [first], len(first[0].lines), False
            while lines < GROUP_MAX and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    last = True
                    break
                group.append(more)
                lines += len(more[0].lines)
            self._commit(group)
            if last:
                return

    def _commit(self, group: "list[tuple[Submission, Future[list[Answer]]]]") -> None:
        try:
            answers = self.store.submit([submission for submission, _ in group], self.clock())
        except Exception as error:  # noqa: BLE001  # whoever waits must hear of it, and the writer must go on
            if len(group) == 1:
                group[0][1].set_exception(error)
                return
            for one in group:
                self._commit([one])
            return
        for (_, future), answer in zip(group, answers, strict=True):
            future.set_result(answer)


@contextmanager
def uncollected() -> Iterator[None]:
    """Thousands of lines live at once and nothing of them is a cycle: the collector would only look through them again."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Intake:
    """What the API and a bulk file have in common: whom to believe, what is answered, and what is kept."""

    def __init__(self, config: Config, store: Store, trust: Trust, clock: Clock, identity: Identity | None = None) -> None:
        self.config, self.store, self.trust, self.clock, self.identity = config, store, trust, clock, identity
        self.writer = Writer(store, clock)
        self._nodes: dict[str, tuple[float, Node]] = {}

    def receipt(self, raw: bytes, answers: Sequence[Answer]) -> bytes | None:
        """The signed receipt for an envelope that was answered, kept beside it; None where this node has no key."""
        if self.identity is None:
            return None
        digest = sha256(raw).digest()
        made = give(digest, answers, self.identity.signer, self.identity.certificates, self.clock())
        self.store.keep_receipt(digest, made)
        return made

    def receive(self, raw: bytes, *, most: int = envelope.LINES_MAX) -> list[Answer]:
        """Take a signed envelope of at most so many lines; an answer a line, durable when it returns.

        `Malformed` where it is no envelope, `Untrusted` where its signature or certificate does not hold, `Refused`
        where it was signed at the wrong time or carries more lines.
        """
        sealed = envelope.parse(raw)
        if len(sealed.contents) > most:
            raise Refused(f"{len(sealed.contents)} transactions, at most {most} here", field="transactions")
        now = self.clock()
        if not now - self.config.age_max <= sealed.signed_at <= now + SKEW:
            raise Refused("signed_at", NOT_NOW, field="signed_at")
        trusted = self.trust.vouch(sealed.certificates, sealed.signed_at)
        with uncollected():
            return self._book(envelope.open(sealed, trusted), sealed, trusted)

    def _book(self, opened: envelope.Opened, sealed: envelope.Sealed, trusted: Trusted) -> list[Answer]:
        node = self.node(trusted)
        schemes = self.store.schemes
        lines = [prepare(one, digest, node, schemes) for one, digest in zip(opened.transactions, opened.digests, strict=True)]
        path = {one.fingerprint: one.raw for one in trusted.path}
        kept = Kept("envelope", sealed.digest, sealed.raw, str(node.name), sealed.signed_at, tuple(path), path)
        return self.writer.submit(Submission(kept, lines))

    def node(self, trusted: Trusted) -> Node:
        """The registered node that a trusted certificate belongs to; `Untrusted` (CS-4010) where there is none."""
        subject, instant = str(trusted.certificate.subject), monotonic()
        known = self._nodes.get(subject)
        if known is not None and instant - known[0] < FRESH:
            return known[1]
        found = self.store.node_of(subject)
        if found is None:
            raise Untrusted("certificate", UNKNOWN_NODE)
        if len(self._nodes) >= NODES_MAX:
            self._nodes.clear()
        self._nodes[subject] = instant, Node(found.name, found.relays)
        return self._nodes[subject][1]

    def close(self) -> None:
        """Stop the writer once nothing is waiting."""
        self.writer.close()
