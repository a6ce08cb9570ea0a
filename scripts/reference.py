"""Write docs/reference from the declarations, or say which pages are out of date: `reference.py [--check]`.

A page, or a list that comes with the package, is one line in PAGES: where it stands and the function, without arguments,
that gives its text.
"""

import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

PAGES: dict[str, str] = {
    "docs/reference/card/README.md": "cardstack.card.reference:index",
    "docs/reference/card/profiles.md": "cardstack.card.reference:profiles",
    "docs/reference/card/applications.md": "cardstack.card.reference:applications",
    "docs/reference/card/files.md": "cardstack.card.reference:files",
    "docs/reference/card/access.md": "cardstack.card.reference:access",
    "docs/reference/card/keys.md": "cardstack.card.reference:keys",
    "docs/reference/card/commands.md": "cardstack.card.reference:commands",
    "docs/reference/card/cryptograms.md": "cardstack.card.reference:cryptograms",
    "docs/reference/card/states.md": "cardstack.card.reference:states",
    "docs/reference/card/codes.md": "cardstack.card.reference:codes",
    "docs/reference/certificates.md": "scripts.reference_certificates:certificates",
    "docs/reference/clients.md": "scripts.reference_clients:clients",
    "docs/reference/conformance.md": "cardstack.conformance.reference:cases",
    "docs/reference/console.md": "scripts.reference_console:console",
    "docs/reference/path-rules.md": "scripts.reference_pages:path_rules",
    "docs/reference/problems.md": "scripts.reference_pages:problems",
    "cardstack/settlement/figures/shipped.txt": "cardstack.settlement.inforce:shipped_listing",
    "docs/reference/settlement/schemes.md": "cardstack.settlement.reference:schemes",
    "docs/reference/settlement/figures.md": "cardstack.settlement.reference:figures_in_force",
    "docs/reference/settlement/messages.md": "cardstack.settlement.message_reference:messages",
    "docs/reference/settlement/files.md": "cardstack.settlement.reference:files",
    "docs/reference/settlement/changes.md": "scripts.reference_ledger:changes",
    "docs/reference/settlement/differences.md": "scripts.reference_ledger:differences",
    "docs/reference/settlement/outcomes.md": "scripts.reference_ledger:outcomes",
    "docs/reference/settlement/machines.md": "cardstack.settlement.reference:machines",
    "docs/reference/status-words.md": "scripts.reference_pages:status_words",
}


def text(source: str) -> str:
    """The text of one page."""
    module, name = source.split(":")
    written: str = getattr(import_module(module), name)()
    return written


def outdated() -> list[str]:
    """The pages whose file does not hold what the declarations say now."""
    return [path for path, source in PAGES.items() if _current(path) != text(source)]


def _current(path: str) -> str:
    file = ROOT / path
    return file.read_text("utf-8") if file.is_file() else ""


def main() -> None:
    stale = outdated()
    if "--check" not in sys.argv:
        for path in stale:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(text(PAGES[path]), "utf-8")
    print("\n".join(stale) or "docs/reference is current")
    sys.exit(1 if stale and "--check" in sys.argv else 0)


if __name__ == "__main__":
    main()
