"""Who signed a file, and whether that node may speak for the sender that the file names."""

from datetime import datetime, timedelta
from typing import Final

from cardstack.errors import Refused, Untrusted, problem
from cardstack.settlement.bulk.package import Package, verified
from cardstack.settlement.intake import SKEW
from cardstack.settlement.node import Node
from cardstack.settlement.transaction import Party
from cardstack.text import Text
from server.filing.arriving import Means

NO_TRUST: Final = problem(
    "CS-4182",
    Text("Nobody is trusted here to sign files", "本系统未配置文件签名的信任锚"),
    Text("Give the service its trust folder, then try the file again.", "请配置信任目录后重试。"),
)
NOT_THEIRS: Final = problem(
    "CS-4183",
    Text("The signer may not speak for the sender that the file names", "签名节点无权代表文件所列发送方"),
    Text("Let the sender's own node sign it, or a node that relays for its province.", "请由发送方节点或其省级转发节点签名。"),
)
NOT_NOW: Final = problem(
    "CS-4185",
    Text("The file was made too long ago, or in the future", "文件生成时间过早或在未来"),
    Text("Set the clock and sign the file anew; its lines keep their message ids.", "请校准时钟后重新签名，各行报文标识不变。"),
)
AGE_MAX: Final = timedelta(days=31)
"""How old a file may be on arrival: a key that was revoked since signs nothing in the name of an earlier month."""


def signer(package: Package, sender: Party, means: Means, at: datetime) -> Node:
    """The registered node whose signature holds over the package, and which may speak for its sender."""
    if means.vouch is None or means.node is None:
        raise Untrusted("", NO_TRUST)
    if not at - AGE_MAX <= package.manifest.made_at <= at + SKEW:
        raise Refused("made_at", NOT_NOW, field="made_at")
    trusted = means.vouch(package.certificates, package.manifest.made_at)
    verified(package, trusted)
    node = means.node(trusted)
    if not node.speaks_for(sender):
        raise Untrusted("", NOT_THEIRS)
    return node
