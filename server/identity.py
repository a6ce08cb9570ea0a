"""Who this node is: its key and its certificates."""

from dataclasses import dataclass
from pathlib import Path

from cardstack.ca.certificate import Certificate
from cardstack.crypto.keys import Signer
from cardstack.crypto.local import load_pkcs8
from cardstack.errors import Refused, problem
from cardstack.text import Text
from cardstack.vault import files

NOT_A_PAIR = problem(
    "CS-4043",
    Text("The key does not belong to the certificate", "私钥与证书不匹配"),
    Text("Name the key that the certificate was issued for.", "请指定签发该证书时所用的私钥。"),
)


@dataclass(frozen=True, slots=True)
class Identity:
    """A key and its certificate (DER), which comes first of its chain."""

    signer: Signer
    certificates: tuple[bytes, ...]

    @classmethod
    def load(cls, key: Path, certificate: Path, password: str = "") -> "Identity":
        """From a PKCS#8 file and a PEM file; `Refused` where one is missing or they are no pair, `Malformed` as their readers."""
        signer = load_pkcs8(files.read(key), password.encode() or None)
        chain = Certificate.parse_all(files.read(certificate))
        if chain[0].public_key != signer.public:
            raise Refused(problem=NOT_A_PAIR, field="key")
        return cls(signer, tuple(one.raw for one in chain))
