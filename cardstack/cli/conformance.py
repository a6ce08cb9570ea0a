"""`cardstack conformance`: test a card against its declaration, list the cases, compare two reports."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cardstack.cli.conformance_files import FAILED, write
from cardstack.cli.conformance_host import host
from cardstack.cli.conformance_statements import capabilities_template, keys_template, selftest
from cardstack.cli.conformance_timing import timing
from cardstack.cli.inputs import text_of
from cardstack.cli.output import emit, language, words
from cardstack.cli.outputs import ready, ready_folder

if TYPE_CHECKING:
    from cardstack.conformance.report import Clients
    from cardstack.conformance.run import Result

app = typer.Typer(no_args_is_help=True, add_completion=False)
HOST_HELP = words("Serve a PC/SC program faulty cards and judge it", "以故障卡检验任意 PC/SC 程序")
app.command("host", help=HOST_HELP, context_settings={"allow_interspersed_args": False})(host)
app.add_typer(timing, name="timing")
app.command("selftest", help=words("Test the kit itself by known answers", "用已知答案检验本工具"))(selftest)
app.command("keys", help=words("A key set file with the published test keys", "生成公开测试密钥的密钥集"))(keys_template)
app.command("capabilities", help=words("A capability statement to fill in", "生成待填写的能力声明"))(capabilities_template)

ProfileName = Annotated[str, typer.Option("--profile", help=words("what the card is declared to be", "卡片声明的规范"))]
Select = Annotated[list[str] | None, typer.Option(help=words("cases by pattern, e.g. 'SSSE_*'", "按模式选择用例，如 'SSSE_*'"))]
TestCard = Annotated[
    bool, typer.Option("--test-card", help=words("it has the published test PIN and keys", "该卡使用公开的测试密码与密钥"))
]
Keys = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help=words("a key set file", "密钥集文件"))]
Json = Annotated[bool, typer.Option("--json", help=words("print JSON", "输出 JSON"))]


@app.command(help=words("Run the cases of a profile against a card", "按规范检测一张卡"))
def run(
    *,
    reader: Annotated[str | None, typer.Option(help=words("as `card read` takes it", "同 card read"))] = None,
    profile: ProfileName = "3.00",
    select: Select = None,
    report: Annotated[
        Path | None, typer.Option(callback=ready_folder, help=words("folder for report.html, .pdf, .json, junit.xml", "报告目录"))
    ] = None,
    risk: Annotated[str, typer.Option(help="safe | test | destroy")] = "",
    pin: Annotated[str | None, typer.Option(help=words("the card's PIN", "卡片密码"), envvar="CARDSTACK_PIN")] = None,
    psam: Annotated[str | None, typer.Option(help=words("reader with the PSAM", "PSAM 所在读卡器"))] = None,
    without: Annotated[list[str] | None, typer.Option(help=words("what the card has not", "该卡没有的能力"))] = None,
    cases: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help=words("folder of more cases", "附加用例目录"))
    ] = None,
    keys: Keys = None,
    capabilities: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help=words("what the maker claims", "厂商能力声明"))
    ] = None,
    limits: Annotated[Path | None, typer.Option(exists=True, help=words("JSON: ms by CLA INS", "各指令限时（毫秒）"))] = None,
    operator: Annotated[str, typer.Option(help=words("who tests", "检测人"))] = "",
    test_card: TestCard = False,
    as_json: Json = False,
) -> None:
    """Test a card; the exit code is 4 where a case failed."""
    from cardstack.cli.conforming import Order, test
    from cardstack.conformance.limits import read_limits

    table = read_limits(text_of(limits, "limits")) if limits else ()
    chosen, lacks = tuple(select or ()), frozenset(without or ())
    order = Order(reader, profile, chosen, risk, pin, psam, lacks, operator, quiet=as_json, test_card=test_card, limits=table)
    head, results = test(order._replace(cases=cases, keys=keys, capabilities=capabilities))
    if report is not None:
        write(report, head, results, _clients(reader, profile))
    from cardstack.conformance.report import as_data

    emit(as_data(head, results), as_json=as_json, render=lambda: _told(results, report))
    if any(one.verdict.value == "fail" for one in results):
        raise typer.Exit(FAILED)


@app.command("list", help=words("List the cases of a profile", "列出规范的全部用例"))
def list_cases(profile: ProfileName = "3.00", select: Select = None, as_json: Json = False) -> None:
    """List the cases of a profile."""
    from cardstack.card.profiles import profile as profile_of
    from cardstack.conformance.cases import derive
    from cardstack.conformance.run import select as choose

    cases = choose(derive(profile_of(profile)), tuple(select or ()))
    data = [{"id": one.id, "title": one.title._asdict(), "clause": one.clause, "risk": one.risk.value} for one in cases]
    emit(data, as_json=as_json, render=lambda: print("\n".join(f"{one.id:<44} {one.title.of(language())}" for one in cases)))


@app.command(help=words("Regressions, fixes and new cases of two reports", "比较两份报告：退步、修复与新增用例"))
def compare(
    before: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    after: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    as_json: Json = False,
) -> None:
    """Compare two JSON reports; the exit code is 4 where a case got worse or a new one fails."""
    from cardstack.conformance.report import CHANGES, Change, difference, load

    found = difference(load(text_of(before, "before")), load(text_of(after, "after")))

    def told() -> None:
        for change in Change:
            several = [one for one in found if one["change"] == change]
            if several:
                print(f"{CHANGES[change].of(language())} {len(several)}")
                print("\n".join(f"  {one['id']}  {one['before']} → {one['after']}" for one in several))
        if not found:
            print(words("no difference", "无差异"))

    emit(found, as_json=as_json, render=told)
    if any(one["change"] == Change.REGRESSION or one["after"] == "fail" for one in found):
        raise typer.Exit(FAILED)


@app.command(help=words("Find where a card and the emulator mean different things", "与模拟器对比，找出应答含义不同之处"))
def diff(
    *,
    reader: Annotated[str | None, typer.Option(help=words("as `card read` takes it", "同 card read"))] = None,
    profile: ProfileName = "3.00",
    seed: Annotated[int, typer.Option(help=words("what is drawn", "随机种子"))] = 1,
    commands: Annotated[int, typer.Option(min=0, help=words("how many at most; 0: by the card", "指令上限，0 为自动"))] = 0,
    risk: Annotated[str, typer.Option(help="safe | test | destroy")] = "",
    pin: Annotated[str | None, typer.Option(help=words("the card's PIN", "卡片密码"), envvar="CARDSTACK_PIN")] = None,
    psam: Annotated[str | None, typer.Option(help=words("reader with the PSAM", "PSAM 所在读卡器"))] = None,
    save: Annotated[
        Path | None, typer.Option(callback=ready, help=words("a script; FILE.toml is a case", "保存脚本；FILE.toml 为用例"))
    ] = None,
    test_card: TestCard = False,
    keys: Keys = None,
    as_json: Json = False,
) -> None:
    """Drive card and emulator alike; the exit code is 4 where they differ. A card that is not emulated is only read."""
    from cardstack.cli.differing import Asked, differ

    found = differ(Asked(reader, profile, seed, commands, risk, pin, psam, test_card, keys))
    if save is not None and found["script"]:
        save.write_text(found["case" if save.suffix == ".toml" else "script"], "utf-8")
    same = words("no difference", "未发现差异")
    said = f"{found['sent']} {words('commands', '条指令')}, {found['sequences']} {words('sequences', '个序列')}"
    total = f"{said}, {found['seconds']:.1f} s, seed {found['seed']}, {found['risk']}"
    emit(found, as_json=as_json, render=lambda: print(f"{found['script'] or same}\n{total}"))
    if found["script"]:
        raise typer.Exit(FAILED)


@app.command(help=words("Which recorded systems a card would serve, and which not", "哪些已知系统能使用该卡、哪些会失败"))
def clients(
    *,
    reader: Annotated[str | None, typer.Option(help=words("as `card read` takes it", "同 card read"))] = None,
    profile: ProfileName = "3.00",
    flow: Annotated[list[str] | None, typer.Option(help=words("only these clients", "仅这些客户端"))] = None,
    as_json: Json = False,
) -> None:
    """Replay recorded clients; the exit code is 4 where one fails that the declaration serves."""
    from cardstack.cli.replaying import rows, table

    found = rows(reader, profile, tuple(flow or ()))
    emit(found, as_json=as_json, render=lambda: print(table(found)))
    if any(one["verdict"] == "fail" for one in found):
        raise typer.Exit(FAILED)


def _clients(reader: str | None, profile: str) -> "Clients":
    """The recorded clients on the card; none, with a line that says why, where it cannot be opened once more."""
    import sys

    from cardstack.cli.replaying import rows
    from cardstack.errors import CardstackError

    if (reader or "").startswith("replay:"):
        return ()
    try:
        return rows(reader, profile, ())
    except CardstackError as error:
        print(words("no clients replayed: ", "未回放客户端：") + error.say(language()), file=sys.stderr)
        return ()


def _told(results: "tuple[Result, ...]", report: Path | None) -> None:
    from cardstack.card.verdict import VERDICTS, Verdict
    from cardstack.conformance.report import counts

    chosen = language()
    for one in results:
        if one.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
            facts: Any = f"{one.got} ≠ {one.allowed}" if one.verdict is Verdict.FAIL else ""
            print(f"{VERDICTS[one.verdict].of(chosen)}  {one.case.id}  {facts}  {one.reason.of(chosen)}".rstrip())
    found = counts(results)
    print("  ".join(f"{VERDICTS[Verdict(name)].of(chosen)} {number}" for name, number in found.items()))
    if report is not None:
        print(report / "report.html")
