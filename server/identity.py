"""Who this node is: its key and its certificates."""

from dataclasses import dataclass
from pathlib import Path

from cardstack.ca.certificate import Certificate
from cardstack.crypto.keys import Signer
from cardstack.crypto.local import load_pkcs8


@dataclass(frozen=True, slots=True)
class Identity:
    """A key and its certificate (DER), which comes first of its chain."""

    signer: Signer
    certificates: tuple[bytes, ...]

    @classmethod
    def load(cls, key: Path, certificate: Path, password: str = "") -> "Identity":
        """From a PKCS#8 file and a PEM file."""
        signer = load_pkcs8(key.read_bytes(), password.encode() or None)
        return cls(signer, tuple(one.raw for one in Certificate.parse_all(certificate.read_bytes())))
