"""The card's states as tables: the card itself, an application, the PIN, a terminal's proof, a purchase.

The reference draws them; tests walk them against the emulated card.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from cardstack.fsm import Machine
from cardstack.text import Text


class CardState(StrEnum):
    """Where a card is in its life."""

    MADE = "made"
    ISSUED = "issued"
    BLOCKED = "blocked"


class CardEvent(StrEnum):
    """What moves a card on."""

    PERSONALISE = "personalise"
    CARD_BLOCK = "card-block"


CARD = Machine(
    initial=CardState.MADE,
    moves={
        (CardState.MADE, CardEvent.PERSONALISE): CardState.ISSUED,
        (CardState.ISSUED, CardEvent.CARD_BLOCK): CardState.BLOCKED,
    },
)


class ApplicationState(StrEnum):
    """Whether an application works."""

    WORKING = "working"
    BLOCKED = "blocked"
    GONE = "blocked-for-good"


class ApplicationEvent(StrEnum):
    """What blocks and unblocks an application."""

    BLOCK = "application-block-00"
    BLOCK_FOR_GOOD = "application-block-01"
    UNBLOCK = "application-unblock"


APPLICATION = Machine(
    initial=ApplicationState.WORKING,
    moves={
        (ApplicationState.WORKING, ApplicationEvent.BLOCK): ApplicationState.BLOCKED,
        (ApplicationState.BLOCKED, ApplicationEvent.UNBLOCK): ApplicationState.WORKING,
        (ApplicationState.WORKING, ApplicationEvent.BLOCK_FOR_GOOD): ApplicationState.GONE,
    },
)


class PinState(StrEnum):
    """What the card knows of its holder."""

    UNPROVED = "unproved"
    PROVED = "proved"
    BLOCKED = "pin-blocked"


class PinEvent(StrEnum):
    """What happens to the PIN; the counter is taken down before the comparison."""

    RIGHT = "right-pin"
    WRONG = "wrong-pin"
    WRONG_LAST = "wrong-pin-last-try"
    LEAVE = "reset-or-leave"
    RELOAD = "reload-or-unblock"


PIN = Machine(
    initial=PinState.UNPROVED,
    moves={
        (PinState.UNPROVED, PinEvent.RIGHT): PinState.PROVED,
        (PinState.UNPROVED, PinEvent.WRONG): PinState.UNPROVED,
        (PinState.UNPROVED, PinEvent.WRONG_LAST): PinState.BLOCKED,
        (PinState.PROVED, PinEvent.RIGHT): PinState.PROVED,
        (PinState.PROVED, PinEvent.WRONG): PinState.UNPROVED,
        (PinState.PROVED, PinEvent.WRONG_LAST): PinState.BLOCKED,
        (PinState.PROVED, PinEvent.LEAVE): PinState.UNPROVED,
        (PinState.BLOCKED, PinEvent.RELOAD): PinState.UNPROVED,
    },
)


class ProofState(StrEnum):
    """What a terminal has proved."""

    NOTHING = "nothing"
    CHALLENGED = "challenged"
    PROVED = "key-proved"
    BLOCKED = "key-blocked"


class ProofEvent(StrEnum):
    """What happens between terminal and card; a challenge is good for one attempt."""

    CHALLENGE = "get-challenge"
    RIGHT = "right-cryptogram"
    WRONG = "wrong-cryptogram"
    WRONG_LAST = "wrong-cryptogram-last-try"
    LEAVE = "reset-or-leave"


PROOF = Machine(
    initial=ProofState.NOTHING,
    moves={
        (ProofState.NOTHING, ProofEvent.CHALLENGE): ProofState.CHALLENGED,
        (ProofState.CHALLENGED, ProofEvent.CHALLENGE): ProofState.CHALLENGED,
        (ProofState.CHALLENGED, ProofEvent.RIGHT): ProofState.PROVED,
        (ProofState.CHALLENGED, ProofEvent.WRONG): ProofState.NOTHING,
        (ProofState.CHALLENGED, ProofEvent.WRONG_LAST): ProofState.BLOCKED,
        (ProofState.CHALLENGED, ProofEvent.LEAVE): ProofState.NOTHING,
        (ProofState.PROVED, ProofEvent.LEAVE): ProofState.NOTHING,
    },
)


class PaymentState(StrEnum):
    """Where a purchase stands; money moves in one step only."""

    IDLE = "idle"
    BEGUN = "begun"
    CACHED = "trip-data-cached"
    PAID = "paid"


class PaymentEvent(StrEnum):
    """The commands of a purchase and what breaks it off."""

    INIT = "init-for-purchase"
    CACHE = "update-capp-data-cache"
    DEBIT = "debit-mac1-right"
    REFUSED = "debit-mac1-wrong"
    TORN = "power-lost-or-select"
    PROVE = "get-transaction-prove"


PAYMENT = Machine(
    initial=PaymentState.IDLE,
    moves={
        (PaymentState.IDLE, PaymentEvent.INIT): PaymentState.BEGUN,
        (PaymentState.BEGUN, PaymentEvent.CACHE): PaymentState.CACHED,
        (PaymentState.CACHED, PaymentEvent.CACHE): PaymentState.CACHED,
        (PaymentState.BEGUN, PaymentEvent.DEBIT): PaymentState.PAID,
        (PaymentState.CACHED, PaymentEvent.DEBIT): PaymentState.PAID,
        (PaymentState.BEGUN, PaymentEvent.REFUSED): PaymentState.IDLE,
        (PaymentState.CACHED, PaymentEvent.REFUSED): PaymentState.IDLE,
        (PaymentState.BEGUN, PaymentEvent.TORN): PaymentState.IDLE,
        (PaymentState.CACHED, PaymentEvent.TORN): PaymentState.IDLE,
        (PaymentState.PAID, PaymentEvent.PROVE): PaymentState.PAID,
        (PaymentState.PAID, PaymentEvent.INIT): PaymentState.BEGUN,
    },
)

NAMES: Mapping[str, Text] = {
    "made": Text("made, not yet issued", "已制造，未发卡"),
    "issued": Text("issued", "已发卡"),
    "blocked": Text("blocked", "已锁定"),
    "working": Text("working", "可用"),
    "blocked-for-good": Text("blocked for good", "永久锁定"),
    "unproved": Text("holder not proved", "持卡人未校验"),
    "proved": Text("holder proved", "持卡人已校验"),
    "pin-blocked": Text("PIN blocked", "密码锁定"),
    "nothing": Text("nothing proved", "未认证"),
    "challenged": Text("challenge given", "已取随机数"),
    "key-proved": Text("key proved", "密钥已认证"),
    "key-blocked": Text("key blocked", "密钥锁定"),
    "idle": Text("no purchase", "无交易"),
    "begun": Text("purchase begun", "消费已初始化"),
    "trip-data-cached": Text("trip data cached", "行程数据已缓存"),
    "paid": Text("paid", "已扣款"),
    "personalise": Text("personalise", "个人化"),
    "card-block": Text("CARD BLOCK", "卡片锁定"),
    "application-block-00": Text("APPLICATION BLOCK 00", "应用临时锁定"),
    "application-block-01": Text("APPLICATION BLOCK 01", "应用永久锁定"),
    "application-unblock": Text("APPLICATION UNBLOCK", "应用解锁"),
    "right-pin": Text("right PIN", "密码正确"),
    "wrong-pin": Text("wrong PIN, tries left", "密码错误，尚有次数"),
    "wrong-pin-last-try": Text("wrong PIN, last try", "密码错误，次数用尽"),
    "reset-or-leave": Text("reset, power loss, or leaving the application", "复位、断电或离开应用"),
    "reload-or-unblock": Text("RELOAD or UNBLOCK PIN", "重装或解锁密码"),
    "get-challenge": Text("GET CHALLENGE", "取随机数"),
    "right-cryptogram": Text("right cryptogram", "密文正确"),
    "wrong-cryptogram": Text("wrong cryptogram, tries left", "密文错误，尚有次数"),
    "wrong-cryptogram-last-try": Text("wrong cryptogram, last try", "密文错误，次数用尽"),
    "init-for-purchase": Text("INITIALIZE FOR PURCHASE", "消费初始化"),
    "update-capp-data-cache": Text("UPDATE CAPP DATA CACHE", "更新复合应用数据缓存"),
    "debit-mac1-right": Text(
        "DEBIT, MAC1 right: money, counter, log and trip data in one step",
        "消费，MAC1 正确：金额、计数器、日志与行程数据一次写入",
    ),
    "debit-mac1-wrong": Text("DEBIT, MAC1 wrong (9302)", "消费，MAC1 错误（9302）"),
    "power-lost-or-select": Text("power lost, reset, or SELECT", "断电、复位或重新选择"),
    "get-transaction-prove": Text("GET TRANSACTION PROVE", "取交易认证"),
}
"""Every state and event for people."""

MACHINES: Mapping[str, tuple[Text, Machine[Any, Any]]] = {
    "card": (Text("the card", "卡片"), CARD),
    "application": (Text("an application", "应用"), APPLICATION),
    "pin": (Text("the holder's PIN", "持卡人密码"), PIN),
    "proof": (Text("a terminal's key", "终端密钥认证"), PROOF),
    "payment": (Text("a purchase", "消费交易"), PAYMENT),
}
"""The machines by name."""
