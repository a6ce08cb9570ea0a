"""The PKI application of generation 3: the holder's SM2 keys, certificates and challenge-response PIN.

Names, files and commands are those of issuing middleware (id 46244496087): the card hashes with SM3 (80C4), a PIN is
proved by a challenge under its hash (0020 with P1 01), an encryption key pair comes in wrapped (804E, 804A, 80C2), and
certificates are written in blocks from offset 0. How the card signs is this project's definition.
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
from cardstack.errors import Malformed
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
    """Files 0018 and 0019: a DER certificate from the first byte on, as the middleware writes it; zeros follow."""

    # Personal: GM/T 0015 certificates carry the holder's social insurance number.
    content: Annotated[
        bytes, part(Binary(CERTIFICATE_ROOM), Text("certificate, DER, then zeros", "DER 证书，后补零"), MIDDLEWARE, personal=True)
    ] = bytes(CERTIFICATE_ROOM)

    @classmethod
    def holding(cls, certificate: bytes) -> "CertificateRoom":
        """The file with a certificate in it."""
        if len(certificate) > CERTIFICATE_ROOM:
            raise Malformed(
                Text(
                    f"the file has {CERTIFICATE_ROOM} bytes, the certificate {len(certificate)}",
                    f"文件有 {CERTIFICATE_ROOM} 字节，证书有 {len(certificate)} 字节",
                ),
                field="certificate",
            )
        return cls(certificate.ljust(CERTIFICATE_ROOM, b"\0"))

    @property
    def certificate(self) -> bytes:
        """The certificate without what follows it; empty where none was written."""
        return self.content[: der_length(self.content)]


def der_length(head: bytes) -> int:
    """How long the DER object is that begins so (30, then its length); 0 where none does.

    >>> der_length(bytes.fromhex("30820123")), der_length(bytes.fromhex("3003")), der_length(bytes(4))
    (295, 5, 0)
    """
    if head[:1] != b"\x30":
        return 0
    first = int.from_bytes(head[1:2])
    width = first & 0x7F if first & 0x80 else 0
    if width > 2:
        return 0
    return 2 + width + (int.from_bytes(head[2 : 2 + width]) if width else first)


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
