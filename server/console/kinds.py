"""What the ledger's short names say to people: what a posting pays, what a message does, how somebody signed in."""

from collections.abc import Mapping
from typing import Final

from cardstack.ca.profile import PROFILES
from cardstack.settlement.medical.names import FUND_NAMES
from cardstack.text import Text

POSTINGS: Final[Mapping[str, Text]] = {
    **{name.replace("_", "-"): words for name, words in FUND_NAMES.items()},
    "acct-pay": Text("personal account", "个人账户支付"),
    "fare": Text("fare", "票款"),
    "discount": Text("discount borne", "优惠补贴"),
    "purchase": Text("purchase", "消费款"),
    "refund": Text("refund", "退款"),
    "load": Text("load", "充值"),
    "unload": Text("unload", "退资"),
    "toll": Text("toll", "通行费"),
    "energy": Text("energy", "电费"),
    "service": Text("service charge", "服务费"),
    "issuer-fee": Text("issuer's fee", "发卡方服务费"),
    "centre-fee": Text("centre's fee", "清算中心服务费"),
    "agent-fee": Text("agent's fee", "代理服务费"),
    "personal-account": Text("personal account moved", "个人账户转移"),
    "pool-share": Text("share of the pool moved", "统筹基金转移"),
    "adjustment": Text("correction", "调账"),
    "interest": Text("late interest", "逾期利息"),
}
"""What a posting pays, by the kinds of all schemes."""

MESSAGES: Final[Mapping[str, Text]] = {
    "settle": Text("settlement", "结算"),
    "refund": Text("refund", "退款"),
    "reversal": Text("reversal", "冲正"),
    "adjust": Text("correction", "调账"),
    "lapse": Text("lapse", "逾期失效"),
    "fare": Text("fare", "乘车扣费"),
    "trip": Text("trip", "乘车"),
    "load": Text("load", "充值"),
    "unload": Text("unload", "退资"),
}
"""What a message does, where its kind is no step of a service."""

CYCLES: Final[Mapping[str, Text]] = {
    "medical": Text("medical", "医保"),
    "transit": Text("transit", "公交"),
    "retail": Text("small-value payment", "小额支付"),
    "purse": Text("wallet top-up", "钱包充值"),
    "toll": Text("motorway toll", "高速通行费"),
    "charging": Text("vehicle charging", "充电"),
    "services": Text("cross-province services", "跨省协同"),
}
"""What is cleared together, by the cycles of all schemes."""

WAYS: Final[Mapping[str, Text]] = {
    "link": Text("one-time link", "一次性链接"),
    "password": Text("password", "密码"),
    "totp": Text("code from a phone", "动态验证码"),
    "passkey": Text("passkey", "通行密钥"),
    "certificate": Text("certificate", "数字证书"),
    "recovery": Text("recovery code", "恢复码"),
    "demo": Text("demonstration", "演示切换"),
}
"""How somebody signs in."""


def posting(name: str) -> Text:
    """What a posting of a kind pays; a kind that nobody declared here is its own word.

    >>> posting("hifp-pay").zh, posting("new-fee").en
    ('基本医疗保险统筹基金', 'new-fee')
    """
    return POSTINGS.get(name, Text(name, name))


def message(name: str) -> Text:
    """What a message of a kind does."""
    return MESSAGES.get(name, Text(name, name))


def cycle(name: str) -> Text:
    """What is cleared in a cycle."""
    return CYCLES.get(name, Text(name, name))


def certificate(name: str) -> Text:
    """What a certificate of a profile is for."""
    return PROFILES[name].title if name in PROFILES else Text(name, name)


def way(name: str) -> Text:
    """How somebody signed in."""
    return WAYS.get(name, Text(name, name))
