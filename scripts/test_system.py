"""Install what tests need from the system, on Debian and as root, and what is compiled with it; say what could not be had.

Nothing here is needed to run cardstack itself.
"""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Part(NamedTuple):
    """Something a test needs: how to see that it is there, and the packages that bring it."""

    name: str
    there: tuple[str, ...]
    packages: tuple[str, ...]

    def present(self) -> bool:
        return all(shutil.which(one) or any(Path("/").glob(one.lstrip("/"))) for one in self.there)


PARTS = (
    Part("libcrypto (SM2)", ("/usr/lib/*/libcrypto.so.3",), ("libssl3",)),
    Part("openssl", ("openssl",), ("openssl",)),
    Part("PostgreSQL", ("/usr/lib/postgresql/*/bin/initdb",), ("postgresql",)),
    Part("Chromium", ("chromium",), ("chromium", "fonts-noto-cjk")),
    Part("embeddable Chinese font", ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",), ("fonts-wqy-microhei", "poppler-utils")),
    Part("PC/SC library", ("/usr/lib/*/libpcsclite.so.1",), ("libpcsclite1",)),
    Part("PC/SC daemon and vpcd", ("pcscd", "/usr/lib/pcsc/drivers/serial/libifdvpcd.so*"), ("pcscd", "vsmartcard-vpcd")),
    Part(
        "foreign card (vicc)", ("vicc", "/usr/lib/python3/dist-packages/Cryptodome"), ("vsmartcard-vpicc", "python3-pycryptodome")
    ),
    Part("PC/SC programs", ("opensc-tool", "pcsc_scan"), ("opensc", "pcsc-tools")),
    Part(
        "C compiler and headers", ("cc", "/usr/include/PCSC/winscard.h"), ("gcc", "libc6-dev", "libpcsclite-dev", "python3-dev")
    ),
    Part("SoftHSM2", ("/usr/lib/softhsm/libsofthsm2.so",), ("softhsm2",)),
    Part("GnuTLS certtool", ("certtool",), ("gnutls-bin",)),
    Part("curl", ("curl",), ("curl",)),
    Part("tshark", ("tshark",), ("tshark",)),
)


def main() -> None:
    system_parts()
    compiled_parts()


def compiled_parts() -> None:
    """Pyscard has no wheels for Linux; it builds where the compiler and the PC/SC headers are."""
    if find_spec("smartcard") is not None:
        return
    uv = shutil.which("uv")
    if uv is None:
        subprocess.run([sys.executable, "-m", "ensurepip"], check=False, capture_output=True)
    pip = [uv, "pip", "install", "--python", sys.executable] if uv else [sys.executable, "-m", "pip", "install"]
    result = subprocess.run([*pip, "--quiet", "--editable", f"{ROOT}[pcsc]"], check=False, capture_output=True, text=True)
    if result.returncode:
        print("   not there: pyscard (it did not build: no compiler or no winscard.h); its tests skip.")


def system_parts() -> None:
    """The packages of the parts that are missing."""
    missing = [part for part in PARTS if not part.present()]
    if not missing:
        return
    if not shutil.which("apt-get") or os.geteuid() != 0:
        say(missing, "no apt-get, or not root")
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    subprocess.run([*apt, "update"], check=False, env=environment, stdout=subprocess.DEVNULL)
    for part in missing:
        install = [*apt, "install", "-y", "--no-install-recommends", "--no-upgrade", *part.packages]
        result = subprocess.run(install, check=False, env=environment, capture_output=True, text=True)
        if result.returncode:
            last = result.stderr.strip().splitlines()[-1:] or ["apt-get failed"]
            say([part], last[0])


def say(parts: list[Part], reason: str) -> None:
    for part in parts:
        print(f"   not there: {part.name} ({reason}); its tests skip. To have it: apt-get install {' '.join(part.packages)}")


if __name__ == "__main__":
    main()
