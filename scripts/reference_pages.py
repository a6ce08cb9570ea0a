"""Pages of the reference that belong to no room: the codes of all problems, the status words."""

import pkgutil
from importlib import import_module

import cardstack
import emulator
import server
from cardstack.apdu.status import MEANINGS
from cardstack.ca.purposes import PURPOSES
from cardstack.ca.tables import RULES
from cardstack.errors import catalogue

# Optional parts of an installation, and modules that act when they are imported.
SKIPPED = ("cardstack.readers.pcsc",)


def load_everything() -> None:
    """Import every module, so that the catalogue is whole."""
    for package in (cardstack, emulator, server):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name not in SKIPPED and "migrations" not in module.name and not module.name.endswith("__main__"):
                import_module(module.name)


def problems() -> str:
    """Every problem: its code, what happened, what to do."""
    load_everything()
    lines = [
        "# Problems 错误代码",
        "",
        "Every error of cardstack carries one of these codes; a code never changes its meaning. Names in braces are filled in.",
        "",
        "| code 代码 | what happened 发生了什么 | what to do 如何处理 |",
        "|--|--|--|",
    ]
    for code, problem in catalogue().items():
        title, remedy = problem.title, problem.remedy
        lines.append(f'| <a id="{code.lower()}"></a>{code} | {title.zh}<br>{title.en} | {remedy.zh}<br>{remedy.en} |')
    return "\n".join([*lines, ""])


def path_rules() -> str:
    """The rules of path validation by the names that verdicts use, and the purposes there are."""
    lines = [
        "# Rules of path validation 路径验证规则",
        "",
        "`rule` in a verdict is one of these names, `clause` says where the rule is written. They are the failure classes",
        "by which PKITS results are commonly told apart. Where several paths fail, the one that came furthest is told; the order",
        "is this one.",
        "",
        "| rule 规则 | clause 条款 | code 代码 | a breach means 含义 |",
        "|--|--|--|--|",
    ]
    for rule in RULES.values():
        code, title = rule.problem.code, rule.problem.title
        lines.append(f"| `{rule.name}` | {rule.clause} | [{code}](problems.md#{code.lower()}) | {title.zh}<br>{title.en} |")
    lines += [
        "",
        "## Purposes 用途",
        "",
        "| name 名称 | extended key usage 扩展密钥用法 | key usage bits 密钥用法位 |",
        "|--|--|--|",
    ]
    for one in PURPOSES.values():
        bits = ", ".join(str(bit) for bit in sorted(one.usages))
        lines.append(f"| `{one.name}` | {one.use or '-'} | {bits or '-'} |")
    return "\n".join([*lines, ""])


def status_words() -> str:
    """Every status word the project knows, in both languages."""
    head = [
        "# Status words 状态字",
        "",
        "ISO/IEC 7816-4 §5.1.3; 93xx and 94xx are PBOC's.",
        "",
        "| SW | 中文 | English |",
        "|--|--|--|",
    ]
    families = [
        "| 61xx | 还有 xx 字节可取 | xx more bytes to fetch |",
        "| 63Cx | 校验失败，还可尝试 x 次 | wrong, x tries left |",
        "| 6Cxx | Le 错误，应为 xx 字节 | wrong Le, xx bytes are there |",
    ]
    words = [f"| {sw:04X} | {text.zh} | {text.en} |" for sw, text in sorted(MEANINGS.items())]
    return "\n".join([*head, *families, *words, ""])
