"""The dated figures of the schemes: TOML texts that come with the package, one a place or a scheme."""

from functools import cache
from importlib.resources import files


@cache
def text(name: str) -> str:
    """One of the texts, by its path without the ending."""
    return files(__name__).joinpath(f"{name}.toml").read_text("utf-8")


def listed(name: str) -> str:
    """A list that comes beside the texts, by its whole name; empty where it is not there."""
    place = files(__name__).joinpath(name)
    return place.read_text("utf-8") if place.is_file() else ""


@cache
def names(folder: str) -> tuple[str, ...]:
    """The texts of a folder, in order."""
    entries = files(__name__).joinpath(folder).iterdir()
    return tuple(sorted(f"{folder}/{entry.name.removesuffix('.toml')}" for entry in entries if entry.name.endswith(".toml")))


@cache
def every() -> tuple[str, ...]:
    """Every text there is, those of the folders after the others."""
    top = sorted(entry.name.removesuffix(".toml") for entry in files(__name__).iterdir() if entry.name.endswith(".toml"))
    folders = sorted(entry.name for entry in files(__name__).iterdir() if entry.is_dir() and not entry.name.startswith("_"))
    return (*top, *(name for folder in folders for name in names(folder)))
