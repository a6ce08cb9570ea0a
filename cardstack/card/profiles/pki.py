"""The PKI application of generation 3: the holder's SM2 keys, certificates and challenge-response PIN.

Only what the recorded middleware does is public (id 46244496087): names, files 0012, 0018 and 0019, the instructions
80C4, 804E, 804A, 80C2 and 84D4. Everything else is this project's definition.
"""

from dataclasses import dataclass
from typing import Annotated

from cardstack.card.access import FREE, proof
from cardstack.card.keys import Key, Usage
from cardstack.card.layout import File, Form, part
from cardstack.card.profile import Application, Pin
from cardstack.card.profiles.sources import OURS
from cardstack.codec import Binary
from cardstack.crypto.cryptogram import Block
from cardstack.text import Text

MIDDLEWARE = "PKI middleware of third-generation cards (id 46244496087)"
CERTIFICATE_ROOM = 2048


@dataclass(frozen=True, slots=True)
class SmPublicKey:
    """Files 0012 and 0014: a public key as the data object CA 40, X and Y."""

    content: Annotated[bytes, part(Binary(66), Text("SM2 public key: CA 40, X and Y", "SM2 公钥：CA 40、X、Y"), MIDDLEWARE)] = (
        bytes(66)
    )


@dataclass(frozen=True, slots=True)
class CertificateRoom:
    """Files 0018 and 0019: length in two bytes and a DER certificate; zeros follow."""

    content: Annotated[
        bytes, part(Binary(CERTIFICATE_ROOM), Text("length 2 and certificate", "长度 2 字节及证书"), MIDDLEWARE)
    ] = bytes(CERTIFICATE_ROOM)


UK, MPIN = proof("UKPKI"), proof("MPIN")
KEYS = (
    Key("MKPKI", 0x00, Usage.EXTERNAL, algorithm=Block.SM4, source=f"{MIDDLEWARE}: 0082 0000 10 before 84D4"),
    Key("UKPKI", 0x01, Usage.EXTERNAL, algorithm=Block.SM4, source=OURS),
)
ADMINISTRATOR = Pin("12345678", shortest=8, longest=16, source=f"{MIDDLEWARE}: four bytes; this first value is this project's")
PKI_ENVIRONMENT = Application(
    "PKI",
    Text("PKI environment", "社会保障卡数字证书环境"),
    MIDDLEWARE,
    aid=bytes.fromhex("504B492EC9E7BBE1B1A3D5CF"),
    fid=0xADF0,
    keys=KEYS[:1],
)
PKI = Application(
    "PKI-ADF1",
    Text("PKI application: signature and encryption keys with certificates", "数字证书应用"),
    MIDDLEWARE,
    aid=b"SS.CERT.ADF1",
    fid=0xADF1,
    parent="PKI",
    files=(
        File(
            0x0012, Text("signature public key", "签名公钥文件"), SmPublicKey, MIDDLEWARE, Form.TRANSPARENT, read=FREE, update=UK
        ),
        File(
            0x0018,
            Text("signature certificate", "签名证书文件"),
            CertificateRoom,
            MIDDLEWARE,
            Form.TRANSPARENT,
            read=FREE,
            update=UK | MPIN,
        ),
        File(
            0x0014,
            Text("encryption public key", "加密公钥文件"),
            SmPublicKey,
            MIDDLEWARE,
            Form.TRANSPARENT,
            read=FREE,
            update=UK,
        ),
        File(
            0x0019,
            Text("encryption certificate", "加密证书文件"),
            CertificateRoom,
            MIDDLEWARE,
            Form.TRANSPARENT,
            read=FREE,
            update=UK | MPIN,
        ),
    ),
    keys=KEYS,
    pin=Pin(),
    admin=ADMINISTRATOR,
    signing=True,
)
