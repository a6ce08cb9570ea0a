"""The key management centre: citizens' encryption keys, kept and, by officers together, recovered (GM/T 0034-2014)."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cardstack.ca import officers, pair
from cardstack.ca.certificate import Certificate
from cardstack.ca.issue import Wish
from cardstack.ca.officers import Approval, Officer
from cardstack.ca.profile import profile
from cardstack.ca.recovery import Ground, Recovery, transcript
from cardstack.crypto import local
from cardstack.crypto.armour import pem
from cardstack.crypto.keys import Algorithm, PublicKey
from cardstack.crypto.sm2 import Sm2Public, Sm2Signer
from cardstack.crypto.suite import digest
from cardstack.errors import Refused, problem
from cardstack.text import Text
from cardstack.vault import files
from cardstack.vault.home import AuthorityHome

NOT_KEPT = problem(
    "CS-2340",
    Text("No encryption key is kept for certificate {serial}", "未托管证书 {serial} 的加密密钥"),
    Text("Check the serial number; signature keys are never kept.", "请核对序列号；签名密钥从不托管。"),
)
RULE = problem(
    "CS-2341",
    Text(
        "Recovery of {authority}'s keys is decided already: {needed} officers",
        "{authority} 的密钥恢复规则已定：{needed} 名管理员",
    ),
    Text(
        "The rule is made once, before the first key is kept; at least two officers.",
        "规则仅可在托管首个密钥前设定一次，至少两名管理员。",
    ),
)
NOT_SM2 = problem(
    "CS-2342",
    Text("The key is not an SM2 key", "该密钥不是 SM2 密钥"),
    Text(
        "Citizens' pairs and recipients of recovered keys use SM2 (GM/T 0009).",
        "个人双证书与恢复接收方须使用 SM2 密钥（GM/T 0009）。",
    ),
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

    @property
    def needed(self) -> int:
        """How many officers recover a key."""
        rule = self._folder / "rule.json"
        return int(files.read_json(rule)["needed"]) if rule.exists() else NEEDED

    def found(self, needed: int, *, at: datetime, actor: str) -> None:
        """Decide once, before the first key is kept, how many officers recover one; `Refused` CS-2341 afterwards."""
        with self.home.alone():
            if needed < NEEDED or self._folder.exists():
                raise Refused(problem=RULE, authority=self.home.id, needed=self.needed)
            files.write_json(self._folder / "rule.json", {"needed": needed})
            self.home.note(at=at, actor=actor, action="escrow", facts={"needed": needed})

    def issue(
        self,
        public: PublicKey,
        *,
        subject: bytes,
        policies: tuple[str, ...],
        numbers: Mapping[str, str],
        at: datetime,
        actor: str,
    ) -> Pair:
        """Certify the citizen's own signature key, and an encryption key made and kept here."""
        made, own = local.generate(Algorithm.SM2_SM3), _sm2(public)
        assert isinstance(made, Sm2Signer)
        wish = Wish(policies=policies, numbers=numbers)
        certificates = [
            self.home.issue(profile(kind), subject=subject, public=key, at=at, actor=actor, wish=wish)
            for kind, key in (("citizen-signature", own), ("citizen-encryption", made.public))
        ]
        signature, encryption = certificates
        files.write(self._file(encryption.serial), made.to_pkcs8(self._password), secret=True)
        return Pair(signature, encryption, pair.envelope(made, own, secrets.token_bytes(16)))

    def asking(self, serial: int, recipient: PublicKey, ground: Ground, reason: str) -> Recovery:
        """A request for a kept key: whose, for whom, and why; `Refused` CS-2340 where no such key is kept."""
        if not self._file(serial).exists():
            raise Refused(problem=NOT_KEPT, serial=f"{serial:x}")
        return Recovery(self.home.id, serial, _sm2(recipient).spki, ground, reason)

    def recover(
        self, asked: Recovery, *, approvals: Sequence[Approval], known: Mapping[str, Officer], at: datetime
    ) -> tuple[bytes, str]:
        """The kept key in an envelope for the recipient, and the signed transcript, by enough officers' approval of exactly this.

        The log says so before the key is given out; the transcript is kept beside the keys too.
        """
        agreeing = officers.agreed(asked.content(), approvals, known, needed=self.needed, at=at)
        if asked.authority != self.home.id or not self._file(asked.serial).exists():
            raise Refused(problem=NOT_KEPT, serial=f"{asked.serial:x}")
        kept = local.load_pkcs8(files.read(self._file(asked.serial)), self._password)
        assert isinstance(kept, Sm2Signer)
        envelope = pair.envelope(kept, _sm2(local.public_key(asked.recipient)), secrets.token_bytes(16))
        counted = [next(one for one in approvals if one.officer == id_) for id_ in agreeing]
        signer = self.home.authority.signer
        said = transcript(asked, counted, known, needed=self.needed, envelope=envelope, at=at, signer=signer)
        with self.home.alone():
            proof = digest("sm3", said.encode()).hex()
            facts = {"serial": f"{asked.serial:x}", "ground": asked.ground, "reason": asked.reason, "transcript": proof}
            self.home.note(at=at, actor="+".join(agreeing), action="recover", facts=facts)
            files.write(self._folder / "recovered" / f"{asked.serial:x}-{at:%Y%m%dT%H%M%S}-{proof[:8]}.jsonl", said.encode())
        return envelope, said

    def _file(self, serial: int) -> Path:
        return self._folder / f"{serial:x}.pem"


def _sm2(public: PublicKey) -> Sm2Public:
    if not isinstance(public, Sm2Public):
        raise Refused(str(public.algorithm), problem=NOT_SM2)
    return public


def as_files(made: Pair) -> dict[str, bytes]:
    """The three files that a citizen's carrier is loaded with, by name."""
    return {
        "signature.pem": pem("CERTIFICATE", made.signature.raw),
        "encryption.pem": pem("CERTIFICATE", made.encryption.raw),
        "encryption-key.der": made.envelope,
    }
