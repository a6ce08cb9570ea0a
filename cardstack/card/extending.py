"""What a province may add to the national card, and whether a profile keeps to it (V2.0 §6).

Extension DFs begin at DF0A and extension EFs at EF0C; the files of SSSE get no further items; a cyclic file may only
get more records. Everything national stays where it is, readable as it was.
"""

from collections.abc import Iterator
from typing import NamedTuple

from cardstack.card.layout import File, Form, items
from cardstack.card.profile import Application, Profile
from cardstack.text import Text

FIRST_DF, FIRST_EF = 0xDF0A, 0xEF0C
RESERVED_ABOVE = 0xEF15
"""From here on the national text numbers its own files again."""


class Breach(NamedTuple):
    """One thing that the rules do not allow, and where."""

    place: str
    what: Text


def breaches(national: Profile, local: Profile) -> list[Breach]:
    """How a profile breaks the rules of extension against the one it extends; none if it keeps to them."""
    found: list[Breach] = []
    for application in national.applications:
        if application.name.startswith(("SSSE", "DF")):
            if local.has(application.name):
                found += _application(application, local.application(application.name))
            else:
                found.append(Breach(application.name, Text("the application is gone", "缺少该应用")))
    for application in local.applications:
        if not national.has(application.name) and application.name.startswith("DF") and (application.fid or 0) < FIRST_DF:
            found.append(Breach(application.name, Text("extension DFs begin at DF0A", "扩展 DF 应从 DF0A 开始")))
    return found


def _application(national: Application, local: Application) -> Iterator[Breach]:
    for file in national.files:
        place = f"{national.name} {file.fid:04X}"
        here = local.file(file.fid)
        if here is None:
            yield Breach(place, Text("the file is gone", "缺少该文件"))
        else:
            yield from (Breach(place, what) for what in _file(national.name, file, here))
    for file in local.files:
        if national.file(file.fid) is None and not FIRST_EF <= file.fid < RESERVED_ABOVE:
            yield Breach(f"{local.name} {file.fid:04X}", Text("extension EFs begin at EF0C", "扩展 EF 应从 EF0C 开始"))


def _file(application: str, national: File, local: File) -> Iterator[Text]:
    if local.form is not national.form:
        yield Text("the form of the file is another", "文件类型不一致")
    ours, theirs = list(items(national.body).values()), list(items(local.body).values())
    if [(one.tag, str(one.codec), one.times) for one in theirs[: len(ours)]] != [
        (one.tag, str(one.codec), one.times) for one in ours
    ]:
        yield Text("a national item was moved, changed or left out", "国家数据项被移动、修改或缺失")
    elif len(theirs) > len(ours) and (application == "SSSE" or national.form is Form.CYCLIC):
        yield Text("this file may not get further items", "该文件不得扩展数据项")
    if local.records < national.records:
        yield Text("a cyclic file may only get more records", "循环文件只可增加记录数")
