"""The insured place's side of a split: registration, deductible, and the layers of funds one after another."""

from typing import NamedTuple

from cardstack.settlement.medical.claim import STAYS_OWN
from cardstack.settlement.medical.names import BASES, FUND_NAMES, REGISTRATIONS
from cardstack.settlement.medical.policy import (
    POOL,
    Band,
    Basis,
    Deductible,
    Layer,
    Operator,
    Part,
    Registration,
    Row,
)
from cardstack.settlement.medical.sheet import Sheet, Walk, money, percent, pieces_text, walk
from cardstack.settlement.rounding import half_up
from cardstack.text import Text


def first_share(sheet: Sheet, scope: int) -> int:
    """The share of what is in scope that an unfiled visit pays first (先自付), where the policy works that way."""
    registration = sheet.case.registration
    if registration.operator is not Operator.FIRST_SHARE:
        return 0
    amount = half_up(scope * registration.permille, 1000)
    sheet.parts[Part.FIRST] += amount
    words = (_first_share_text, registration, scope, amount)
    sheet.note("preselfpay_amt", f"registration.{registration.name}", amount, words, permille=registration.permille)
    return amount


def _first_share_text(registration: Registration, scope: int, amount: int) -> Text:
    share, name = percent(registration.permille * 1000), _named(registration)
    return Text(
        f"Registration ({name.en}): {share} of {money(scope)} is paid first = {money(amount)} (half up)",
        f"备案类别（{name.zh}）：{money(scope)}元先自付{share}，计{money(amount)}元（四舍五入到分）",
    )


def charge_deductible(sheet: Sheet, scope: int) -> int:
    """What of the deductible this bill is charged, given what the visit, stay, month or year has paid of it."""
    policy = sheet.case.policy
    row = policy.deductible(sheet.case.claim)
    if row is None:
        return 0
    threshold = _threshold(sheet, row)
    figure = threshold.figure_fen
    key = _key(sheet, row.basis, f"dedc.{policy.group}")
    paid = sheet.read(key) if key else 0
    charged = min(scope, max(0, figure - paid))
    for total in dict.fromkeys((key, f"dedc.{policy.group}", *_pool_deductibles(sheet))):
        if total:
            sheet.move(total, charged)
    sheet.parts[Part.DEDUCTIBLE] += charged
    sheet.note(
        "act_pay_dedc",
        "deductible",
        charged,
        (_deductible_text, row.basis, threshold, sheet.case.registration.deductible_permille, (paid, charged)),
        figure_fen=figure,
        paid_fen=paid,
        number=threshold.number,
        carried_fen=threshold.carried_fen,
    )
    return charged


def _pool_deductibles(sheet: Sheet) -> tuple[str | None, ...]:
    """What was charged, on each basis on which the pool's bands run: they begin where the deductible ends."""
    policy = sheet.case.policy
    return tuple(_key(sheet, layer.basis, f"dedc.{policy.group}") for layer in policy.layers if layer.fund == POOL)


class Threshold(NamedTuple):
    """A deductible's figure for one bill: of the nth stay, after the registration class, and what a referral took off it."""

    number: int
    row_fen: int
    registered_fen: int
    carried_fen: int

    @property
    def figure_fen(self) -> int:
        # Up the levels only the difference is charged; down the levels what was paid already covers it.
        return max(0, self.registered_fen - self.carried_fen)


def _threshold(sheet: Sheet, row: Deductible) -> Threshold:
    number = _number(sheet, row)
    figure = row.fen[min(number, len(row.fen)) - 1]
    registered = half_up(figure * sheet.case.registration.deductible_permille, 1000)
    return Threshold(number, figure, registered, _carried(sheet) if _runs_on(sheet) else 0)


def _deductible_text(basis: Basis, threshold: Threshold, permille: int, paid: tuple[int, int]) -> Text:
    """The figure and how it came about, what was paid of it before, and what this bill is charged."""
    (before, charged), how, figure = map(money, paid), _how(basis, threshold, permille), money(threshold.figure_fen)
    return Text(
        f"Deductible {figure} ({BASES[basis].en}{how.en}), {before} paid before: {charged} charged",
        f"起付标准{figure}元（{BASES[basis].zh}{how.zh}），此前已计{before}元，本次计{charged}元",
    )


def _how(basis: Basis, threshold: Threshold, permille: int) -> Text:
    """How the figure came about, where it is not simply the policy's."""
    said = []
    if basis is Basis.STAY:
        said.append(Text(f", stay {threshold.number} of the year", f"，本年度第{threshold.number}次住院"))
    if permille != 1000:
        plain, share, changed = money(threshold.row_fen), percent(permille * 1000), money(threshold.registered_fen)
        said.append(Text(f"; {plain} × {share} = {changed}, half up", f"；{plain}元×{share}＝{changed}元（四舍五入到分）"))
    if threshold.carried_fen:
        carried = money(threshold.carried_fen)
        said.append(Text(f"; {carried} charged before the referral", f"；转诊前已计{carried}元"))
    return Text("".join(one.en for one in said), "".join(one.zh for one in said))


def _runs_on(sheet: Sheet) -> bool:
    return bool(sheet.case.claim.referred_from) and sheet.case.policy.referral == "runs-on"


def _carried(sheet: Sheet) -> int:
    """What the stays before this one in a chain of referrals have paid of the deductible; the first bill writes it down.

    A stay is referred on once: what it paid is not taken off a second stay.
    """
    claim = sheet.case.claim
    own = _of_stay(sheet, "carried") if claim.stay else None
    known = sheet.read(own) if own else 0
    if known:
        return known
    carried = sheet.read(_of_referral(sheet, "dedc")) + sheet.read(_of_referral(sheet, "carried"))
    taken = _of_referral(sheet, "taken")
    if not carried or sheet.read(taken):
        return 0
    sheet.move(taken, 1)
    if own:
        sheet.move(own, carried)
    return carried


def _of_stay(sheet: Sheet, name: str) -> str:
    """The key of one of this stay's totals."""
    return _stays(sheet, sheet.case.claim.hospital, sheet.case.claim.stay, name)


def _of_referral(sheet: Sheet, name: str) -> str:
    """The key of one of the totals of the stay that this one was referred from."""
    return _stays(sheet, sheet.case.claim.referred_hospital, sheet.case.claim.referred_from, name)


def _stays(sheet: Sheet, hospital: str, stay: str, name: str) -> str:
    """The key of a stay's total: its hospital's own, unless it began before that was so and goes on where it is."""
    anywhere = f"stay.{stay}.{name}"
    if not hospital or sheet.case.claim.began(sheet.case.day) < STAYS_OWN or sheet.read(anywhere):
        return anywhere
    return f"stay.{hospital}/{stay}.{name}"


def _number(sheet: Sheet, row: Deductible) -> int:
    """Which stay of the year this is; a further bill of the same stay keeps its number, and so does one it was referred to."""
    if row.basis is not Basis.STAY:
        return 1
    claim = sheet.case.claim
    own = _of_stay(sheet, "number") if claim.stay else None
    known = sheet.read(own) if own else 0
    if known:
        return known
    number = sheet.read(_of_referral(sheet, "number")) if _runs_on(sheet) else 0
    if not number:
        number = sheet.read("stays") + 1
        sheet.move("stays", 1)
    if own:
        sheet.move(own, number)
    return number


def _key(sheet: Sheet, basis: Basis, name: str) -> str | None:
    """The total that a threshold or band of this basis runs on; None for a visit, which has no past."""
    if basis is Basis.YEAR:
        return name
    if basis is Basis.MONTH:
        return f"{name}.{sheet.case.day:%Y%m}"
    if basis is Basis.QUARTER:
        day = sheet.case.day
        return f"{name}.{day.year}Q{(day.month + 2) // 3}"
    if basis is Basis.STAY and sheet.case.claim.stay:
        # A stay has one deductible and one scope, which a referral asks for by its name alone; funds and caps have their own.
        kind = name.partition(".")[0]
        return _of_stay(sheet, kind if kind in ("dedc", "scope") else name)
    return None


def apply_layers(sheet: Sheet, eligible: int) -> int:
    """Let the pool and then every further fund pay; the ratio of the pool's last band, in millionths."""
    ratio, pooled = 0, False
    for layer in sheet.case.policy.layers:
        row = next((row for row in layer.rows if row.where.fits(sheet.case.claim)), None)
        if row is None:
            continue
        if layer.fund == POOL and not pooled:
            paid, pooled = _pool(sheet, layer, row, eligible), True
            ratio = paid.pieces[-1].ppm if paid.pieces else 0
        else:
            _supplement(sheet, layer, row)
    if not pooled:
        sheet.parts[Part.SHARE] += eligible
        _note_no_pool(sheet)
    return ratio


def _note_no_pool(sheet: Sheet) -> None:
    """Say that the pool pays nothing because the policy has no row for this person."""
    claim = sheet.case.claim
    sheet.note(POOL, "pool", 0, (_no_pool_text, claim.category, claim.level, claim.age))


def _no_pool_text(category: str, level: str, age: int) -> Text:
    return Text(
        f"Basic pool: the policy has no row for category {category}, hospital level {level}, age {age}",
        f"统筹基金：政策中没有适用于该情形的档次（人员类别{category}，医院等级{level}，年龄{age}），不支付",
    )


def _pool(sheet: Sheet, layer: Layer, row: Row, eligible: int) -> Walk:
    policy, registration = sheet.case.policy, sheet.case.registration
    key = _key(sheet, layer.basis, f"scope.{policy.group}")
    deducted_key = _key(sheet, layer.basis, f"dedc.{policy.group}")
    looked = sheet.read(key) if key else 0
    deducted = sheet.read(deducted_key) if deducted_key else 0
    charged = sheet.parts[Part.DEDUCTIBLE]
    low = looked + charged if layer.counts_deductible else max(0, looked - deducted)
    bands = [(band, _ratio(band, registration)) for band in row.bands]
    room = _room(sheet, row)
    paid = walk(bands, low, low + eligible, room)
    sheet.parts[Part.SHARE] += paid.used - paid.paid
    sheet.parts[Part.OVER_CAP] += eligible - paid.used
    sheet.funds[POOL] = paid.paid
    if key:
        sheet.move(key, eligible + charged)
    _spend(sheet, row, paid.paid)
    beyond = eligible - paid.used
    facts = {"pieces": [piece._asdict() for piece in paid.pieces], "over_cap_fen": beyond, "room_fen": room}
    sheet.note(POOL, "pool", paid.paid, (_pool_text, registration, paid, beyond), "", **facts)
    return paid


def _pool_text(registration: Registration, paid: Walk, beyond: int) -> Text:
    """The pool band by band, and what is beyond its cap."""
    words, changed = pieces_text(paid.pieces), _changed(registration)
    en = f"Basic pool{changed.en}: {words.en}, half up a band; in all {money(paid.paid)}"
    zh = f"统筹基金{changed.zh}：{words.zh}（各段四舍五入到分），合计{money(paid.paid)}元"
    if beyond:
        en, zh = f"{en}; beyond the cap {money(beyond)}", f"{zh}；超过最高支付限额{money(beyond)}元"
    return Text(en, zh)


def _ratio(band: Band, registration: Registration) -> int:
    """The pool's ratio in millionths after registration: points come off first-hand, a coefficient multiplies; both exact.

    >>> _ratio(Band(permille=850), Registration(name="referral", operator=Operator.POINTS, permille=100))
    750000
    >>> _ratio(Band(permille=850), Registration(name="referral", operator=Operator.COEFFICIENT, permille=900))
    765000
    """
    if registration.operator is Operator.POINTS:
        return max(0, band.permille - registration.permille) * 1000
    if registration.operator is Operator.COEFFICIENT:
        return band.permille * registration.permille
    return band.permille * 1000


def _named(registration: Registration) -> Text:
    return REGISTRATIONS.get(registration.name, Text(registration.name, registration.name))


def _changed(registration: Registration) -> Text:
    """The registration class and what it did to the ratio."""
    name = _named(registration)
    if registration.operator is Operator.POINTS:
        points = f"{registration.permille / 10:g}"
        return Text(f" ({name.en}: {points} points less)", f"（{name.zh}，比例降低{points}个百分点）")
    if registration.operator is Operator.COEFFICIENT:
        coefficient = f"{registration.permille / 1000:g}"
        return Text(f" ({name.en}: × {coefficient})", f"（{name.zh}，比例乘以{coefficient}）")
    return Text(f" ({name.en})", f"（{name.zh}）")


def _supplement(sheet: Sheet, layer: Layer, row: Row) -> None:
    """A further fund on what the person still bears of its parts, along the year's total of the same."""
    base = sheet.borne(layer.parts)
    key = _key(sheet, layer.basis, f"base.{layer.totals}")
    looked = sheet.read(key) if key else 0
    low, high = max(looked, row.start_fen), looked + base
    bands = [(band, band.permille * 1000) for band in row.bands]
    room = _room(sheet, row)
    paid = walk(bands, low, high, room)
    sheet.pay(layer.fund, paid.paid, layer.parts)
    if key:
        sheet.move(key, base)
    _spend(sheet, row, paid.paid)
    words = (_supplement_text, layer.fund, (base, looked, row.start_fen), paid)
    pieces = [piece._asdict() for piece in paid.pieces]
    facts = {"base_fen": base, "looked_fen": looked, "start_fen": row.start_fen, "pieces": pieces, "room_fen": room}
    sheet.note(layer.fund, layer.totals, paid.paid, words, "", **facts)


def _supplement_text(fund: str, amounts: tuple[int, int, int], paid: Walk) -> Text:
    """A further fund: what is borne now and was before, where it starts, and what it pays band by band."""
    name, bands, (base, looked, start), whole = FUND_NAMES[fund], pieces_text(paid.pieces), map(money, amounts), money(paid.paid)
    return Text(
        f"{name.en}: {base} borne now, {looked} before, starts at {start}: {bands.en}; in all {whole}",
        f"{name.zh}：本次个人负担{base}元，此前累计{looked}元，起付{start}元：{bands.zh}（各段四舍五入到分），合计{whole}元",
    )


def _room(sheet: Sheet, row: Row) -> int | None:
    """What the row's caps still leave to pay, None where it has no cap."""
    rooms = []
    for cap in row.caps:
        key = _key(sheet, cap.basis, f"paid.{cap.group}")
        rooms.append(max(0, cap.fen - (sheet.read(key) if key else 0) - sheet.spent.get(cap.group, 0)))
    return min(rooms, default=None)


def _spend(sheet: Sheet, row: Row, paid: int) -> None:
    for group in {cap.group for cap in row.caps}:
        sheet.spent[group] = sheet.spent.get(group, 0) + paid
    for cap in row.caps:
        if key := _key(sheet, cap.basis, f"paid.{cap.group}"):
            sheet.move(key, paid, cap.fen)
