"""Validation cases as data: one as the command line gives it, or many as lines of JSON; a result for each, whatever it holds."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from cardstack.ca import tables
from cardstack.ca.certificate import Certificate
from cardstack.ca.explain import Explanation, explain
from cardstack.ca.extensions import ANY_POLICY
from cardstack.ca.names import GeneralName, expected
from cardstack.ca.purposes import Purpose, purpose
from cardstack.ca.trust import Anchor, PathRejected, Revocation, Settings, Trusted, validate
from cardstack.cli import ca_files
from cardstack.cli.output import choices
from cardstack.errors import CardstackError, Malformed
from cardstack.text import Text

Result = dict[str, Any]


def present() -> datetime:
    """Now, for whoever names no moment."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Case:
    """One question to the validator, its files not read yet."""

    leaf: str
    anchors: tuple[str, ...]
    pool: tuple[str, ...] = ()
    crls: tuple[str, ...] = ()
    ocsp: tuple[str, ...] = ()
    at: datetime = field(default_factory=present)
    settings: Settings = field(default_factory=Settings)
    id: Any = None
    home: Path = field(default_factory=Path)

    def arguments(self) -> dict[str, Any]:
        """What `validate` and `explain` take beside the certificate."""
        return {
            "anchors": [Anchor(one) for one in ca_files.gathered(self.anchors, self.home, ca_files.certificates)],
            "pool": ca_files.pool(self.pool, self.home),
            "crls": ca_files.crl_index(self.crls, self.home),
            "ocsp": ca_files.gathered(self.ocsp, self.home, ca_files.responses),
            "at": self.at,
            "settings": self.settings,
        }

    def certificate(self) -> Certificate:
        """The certificate that is asked about; one that cannot be read is refused by the first rule."""
        raw = ca_files.content(self.leaf, self.home)
        try:
            return Certificate.parse(raw[0]) if raw else _nothing()
        except Malformed as error:
            raise PathRejected(tables.MALFORMED, None, error.told) from None

    def validate(self) -> Trusted:
        """The verdict."""
        return validate(self.certificate(), **self.arguments())

    def explain(self) -> Explanation:
        """The verdict with every path tried."""
        return explain(self.certificate(), **self.arguments())


def _nothing() -> Certificate:
    raise Malformed(Text("the folder is empty", "目录为空"))


def moment(text: str) -> datetime:
    """ISO 8601; without a zone it is UTC. Seconds since 1970 count too.

    >>> moment("2026-03-01").isoformat(), moment("2026-03-01T08:00:00+08:00").isoformat(), moment("0").year
    ('2026-03-01T00:00:00+00:00', '2026-03-01T00:00:00+00:00', 1970)
    """
    text = text.strip()
    try:
        if text.lstrip("-").replace(".", "", 1).isdigit() and len(text) != 8:
            return datetime.fromtimestamp(float(text), UTC)
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise Malformed(Text("at: a moment in ISO 8601 was expected", "at：须为 ISO 8601 时刻"), field="at") from None


def revocation(asked: str | None, *, evidence: bool) -> Revocation:
    """The mode by its name; where none is named, required as soon as there is evidence to go by, soft without any."""
    if asked is None or asked == "":
        return Revocation.REQUIRE if evidence else Revocation.SOFT
    try:
        return Revocation(asked.strip().lower())
    except ValueError:
        raise Malformed(choices("revocation", Revocation), field="revocation") from None


def policies(asked: Iterable[str]) -> frozenset[str]:
    """Policy OIDs; none at all, or anyPolicy among them, is any."""
    found = frozenset("".join(one.split()) for one in asked)
    if not found or any(one.lower() in ("any", "anypolicy") for one in found):
        return frozenset({ANY_POLICY})
    for one in found:
        if not (one.isascii() and one.replace(".", "").isdigit() and ".." not in one and one[0] != "." and one[-1] != "."):
            raise Malformed(
                Text("policies: a policy is an object identifier in dotted form", "policies：策略须为点分对象标识符（OID）"),
                field="policies",
            )
    return found


def depth(asked: int | None) -> int | None:
    """How many authorities may stand between."""
    if asked is not None and (isinstance(asked, bool) or asked < 0):
        raise Malformed(
            Text("max_depth: a whole number from 0 upwards was expected", "max_depth：须为不小于 0 的整数"), field="max_depth"
        )
    return asked


LINE_MAX = 1 << 26


def lines(source: TextIO) -> Iterator[str]:
    """The lines of a batch as they come; of one that is too long to be a case only the beginning, which is none either."""
    while line := source.readline(LINE_MAX):
        rest = line
        while len(rest) == LINE_MAX and not rest.endswith("\n"):
            rest = source.readline(LINE_MAX)
        yield line if rest is line else "too long"


def run(given: Iterable[str], home: Path) -> Iterator[Result]:
    """A result for every line that is not empty, in their order."""
    for line in given:
        if line.strip():
            yield judged(line, home)


def judged(line: str, home: Path) -> Result:
    """The result of one line; whatever is wrong with it stands in its `error`."""
    told = dict(_UNKNOWN)
    try:
        data = _object(line)
        told["id"] = _echoed(data.get("id"))
        told |= result(from_data(data, home).validate())
    except PathRejected as refusal:
        told |= result(refusal)
    except CardstackError as error:
        told["error"] = error.say("en")
    except Exception as error:  # noqa: BLE001  # the run goes on whatever one case holds; the error says which kind it was
        told["error"] = f"internal: {type(error).__name__}"
    return told


def _echoed(name: Any) -> Any:
    """The name of a case as its result can say it; null for one that JSON has no form for."""
    try:
        json.dumps(name, allow_nan=False)
    except (ValueError, RecursionError):
        return None
    return name


def _object(line: str) -> dict[str, Any]:
    try:
        data = json.loads(line.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise Malformed(Text("a case is a JSON object on one line", "每个案例须为一行 JSON 对象"), field="case")
    return data


_UNKNOWN: Result = {
    "id": None,
    "valid": False,
    "policies": [],
    "rule": None,
    "clause": None,
    "certificate": None,
    "error": None,
}


def result(verdict: Trusted | PathRejected) -> Result:
    """A verdict as the fields of a result; `error` is for what could not be judged, so only for bytes that are no certificate."""
    if isinstance(verdict, Trusted):
        held = {"valid": True, "policies": sorted(verdict.policies), "rule": None, "clause": None}
        return {**held, "certificate": named(verdict.certificate), "error": None}
    return {
        "valid": False,
        "policies": [],
        "rule": verdict.rule,
        "clause": verdict.clause,
        "certificate": named(verdict.certificate),
        "error": verdict.say("en") if verdict.rule == tables.MALFORMED else None,
    }


def named(certificate: Certificate | None) -> str | None:
    """A certificate in a result: its fingerprint and its subject."""
    return None if certificate is None else f"sha256:{certificate.fingerprint} {certificate.subject}".rstrip()


def from_data(data: Mapping[str, Any], home: Path) -> Case:
    """A case from its JSON form; `Malformed` names the field."""
    crls, ocsp = _texts(data, "crls"), _texts(data, "ocsp")
    asked_depth = data.get("max_depth")
    if asked_depth is not None and not isinstance(asked_depth, int):
        raise Malformed(Text("max_depth: a whole number was expected", "max_depth：须为整数"), field="max_depth")
    at = data.get("at")
    settings = Settings(
        policies=policies(_texts(data, "policies")),
        explicit_policy=_flag(data, "explicit_policy"),
        inhibit_mapping=_flag(data, "inhibit_mapping"),
        inhibit_any=_flag(data, "inhibit_any"),
        max_depth=depth(asked_depth),
        purpose=asked_purpose(_only(data, "purpose")),
        names=tuple(asked_name(one) for one in _list(data, "names")),
        revocation=revocation(_text(data, "revocation"), evidence=bool(crls or ocsp)),
    )
    leaf = _text(data, "leaf")
    if not leaf:
        raise Malformed(Text("leaf: a certificate is missing", "leaf：缺少证书"), field="leaf")
    return Case(
        leaf=leaf,
        anchors=_texts(data, "anchors"),
        pool=_texts(data, "pool"),
        crls=crls,
        ocsp=ocsp,
        at=present() if at is None or at == "" else moment(str(at)),
        settings=settings,
        id=data.get("id"),
        home=home,
    )


def asked_purpose(asked: str | None) -> Purpose | None:
    """The purpose of a name; none, and any, ask for nothing."""
    found = purpose(asked) if asked else None
    return None if found is None or found.name == "any" else found


def asked_name(one: Any) -> GeneralName:
    """A name as text, or as an object of kind and value."""
    if isinstance(one, Mapping):
        kind = next((one[key] for key in ("kind", "type", "form") if key in one), "")
        return expected(f"{kind}:{one.get('value', '')}")
    if not isinstance(one, str):
        raise Malformed(Text("names: a name is a text", "names：名称须为文本"), field="names")
    return expected(one)


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    found = data.get(key)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def _texts(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = _list(data, key)
    if not all(isinstance(one, str) for one in found):
        raise Malformed(Text(f"{key}: a list of texts was expected", f"{key}：须为文本列表"), field=key)
    return tuple(found)


def _text(data: Mapping[str, Any], key: str) -> str | None:
    found = data.get(key)
    if found is not None and not isinstance(found, str):
        raise Malformed(Text(f"{key}: a text was expected", f"{key}：须为文本"), field=key)
    return found


def _only(data: Mapping[str, Any], key: str) -> str | None:
    """A text, or the one in a list."""
    found = _texts(data, key)
    if len(found) > 1:
        raise Malformed(
            Text(f"{key}: one text was expected, got {len(found)}", f"{key}：只能有一个文本，实有 {len(found)} 个"), field=key
        )
    return found[0] if found else None


def _flag(data: Mapping[str, Any], key: str) -> bool:
    found = data.get(key, False)
    if found is not None and not isinstance(found, bool):
        raise Malformed(Text(f"{key}: true or false was expected", f"{key}：须为 true 或 false"), field=key)
    return bool(found)
