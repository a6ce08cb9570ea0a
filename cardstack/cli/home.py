"""Where data lives: CARDSTACK_HOME, or `.cardstack` in the working directory."""

import os
from pathlib import Path


def home() -> Path:
    """The directory, made where it is missing; nobody else may look into it, for it holds keys."""
    path = Path(os.environ.get("CARDSTACK_HOME") or ".cardstack")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
