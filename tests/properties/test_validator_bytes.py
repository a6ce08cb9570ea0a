"""Whatever bytes come in, the validator answers with a verdict or with `Malformed`, and nothing else."""

from contextlib import nullcontext
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.explain import explain
from cardstack.ca.names import expected
from cardstack.ca.ocsp import OcspResponse
from cardstack.ca.signatures import Verdict
from cardstack.ca.trust import Anchor, PathRejected, Settings, validate
from cardstack.errors import CardstackError, Malformed
from tests.pki_kit import NOW, Bridge, Party, policy
from tests.unit.ca.test_standing import DELEGATE, GOOD, RESPONDER, REVOKED, answer, verdict

BRIDGE = Bridge.of(2)
CARD = BRIDGE.provinces[0].certify(
    Party("card"), policies=[policy(0)], names=["card.example", "IP:10.0.0.1", "email:li@a.example", "URI:https://a.example/"]
)
CROSS = BRIDGE.hub.certify(
    BRIDGE.provinces[0], ca=True, policies=["1.2.156.9"], permitted=["IP:10.0.0.0/8", "DN:Province 0"], excluded=["x.example"]
)
ANCHOR = Anchor(BRIDGE.roots[1])


@st.composite
def damaged(draw: st.DrawFn, raw: bytes) -> bytes:
    """Bytes with a few of them changed, taken out or put in."""
    content = bytearray(raw)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(content) - 1))
        kind = draw(st.sampled_from(("change", "remove", "insert", "cut")))
        if kind == "change":
            content[place] = draw(st.sampled_from((0x00, 0x01, 0x30, 0x7F, 0x80, 0x81, 0x84, 0xA0, 0xFF, content[place] ^ 1)))
        elif kind == "remove" and len(content) > 2:
            del content[place]
        elif kind == "insert":
            content.insert(place, draw(st.integers(0, 255)))
        elif place > 2:
            del content[place:]
    return bytes(content)


@pytest.mark.parametrize("signed", [False, True], ids=["as damaged", "as if signed so"])
@settings(max_examples=400, deadline=None)
@given(damaged(CARD.raw), damaged(CROSS.raw), damaged(BRIDGE.crls[0].raw))
def test_damaged_bytes_end_in_a_verdict(signed: bool, leaf: bytes, cross: bytes, crl: bytes) -> None:  # drawn
    """A certificate, a cross certificate and a CRL, each damaged; also as if their issuer had signed them so."""
    with patch("cardstack.ca.signatures.verdict", return_value=Verdict.GOOD) if signed else nullcontext():
        judge(leaf, cross, crl)


def judge(leaf: bytes, cross: bytes, crl: bytes) -> None:
    for raws in ((leaf, CROSS.raw, crl), (CARD.raw, cross, crl), (CARD.raw, CROSS.raw, crl)):
        try:
            certificate = Certificate.parse(raws[0])
            pool = (*BRIDGE.crosses, Certificate.parse(raws[1]))
            crls = (*BRIDGE.crls[1:], Crl.parse(raws[2]))
            asked = Settings(names=(expected("card.example"),))
            validate(certificate, anchors=[ANCHOR], pool=pool, crls=crls, at=NOW, settings=asked)
            explain(certificate, anchors=[ANCHOR], pool=pool, crls=crls, at=NOW).text("zh")
        except (Malformed, PathRejected) as error:
            error.say("zh")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from((answer(GOOD), answer(REVOKED), answer(GOOD, RESPONDER, DELEGATE))).flatmap(lambda one: damaged(one.raw)))
def test_damaged_answers_end_in_a_verdict(raw: bytes) -> None:
    """OCSP responses, as if their responder had signed them so."""
    with patch("cardstack.ca.signatures.verdict", return_value=Verdict.GOOD):
        try:
            verdict(OcspResponse.parse(raw))
        except Malformed as error:
            error.say("zh")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_facts_or_malformed(raw: bytes) -> None:
    """Nothing but `Malformed` for what is no certificate, no CRL and no OCSP response."""
    for parse in (Certificate.parse, Crl.parse, OcspResponse.parse):
        try:
            parse(raw)
        except Malformed:
            continue


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_an_expected_name_or_malformed(text: str) -> None:
    """What a caller asks for may be anything."""
    try:
        validate(CARD, anchors=[ANCHOR], pool=BRIDGE.crosses, at=NOW, settings=Settings(names=(expected(text),)))
    except CardstackError as error:
        error.say("en")
