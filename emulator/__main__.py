"""`python -m emulator …` is `cardstack emulator …`."""

import runpy
import sys

# The command line stands above the emulator, so it is started and not imported: nothing here depends on it.
sys.argv[1:1] = ["emulator"]
runpy.run_module("cardstack.cli", run_name="__main__", alter_sys=True)
