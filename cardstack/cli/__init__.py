"""The command line: `cardstack NOUN VERB`, one module per noun, loaded only when its noun is called.

A noun's module defines `app: typer.Typer`; a single command defines `command`, a plain function. Nothing heavy
is imported at the top of one of them, so that help and completion stay quick.
"""

import gc
import os
import sys

from cardstack.cli.output import Defect, fail, language
from cardstack.errors import CardstackError

TRACEBACK = "CARDSTACK_TRACEBACK"
"""Set to see where an error that nobody foresaw came from."""


def main() -> None:
    """Run one command; an error is said with its code and the next step, an interrupt ends quietly with 130."""
    from cardstack.cli.frame import speak_chinese
    from cardstack.cli.nouns import group

    # Declarations live as long as the process: looking through them at every 700 new objects costs a tenth of a start.
    gc.set_threshold(50_000, 20, 20)
    if language() == "zh":
        speak_chinese()
    try:
        group()(prog_name="cardstack")
    except CardstackError as error:
        sys.exit(fail(error, as_json="--json" in sys.argv))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone (`| head`); the interpreter would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        from cardstack.cli.system import unforeseen

        said = unforeseen(error)
        if isinstance(said, Defect) and os.environ.get(TRACEBACK):
            raise
        sys.exit(fail(said, as_json="--json" in sys.argv))
