"""The family as a C library: `cardstack sscard build` compiles it with cffi, the interpreter embedded.

The library's symbols are the table's names; its strings are GBK and end in NUL, as callers expect. The caller's buffer
must be as large as the interface asks for: 8,192 bytes are never exceeded, longer texts are cut there.
"""

import sys
import sysconfig
from importlib import import_module
from pathlib import Path
from typing import Any

from cardstack.agent.family import FAMILY
from cardstack.errors import Refused, problem
from cardstack.text import Text

NAME = "SSCardDriver"
OUT_MAX = 8192
NO_COMPILER = problem(
    "CS-6010",
    Text("The C library could not be built", "C 动态库构建失败"),
    Text(
        "Install a compiler and cffi: apt-get install gcc python3-dev, then the extra `cardstack[dev]`.",
        "请安装编译器与 cffi：apt-get install gcc python3-dev，并安装附加组件 `cardstack[dev]`。",
    ),
)


def prototypes() -> str:
    """The C declarations of every function, from the table."""
    lines = []
    for name, entry in FAMILY.items():
        given = [f"int {one}" if one.startswith("i") else f"char *{one}" for one in entry.parameters]
        lines.append(f"long {name}({', '.join([*given, 'char *pOutInfo'])});")
    return "\n".join(lines) + "\n"


def python_side(paths: list[str]) -> str:
    """What the embedded interpreter runs: each symbol calls the function of its name."""
    lines = [
        f"import sys; sys.path[:0] = {paths!r}",
        f"from {NAME} import ffi",
        "from cardstack.agent.embedded import called",
    ]
    for name, entry in FAMILY.items():
        names = ", ".join(entry.parameters)
        lines += ["@ffi.def_extern(error=-1)", f"def {name}({names}, pOutInfo):"]
        lines += [f"    return called(ffi, {name!r}, ({names},), pOutInfo)"]
    return "\n".join(lines) + "\n"


def build(folder: Path) -> Path:
    """Compile the library and its header into a folder; the library's path."""
    try:
        ffi_class: Any = import_module("cffi").FFI
    except ImportError as error:
        raise Refused(Text("cffi is not installed", "未安装 cffi"), NO_COMPILER) from error
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.h").write_text(header(), "utf-8")
    root = str(Path(__file__).resolve().parents[2])
    builder = ffi_class()
    builder.embedding_api(prototypes())
    builder.set_source(NAME, "", libraries=[f"python{sysconfig.get_config_var('LDVERSION')}"], **_rpath())
    builder.embedding_init_code(python_side([root, *(path for path in sys.path if path.endswith("site-packages"))]))
    try:
        made = builder.compile(tmpdir=str(folder), target=f"lib{NAME}.*", verbose=False)
    except Exception as error:  # the compiler's own errors are of many kinds
        raise Refused(type(error).__name__, NO_COMPILER) from error
    return Path(made)


def header() -> str:
    """The header for C programs."""
    return (
        f"/* {NAME}: the card library family of LD/T 33-2015, made by cardstack. Strings are GBK, NUL terminated.\n"
        f"   pOutInfo holds at least {OUT_MAX} bytes. 0 is good, below zero is a failure. */\n"
        f'#pragma once\n#ifdef __cplusplus\nextern "C" {{\n#endif\n{prototypes()}#ifdef __cplusplus\n}}\n#endif\n'
    )


def _rpath() -> dict[str, list[str]]:
    """Where libpython lies, so that the library finds it without being told."""
    place = str(sysconfig.get_config_var("LIBDIR"))
    return {"library_dirs": [place], "extra_link_args": [f"-Wl,-rpath,{place}"]}
