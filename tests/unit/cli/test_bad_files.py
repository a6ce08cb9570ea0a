"""Whatever file a command is given, it ends with a code and a next step: never a traceback, never without end."""

import io
import re
import resource
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardstack.cli.nouns import group
from cardstack.cli.output import EXIT_DEFECT, EXIT_REFUSED, EXIT_SYSTEM
from cardstack.vault import files as vault_files
from tests.command import CommandLine, commands

LINES = """
card read --reader emu:2.00 --trace FILE
card read --reader emu:2.00 --pin 123456 --photo FILE
card read --reader emu:2.00 --pin 123456 --fingerprints FILE
card read --reader replay:FILE
card log --reader emu:2.00 --pin 123456 --trace FILE
card verify --reader emu:2.00 --pin 123456 --trace FILE
card change-pin --reader emu:2.00 --pin 123456 --new 654321 --trace FILE
card unblock --reader emu:2.00 --trace FILE
emulator serve --tcp 127.0.0.1:0 --for 0.05 --image FILE
emulator serve --tcp 127.0.0.1:0 --for 0.05 --timing-model FILE
emulator serve --tcp 127.0.0.1:0 --for 0.05 --control FILE
emulator serve --for 0.05 --pcsc FILE
agent serve --port 0 --http-port 0 --for 0.05 --consents FILE
agent serve --port 0 --http-port 0 --for 0.05 --key FILE
agent serve --port 0 --http-port 0 --for 0.05 --audit FILE
agent verify-log FILE
perso check FILE
perso plan FILE
perso sample FILE --count 1
perso run FILE back.txt
perso run batch.txt FILE
perso run batch.txt back.txt --images FILE
transit balance --trace FILE
transit pay 1 --trace FILE
transit load 1 --pin 123456 --trace FILE
shell --reader emu:2.00 --script FILE
shell --reader emu:2.00 --trace FILE
apdu --reader emu:2.00 --script FILE
apdu 0084000008 --reader emu:2.00 --trace FILE
trace show FILE
trace convert FILE out.txt
trace convert good.jsonl FILE
trace diff FILE good.jsonl
trace diff good.jsonl FILE
replay FILE --reader emu:2.00
replay good.jsonl --for 0.05 --pcsc FILE
settle split FILE --day 2026-10-12
settle backup FILE
settle file FILE
settle file day.zip --return FILE
settle resettle 330100000001 --claim FILE
settle submit FILE --url http://127.0.0.1:1
settle submit good.jsonl --url http://127.0.0.1:1 --key FILE --certificate good.jsonl
settle submit good.jsonl --url http://127.0.0.1:1 --key good.jsonl --certificate FILE
settle pack FILE out.zip --sender 33.transit-operator --key good.jsonl --certificate good.jsonl
settle pack good.jsonl FILE --sender 33.transit-operator --key good.jsonl --certificate good.jsonl
settle pack good.jsonl out.zip --sender 33.transit-operator --key FILE --certificate good.jsonl
settle pack good.jsonl out.zip --sender 33.transit-operator --key good.jsonl --certificate FILE
settle send FILE --url http://127.0.0.1:1
settle send good.jsonl --url http://127.0.0.1:1 --return FILE
settle bank FILE
settle order transit-2026-10 --out FILE
settle party list --database sqlite:///FILE
settle node add x FILE --role hospital --zh 医院
settle figures what-if medical policy FILE
settle figures ask medical policy FILE --actor li --reason notice
settle lists publish black --add FILE --actor li --reason notice
settle lists publish black --remove FILE --actor li --reason notice
settle lists pull black --url http://127.0.0.1:1 --folder FILE --trust .
settle lists pull black --url http://127.0.0.1:1 --folder . --trust FILE
settle adjust interest a b --owed-fen 1 --due 2026-01-01 --paid 2026-02-01 --rates FILE --scheme medical --actor li
settle dispute open 1 --by a --ground amount --fen 1 --evidence FILE
settle dispute answer 1 --evidence FILE
settle dispute decide 1 accept --evidence FILE
office rotate-key --file FILE
conformance host --report FILE -- true
conformance keys -o FILE
conformance capabilities -o FILE
conformance run --reader emu:2.00 --profile 2.00 --select NONE --report FILE
conformance run --reader emu:2.00 --profile 2.00 --select NONE --cases FILE
conformance run --reader emu:2.00 --profile 2.00 --select NONE --keys FILE
conformance run --reader emu:2.00 --profile 2.00 --select NONE --capabilities FILE
conformance run --reader emu:2.00 --profile 2.00 --select NONE --limits FILE
conformance compare FILE FILE
conformance diff --reader emu:2.00 --profile 2.00 --commands 1 --save FILE
conformance diff --reader emu:2.00 --profile 2.00 --commands 1 --keys FILE
conformance timing learn FILE
conformance timing learn good.jsonl -o FILE
ca validate FILE --anchor FILE
ca validate --batch FILE
ca validate good.jsonl --anchor good.jsonl --svg FILE
ca inspect FILE
ca issue 31 card --csr FILE --subject CN=x
ca issue 31 card --key FILE --subject CN=x
ca issue 31 card --csr good.jsonl --subject CN=x --out FILE
ca batch 31 card FILE --out out.jsonl
ca batch 31 card good.jsonl --out FILE
ca renew 31 01 --csr FILE
ca renew 31 01 --out FILE
ca crl 31 --out FILE
ca plan --out FILE
ca approve FILE --officer wang
ca apply FILE
ca recognise FILE --by 33
ca recognise --batch FILE --by 33
ca trustlist 33 --verify FILE
ca trustlist 33 --out FILE
ca ceremony run 44 --title x --officer a --officer b --yes --shares FILE
ca ceremony verify FILE
ca escrow issue 33 --csr FILE --subject CN=x --out folder2
ca escrow issue 33 --csr good.jsonl --subject CN=x --out FILE
ca escrow ask 33 01 --for FILE --reason lost --out out.json
ca escrow ask 33 01 --for good.jsonl --reason lost --out FILE
ca escrow approve FILE --officer wang
ca escrow recover FILE --out out.der --transcript out.jsonl
ca escrow recover good.jsonl --out FILE --transcript out.jsonl
ca escrow recover good.jsonl --out out.der --transcript FILE
ca escrow open FILE --key good.jsonl --out out.der
ca escrow open good.jsonl --key FILE --out out.der
ca escrow open good.jsonl --key good.jsonl --out FILE
ca escrow verify FILE --by 33
ca foreign add 37 --certificate FILE --title x --policy high=1.2.3
ca foreign crl 37 FILE
ca foreign cross 37 FILE
""".strip().splitlines()

ELSEWHERE = {
    ("serve", "--key"), ("serve", "--certificate"), ("serve", "--trust"), ("serve", "--tls-certificate"), ("serve", "--tls-key"),
    ("serve", "--tls-clients"), ("serve", "--tls-crl"),
}  # fmt: skip
"""Options of the service, which serves until it is stopped: its own tests have them."""
BUILDS = {("sscard build", "folder")}
"""A compiler's work: `tests/unit/agent` has it."""

BOUNDS = (
    "cardstack.cli.ca_files.FILE_MAX",
    "cardstack.cli.settle_files.SIZE_MAX",
    "cardstack.readers.open.RECORDING_MAX",
    "emulator.store.IMAGE_MAX",
)
STREAMS = {"ca validate --batch FILE"}
"""Answers line by line as they come, for as long as they come."""


@pytest.fixture
def bounded() -> Iterator[None]:
    """No more than half a gigabyte beyond what is held: a read without end, or of a gigabyte, fails here and always."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + (1 << 29), hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and files of which none is what any command asks for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CARDSTACK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CARDSTACK_LANG", "en")
    for name in ("CARDSTACK_CA_PASSWORD", "CARDSTACK_OFFICER_PASSWORD"):
        monkeypatch.setenv(name, "a-password-for-tests")
    monkeypatch.delenv("CARDSTACK_TRACEBACK", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr(vault_files, "READ_MAX", 1 << 20)
    for limit in BOUNDS:
        monkeypatch.setattr(limit, 1 << 20)
    return tmp_path


def bad(place: Path) -> Iterator[str]:
    """Names of what is no good, made anew each time: a command may have written to the last one."""
    (place / "folder").mkdir(exist_ok=True)
    (place / "good.jsonl").write_text('{"command": "0084000008", "answer": "11111111111111119000"}\n')
    for name, raw in {
        "empty": b"",
        "binary": bytes(range(256)) * 8,
        "deep": b"[" * 100_000,
        "list": b'[1, {"a": null}]\n',
        "text": b"hello\n[[x]]\na = 1\n",
        "certificate": b"-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n",
    }.items():
        (place / name).write_bytes(raw)
        yield name
    yield from ("missing", "no-folder/missing", "empty/below-a-file", "folder", "/dev/zero", "/dev/full", "x" * 300)


@pytest.mark.slow
@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("line", LINES)
def test_a_file_that_is_no_good_is_said(
    line: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is refused has a code or is an error of usage; nothing is a defect of ours."""
    command = CommandLine(monkeypatch, capsys)
    for name in bad(place):
        if name.startswith("/dev") and line in STREAMS:
            continue
        ended = command(*(word.replace("FILE", name) for word in shlex.split(line)))
        said = ended.out + ended.err
        assert ended.code != EXIT_DEFECT, f"{name}: {said}"
        assert "Traceback" not in said
        assert ended.code == 0 or re.search(r"CS-\d{4}|Usage: |用法：|differences|HOST/", said), f"{name}: {said}"


def test_every_place_for_a_file_is_tried() -> None:
    """An option or argument that takes a file stands in a line above, before FILE or in its place."""
    missing = []
    for noun, parameter in paths():
        lines = [line for line in LINES if line.startswith(f"{noun} ")]
        if (noun, parameter) in ELSEWHERE | BUILDS:
            continue
        given = f"{parameter} FILE" if parameter.startswith("-") else " FILE"
        if not any(given in line for line in lines):
            missing.append((noun, parameter))
    assert missing == [], "for each of these add a line to LINES"


def paths() -> Iterator[tuple[str, str]]:
    """Every command and its parameter that is a path."""
    for noun, command in commands(group()):
        for one in command.params:
            kind = getattr(one, "type_descriptor", None)
            if kind is not None and kind.annotation in (Path, list[Path]):
                yield " ".join(noun), one.opts[-1] if one.param_type_name == "option" else one.name


def test_a_taken_port_names_the_next_step(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever serves says that somebody is there already, and ends with the code of what the machine refused."""
    command = CommandLine(monkeypatch, capsys)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for line in (
            f"emulator serve --tcp 127.0.0.1:{port}",
            f"agent serve --port {port} --http-port 0",
            f"replay good.jsonl --tcp 127.0.0.1:{port}",
        ):
            (place / "good.jsonl").write_text('{"command": "0084000008", "answer": "11111111111111119000"}\n')
            ended = command(*line.split(), "--for", "0.05")
            assert ended.code in (EXIT_REFUSED, EXIT_SYSTEM)
            assert re.match(r"CS-\d{4} .*port.*Choose|CS-\d{4} .*port.*choose", ended.err), ended.err


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_an_output_that_is_full_is_said_beside_it(options: tuple[str, ...]) -> None:
    """Nothing is lost in silence, and nothing ends with a traceback."""
    words = [sys.executable, "-m", "cardstack.cli", "emulator", "profiles", *options]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ended.returncode, ended.stderr[:7]) == (EXIT_SYSTEM, "CS-9005"), ended.stderr


def test_what_nobody_foresaw_is_no_traceback(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A defect says its kind and place and how to see more; asked for, it shows everything."""
    command = CommandLine(monkeypatch, capsys)

    def broken(*_: object, **__: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr("emulator.opening.open_card", broken)
    ended = command("card", "read", "--json")
    assert (ended.code, ended.data["error"]["code"]) == (EXIT_DEFECT, "CS-9099")
    assert "KeyError in test_bad_files.py" in ended.data["error"]["title"]["en"]
    assert "secret" not in ended.out
    monkeypatch.setenv("CARDSTACK_TRACEBACK", "1")
    with pytest.raises(KeyError):
        command("card", "read")
