"""A card refused through a bridge of many provinces because nobody maps its policy: from a cold start and again.

The peer is pyhanko-certvalidator, which tries every path through the bridge and so is given small ones only.
"""

from collections.abc import Callable

from bench.ca_validate import after, forget, times
from bench.harness import measure, report
from cardstack.ca.extensions import ANY_POLICY
from cardstack.ca.path import Pool
from cardstack.ca.trust import Anchor, PathRejected, Revocation, Settings, validate
from tests.oracles import pyhanko
from tests.oracles.question import Question
from tests.pki_kit import NOW, Bridge, Party

SETTINGS = Settings(policies=frozenset({ANY_POLICY}), explicit_policy=True, revocation=Revocation.OFF)


def refused(count: int) -> Question:
    """A bridge of `count` provinces, and a card of one under a policy that leads nowhere."""
    bridge = Bridge.of(count)
    card = bridge.provinces[0].certify(Party("card"), policies=["1.2.156.77"])
    return Question(card, [bridge.roots[1]], bridge.crosses, (), NOW, SETTINGS)


def refusal(question: Question) -> Callable[[], str]:
    """The refusal with its pool indexed anew every time."""
    anchors = [Anchor(one) for one in question.anchors]

    def work() -> str:
        try:
            validate(question.leaf, anchors=anchors, pool=Pool(question.pool), at=question.at, settings=question.settings)
        except PathRejected as refusal:
            return refusal.rule
        raise AssertionError("the card was accepted")

    return work


def main() -> None:
    """One JSON line a measure; `milliseconds` is what one refusal takes."""
    for count, peer in ((4, True), (8, False), (32, False)):
        question = refused(count)
        assert refusal(question)() == "no-acceptable-policy"
        theirs = measure(times(lambda question=question: pyhanko.answer(question)), n=3, rounds=1) if peer else None  # type: ignore[misc]  # bound now
        for what, work in (("cold", after(forget, refusal(question))), ("warm", refusal(question))):
            ours = measure(times(work), n=50)
            milliseconds = round(1000 / ours.per_second, 3)
            report(
                f"ca-bridge-{count}-refused-{what}",
                ours,
                theirs,
                "pyhanko-certvalidator" if theirs else "",
                milliseconds=milliseconds,
            )


if __name__ == "__main__":
    main()
