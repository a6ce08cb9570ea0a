"""The key management centre: citizens' encryption keys, kept and, by two officers, recovered (GM/T 0034-2014)."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cardstack.ca import officers, pair
from cardstack.ca.certificate import Certificate
from cardstack.ca.issue import Wish
from cardstack.ca.officers import Approval, Officer
from cardstack.ca.profile import profile
from cardstack.crypto import local
from cardstack.crypto.armour import pem
from cardstack.crypto.keys import Algorithm
from cardstack.crypto.sm2 import Sm2Public, Sm2Signer
from cardstack.errors import Refused, problem
from cardstack.text import Text
from cardstack.vault import files
from cardstack.vault.home import AuthorityHome

NOT_KEPT = problem(
    "CS-2340",
    Text("No encryption key is kept for certificate {serial}", "未托管证书 {serial} 的加密密钥"),
    Text("Check the serial number; signature keys are never kept.", "请核对序列号；签名密钥从不托管。"),
)
NEEDED = 2


@dataclass(frozen=True, slots=True)
class Pair:
    """What a citizen gets: both certificates, and the encryption key sealed for their signature key."""

    signature: Certificate
    encryption: Certificate
    envelope: bytes


class Escrow:
    """The encryption keys of one authority's citizens, each encrypted under the centre's own password."""

    def __init__(self, home: AuthorityHome, password: bytes) -> None:
        self.home, self._password = home, password
        self._folder = home.folder / "escrow"

    def issue(
        self,
        public: Sm2Public,
        *,
        subject: bytes,
        policies: tuple[str, ...],
        numbers: Mapping[str, str],
        at: datetime,
        actor: str,
    ) -> Pair:
        """Certify the citizen's own signature key, and an encryption key made and kept here."""
        made = local.generate(Algorithm.SM2_SM3)
        assert isinstance(made, Sm2Signer)
        wish = Wish(policies=policies, numbers=numbers)
        certificates = [
            self.home.issue(profile(kind), subject=subject, public=key, at=at, actor=actor, wish=wish)
            for kind, key in (("citizen-signature", public), ("citizen-encryption", made.public))
        ]
        signature, encryption = certificates
        files.write(self._file(encryption.serial), made.to_pkcs8(self._password), secret=True)
        return Pair(signature, encryption, pair.envelope(made, public, secrets.token_bytes(16)))

    def recover(
        self,
        serial: int,
        recipient: Sm2Public,
        *,
        reason: str,
        approvals: Sequence[Approval],
        known: Mapping[str, Officer],
        at: datetime,
    ) -> bytes:
        """The kept key in an envelope for another key, by two officers' approval of exactly this; the log says so."""
        agreeing = officers.agreed(self.asking(serial, recipient, reason), approvals, known, needed=NEEDED, at=at)
        if not self._file(serial).exists():
            raise Refused(problem=NOT_KEPT, serial=f"{serial:x}")
        kept = local.load_pkcs8(files.read(self._file(serial)), self._password)
        assert isinstance(kept, Sm2Signer)
        with self.home.alone():
            facts: dict[str, Any] = {"serial": f"{serial:x}", "reason": reason}
            self.home.note(at=at, actor="+".join(agreeing), action="recover", facts=facts)
        return pair.envelope(kept, recipient, secrets.token_bytes(16))

    @staticmethod
    def asking(serial: int, recipient: Sm2Public, reason: str) -> bytes:
        """What the officers sign: whose key, for whom, and why (a holder's wish, or the paper of a court)."""
        said = {"recover": f"{serial:x}", "for": recipient.spki.hex(), "reason": reason}
        return json.dumps(said, ensure_ascii=False, sort_keys=True).encode()

    def _file(self, serial: int) -> Path:
        return self._folder / f"{serial:x}.pem"


def as_files(made: Pair) -> dict[str, bytes]:
    """The three files that a citizen's carrier is loaded with, by name."""
    return {
        "signature.pem": pem("CERTIFICATE", made.signature.raw),
        "encryption.pem": pem("CERTIFICATE", made.encryption.raw),
        "encryption-key.der": made.envelope,
    }
