"""What the server needs for TLS, looked at before it starts: a file that is no key must not end in a server without TLS."""

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cardstack.errors import Malformed, problem
from cardstack.text import Text
from cardstack.vault import files

INCOMPLETE = problem(
    "CS-4044",
    Text("The TLS options do not belong together", "TLS 选项不配套"),
    Text(
        "A certificate needs its key; authorities of clients need both; revocation lists need those authorities.",
        "证书须与私钥同时给出；客户端签发机构须在二者之后；吊销列表须与客户端签发机构同时给出。",
    ),
)
UNUSABLE = problem(
    "CS-4045",
    Text("A file for TLS cannot be used", "TLS 文件无法使用"),
    Text(
        "Give PEM: a certificate with its chain below, its own key in PKCS#8 without a password, certificates of authorities.",
        "请提供 PEM 文件：证书及其证书链、与之匹配且未加密的 PKCS#8 私钥、签发机构证书。",
    ),
)


def options(certificate: Path | None, key: Path | None, clients: Path | None = None, crl: Sequence[Path] = ()) -> dict[str, Any]:
    """What granian is told; nothing where no file was named. `Malformed` CS-4044, CS-4045; `Refused` where a file is missing."""
    given = [name for name, one in (("key", key), ("clients", clients), ("crl", crl or None)) if one is not None]
    if certificate is None or key is None:
        if certificate is not None or given:
            raise Malformed(problem=INCOMPLETE, field="tls-key" if certificate is not None else "tls-certificate")
        return {}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    files.read(key)
    _use("tls-certificate", certificate, lambda: context.load_cert_chain(certificate, key, password=lambda: ""))
    if clients is None:
        if crl:
            raise Malformed(problem=INCOMPLETE, field="tls-clients")
        return {"ssl_cert": certificate, "ssl_key": key}
    for name, one in (("tls-clients", clients), *(("tls-crl", one) for one in crl)):
        _use(name, one, lambda one=one: context.load_verify_locations(one))
    return {"ssl_cert": certificate, "ssl_key": key, "ssl_ca": clients, "ssl_client_verify": True, "ssl_crl": list(crl)}


def _use(name: str, path: Path, load: Any) -> None:
    files.read(path)
    try:
        load()
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise Malformed(getattr(error, "reason", None) or str(error), UNUSABLE, field=name) from None
