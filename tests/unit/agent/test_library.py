"""The C library: built by one command, its symbols those of the table, called by a C program."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from cardstack.agent.family import FAMILY
from tests.serving import ROOT

PROGRAM = """
#include <stdio.h>
#include <string.h>
#include "SSCardDriver.h"
int main(void) {
    static char out[8192];
    long code = iReadCardBas(1, out);
    printf("%ld %s\\n", code, out);
    code = iReadCard(1, 2, "", "SSSEEF05|07|$", out);
    printf("%ld %s\\n", code, out);
    code = iReadCard(1, 2, "", "nonsense", out);
    printf("%ld [%s]\\n", code, out);
    code = iVerifyPIN(1, out);
    printf("%ld [%s]\\n", code, out);
    return 0;
}
"""


def _found(shared: Path) -> bool:
    """Whether the interpreter's shared library is there; Debian keeps it in a folder of the architecture."""
    return shared.exists() or any(shared.parent.glob(f"*/{shared.name}"))


def test_a_c_program_reads_a_card(tmp_path: Path) -> None:
    """Compiled here, linked with the library, strings in GBK."""
    compiler = shutil.which("cc")
    headers = Path(sysconfig.get_path("include")) / "Python.h"
    shared = Path(str(sysconfig.get_config_var("LIBDIR"))) / str(sysconfig.get_config_var("LDLIBRARY"))
    if compiler is None or not headers.exists() or shared.suffix != ".so" or not _found(shared):
        pytest.skip("apt-get install gcc python3-dev")
    built = subprocess.run(
        [sys.executable, "-m", "cardstack.cli", "sscard", "build", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    library = Path(built.stdout.splitlines()[0])
    (tmp_path / "his.c").write_text(PROGRAM)
    subprocess.run(
        [compiler, "his.c", "-o", "his", "-L.", "-lSSCardDriver", f"-Wl,-rpath,{tmp_path}"], cwd=tmp_path, check=True, timeout=60
    )
    environment = {**os.environ, "CARDSTACK_READER": "emu:3.00", "CARDSTACK_PIN": "123456"}
    said = subprocess.run([tmp_path / "his"], env=environment, capture_output=True, check=True, timeout=60).stdout.decode("gbk")
    basics, item, wrong, pin = said.splitlines()
    assert basics.startswith("0 310100|11010519491231002X|D2143569X|")
    assert "|王小明|" in basics
    assert (item, wrong, pin) == ("0 D2143569X|$", "-14 []", "0 []")
    exported = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
    assert {line.split()[-1] for line in exported.splitlines()} >= set(FAMILY)
