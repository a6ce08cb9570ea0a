"""Key ceremonies: the script, the shares, the transcript."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import combinations, count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.ca import ceremony
from cardstack.ca.ceremony import ROOT_KEY, Ceremony, Step
from cardstack.ca.officers import Officer
from cardstack.crypto import local, sharing
from cardstack.crypto.keys import Algorithm, Signer
from cardstack.crypto.sharing import Share
from cardstack.errors import CardstackError, Malformed, Refused, Untrusted
from cardstack.vault import ceremonies
from cardstack.vault.ceremonies import Held
from cardstack.vault.home import AuthorityHome
from tests.unit.ca.provinces import AT
from tests.unit.vault.homes import declared


def people(*names: str) -> dict[str, tuple[Officer, Signer]]:
    keys: dict[str, Signer] = {name: local.generate(Algorithm.SM2_SM3) for name in names}
    return {name: (Officer(name, f"测试 {name}", key.public.spki), key) for name, key in keys.items()}


PEOPLE = people("a", "b", "c")


def held(folder: Path, **more: Any) -> Held:
    ticks = count()
    seen = []

    def witness(step: Step, maker: str, checker: str, outputs: Mapping[str, Any]) -> None:
        assert maker != checker
        assert set(outputs) == set(step.outputs)
        seen.append(step.id)

    made = ceremonies.root_key(
        folder,
        declared(),
        Algorithm.SM2_SM3,
        PEOPLE,
        needed=2,
        place="测试室",
        clock=lambda: AT + timedelta(minutes=next(ticks)),
        witness=more.get("witness", witness),
    )
    assert seen == [step.id for step in ROOT_KEY]
    return made


def test_any_two_of_three_open_the_key(tmp_path: Path) -> None:
    """The password is nowhere but in the shares; one share is not enough."""
    made = held(tmp_path / "31")
    for pair in combinations(made.shares.values(), 2):
        secret = sharing.combine([Share.parse(share.encode()) for share in pair])
        assert AuthorityHome.open(tmp_path / "31", secret).authority.signer.public == made.home.authority.signer.public
    with pytest.raises(Refused):
        sharing.combine([made.shares["a"], made.shares["a"]])


def test_the_transcript_proves_the_ceremony(tmp_path: Path) -> None:
    """Officers, fingerprint and head are in it; with the officers known, with others not."""
    made = held(tmp_path / "31")
    known = {name: officer for name, (officer, _) in PEOPLE.items()}
    proven = ceremony.verify(made.transcript, known)
    assert proven.officers == ("a", "b", "c")
    assert proven.outputs["certificate"]["fingerprint"] == made.home.certificate.fingerprint
    strangers = {name: officer for name, (officer, _) in people("a", "b", "c").items()}
    with pytest.raises(Untrusted):
        ceremony.verify(made.transcript, strangers)


def test_a_changed_transcript_proves_nothing(tmp_path: Path) -> None:
    """A word, a step, an approval, the end: each is missed."""
    transcript = held(tmp_path / "31").transcript
    lines = transcript.splitlines()
    changed = {
        "word": transcript.replace("测试室", "测试屋"),
        "step left out": "\n".join([*lines[:3], *lines[4:]]),
        "cut off": "\n".join(lines[:-1]),
        "empty": "",
        "no officers": "\n".join(lines[1:]),
        "approval": transcript.replace('"officer":"b"', '"officer":"c"'),
    }
    for name, text in changed.items():
        with pytest.raises(CardstackError) as caught:
            ceremony.verify(text)
        assert caught.value.code in {"CS-2250", "CS-2263"}, name


def test_the_script_is_followed_by_two_officers() -> None:
    """Another step, missing outcomes, one person for both parts, somebody absent: the ceremony stops."""
    begun = Ceremony(ROOT_KEY, PEOPLE)
    outputs = {"present": ["a", "b"], "place": "x"}
    for step, maker, checker, given_ in (
        ("key", "a", "b", outputs),
        ("open", "a", "a", outputs),
        ("open", "a", "z", outputs),
        ("open", "a", "b", {"present": []}),
    ):
        with pytest.raises(Refused) as caught:
            begun.take(step, maker=maker, checker=checker, outputs=given_, at=AT)
        assert caught.value.code == "CS-2262"
    begun.take("open", maker="a", checker="b", outputs=outputs, at=AT)
    with pytest.raises(Refused):
        begun.transcript()
    twin = {"a": PEOPLE["a"], "b": (Officer("b", "again", PEOPLE["a"][0].spki), PEOPLE["a"][1])}
    with pytest.raises(Refused):
        Ceremony(ROOT_KEY, twin)


def test_a_witness_who_objects_stops_it(tmp_path: Path) -> None:
    """Nothing is left that could be used: no authority without its transcript."""

    def object_(step: Step, maker: str, checker: str, outputs: Mapping[str, Any]) -> None:
        if step.id == "shares":
            raise Refused("the seal is broken")

    with pytest.raises(Refused):
        held(tmp_path / "31", witness=object_)
    assert not (tmp_path / "31" / "key.pem").exists()


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=True), st.binary(min_size=1, max_size=40), st.integers(1, 6), st.integers(0, 4))
def test_any_m_of_n_shares_give_the_secret_back(dice: Random, secret: bytes, needed: int, spare: int) -> None:
    """Whatever the secret and the randomness, on paper and back."""
    randomness = dice.randbytes((needed - 1) * (len(secret) + 4))
    shares = sharing.split(secret, shares=needed + spare, needed=needed, randomness=randomness)
    chosen = dice.sample(shares, needed)
    assert sharing.combine([Share.parse(share.encode().lower()) for share in chosen]) == secret
    if needed > 1:
        with pytest.raises(Refused):
            sharing.combine(chosen[1:])
        wrong = Share(chosen[0].number, needed, bytes((chosen[0].body[0] ^ 1,)) + chosen[0].body[1:])
        with pytest.raises(Refused):
            sharing.combine([wrong, *chosen[1:]])
    assert secret.hex() not in repr(shares)


@pytest.mark.parametrize("text", ["", "a", "1", "AAAAA", "AAAAA-AAAAA-AAAAA", "é"])
def test_what_is_no_share_is_malformed(text: str) -> None:
    """CS-2010."""
    with pytest.raises(Malformed) as caught:
        Share.parse(text)
    assert caught.value.code == "CS-2010"
