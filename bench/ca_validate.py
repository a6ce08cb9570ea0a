"""Path validations a second with the revocation of every certificate, beside libcrypto and pyhanko-certvalidator in one run.

The path is PKITS 4.1.1: a root, an authority, a leaf, RSA of 2,048 bits, two CRLs. "Warm" has facts and signatures in
memory, as a relying party has that sees the same few authorities all day; "signatures anew" keeps the facts alone, which is
what libcrypto does; "cold" starts from bytes with nothing in memory at all.
"""

from collections.abc import Callable
from time import process_time
from types import ModuleType

from bench.harness import measure, report
from cardstack.ca import (
    certificate,
    conformity,
    constraints,
    crl,
    der,
    names,
    ocsp,
    signatures,
    standing,
)
from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.path import Pool
from cardstack.ca.standing import Crls
from cardstack.ca.trust import Anchor, validate
from tests.oracles import libcrypto, pyhanko
from tests.oracles.question import Question
from tests.unit.ca import test_pkits as pkits
from tests.unit.ca import test_pkits_sm2 as pkits_sm2

MEMORIES: tuple[ModuleType, ...] = (certificate, conformity, constraints, crl, der, names, ocsp, signatures, standing)


def times(work: Callable[[], object]) -> Callable[[int], None]:
    """`work` as the harness calls it."""

    def run(n: int) -> None:
        for _ in range(n):
            work()

    return run


CLEAR = [thing.cache_clear for module in MEMORIES for thing in vars(module).values() if hasattr(thing, "cache_clear")]


def forget() -> None:
    """Empty every memory there is; what that takes counts as ours."""
    signatures.forget_verdicts()
    for clear in CLEAR:
        clear()


def asked(case: dict[str, object]) -> Question:
    """A PKITS case as a question."""
    files: dict[str, list[str]] = {name: case[name] for name in ("intermediates", "crls")}  # type: ignore[misc]  # JSON
    return Question(
        pkits.certificate(str(case["end_cert"])),
        [pkits.certificate(str(case["trust_anchor"]))],
        [pkits.certificate(name) for name in files["intermediates"]],
        [pkits.crl(name) for name in files["crls"]],
        pkits.AT,
        pkits.settings(case),
    )


def sm2_question(case: dict[str, object]) -> Question:
    """Its SM2 twin; libcrypto cannot be asked, because it checks SM2 certificates with an empty signer's ID."""
    original = asked(case)
    files: dict[str, list[str]] = {name: case[name] for name in ("intermediates", "crls")}  # type: ignore[misc]  # JSON
    return Question(
        pkits_sm2.certificate(str(case["end_cert"])),
        [pkits_sm2.certificate(str(case["trust_anchor"]))],
        [pkits_sm2.certificate(name) for name in files["intermediates"]],
        [pkits_sm2.crl(name) for name in files["crls"]],
        original.at,
        original.settings,
    )


def warm(question: Question) -> Callable[[], object]:
    """A validation with everything in memory."""
    anchors = [Anchor(one) for one in question.anchors]
    pool, crls = Pool(question.pool), Crls(question.crls)
    return lambda: validate(question.leaf, anchors=anchors, pool=pool, crls=crls, at=question.at, settings=question.settings)


def from_bytes(question: Question) -> Callable[[], object]:
    """A validation that parses whatever is not in memory."""
    leaf, anchors = question.leaf.raw, [one.raw for one in question.anchors]
    pool, crls = [one.raw for one in question.pool], [one.raw for one in question.crls]

    def work() -> object:
        return validate(
            Certificate.parse(leaf),
            anchors=[Anchor(Certificate.parse(raw)) for raw in anchors],
            pool=[Certificate.parse(raw) for raw in pool],
            crls=[Crl.parse(raw) for raw in crls],
            at=question.at,
            settings=question.settings,
        )

    return work


def after(first: Callable[[], object], second: Callable[[], object]) -> Callable[[], object]:
    """One thing and then the other."""

    def work() -> object:
        first()
        return second()

    return work


def own_time(work: Callable[[], object], n: int, rounds: int = 5) -> float:
    """How many a second of this process' own time, the best of several rounds: what a busy machine would give if it were idle."""
    spent = []
    for _ in range(rounds):
        began = process_time()
        times(work)(n)
        spent.append(process_time() - began)
    return round(n / min(spent), 1)


def main() -> None:
    """One JSON line a measure."""
    question = asked(pkits.TABLE["tests"][0])
    peer = libcrypto.Prepared(question)
    theirs = measure(times(peer.ask), n=2000)
    ready, own = warm(question), "libcrypto X509_verify_cert, in process"
    report("ca-validate-warm", measure(times(ready), n=5000), theirs, own, own_per_second=own_time(ready, 2000))
    anew = after(signatures.forget_verdicts, ready)
    report("ca-validate-signatures-anew", measure(times(anew), n=2000), theirs, own)
    twin = sm2_question(pkits.TABLE["tests"][0])
    report("ca-validate-sm2-warm", measure(times(warm(twin)), n=5000))
    report("ca-validate-sm2-signatures-anew", measure(times(after(signatures.forget_verdicts, warm(twin))), n=200))
    cold = after(forget, from_bytes(question))
    slow = measure(times(lambda: pyhanko.answer(question)), n=20, rounds=3)
    name = "pyhanko-certvalidator, a new context each time"
    report("ca-validate-cold", measure(times(cold), n=300), slow, name, own_per_second=own_time(cold, 300))


if __name__ == "__main__":
    main()
