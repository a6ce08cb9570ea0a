"""Where an authority's key is: an encrypted file beside it, or a token that a file beside it names."""

from pathlib import Path

from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm, Signer
from cardstack.crypto.local import LocalSigner
from cardstack.errors import Refused
from cardstack.text import Text
from cardstack.vault import files, token
from cardstack.vault.token import Place, Sm2Mechanism, TokenSigner

__all__ = ["Place", "Sm2Mechanism", "generate", "keep", "load"]


def generate(algorithm: Algorithm, secret: bytes, place: Place | None = None) -> Signer:
    """A new key pair, in the token of a place (whose PIN the secret is) or in this process."""
    return local.generate(algorithm) if place is None else token.generate(place, secret, algorithm)


def keep(folder: Path, signer: Signer, secret: bytes) -> None:
    """Write down the key, encrypted, or where in which token it is."""
    if isinstance(signer, TokenSigner):
        files.write_json(folder / "token.json", signer.place.as_data())
    elif isinstance(signer, LocalSigner):
        files.write(folder / "key.pem", signer.to_pkcs8(secret), secret=True)
    else:
        raise Refused(Text("this kind of key is kept by whoever made it", "此类密钥由生成方自行保管"))


def load(folder: Path, secret: bytes) -> Signer:
    """The key of an authority's folder."""
    named = folder / "token.json"
    if named.exists():
        return token.find(Place.of_data(files.read_json(named)), secret)
    return local.load_pkcs8(files.read(folder / "key.pem"), secret)
