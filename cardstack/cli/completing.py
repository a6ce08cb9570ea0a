"""What may come next on a line of the shell: commands, applications, files, items, keys, each with what it is called.

A candidate is found by how it begins, or by a part of its name in the user's language: `cat 持卡` completes to EF06.
"""

from collections.abc import Iterator
from typing import NamedTuple

from cardstack.card.layout import items
from cardstack.cli.navigator import COMMANDS, HELP, Navigator
from cardstack.text import Language


class Candidate(NamedTuple):
    """A word that may stand here, and what it is."""

    word: str
    about: str


def candidates(navigator: Navigator, line: str) -> list[Candidate]:
    """Those for the last word of a line, which is empty after a space; in the order in which the card declares them.

    >>> from cardstack.card.profiles import profile
    >>> from emulator.opening import open_card
    >>> [one.word for one in candidates(Navigator(open_card("emu:2.00"), profile("2.00"), "en", place="SSSE"), "cat photo")]
    ['EF08']
    """
    *before, last = line.split(" ")
    words = [word for word in before if word]
    found = _arguments(navigator, words) if words else ((name, HELP[name].of(navigator.language)) for name in COMMANDS)
    known = [Candidate(word, about) for word, about in found]
    begun = [one for one in known if one.word.casefold().startswith(last.casefold())]
    return begun or [one for one in known if last and last.casefold() in one.about.casefold()]


def _arguments(navigator: Navigator, words: list[str]) -> Iterator[tuple[str, str]]:
    here, language = navigator.profile.application(navigator.place), navigator.language
    name, place = words[0], len(words)
    if name == "cd" and place == 1:
        for one in navigator.profile.applications:
            if one.parent == navigator.place and one.name != navigator.place:
                yield one.name, one.label.of(language)
        if here.parent and here.parent != navigator.place:
            yield "..", navigator.profile.application(here.parent).label.of(language)
    elif name in ("cat", "edit") and place == 1:
        for file in here.files:
            yield f"{file.fid:04X}", file.name.of(language)
    elif name == "edit" and place == 2:
        yield from _items(navigator, words[1], language)
    elif name == "prove" and place == 1:
        for key in here.keys:
            yield key.name, key.usage.name.lower()


def _items(navigator: Navigator, fid: str, language: Language) -> Iterator[tuple[str, str]]:
    """The tags of a file's items; none where the word names no file here."""
    here = navigator.profile.application(navigator.place)
    file = next((one for one in here.files if f"{one.fid:04X}".endswith(fid.upper())), None)
    for item in items(file.body).values() if file else ():
        if item.tag is not None:
            yield f"{item.tag:02X}", item.name.of(language)
