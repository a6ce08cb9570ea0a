"""The usual declaration of a new authority: names below its province, a policy for each level, publications at one place."""

import re

from cardstack.ca import encoding as der
from cardstack.ca.agreement import Level
from cardstack.ca.issue import Places
from cardstack.ca.profile import ARC
from cardstack.errors import Malformed
from cardstack.text import Text
from cardstack.vault.home import Declared


def declare(
    id_: str,
    title: str,
    *,
    province: str = "",
    profile: str = "province-root",
    domains: tuple[str, ...] = (),
    base: str = "http://127.0.0.1:8080",
) -> Declared:
    """What an authority says of itself if nobody says otherwise.

    Its policies lie under the illustrative arc, numbered by its id and the level.

    >>> declare("31", "上海市人社局", province="上海市").policies[Level.HIGH]
    '2.999.310018.1.31.3'
    """
    if not re.fullmatch(r"[0-9a-z][0-9a-z-]{0,30}", id_):
        raise Malformed("an id is up to 31 small letters, digits and hyphens", field="id")
    number = int(id_) if id_.isdigit() else int.from_bytes(id_.encode())
    names = {"C": "CN"} | ({"ST": province} if province else {})
    place = f"{base}/pki/{id_}"
    return Declared(
        id_,
        Text(title, title),
        der.name(**names, O=title, CN=f"{title} CA"),
        profile=profile,
        policies={level: f"{ARC}.1.{number}.{rank}" for rank, level in enumerate(Level, 1)},
        namespace=(der.name(**names),) if province else (),
        domains=domains,
        places=Places((f"{place}.crl",), (f"{place}-delta.crl",), (f"{place}.cer",), (f"{place}/ocsp",)),
    )
