"""The house stays tidy: what may stand where, and how large things may grow."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = ("text", "errors", "values", "regions", "codec", "tlv", "fsm", "crypto", "apdu", "card", "ca", "settlement")
# Declared tables grow with the standards they copy; everything else is code and stays short.
TABLES = re.compile(r"cardstack/(card/profiles|settlement/schemes)/|server/store/migrations/|/problems\.py$|/tables?\.py$")
FUNCTION_P95, FUNCTION_MAX, MODULE_P95, MODULE_MAX = 28, 60, 330, 450


def tracked(*patterns: str) -> list[Path]:
    names = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


SOURCES = [path for path in tracked("*.py") if path.relative_to(ROOT).parts[0] in {"cardstack", "emulator", "server"}]
CODE = [path for path in SOURCES if not TABLES.search(path.as_posix())]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def in_core(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return parts[0] == "cardstack" and parts[1].removesuffix(".py") in CORE


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef))


def code_lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def percentile(sizes: list[int], share: float) -> int:
    return sorted(sizes)[int(len(sizes) * share)]


@pytest.mark.parametrize("word", [r"\bnow\(", r"\btoday\(", r"\burandom\b", r"\bimport secrets\b", r"\bimport random\b"])
def test_the_core_has_no_clock_and_no_dice(word: str) -> None:
    """A moment and a nonce are arguments."""
    assert [named(path) for path in SOURCES if in_core(path) and re.search(word, path.read_text("utf-8"))] == []


def test_only_path_validation_makes_a_trusted() -> None:
    """Whoever needs a checked certificate takes a `Trusted`, so nobody else may make one."""
    makers = [named(path) for path in SOURCES if re.search(r"(?<![\w.])Trusted\(", path.read_text("utf-8"))]
    assert set(makers) <= {"cardstack/ca/trust.py"}


def test_pyscard_is_imported_in_one_place() -> None:
    """The base install has no pyscard."""
    importing = [
        named(path) for path in SOURCES if re.search(r"^\s*(from|import) smartcard", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert set(importing) <= {"cardstack/readers/pcsc.py"}


def test_no_province_is_special() -> None:
    """A province is data; code that asks for one by name lacks a declaration."""
    special = re.compile(r"\bif [^#\n]*(province|region|city)[^#\n]* (==|in) *[\[({]?[\"']\d\d")
    assert [named(path) for path in SOURCES if special.search(path.read_text("utf-8"))] == []


def test_nothing_is_left_unfinished() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    assert [named(path) for path in SOURCES if marks.search(path.read_text("utf-8"))] == []


def test_no_path_of_a_machine() -> None:
    """A checkout runs anywhere."""
    path_of_a_machine = re.compile(r"(?<![\w.:/-])/(work|root|home)/[a-z]")
    texts = [path for path in tracked() if path.suffix in {".py", ".md", ".toml", ".sh", ".html", ".js", ".json", ".yml"}]
    here = [named(path) for path in texts if path_of_a_machine.search(path.read_text("utf-8", errors="ignore"))]
    assert here == []


def test_public_things_have_a_docstring() -> None:
    """Modules, classes and functions that others may use say what they are."""
    bare = []
    for path in SOURCES:
        tree = ast.parse(path.read_text("utf-8"))
        public = [node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name[0] != "_"]
        bare += [f"{named(path)}: {getattr(node, 'name', 'module')}" for node in (tree, *public) if not ast.get_docstring(node)]
    assert bare == []


def test_functions_and_modules_stay_short() -> None:
    """Where the best are: functions p95 16 to 28 lines. A compass with a hard end."""
    sizes = {f"{named(path)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1 for path in CODE for node in functions(path)}
    assert {name: size for name, size in sizes.items() if size > FUNCTION_MAX} == {}
    assert percentile(list(sizes.values()), 0.95) <= FUNCTION_P95
    lengths = {named(path): code_lines(path) for path in CODE}
    assert {name: size for name, size in lengths.items() if size > MODULE_MAX} == {}
    assert percentile(list(lengths.values()), 0.95) <= MODULE_P95


def test_every_lint_exception_has_its_reason() -> None:
    """`# noqa: X  # why` and `# type: ignore[x]  # why`."""
    lone = re.compile(r"#\s*(noqa|type: ignore)(?![^#\n]*#\s*\w)")
    paths = [path for path in tracked("*.py") if path.name != "test_tidy.py"]
    bare = [
        f"{named(path)}:{number}"
        for path in paths
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if lone.search(line)
    ]
    assert bare == []


def test_a_decision_has_a_number_of_its_own() -> None:
    """A number names one decision, so that a comment can cite it."""
    numbers = [path.name[:4] for path in (ROOT / "docs/decisions").glob("*.md")]
    assert len(numbers) == len(set(numbers))
    assert all(number.isdigit() for number in numbers)


def test_migrations_follow_one_another() -> None:
    """Each names the one before it by the number of its file, so that two made at the same time cannot both be next."""
    files = sorted((ROOT / "server/store/migrations/versions").glob("*.py"))
    named = [re.findall(r'^(?:down_)?revision = "?(\w+)"?$', path.read_text("utf-8"), re.MULTILINE) for path in files]
    numbers = [path.name[:4] for path in files]
    assert named == [list(pair) for pair in zip(numbers, ["None", *numbers], strict=False)]


def test_the_map_shows_places_that_exist() -> None:
    """Every path of ARCHITECTURE.md is there; a place inside a room may be named short, after the room it follows."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    places = re.findall(r"`([a-z_]+(?:/[a-z_.]+)+/?)`", text)
    assert len(places) > 20
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_every_guide_is_told_in_both_languages_and_listed() -> None:
    """A guide has its twin, and docs/README.md leads to both."""
    listed = set(re.findall(r"\]\(((?:zh|en)/[^)]+)\)", (ROOT / "docs/README.md").read_text("utf-8")))
    guides = {
        path.relative_to(ROOT / "docs").as_posix() for tongue in ("zh", "en") for path in (ROOT / "docs" / tongue).rglob("*.md")
    }
    assert listed == guides
    assert {name[3:] for name in guides if name[:2] == "zh"} == {name[3:] for name in guides if name[:2] == "en"}
