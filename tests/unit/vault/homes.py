"""An invented authority on disk for the tests."""

from datetime import datetime
from pathlib import Path

from cardstack.ca import encoding as der
from cardstack.ca.agreement import Level
from cardstack.ca.certificate import Certificate
from cardstack.ca.issue import Places, Wish
from cardstack.ca.profile import profile
from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm
from cardstack.text import Text
from cardstack.vault.home import AuthorityHome, Declared
from tests.unit.ca.provinces import AT, TITLES, policies


def declared(id_: str = "31", base: str = "http://127.0.0.1:1") -> Declared:
    title = TITLES[id_]
    place = f"{base}/pki/{id_}"
    return Declared(
        id_,
        Text(title, title),
        der.name(C="CN", ST=title, O="测试 Test", CN=f"{title}根 CA (test)"),
        profile="bridge" if id_ == "00" else "province-root",
        policies=policies(id_),
        namespace=(der.name(C="CN", ST=title),),
        domains=(f"p{id_}.example",),
        places=Places((f"{place}.crl",), (f"{place}-delta.crl",), (f"{place}.cer",), (f"{place}/ocsp",)),
    )


def home(
    folder: Path,
    id_: str = "31",
    algorithm: Algorithm = Algorithm.ECDSA_P256_SHA256,
    base: str = "http://127.0.0.1:1",
    at: datetime = AT,
) -> AuthorityHome:
    return AuthorityHome.create(folder / id_, declared(id_, base), local.generate(algorithm), at=at, actor="tester")


def card(authority: AuthorityHome, name: str = "001", at: datetime = AT) -> Certificate:
    return authority.issue(
        profile("card"),
        subject=authority.name(O="测试 Test", CN=name),
        public=local.generate(Algorithm.ECDSA_P256_SHA256).public,
        at=at,
        actor="tester",
        wish=Wish(policies=(authority.declared.policies[Level.HIGH],)),
    )
