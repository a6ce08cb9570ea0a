"""The rules a certification path can break: one name, one clause, one problem each.

The names are the failure classes by which PKITS results are commonly told apart, so a verdict of this validator can
be laid beside another's. The order is that of the algorithm: where several paths fail, the one that came furthest is told.
"""

from typing import NamedTuple, TypeAlias

from cardstack.errors import Problem, problem
from cardstack.text import Text

Breach: TypeAlias = tuple[str, str | Text]
"""A rule broken, by its name, and what is wrong: a sentence, a name alone, or nothing to add."""


class Rule(NamedTuple):
    """One rule: its name, where it is written, its place in the order, and the problem its breach is."""

    name: str
    clause: str
    order: int
    problem: Problem


RULES: dict[str, Rule] = {}
"""Every rule by name, in the order in which a certificate meets them."""


def _rule(name: str, clause: str, title: Text, remedy: Text) -> str:
    number = 2101 + len(RULES)
    RULES[name] = Rule(name, clause, len(RULES), problem(f"CS-{number}", title, remedy))
    return name


_ASK_ISSUER = Text("Ask the issuer for a conforming certificate.", "请要求签发机构重新签发合规证书。")
_ASK_CRL = Text("Fetch the issuer's current CRL and try again.", "请获取签发机构的最新 CRL 后重试。")

MALFORMED = _rule(
    "malformed",
    "RFC 5280 §4.1",
    Text("The certificate cannot be read", "证书无法解析"),
    Text("Send the certificate in DER or PEM as it was issued.", "请提交签发时的原始 DER 或 PEM 证书。"),
)
BUDGET = _rule(
    "budget-exhausted",
    "RFC 4158 §2.3",
    Text("No path was found within the work that is allowed", "在允许的工作量内未找到证书路径"),
    Text("Give fewer candidate certificates, or raise the budget.", "请减少候选证书数量，或提高工作量上限。"),
)
CHAINING = _rule(
    "no-issuer/name-or-key-chaining",
    "RFC 5280 §6.1.3 (a)(4)",
    Text("No issuer leads from here to a trust anchor", "找不到通往信任锚的签发者"),
    Text(
        "Add the missing intermediate or cross certificate, or the anchor that you trust.",
        "请补充缺少的中间证书或交叉证书，或添加所信任的信任锚。",
    ),
)
BAD_SIGNATURE = _rule(
    "bad-signature",
    "RFC 5280 §6.1.3 (a)(1)",
    Text("The issuer's key did not sign this certificate", "证书签名与签发者公钥不符"),
    Text("Do not rely on it; ask the issuer for the certificate as issued.", "请勿采信，并向签发机构索取原始证书。"),
)
UNKNOWN_ALGORITHM = _rule(
    "unknown-algorithm",
    "RFC 5280 §4.1.1.2",
    Text("The signature algorithm is unknown or does not fit the issuer's key", "签名算法未知或与签发者公钥不匹配"),
    _ASK_ISSUER,
)
NOT_YET_VALID = _rule(
    "not-yet-valid",
    "RFC 5280 §6.1.3 (a)(2)",
    Text("The certificate is not valid yet at the moment asked", "所询时刻证书尚未生效"),
    Text("Check the clock, or wait until the certificate begins.", "请核对时钟，或待证书生效后再用。"),
)
EXPIRED = _rule(
    "expired",
    "RFC 5280 §6.1.3 (a)(2)",
    Text("The certificate had expired at the moment asked", "所询时刻证书已过期"),
    Text("Renew the certificate; check the clock.", "请更新证书，并核对时钟。"),
)
DUPLICATE_EXTENSION = _rule(
    "duplicate-extension",
    "RFC 5280 §4.2",
    Text("An extension stands in the certificate twice", "证书中有重复的扩展"),
    _ASK_ISSUER,
)
MALFORMED_EXTENSION = _rule(
    "malformed-extension",
    "RFC 5280 §4.2",
    Text("An extension of the certificate cannot be read", "证书扩展无法解析"),
    _ASK_ISSUER,
)
ALGORITHM_MISMATCH = _rule(
    "algorithm-mismatch",
    "RFC 5280 §4.1.1.2",
    Text("The two signature algorithms in the certificate differ", "证书内外两处签名算法不一致"),
    _ASK_ISSUER,
)
VERSION = _rule(
    "version",
    "RFC 5280 §4.1.2.1",
    Text("The version does not allow what the certificate contains", "证书版本与内容不符"),
    _ASK_ISSUER,
)
SERIAL_NUMBER = _rule(
    "serial-number",
    "RFC 5280 §4.1.2.2",
    Text("The serial number is not positive or too long", "序列号不是正数或过长"),
    _ASK_ISSUER,
)
EMPTY_ISSUER = _rule(
    "empty-issuer",
    "RFC 5280 §4.1.2.4",
    Text("The certificate names no issuer", "证书未写明签发者"),
    _ASK_ISSUER,
)
EMPTY_SUBJECT = _rule(
    "empty-subject",
    "RFC 5280 §4.1.2.6",
    Text("The certificate names no subject where one is owed", "证书缺少应有的主体名称"),
    _ASK_ISSUER,
)
VALIDITY_ENCODING = _rule(
    "validity-encoding",
    "RFC 5280 §4.1.2.5",
    Text("The validity is not written as its years require", "有效期的时间类型与年份不符"),
    _ASK_ISSUER,
)
KEY_IDENTIFIER = _rule(
    "key-identifier",
    "RFC 5280 §4.2.1.1, §4.2.1.2",
    Text("A key identifier is missing or wrongly critical", "密钥标识符缺失或被错误标为关键"),
    _ASK_ISSUER,
)
CRITICALITY = _rule(
    "criticality",
    "RFC 5280 §4.2.1",
    Text("An extension is critical, or not, against its definition", "扩展的关键标记与定义不符"),
    _ASK_ISSUER,
)
USAGE_CONSISTENCY = _rule(
    "key-usage-consistency",
    "RFC 5280 §4.2.1.3, §4.2.1.9",
    Text("Key usage and basic constraints contradict each other", "密钥用法与基本约束相互矛盾"),
    _ASK_ISSUER,
)
MALFORMED_NAME = _rule(
    "malformed-name",
    "RFC 5280 §4.2.1.6",
    Text("An alternative name does not have the syntax of its form", "备用名称不符合其格式"),
    _ASK_ISSUER,
)
WEAK = _rule(
    "weak-key",
    "NIST SP 800-131A rev. 2 §3; GM/T 0015-2023",
    Text("The key or the digest is too weak for this purpose", "密钥或摘要算法强度不足"),
    Text("Replace the certificate by one with SM2, P-256 or RSA of 2048 bits.", "请换用 SM2、P-256 或 2048 位 RSA 证书。"),
)
UNKNOWN_CRITICAL = _rule(
    "unknown-critical-extension",
    "RFC 5280 §6.1.4 (o), §6.1.5 (f)",
    Text("A critical extension is not known here", "含有无法识别的关键扩展"),
    Text("Do not rely on it: what the extension demands is unknown.", "请勿采信：该扩展的要求未知。"),
)
NOT_PERMITTED = _rule(
    "name-not-permitted",
    "RFC 5280 §6.1.3 (b)",
    Text("A name lies outside the subtrees that an issuer is permitted", "名称不在签发者的许可范围内"),
    Text(
        "The issuer may not name this subject; ask for a certificate from the authority in charge.",
        "该机构无权为此主体签发；请向主管机构申请证书。",
    ),
)
EXCLUDED = _rule(
    "name-excluded",
    "RFC 5280 §6.1.3 (c)",
    Text("A name lies in a subtree that an issuer is excluded from", "名称属于签发者被排除的范围"),
    Text(
        "The issuer may not name this subject; ask for a certificate from the authority in charge.",
        "该机构无权为此主体签发；请向主管机构申请证书。",
    ),
)
CONSTRAINT_FORM = _rule(
    "unsupported-name-constraint",
    "RFC 5280 §4.2.1.10",
    Text("A name constraint cannot be applied as it is written", "名称约束无法按其写法执行"),
    _ASK_ISSUER,
)
POLICY = _rule(
    "no-acceptable-policy",
    "RFC 5280 §6.1.3 (f), §6.1.5 (g); RFC 9618 §5",
    Text("No policy that is asked for holds along the whole path", "整条路径上没有可接受的证书策略"),
    Text(
        "Check the recognition agreement: is this policy mapped to one of yours?",
        "请核对互认协议：该策略是否已映射到贵方策略？",
    ),
)
MAPPING = _rule(
    "invalid-policy-mapping",
    "RFC 5280 §6.1.4 (a)",
    Text("A mapping from or to anyPolicy", "策略映射涉及 anyPolicy"),
    _ASK_ISSUER,
)
NOT_CA = _rule(
    "not-a-CA",
    "RFC 5280 §6.1.4 (k)",
    Text("A certificate signs others but is no authority's", "用于签发的证书不是 CA 证书"),
    Text("Do not rely on it; its subject may not issue certificates.", "请勿采信；该主体无权签发证书。"),
)
PATH_LENGTH = _rule(
    "path-length",
    "RFC 5280 §6.1.4 (l), (m)",
    Text("More authorities follow than one of them allows", "路径中的 CA 层数超过限制"),
    Text("Shorten the path, or ask the constraining authority.", "请缩短路径，或联系设置该限制的机构。"),
)
ISSUER_USAGE = _rule(
    "issuer-key-usage",
    "RFC 5280 §6.1.4 (n)",
    Text("The issuer's key may not sign certificates", "签发者的密钥用法不含证书签名"),
    Text("Do not rely on it; ask for a certificate from the right key.", "请勿采信；请索取由正确密钥签发的证书。"),
)
PURPOSE = _rule(
    "purpose",
    "RFC 5280 §4.2.1.12, §4.2.1.3",
    Text("The certificate is not for this purpose", "证书不可用于此用途"),
    Text("Use a certificate whose extended key usage has this purpose.", "请使用扩展密钥用法包含该用途的证书。"),
)
NAME_MISMATCH = _rule(
    "name-mismatch",
    "RFC 9525 §6",
    Text("The certificate does not name whom you asked for", "证书名称与所期望的不符"),
    Text("Check whom you are talking to.", "请核对对方身份。"),
)
REVOCATION_UNKNOWN = _rule(
    "revocation-undetermined",
    "RFC 5280 §6.3.3",
    Text("Nothing current says whether the certificate is revoked", "没有有效信息可判断证书是否被吊销"),
    _ASK_CRL,
)
CRL_SCOPE = _rule(
    "crl-scope-mismatch",
    "RFC 5280 §6.3.3 (b)",
    Text("The CRL at hand does not cover this certificate", "现有 CRL 的范围不含此证书"),
    _ASK_CRL,
)
CRL_EXTENSION = _rule(
    "unknown-critical-crl-extension",
    "RFC 5280 §5.2, §5.3",
    Text("The CRL has a critical extension that is not known here", "CRL 含有无法识别的关键扩展"),
    _ASK_CRL,
)
CRL_EXPIRED = _rule(
    "crl-expired",
    "RFC 5280 §6.3.3 (a)",
    Text("The CRL is not current at the moment asked", "所询时刻 CRL 不在有效期内"),
    _ASK_CRL,
)
CRL_SIGNATURE = _rule(
    "crl-bad-signature",
    "RFC 5280 §6.3.3 (g), (h)",
    Text("The CRL's signature does not verify", "CRL 签名验证失败"),
    _ASK_CRL,
)
CRL_USAGE = _rule(
    "crl-key-usage",
    "RFC 5280 §6.3.3 (f)",
    Text("The key that signed the CRL may not sign CRLs", "签发 CRL 的密钥用法不含 CRL 签名"),
    _ASK_CRL,
)
CRL_PATH = _rule(
    "crl-path",
    "RFC 5280 §6.3.3 (f)",
    Text("Whoever signed the CRL is not trusted for it", "CRL 签发者不可信"),
    _ASK_CRL,
)
OCSP = _rule(
    "ocsp-unusable",
    "RFC 6960 §3.2",
    Text("The OCSP response cannot be relied on", "OCSP 响应不可采信"),
    Text("Ask the responder again; check its certificate.", "请重新查询 OCSP，并核对响应者证书。"),
)
REVOKED = _rule(
    "revoked",
    "RFC 5280 §6.1.3 (a)(3)",
    Text("The certificate is revoked", "证书已被吊销"),
    Text("Do not accept it; the holder needs a new certificate.", "请勿受理；持有人需换发证书。"),
)
BASELINE = _rule(
    "baseline-requirements",
    "CA/Browser Forum TLS BR §7; S/MIME BR §7",
    Text("The certificate breaks what public TLS or e-mail certificates are held to", "证书不符合公共 TLS 或邮件证书的基线要求"),
    Text(
        "Ask the issuer for a conforming certificate, or name another purpose if it is not a public one.",
        "请要求签发机构重新签发合规证书；若非公共用途，请指明其他用途。",
    ),
)
