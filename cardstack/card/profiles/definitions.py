"""How every cryptogram is made, byte by byte, and whether that is published or this project's definition.

Where nothing public was found the project decided, in one place each, so that a later standard text replaces one
function and one row. The names in `where` stand below the package `cardstack`.
"""

from enum import StrEnum
from typing import NamedTuple

from cardstack.text import Text


class Standing(StrEnum):
    """How sure a rule is."""

    PUBLISHED = "published"
    OBSERVED = "observed in clients"
    OURS = "this project's definition"


STANDINGS = {
    Standing.PUBLISHED: Text("published", "公开文本"),
    Standing.OBSERVED: Text("observed in clients", "据现场客户端"),
    Standing.OURS: Text("this project's definition", "本项目自定义"),
}


class Definition(NamedTuple):
    """One rule: what it makes, from what, where it stands in the code and where it comes from."""

    name: Text
    rule: str
    standing: Standing
    source: str
    where: str


PUBLISHED, OBSERVED, OURS = Standing.PUBLISHED, Standing.OBSERVED, Standing.OURS

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        Text("diversified key, 3DES", "分散密钥（3DES）"),
        "3DES(master, factor8 ‖ ~factor8)",
        PUBLISHED,
        "PBOC 2.0 part 1; COS manual 7.5",
        "crypto.cryptogram.diversify",
    ),
    Definition(
        Text("diversified key, SM4", "分散密钥（SM4）"),
        "SM4(master, factor8 ‖ ~factor8)",
        OURS,
        "the 3DES rule carried over to one block",
        "crypto.cryptogram.diversify",
    ),
    Definition(
        Text("order of diversification", "分散顺序"),
        "province (2 digits ‖ 0000sh), city (6 digits ‖ sx), card (last 8 of the ATR)",
        OBSERVED,
        "factors: SiCard, HSM messages; the order in which they apply is this project's reading",
        "card.keys.Factors.chain",
    ),
    Definition(
        Text("process key", "过程密钥"),
        "3DES(K, challenge8); SM4(K, challenge8 ‖ ~challenge8)",
        OBSERVED,
        "3DES: blog blfshiye-p-4010955; SM4: this project's definition",
        "crypto.cryptogram.process_key",
    ),
    Definition(
        Text("authentication cryptogram", "认证密文"),
        "DES(process key, source8); SM4(process key, source8 ‖ ~source8), of which EXTERNAL AUTHENTICATE carries the first 8",
        OBSERVED,
        "3DES: SiCard; SM4: this project's definition",
        "crypto.cryptogram.authentication",
    ),
    Definition(
        Text("payment session key, 3DES", "交易过程密钥（3DES）"),
        "3DES(DPK, random4 ‖ sequence2 ‖ terminal sequence [2:4]); load: 3DES(DLK, random4 ‖ sequence2 ‖ 8000)",
        PUBLISHED,
        "PBOC 2.0 part 2; COS manual 6.22-6.28, vectors recomputed",
        "crypto.cryptogram.session_key",
    ),
    Definition(
        Text("payment session key, SM4", "交易过程密钥（SM4）"),
        "SM4(K, the same 8 bytes ‖ 80 00 00 00 00 00 00 00)",
        OURS,
        "no public text",
        "crypto.cryptogram.session_key",
    ),
    Definition(
        Text("MAC of a payment", "交易 MAC"),
        "first 4 of CBC (single DES under the 8-byte session key; SM4), initial vector 0, padding 80 00…",
        PUBLISHED,
        "PBOC 2.0 part 2; SM4: this project's definition",
        "crypto.cryptogram.mac",
    ),
    Definition(
        Text("MAC1 of a purchase", "消费 MAC1"),
        "amount4 ‖ type1 ‖ terminal6 ‖ date4 ‖ time3",
        PUBLISHED,
        "PBOC 2.0 part 2",
        "crypto.payment.Debit.mac1",
    ),
    Definition(Text("MAC2 of a purchase", "消费 MAC2"), "amount4", PUBLISHED, "PBOC 2.0 part 2", "crypto.payment.Debit.mac2"),
    Definition(
        Text("TAC of a purchase", "消费 TAC"),
        "under DTK left8 xor right8 (SM4: DTK): amount4 ‖ type1 ‖ terminal6 ‖ terminal sequence4 ‖ date4 ‖ time3",
        PUBLISHED,
        "PBOC 2.0 part 2; SM4: this project's definition",
        "crypto.payment.Debit.tac",
    ),
    Definition(
        Text("MAC1 of a load", "圈存 MAC1"),
        "old balance4 ‖ amount4 ‖ type1 ‖ terminal6",
        PUBLISHED,
        "PBOC 2.0 part 2",
        "crypto.payment.Load.mac1",
    ),
    Definition(
        Text("MAC2 of a load", "圈存 MAC2"),
        "amount4 ‖ type1 ‖ terminal6 ‖ date4 ‖ time3",
        PUBLISHED,
        "PBOC 2.0 part 2",
        "crypto.payment.Load.mac2",
    ),
    Definition(
        Text("TAC of a load", "圈存 TAC"),
        "new balance4 ‖ online sequence2 before it was raised ‖ amount4 ‖ type1 ‖ terminal6 ‖ date4 ‖ time3",
        PUBLISHED,
        "PBOC 2.0 part 2",
        "crypto.payment.Load.tac",
    ),
    Definition(
        Text("MAC3 of an unload", "圈提 MAC3"),
        "new balance4 ‖ online sequence2 before it was raised ‖ amount4 ‖ type1 (03) ‖ terminal6 ‖ date4 ‖ time3, session key",
        OURS,
        "what the TAC of a load covers; the manual's text was not available",
        "crypto.payment.Load.mac3",
    ),
    Definition(
        Text("change of the overdraft limit", "修改透支限额"),
        "MAC1 balance4 ‖ limit3 ‖ 07 ‖ terminal6; MAC2 limit3 ‖ 07 ‖ terminal6 ‖ moment7; TAC balance4 ‖ sequence2 ‖ the same",
        OURS,
        "as loads are; the manual's text was not available",
        "crypto.payment.Limit",
    ),
    Definition(
        Text("MAC1 of a medical settlement", "医保消费 MAC1"),
        "account4 ‖ self-paid4 ‖ pooled4 ‖ type1 (32) ‖ terminal6 ‖ moment7",
        PUBLISHED,
        "letter 2012/38 §4",
        "crypto.payment.MedicalDebit.mac1",
    ),
    Definition(
        Text("TAC of a medical settlement", "医保消费 TAC"),
        "under DTK (folded as PBOC's, this project's reading): the amounts ‖ type ‖ terminal6 ‖ terminal sequence4 ‖ moment7",
        PUBLISHED,
        "letter 2012/38 §4",
        "crypto.payment.MedicalDebit.tac",
    ),
    Definition(
        Text("answer of the medical INIT, bytes 0 to 13", "医保消费初始化应答 0-13 字节"),
        "account balance4 ‖ self-paid this year4 ‖ pooled this year4 ‖ year2",
        OURS,
        "lengths published; the order is read from the internal file",
        "card.profiles.medical.MedicalState",
    ),
    Definition(
        Text("PIN block", "密码块"),
        "length1 ‖ PIN ‖ 80 00…, enciphered under the process key of STK",
        OBSERVED,
        "SiCard; HED manual 4.2.2.12, vector recomputed",
        "crypto.cryptogram.pin_block",
    ),
    Definition(
        Text("PIN of the certificate application", "数字证书应用密码校验"),
        "SM4(first 16 of SM3(PIN), challenge16)",
        OBSERVED,
        "PKI middleware (id 46244496087), whose comment shows the hash of 123456",
        "card.proving.verify_pin_by_challenge",
    ),
    Definition(
        Text("MAC of secure messaging", "安全报文 MAC"),
        "first 4 of ISO 9797-1 algorithm 3 (SM4: CBC-MAC) over CLA INS P1 P2 Lc ‖ data, initial vector challenge ‖ 00…",
        PUBLISHED,
        "PBOC 2.0 part 1; SM4 with a challenge of 16 bytes: PKI middleware",
        "apdu.secure.mac",
    ),
    Definition(
        Text("authentication code of the identification code", "卡识别码中的认证码"),
        "first 4 of the MAC over city3 ‖ RID5 ‖ chip4 under IRK",
        OURS,
        "V2.0 table 10 says only that the twelve bytes are encrypted",
        "card.issuing.identification_code",
    ),
    Definition(
        Text("card number's check character", "卡号校验位"),
        "11 - (sum of value x weight 3 7 9 10 5 8 4 2) mod 11; 10 is X, 11 is 0",
        PUBLISHED,
        "V2.0 annex A; GB 11714",
        "values.CardNumber",
    ),
    Definition(
        Text("card signature", "卡片签名"),
        "SM2 (identifier 1234567812345678) over 'cardstack card proof 1' ‖ 00 ‖ nonce; r ‖ s by 002A9E9A",
        OURS,
        "GB/T 32918.2 for the signature; the command is ISO/IEC 7816-8's",
        "card.proving.prove_by_certificate",
    ),
)
