"""The command line: `cardstack NOUN VERB`, one module per noun, loaded only when its noun is called.

A noun's module defines `app: typer.Typer`; a single command defines `command`, a plain function. Nothing heavy
is imported at the top of one of them, so that help and completion stay quick.
"""

import gc
import os
import sys

from cardstack.cli.output import fail, language
from cardstack.errors import CardstackError


def main() -> None:
    """Run one command; an error on purpose is said with its code, an interrupt ends quietly with 130."""
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
    except OSError as error:
        from cardstack.cli.inputs import unusable

        sys.exit(fail(unusable(error), as_json="--json" in sys.argv))
