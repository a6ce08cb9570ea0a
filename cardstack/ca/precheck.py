"""What no relying party could accept is not given out: a certificate is validated before it leaves the authority."""

from collections.abc import Iterable
from typing import Final

from cardstack.ca.certificate import Certificate
from cardstack.ca.trust import Anchor, PathRejected, Revocation, Settings, validate
from cardstack.errors import Malformed, Refused, problem, told
from cardstack.text import Text

UNUSABLE = problem(
    "CS-2203",
    Text("No path could validate this certificate", "没有任何路径能够验证该证书"),
    Text(
        "Ask for what the issuer's constraints, path length, policies and dates allow; nothing was given out.",
        "请在签发者的名称约束、路径长度、策略与有效期允许的范围内申请；证书未发出。",
    ),
)
WEAK: Final = Text("weak or unknown key", "密钥过弱或无法识别")
USED_UP: Final = Text("the path length of an authority above it is used up", "上级机构的路径长度已用尽")


def check(certificate: Certificate, *, anchors: Iterable[Certificate], pool: Iterable[Certificate] = ()) -> Certificate:
    """The certificate itself, if it validates from one of the anchors on its first day; else `Refused` CS-2203.

    Its key must be one that this house verifies with, and where it names policies, one of them must survive the path.
    """
    try:
        assert certificate.public_key is not None
    except Malformed as error:
        raise Refused(told(error, WEAK), problem=UNUSABLE) from error
    settings = Settings(
        revocation=Revocation.OFF, conforming=True, explicit_policy=certificate.policies is not None and not certificate.is_ca
    )
    try:
        trusted = validate(
            certificate,
            anchors=[Anchor(one) for one in anchors],
            pool=pool,
            at=certificate.valid_from,
            settings=settings,
        )
    except PathRejected as error:
        raise Refused(told(error, error.title), problem=UNUSABLE, rule=error.rule) from error
    if certificate.is_ca and not _may_have_more_below(trusted.path):
        raise Refused(USED_UP, problem=UNUSABLE)
    return certificate


def _may_have_more_below(path: tuple[Certificate, ...]) -> bool:
    """Whether an authority at the end of a path could issue: to a path length the end does not count, but what follows does."""
    for place, above in enumerate(path[:-1]):
        basic = above.basic_constraints
        if basic is not None and basic.path_length is not None:
            between = sum(not one.self_issued for one in path[place + 1 :])
            if between > basic.path_length:
                return False
    return True
