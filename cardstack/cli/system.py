"""What the operating system refuses a command (a file, a disk, a port), and what nobody foresaw, as problems with a next step."""

import errno
import traceback
from pathlib import Path

from cardstack.cli.output import Defect, Unavailable
from cardstack.errors import CardstackError, Problem, problem
from cardstack.text import Text

ABSENT = problem(
    "CS-9002",
    Text("There is no {path}", "没有 {path}"),
    Text(
        "Check the name; one without / in front is looked for in the folder that the command runs in.",
        "请核对名称；不以 / 开头的名称在当前目录中查找。",
    ),
)
FORBIDDEN = problem(
    "CS-9003",
    Text("{path} may not be read or written here", "无权读写 {path}"),
    Text(
        "See `ls -ld` of it and its folder; choose another place (CARDSTACK_HOME says where data lives) or ask its owner.",
        "请用 `ls -ld` 查看它及所在目录的权限；另选位置（数据目录由 CARDSTACK_HOME 指定），或请其所有者授权。",
    ),
)
OTHER_KIND = problem(
    "CS-9004",
    Text("{path} is of another kind than needed", "{path} 类型不符"),
    Text(
        "Name a file where a file is read or written, a folder where a folder is.", "应为文件处请给出文件，应为目录处请给出目录。"
    ),
)
FULL = problem(
    "CS-9005",
    Text("The disk is full; what was being written is not complete", "磁盘已满，写入的内容不完整"),
    Text("Make room or choose another disk, then run the command again.", "请清理空间或换到其他磁盘，然后重新运行。"),
)
TAKEN = problem(
    "CS-9006",
    Text("Another program listens there already", "该地址已被其他程序占用"),
    Text(
        "Choose another port or socket, or end the other program (`ss -ltnp` shows it).",
        "请换用其他端口或套接字，或结束占用它的程序（可用 `ss -ltnp` 查看）。",
    ),
)
SYSTEM = problem(
    "CS-9007",
    Text("The operating system refused", "操作系统拒绝了该操作"),
    Text("Mend what the system says, then run the command again.", "请按系统提示处理后重新运行。"),
)
DATABASE = problem(
    "CS-9009",
    Text("The database cannot be used", "数据库无法使用"),
    Text(
        "Look at --database, else CARDSTACK_HOME: is it there, may you write it, is it a ledger of cardstack, is its disk full?",
        "请检查 --database（缺省为 CARDSTACK_HOME 下的账本）：是否存在、是否可写、是否为 cardstack 账本、磁盘是否已满。",
    ),
)
DEFECT = problem(
    "CS-9099",
    Text("A defect of cardstack: {what} in {where}", "cardstack 自身缺陷：{where} 处 {what}"),
    Text(
        "Run it again with CARDSTACK_TRACEBACK=1 and report what is shown; it may hold names of files, look before you send it.",
        "请设置 CARDSTACK_TRACEBACK=1 重新运行，并反馈所显示的内容；其中可能含文件名，发送前请查看。",
    ),
)

KINDS: dict[int, Problem] = {
    errno.ENOENT: ABSENT,
    errno.EACCES: FORBIDDEN,
    errno.EPERM: FORBIDDEN,
    errno.EROFS: FORBIDDEN,
    errno.EISDIR: OTHER_KIND,
    errno.ENOTDIR: OTHER_KIND,
    errno.EEXIST: OTHER_KIND,
    errno.ENAMETOOLONG: OTHER_KIND,
    errno.ESPIPE: OTHER_KIND,
    errno.ELOOP: OTHER_KIND,
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: FULL,
    errno.EADDRINUSE: TAKEN,
}
SHOWN = 200
"""How much of a name is said."""


def from_system(error: OSError) -> CardstackError:
    """What the system refused, by its number; the name is the one that was opened.

    >>> from_system(FileNotFoundError(2, "No such file or directory", "a.txt")).say("en")[:25]
    'CS-9002 There is no a.txt'
    """
    path = str(error.filename or "")[:SHOWN]
    kind = KINDS.get(error.errno or 0, SYSTEM)
    if kind in (ABSENT, FORBIDDEN, OTHER_KIND) and not path:
        kind = SYSTEM
    said = ": ".join(part for part in (path, error.strerror or type(error).__name__) if part)
    return Unavailable(said if kind is SYSTEM else path if kind is FULL else "", problem=kind, path=path or "-")


def unforeseen(error: Exception) -> CardstackError:
    """Any other exception, told apart: the system's, the database's (known by its module: the ORM is not loaded here), ours."""
    if isinstance(error, OSError):
        return from_system(error)
    if type(error).__module__.startswith("sqlalchemy."):
        driver = getattr(error, "orig", None) or error
        said = str(driver).splitlines()[0] if type(driver).__name__ in ("OperationalError", "DatabaseError") else ""
        return Unavailable(said[:SHOWN] or type(driver).__name__, problem=DATABASE)
    return from_defect(error)


def from_defect(error: Exception) -> CardstackError:
    """An exception that nobody meant: its kind and the last place of ours that it came through, never its content."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "-"
    return Defect(problem=DEFECT, what=type(error).__name__, where=where)
