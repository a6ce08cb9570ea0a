"""Batches: pipe and CSV, GBK and UTF-8, stop and start again, the return file, and the cards themselves."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardstack.card import batch
from cardstack.card.batch import Bad, Row, decoded, finished, parse
from cardstack.card.issuing import master_for_tests
from cardstack.card.profiles import PROFILES
from cardstack.cli.personalising import invented
from cardstack.errors import Malformed
from emulator import factory
from emulator.store import load, save
from tests.command import CommandLine
from tests.serving import serving


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(monkeypatch, capsys)


def written(path: Path, count: int, charset: str = "gbk") -> list[str]:
    lines = list(invented(count, "330100"))
    path.write_text("\n".join(lines) + "\n", charset)
    return lines


def returned(path: Path) -> list[list[str]]:
    return [line.split("|") for line in path.read_text("gb18030").splitlines()[1:]]


def test_a_batch_stopped_and_started_again_makes_every_card_once(command: CommandLine, tmp_path: Path) -> None:
    """Stopped after 7 with a line cut off in the middle; the return file has each card once, with its answer to reset."""
    source, target = tmp_path / "batch.txt", tmp_path / "return.txt"
    written(source, 20)
    command("perso", "run", str(source), str(target), "--stop-after", "7", "--json")
    with target.open("ab") as file:
        file.write("9|330100".encode("gbk"))
    data = command("perso", "run", str(source), str(target), "--json").data
    assert data == {"cards": 20, "made": 13, "already": 7, "failed": 0}
    rows = returned(target)
    assert len({row[2] for row in rows}) == len(rows) == 20
    assert all(len(row[4]) == 26 and row[5] == "0" for row in rows)
    assert command("perso", "run", str(source), str(target), "--json").data["made"] == 0


@pytest.mark.parametrize("profile", [name for name, one in PROFILES.items() if one.has("SSSE") and one.has("DF01")][:6])
def test_the_cards_read_as_the_batch_says(command: CommandLine, tmp_path: Path, profile: str) -> None:
    """Written over APDUs under the update keys, kept as images, read back with `card read`."""
    source, target, images = tmp_path / "batch.txt", tmp_path / "return.txt", tmp_path / "cards"
    lines = written(source, 2)
    words = ("perso", "run", str(source), str(target), "--profile", profile, "--images", str(images), "--json")
    ended = command(*words)
    assert ended.data["made"] == 2, target.read_text("gb18030")
    values = lines[1].split("|")
    image = next(path for path in images.iterdir() if path.stem.endswith("00000000"))
    read = command("card", "read", "--reader", f"emu:{image}", "--profile", profile, "--unmasked", "--json").data
    assert (read["issuer"]["identifier"], read["holder"]["name"]) == (values[0], values[6])


@pytest.mark.usefixtures("test_card")
def test_the_cards_in_a_reader_are_written(command: CommandLine, tmp_path: Path) -> None:
    """A card that already says the line's code is recorded and not written again."""
    source, target, image = tmp_path / "batch.txt", tmp_path / "return.txt", tmp_path / "card.json"
    lines = written(source, 1)
    lines[1] = lines[1].replace("330100D15600000500000000", "310100D15600000500000135")
    source.write_text("\n".join(lines) + "\n", "gbk")
    with serving("--profile", "2.00", "--image", str(image), "--tcp", "127.0.0.1:0") as running:
        words = ("--profile", "2.00", "--reader", running.said["reader"], "--json")
        assert command("perso", "run", str(source), str(target), *words).data["made"] == 1, target.read_text("gb18030")
        target.unlink()
        assert command("perso", "run", str(source), str(target), *words).data["made"] == 1
        read = command("card", "read", "--reader", running.said["reader"], "--profile", "2.00", "--unmasked", "--json").data
    assert read["issuer"]["identifier"] == lines[1].split("|")[0]


@pytest.mark.parametrize("keys", ["test", "hsm", "delivered"])
def test_every_way_of_keying_makes_the_same_card(command: CommandLine, tmp_path: Path, keys: str) -> None:
    """Injected from test masters, given out by the HSM, or delivered: the images hold the same memory as `--direct`."""
    source = tmp_path / "batch.txt"
    written(source, 1)
    for name, words in (("whole", ("--direct",)), (keys, ("--keys", keys))):
        ended = command(
            "perso", "run", str(source), str(tmp_path / f"{name}.txt"), "--images", str(tmp_path / name), *words, "--json"
        )
        assert ended.data["made"] == 1, (tmp_path / f"{name}.txt").read_text("gb18030")
    whole, made = (load(next((tmp_path / name).iterdir())) for name in ("whole", keys))
    assert dict(made.memory) == dict(whole.memory)


def test_a_blank_card_in_a_reader_is_issued_once(command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys, files and PIN, once the card is said to be a test card; again it is only recorded; another line's is left alone."""
    source, target, image = tmp_path / "batch.txt", tmp_path / "return.txt", tmp_path / "card.json"
    lines = written(source, 2)
    source.write_text("\n".join(lines[:2]) + "\n", "gbk")
    row = next(one for one in parse(decoded(source.read_bytes())) if isinstance(one, Row))
    save(factory.delivered(batch.personalisation(PROFILES["2.00"], row, pin="123456", master=master_for_tests)), image)
    with serving("--image", str(image), "--tcp", "127.0.0.1:0") as running:
        words = ("--profile", "2.00", "--reader", running.said["reader"], "--json")
        assert command("perso", "run", str(source), str(target), "--keys", "test", *words).data["failed"] == 1
        assert "CS-1504" in target.read_text("gb18030")
        monkeypatch.setenv("CARDSTACK_TEST_CARD", "1")
        assert command("perso", "run", str(source), str(target), *words).data["failed"] == 1
        for _ in range(2):
            target.unlink()
            ended = command("perso", "run", str(source), str(target), "--keys", "test", *words)
            assert ended.data["made"] == 1, target.read_text("gb18030")
        source.write_text("\n".join((lines[0], lines[2])) + "\n", "gbk")
        target.unlink()
        assert command("perso", "run", str(source), str(target), "--keys", "hsm", *words).data["failed"] == 1
        assert returned(target)[0][5] == "CS-1505"


def test_bad_lines_are_said_and_the_others_made(command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeated card, a wrong check character, too few fields, a birthday that is not the number's."""
    source, target = tmp_path / "batch.txt", tmp_path / "return.txt"
    lines = written(source, 5)
    lines[2] = lines[1]
    lines[3] = lines[3].replace("|20360101|", "|20200101|")
    lines[4] = "|".join(lines[4].split("|")[:5])
    lines[5] = lines[5].replace("9156000002", "9156000002")[:-8] + "19000101"
    source.write_text("\n".join(lines) + "\n", "utf-8-sig")
    assert [one["line"] for one in command("perso", "check", str(source), "--json").data["bad"]] == [3, 4, 5, 6]
    monkeypatch.setenv("CARDSTACK_LANG", "zh")
    said = command("perso", "check", str(source)).out.splitlines()[1:]
    assert said[0] == "第 3 行：与第 2 行的卡重复"
    assert not any(re.search("[a-z]{3}", line) for line in said)
    ended = command("perso", "run", str(source), str(target), "--direct", "--json")
    assert (ended.code, ended.data["made"], ended.data["failed"]) == (1, 1, 4)
    assert {row[5] for row in returned(target)} == {"0", "CS-1501"}


def test_csv_with_named_columns_in_any_order() -> None:
    """English or Chinese names; without names a CSV is refused."""
    values = dict(zip(batch.TITLES, list(invented(1, "330100"))[1].split("|"), strict=True))
    names = list(reversed(values))
    row = next(parse("\n".join([",".join(names), ",".join(values[name] for name in names)])))
    assert isinstance(row, Row)
    assert row.identifier == values["identifier"]
    with pytest.raises(Malformed):
        list(parse("a,b\n1,2"))


def test_a_byte_of_no_charset_is_named() -> None:
    """Line and column."""
    with pytest.raises(Malformed, match="line 2, byte 3"):
        decoded(b"ok\nab\xff\xff")


@given(st.text(max_size=200), st.sampled_from(["", "卡识别码|卡号\n", "identifier,card_number\n"]))
def test_any_text_is_rows_bad_lines_or_malformed(text: str, head: str) -> None:
    """Never another error."""
    try:
        assert all(isinstance(one, Row | Bad) for one in parse(head + text))
    except Malformed:
        return


def test_finished_counts_whole_lines_alone() -> None:
    """Failures and a cut-off line are still to do."""
    head, done = batch.return_head(), "2|x|A|y|z|0|成功|"
    text = f"{head}\n{done}\n3|x|B|y||CS-1501|错|\n4|x|C|y|z|0|成功"
    assert finished(text) == {"A"}


def test_the_plan_and_a_sample(command: CommandLine, tmp_path: Path) -> None:
    """The plan names files and keys and shows no content."""
    source = tmp_path / "batch.txt"
    sample = command("perso", "sample", str(source), "--count", "3", "--json")
    assert (sample.code, sample.data) == (0, {"file": str(source), "cards": 3, "city": "330100"})
    assert len(source.read_text("gbk").splitlines()) == 1 + 3
    plan = command("perso", "plan", str(source), "--json")
    assert {"application": "SSSE", "file": "EF05", "key": "UKSSSE", "commands": 7} in plan.data
    assert "示例" not in plan.out
