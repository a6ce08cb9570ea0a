"""Debian's vicc (vsmartcard 3.3) as a card behind `tcp:`: run by the system's Python, with what it needs to live.

    /usr/bin/python3 tests/oracles/vicc.py < card.json

It listens on a free port of 127.0.0.1, which it writes. The card's content comes as JSON: its directories, each with a
name and files of records. Repaired is what keeps it from running at all, nothing else: (1) Debian installs the module
outside the path; (2) PyCrypto is called Cryptodome there; (3) TLVutils.pack joins integers; (4) an error of Python ends
it, here it answers 6F00 and names the command on standard error; (5) it listens on every interface.
"""

import json
import socket
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

HOME = "/usr/lib/python3/site-packages/virtualsmartcard"
ALIASES = ("Cipher", "Cipher.DES3", "Cipher.DES", "Cipher.AES", "Cipher.ARC4", "Hash", "Hash.HMAC", "Hash.SHA", "Hash.MD5")


def repaired() -> Any:
    """The package's main module, able to run."""
    sys.path.insert(0, HOME)
    sys.modules["Crypto"] = import_module("Cryptodome")
    for name in ALIASES:
        sys.modules[f"Crypto.{name}"] = import_module(f"Cryptodome.{name}")
    package = import_module("virtualsmartcard")
    loader = SourceFileLoader("virtualsmartcard.TLVutils", str(Path(package.__path__[0]) / "TLVutils.py"))
    module = ModuleType(loader.name)
    module.__file__ = loader.path
    source = Path(loader.path).read_text("utf-8").replace('return b"".join(result)', "return bytes(result)")
    sys.modules[loader.name] = module
    exec(compile(source, loader.path, "exec"), module.__dict__)  # the package's own text, one word repaired
    return import_module("virtualsmartcard.VirtualSmartcard")


def filled(master: Any, directories: list[dict[str, Any]]) -> None:
    """The directories and files of the content, made of vicc's own classes."""
    files = import_module("virtualsmartcard.SmartcardFilesystem")
    structure = import_module("virtualsmartcard.ConstantDefinitions").FDB["EFSTRUCTURE_LINEAR_VARIABLE_NOFURTHERINFO"]
    for number, directory in enumerate(directories):
        made = files.DF(master, 0xDF01 + number, dfname=bytes.fromhex(directory["name"]))
        for file in directory["files"]:
            records = [files.Record(0, bytes.fromhex(one)) for one in file["records"]]
            made.append(files.RecordStructureEF(made, file["fid"], structure, shortfid=file["fid"] & 0x1F, records=records))
        master.append(made)


def surviving(execute: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """The card's commands, where an error of Python is answered 6F00 and told, and the card lives on."""

    def execute_and_live(command: bytes) -> bytes:
        try:
            return execute(command)
        except Exception as error:  # noqa: BLE001  # whatever the card's own code raises
            sys.stderr.write(f"{command[:4].hex().upper()} {type(error).__name__}: {error}\n")
            return b"\x6f\x00"

    return execute_and_live


def main() -> None:
    """Serve one card to one terminal after another."""
    virtual = repaired()
    master, access = virtual.CardGenerator("iso7816").getCard()
    filled(master, json.load(sys.stdin))
    server = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{server.getsockname()[1]}\n")
    sys.stdout.flush()
    # Its constructor would listen on every interface and ask the network for its own address.
    card = object.__new__(virtual.VirtualICC)
    card.os, card.host, card.port, card.server_sock = virtual.Iso7816OS(master, access), "", 0, server
    card.os.execute = surviving(card.os.execute)
    card.sock, _ = server.accept()
    card.run()


if __name__ == "__main__":
    main()
