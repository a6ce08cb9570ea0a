"""Orders to banks and statements from them."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardstack.errors import Malformed, Refused
from cardstack.settlement.banking import statements, xml
from cardstack.settlement.banking.interest import DailyRate, late_interest, spans
from cardstack.settlement.banking.matching import Difference, Effect, match
from cardstack.settlement.banking.orders import CSV_COLUMNS, PAIN, Account, Accounts, bank_csv, pacs_009, pain_001
from cardstack.settlement.banking.statements import (
    RESULT_COLUMNS,
    BankLine,
    Side,
    bank_file,
    bank_lines,
    camt_053,
    camt_054,
    notification,
    result_csv,
    results,
    statement,
)
from cardstack.settlement.instruction import CENTRE, Act, Instruction, instructions
from cardstack.settlement.transaction import SHANGHAI, Party
from cardstack.values import Fen

A, B, C = Party("31.medical-fund"), Party("33.hospital-fund"), Party("32.medical-fund")
MADE = datetime(2026, 11, 23, 9, 0, tzinfo=SHANGHAI)
DAY = date(2026, 11, 23)
ACCOUNTS = {
    A: Account("上海示例账户", "310001", "102290000001"),
    B: Account("浙江示例账户", "330001", "102331000001"),
    C: Account("江苏示例账户", "320001", "102301000001"),
    CENTRE: Account("清算中心示例账户", "000001", "102100000001"),
}
NUMBERS = {str(party): account.number for party, account in ACCOUNTS.items()}
PAYMENTS = instructions("medical-2026-11", {A: Fen(-70_001), B: Fen(100_000), C: Fen(-29_999)})


ORDERS: tuple[Callable[[Sequence[Instruction], Accounts], bytes], ...] = (
    partial(pain_001, "M", initiator="centre", made_at=MADE, due=DAY),
    partial(pacs_009, "M", made_at=MADE, due=DAY),
    bank_csv,
)


def line(one: Instruction, amount: int | None = None, *, number: int = 1, returned: bool = False, account: str = "") -> BankLine:
    paid = Fen(one.amount_fen if amount is None else amount)
    return BankLine(account or NUMBERS[one.debtor], one.id, f"{one.id}/{number}", paid, Side.DEBIT, DAY, returned)


def test_pain_001_carries_every_payment_with_its_sum() -> None:
    """One block a payer; the control sum is the sum of the payments."""
    raw = pain_001("medical-2026-11", PAYMENTS, ACCOUNTS, initiator="clearing centre", made_at=MADE, due=DAY)
    names = {"p": PAIN}
    root = ET.fromstring(raw)
    references = [one.text for one in root.iterfind(".//p:EndToEndId", names)]
    assert references == ["medical-2026-11.003", "medical-2026-11.001", "medical-2026-11.002"]
    assert root.findtext(".//p:GrpHdr/p:CtrlSum", namespaces=names) == "2000.00"
    assert [one.text for one in root.iterfind(".//p:PmtInf/p:Dbtr/p:Nm", names)] == [
        ACCOUNTS[CENTRE].name,
        ACCOUNTS[A].name,
        ACCOUNTS[C].name,
    ]


def test_pacs_009_and_the_csv_say_the_same() -> None:
    """Between institutions, and as the rows of a bank's batch page in GB 18030."""
    raw = pacs_009("medical-2026-11", PAYMENTS, ACCOUNTS, made_at=MADE, due=DAY)
    assert raw.count(b"<CdtTrfTxInf>") == 3
    rows = bank_csv(PAYMENTS, ACCOUNTS).decode("gb18030").split("\r\n")
    assert rows[0] == ",".join(CSV_COLUMNS)
    assert rows[1].split(",")[:3] == ["medical-2026-11.001", "310001", "上海示例账户"]
    assert rows[1].split(",")[6] == "700.01"


def test_a_message_that_breaks_its_declaration_is_not_written() -> None:
    """A name beyond its length is named by its element."""
    with pytest.raises(Malformed, match="InitgPty/Nm"):
        pain_001("medical-2026-11", PAYMENTS, ACCOUNTS, initiator="长" * 141, made_at=MADE, due=DAY)


def test_a_statement_is_read_as_it_was_written() -> None:
    """Lines, sides and returns survive; the balances must fit the entries."""
    lines = [line(PAYMENTS[0]), replace(line(PAYMENTS[1]), side=Side.CREDIT, returned=True, reason="AC04")]
    raw = statement("310001", [replace(one, account="310001") for one in lines], id_="S1", opening_fen=Fen(5), made_at=MADE)
    assert camt_053(raw) == tuple(replace(one, account="310001") for one in lines)
    with pytest.raises(Malformed, match="closing balance"):
        camt_053(raw.replace(b'<Amt Ccy="CNY">0.05</Amt>', b'<Amt Ccy="CNY">9.05</Amt>'))


def test_a_notification_says_the_same_lines_as_the_statement() -> None:
    """Read during the day; the statement's lines have the same references, so that each counts once."""
    lines = [replace(line(one), account="310001") for one in PAYMENTS[:2]]
    raw = notification("310001", lines, id_="N1", made_at=MADE)
    assert camt_054(raw) == bank_lines(raw) == tuple(lines)
    again = statement("310001", lines, id_="S1", opening_fen=Fen(0), made_at=MADE)
    assert bank_lines(again) == tuple(lines)
    with pytest.raises(Malformed, match="AcctSvcrRef"):
        camt_054(raw.replace(b"<AcctSvcrRef>medical-2026-11.001/1</AcctSvcrRef>", b""))
    with pytest.raises(Malformed):
        camt_053(raw)


@pytest.mark.parametrize(
    "raw",
    [b"", b"<a/>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"\xff\xfe", b"<Document xmlns='urn:x'/>"],
)
def test_what_is_no_statement_is_malformed(raw: bytes) -> None:
    """No entity is expanded, nothing escapes but a coded error."""
    with pytest.raises(Malformed):
        camt_053(raw)


@given(st.binary(max_size=400), st.integers(0, 3000), st.booleans())
def test_a_damaged_statement_is_read_or_malformed(noise: bytes, place: int, cut: bool) -> None:
    """Any bytes, anywhere."""
    raw = statement("310001", [line(PAYMENTS[0])], id_="S1", opening_fen=Fen(0), made_at=MADE)
    place = min(place, len(raw))
    damaged = raw[:place] + noise + (b"" if cut else raw[place:])
    for reader in (camt_053, camt_054, bank_lines, result_csv):
        with suppress(Malformed):
            reader(damaged)


def test_a_result_file_is_read_as_it_was_written() -> None:
    """Booked, returned and failed, in a bank's own words."""
    lines = (line(PAYMENTS[0]), line(PAYMENTS[1], 0, returned=True), line(PAYMENTS[2], returned=True))
    assert result_csv(results(lines)) == lines
    with pytest.raises(Malformed, match="row 2"):
        result_csv(results(lines[:1]).replace("成功".encode("gb18030"), "也许".encode("gb18030")))


def test_matching_names_each_difference_and_nothing_else() -> None:
    """Paid, paid in parts, short, over, returned, missing, unknown, twice, on another account."""
    first, second, third = PAYMENTS
    parts = [line(first, 70_000), line(first, 1, number=2), line(second), line(third)]
    whole = match(PAYMENTS, parts, NUMBERS)
    assert [one.act for one in whole.effects] == [Act.CONFIRM] * 3
    assert whole.mismatches == ()
    cases: dict[Difference, list[BankLine]] = {
        Difference.PAID_SHORT: [line(first, 70_000)],
        Difference.PAID_OVER: [line(first, 70_002)],
        Difference.RETURNED: [line(first, 0, returned=True)],
        Difference.MISSING_AT_BANK: [],
        Difference.UNKNOWN_HERE: [line(first), replace(line(first, number=9), reference="medical-2026-10.001")],
        Difference.TWICE: [line(first), line(first)],
    }
    for difference, lines in cases.items():
        found = match(PAYMENTS, [*lines, line(second), line(third)], NUMBERS).mismatches
        assert [one.difference for one in found] == [difference]
    other = match(PAYMENTS, [line(first, account="999999"), line(second), line(third)], NUMBERS).mismatches
    assert {one.difference for one in other} == {Difference.OTHER_ACCOUNT, Difference.MISSING_AT_BANK}


def test_a_payment_that_came_back_and_went_again_is_paid() -> None:
    """Booked, returned, booked again."""
    first = PAYMENTS[0]
    lines = [line(first), line(first, number=2, returned=True), line(first, number=3)]
    (effect,) = match([first], lines, NUMBERS).effects
    assert (effect.act, effect.paid_fen) == (Act.CONFIRM, first.amount_fen)
    (failed,) = match([first], lines[:2], NUMBERS).effects
    assert failed.act is Act.REJECT


def test_a_return_that_the_bank_takes_back_is_paid() -> None:
    """Booked, returned by mistake, the return reversed: the money left after all, as the balance says, and is not sent again."""
    first, account = PAYMENTS[0], NUMBERS[PAYMENTS[0].debtor]
    back = replace(line(first, number=2), side=Side.CREDIT, returned=True)
    undone = line(first, number=3)
    raw = statement(account, [line(first), back, undone], id_="S1", opening_fen=Fen(10**9), made_at=MADE)
    marked, sign = f"{first.id}/3".encode(), b"<CdtDbtInd>DBIT</CdtDbtInd>"
    head, entry = raw[: raw.index(marked)].rsplit(sign, 1)
    raw = head + sign + b"<RvslInd>true</RvslInd>" + entry + raw[raw.index(marked) :]
    for told in (raw, raw.replace(b"</EndToEndId></Refs></TxDtls></NtryDtls></Ntry></Stmt>", RETURNED_TOO)):
        (effect,) = match([first], camt_053(told), NUMBERS).effects
        assert (effect.act, effect.paid_fen) == (Act.CONFIRM, first.amount_fen)


RETURNED_TOO = b"</EndToEndId></Refs><RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls></NtryDtls></Ntry></Stmt>"


def test_interest_runs_by_the_day_at_the_rate_of_each_day() -> None:
    """Nothing on time; two rates on either side of a change; rounded half up once."""
    rates = [
        DailyRate(since=date(2026, 1, 1), reference="invented", millionths=100),
        DailyRate(since=date(2026, 11, 22), reference="invented", millionths=200),
    ]
    assert late_interest(Fen(1_000_000), DAY, DAY, rates) == 0
    assert late_interest(Fen(1_000_000), date(2026, 11, 20), date(2026, 11, 22), rates) == 300
    assert late_interest(Fen(4_999), date(2026, 11, 20), date(2026, 11, 21), rates) == 0
    assert late_interest(Fen(5_000), date(2026, 11, 20), date(2026, 11, 21), rates) == 1
    assert statements.CAMT.endswith("camt.053.001.08")


ENTRY = (
    '<Ntry><Amt Ccy="CNY">{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd>{status}<BookgDt>{day}</BookgDt>{reference}'
    "<NtryDtls>{details}</NtryDtls></Ntry>"
)
BOOKED = "<Sts><Cd>BOOK</Cd></Sts>"


def a_statement(*entries: str, id_: str = "S1", version: str = "08", head: str = "") -> bytes:
    """A camt.053 by hand, as a bank may write it."""
    return (
        f'{head}<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-23T20:00:00+08:00</CreDtTm></GrpHdr><Stmt><Id>{id_}</Id>"
        f"<Acct><Id><Othr><Id>310001</Id></Othr></Id></Acct>{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def an_entry(amount: str = "1.00", *, status: str = BOOKED, day: str = "<Dt>2026-11-23</Dt>", own: str = "", to: str = "") -> str:
    details = to or f"<TxDtls><Refs><EndToEndId>{PAYMENTS[0].id}</EndToEndId></Refs></TxDtls>"
    return ENTRY.format(amount=amount, status=status, day=day, reference=own, details=details)


def test_entries_without_a_bank_reference_are_told_by_their_statement() -> None:
    """Line 1 of Monday is not line 1 of Tuesday; the same statement again is the same lines."""
    monday, tuesday = (camt_053(a_statement(an_entry(), an_entry(), id_=day)) for day in ("monday", "tuesday"))
    assert len({line.bank_reference for line in monday + tuesday}) == 4
    assert camt_053(a_statement(an_entry(), an_entry(), id_="monday")) == monday


def test_an_entry_that_the_bank_booked_for_several_payments_is_each_of_them() -> None:
    """With amounts that make the whole; without them nobody can say what was paid."""
    each = "<TxDtls><Refs><EndToEndId>{}</EndToEndId></Refs><Amt Ccy='CNY'>{}</Amt></TxDtls>"
    parts = "".join(each.format(one.id, amount) for one, amount in zip(PAYMENTS, ("700.01", "299.99", "1000.00"), strict=True))
    lines = camt_053(a_statement(an_entry("2000.00", own="<AcctSvcrRef>B7</AcctSvcrRef>", to=parts)))
    assert [(line.reference, line.amount_fen) for line in lines] == [(one.id, one.amount_fen) for one in PAYMENTS]
    assert [line.bank_reference for line in lines] == ["B7/1", "B7/2", "B7/3"]
    for wrong in (parts.replace("700.01", "700.02"), parts.replace("<Amt Ccy='CNY'>700.01</Amt>", "")):
        with pytest.raises(Malformed, match="transactions"):
            camt_053(a_statement(an_entry("2000.00", to=wrong)))


def test_each_of_several_payments_counts_where_the_bank_repeats_its_reference() -> None:
    """Some banks write the reference of the whole to each of its transactions; each is a line of its own all the same."""
    each = "<TxDtls><Refs><AcctSvcrRef>B7</AcctSvcrRef><EndToEndId>{}</EndToEndId></Refs><Amt Ccy='CNY'>{}</Amt></TxDtls>"
    parts = "".join(each.format(one.id, amount) for one, amount in zip(PAYMENTS, ("700.01", "299.99", "1000.00"), strict=True))
    lines = camt_053(a_statement(an_entry("2000.00", to=parts)))
    assert [line.bank_reference for line in lines] == ["B7", "B7/2", "B7/3"]
    assert match(PAYMENTS, lines, {}).mismatches == ()


def test_a_reference_that_the_one_transaction_of_an_entry_has_is_the_entrys() -> None:
    """In a statement as in a notification: told by both, it is one line."""
    one = f"<TxDtls><Refs><AcctSvcrRef>B8</AcctSvcrRef><EndToEndId>{PAYMENTS[0].id}</EndToEndId></Refs></TxDtls>"
    raw = a_statement(an_entry(to=one), version="08")
    advice = (
        raw.replace(b"camt.053", b"camt.054").replace(b"BkToCstmrStmt", b"BkToCstmrDbtCdtNtfctn").replace(b"Stmt>", b"Ntfctn>")
    )
    assert camt_053(raw) == camt_054(advice)
    assert camt_053(raw)[0].bank_reference == "B8"


def test_balances_of_a_banks_own_kind_are_passed_over() -> None:
    """A kind without a code, or a balance of a moment: what is read of the statement is its lines."""
    own = "<Bal><Tp><CdOrPrtry><Prtry>冻结余额</Prtry></CdOrPrtry></Tp><Amt Ccy='CNY'>1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
    own += "<Dt><DtTm>2026-11-23T20:00:00</DtTm></Dt></Bal>"
    assert camt_053(a_statement(own, an_entry())) == camt_053(a_statement(an_entry()))


def test_a_banks_file_is_known_by_what_is_in_it() -> None:
    """With a byte order mark or without, in either charset, whatever its name ends in."""
    lines, mark = (line(PAYMENTS[0]),), b"\xef\xbb\xbf"
    raw = statement("310001", lines, id_="S1", opening_fen=Fen(0), made_at=MADE)
    for one in (raw, mark + raw, results(lines), results(lines, "utf-8"), mark + results(lines, "utf-8")):
        assert bank_file(one) == lines


def test_a_row_that_does_not_fit_is_named_with_its_column() -> None:
    """So that whoever has the file finds the cell; tabs that keep a number as text are no part of it."""
    good = ["W.001", "B1", "310001", "1.00", "成功", "", "2026-11-23"]

    def rows(*cells: str) -> bytes:
        return f"{','.join(RESULT_COLUMNS)}\r\n{','.join(cells)}\r\n".encode()

    assert bank_file(rows(*(f"\t{cell}" for cell in good))) == bank_file(rows(*good))
    wrong = {0: "x" * 141, 1: "", 3: "１.00", 4: "好", 5: "a\0b"}
    for place, cell in wrong.items():
        with pytest.raises(Malformed, match=f"row 2, {RESULT_COLUMNS[place]}"):
            bank_file(rows(*good[:place], cell, *good[place + 1 :]))
    with pytest.raises(Malformed, match="row 2: has 6 columns"):
        bank_file(rows(*good[1:]))


@pytest.mark.parametrize("version", ["02", "06", "08", "10"])
def test_statements_of_the_versions_that_banks_send_are_read(version: str) -> None:
    """The status is a word until version 07; a booking may say its time; a charset of China may be declared."""
    status = BOOKED if version >= "08" else "<Sts>BOOK</Sts>"
    raw = a_statement(an_entry(status=status, day="<DtTm>2026-11-23T09:00:00</DtTm>"), version=version)
    (line,) = camt_053(raw)
    assert (line.booked_on, line.amount_fen) == (DAY, 100)
    told = raw.decode().replace("<MsgId>M<", "<MsgId>明细<")
    assert camt_053(b'<?xml version="1.0" encoding="GBK"?>' + told.encode("gb18030")) == (line,)
    with pytest.raises(Malformed, match="version"):
        camt_053(raw.replace(b"camt.053", b"camt.052"))


LAUGHS = "<!DOCTYPE a [<!ENTITY b 'ha'><!ENTITY c '&b;&b;'>]>"
BOMBS = {
    "entities": a_statement(head=LAUGHS),
    "entities in UTF-16": a_statement(head='<?xml version="1.0" encoding="UTF-16"?>' + LAUGHS).decode().encode("utf-16"),
    "entities in UTF-16 without a word": a_statement(head=LAUGHS).decode().encode("utf-16"),
    "an encoding of another place": a_statement(head='<?xml version="1.0" encoding="UTF-7"?>'),
    "depth": b"<a>" * 100_000 + b"</a>" * 100_000,
    "no UTF-8": b'<?xml version="1.0" encoding="UTF-8"?><a>\xff</a>',
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_is_made_to_hurt_is_malformed(bomb: str) -> None:
    """Nothing is expanded in any encoding, and nothing nests without end."""
    with pytest.raises(Malformed) as caught:
        camt_053(BOMBS[bomb])
    assert caught.value.code == "CS-3060"


def test_elements_without_number_are_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file can hold many elements; each costs memory."""
    monkeypatch.setattr(xml, "ELEMENTS_MAX", 1000)
    with pytest.raises(Malformed, match="1000 elements"):
        camt_053(a_statement("<Ntry/>" * 1000))


def test_other_currencies_and_amounts_are_malformed() -> None:
    """A line in another currency is no amount here, nor are parts of a fen."""
    for wrong in (an_entry().replace("CNY", "USD"), an_entry("1.001"), an_entry("-1.00"), an_entry("１.00")):
        with pytest.raises(Malformed):
            camt_053(a_statement(wrong))


def test_what_failed_has_no_number_of_the_banks() -> None:
    """Two failed payments of one account are two lines; what was booked or came back must have its number."""
    failed = [replace(line(one, 0, returned=True), bank_reference="", account="310001") for one in PAYMENTS[:2]]
    lines = result_csv(results(failed))
    assert [one.reference for one in lines] == [one.id for one in PAYMENTS[:2]]
    assert len({one.bank_reference for one in lines}) == 2
    for paid in (line(PAYMENTS[0]), line(PAYMENTS[0], returned=True)):
        with pytest.raises(Malformed, match="row 2"):
            result_csv(results([replace(paid, bank_reference="")]))


def test_the_side_of_a_line_says_where_the_money_went() -> None:
    """From the payer's account it went; to it, it came back; what the payee's book says is the same payment, not another."""
    first = PAYMENTS[0]
    back = replace(line(first, number=2), side=Side.CREDIT)
    arrived = replace(line(first, number=3, account=NUMBERS[first.creditor]), side=Side.CREDIT)
    assert match([first], [line(first), back], NUMBERS).effects[0].act is Act.REJECT
    for lines in ([arrived], [line(first), arrived]):
        assert match([first], lines, NUMBERS) == ((Effect(first.id, Act.CONFIRM, first.amount_fen),), ())
    left = replace(arrived, side=Side.DEBIT, bank_reference="left")
    assert match([first], [arrived, left], NUMBERS).effects[0].act is Act.REJECT


def test_an_unknown_account_number_is_no_other_account() -> None:
    """A party without one is taken at the bank's word; money that comes to nobody's account is not its payment."""
    first = PAYMENTS[0]
    unknown = NUMBERS | {first.debtor: "", first.creditor: ""}
    assert match([first], [line(first)], unknown).effects[0].act is Act.CONFIRM
    found = match([first], [replace(line(first), side=Side.CREDIT)], unknown)
    assert {one.difference for one in found.mismatches} == {Difference.OTHER_ACCOUNT, Difference.MISSING_AT_BANK}


def test_an_order_names_banks_as_far_as_they_are_known() -> None:
    """A code of the national system, a BIC, or a plain word that it was not provided."""
    known = ACCOUNTS | {B: Account.of("浙江示例账户", "ICBKCNBJZJP/330001"), C: Account.of("江苏示例账户", "320001")}
    for raw in (
        pain_001("medical-2026-11.1", PAYMENTS, known, initiator="centre", made_at=MADE, due=DAY),
        pacs_009("medical-2026-11.1", PAYMENTS, known, made_at=MADE, due=DAY),
    ):
        assert raw.count(b"<BICFI>ICBKCNBJZJP</BICFI>") == 1
        assert b"<ClrSysId><Cd>CNAPS</Cd></ClrSysId><MmbId>102290000001</MmbId>" in raw
    assert bank_csv(PAYMENTS, known).decode("gb18030").count("330001,浙江示例账户,ICBKCNBJZJP") == 1
    assert pain_001("m", PAYMENTS, known, initiator="c", made_at=MADE, due=DAY).count(b"NOTPROVIDED") == 1


@pytest.mark.parametrize("name", ["x" * 141, "", "a\x01b", "a\nb", "a\ud800b", "\ufffe"])
def test_a_party_that_no_order_can_name_is_named_to_the_operator(name: str) -> None:
    """One bad name holds up the payments of all: who it is must be said; Chinese, `&` and full-width spaces are no bad names."""
    good = ACCOUNTS | {A: Account("上海　&<示例>" + "甲" * 130, "3" * 34, "")}
    assert all(order(PAYMENTS, good) for order in ORDERS)
    for account in (Account(name, "310001", ""), Account("a", "3" * 35, "")):
        for order in ORDERS:
            with pytest.raises(Refused) as caught:
                order(PAYMENTS, good | {A: account})
            assert (caught.value.code, caught.value.facts["party"]) == ("CS-3074", A)


def test_an_order_needs_accounts_and_a_working_day() -> None:
    """Banks settle on no Sunday, and nothing is paid to an account that nobody registered."""
    with pytest.raises(Refused) as nobody:
        bank_csv(PAYMENTS, {party: one for party, one in ACCOUNTS.items() if party != B})
    assert nobody.value.code == "CS-3066"
    for day in (date(2026, 11, 22), date(2026, 10, 1)):
        with pytest.raises(Refused) as closed:
            pacs_009("m", PAYMENTS, ACCOUNTS, made_at=MADE, due=day)
        assert closed.value.code == "CS-3067"
    worked_saturday = date(2026, 10, 10)
    assert pacs_009("m", PAYMENTS, ACCOUNTS, made_at=MADE, due=worked_saturday)


@pytest.mark.parametrize(
    ("due", "paid", "days"),
    [
        (date(2026, 12, 31), date(2027, 1, 1), 1),
        (date(2026, 12, 31), date(2027, 3, 1), 60),
        (date(2027, 12, 31), date(2028, 3, 1), 61),
        (date(2028, 2, 28), date(2028, 2, 29), 1),
        (date(2028, 2, 29), date(2029, 2, 28), 365),
        (date(2027, 2, 28), date(2028, 2, 28), 365),
    ],
)
def test_interest_counts_every_day_of_the_calendar_once(due: date, paid: date, days: int) -> None:
    """Over the end of a year and the 29th of February; in parts that meet on any day it comes to the same."""
    rate = DailyRate(since=date(2026, 1, 1), reference="invented", millionths=100)
    assert sum(one.days for one in spans(Fen(1_000_000), due, {paid: 1_000_000}, [rate])) == days
    assert late_interest(Fen(1_000_000), due, paid, [rate]) == 100 * days
    for middle in {due, due + (paid - due) // 2, paid}:
        assert sum(late_interest(Fen(1_000_000), *part, [rate]) for part in ((due, middle), (middle, paid))) == 100 * days
    later = replace(rate, since=date(due.year + 1, 1, 1), millionths=200)
    told = spans(Fen(1_000_000), due, {paid: 1_000_000}, [rate, later])
    ends = due + timedelta(days=1), paid
    assert [one.rate.millionths for one in told] == sorted({100 if day.year == due.year else 200 for day in ends})
    assert sum(one.days for one in told) == days
