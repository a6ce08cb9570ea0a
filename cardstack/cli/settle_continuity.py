"""`cardstack settle continuity`: what only the whole of the cards' records shows."""

from itertools import islice
from typing import Annotated

import typer

from cardstack.cli.inputs import day_of
from cardstack.cli.ledgers import Database, Json, one_of, open_ledger, table
from cardstack.cli.output import emit, language, words
from cardstack.errors import Malformed
from cardstack.text import Text

MOST_DAYS = 366


def continuity(
    since: Annotated[str, typer.Option(help=words("first settlement day, YYYY-MM-DD", "起始清算日 YYYY-MM-DD"))],
    until: Annotated[str, typer.Option(help=words("last settlement day; by default the first", "截止清算日，缺省同起始日"))] = "",
    *,
    kind: Annotated[str, typer.Option(help="duplicate | counter-conflict | counter-gap | balance-break | grey-proven")] = "",
    limit: Annotated[int, typer.Option(min=1, help=words("at most so many", "最多条数"))] = 1000,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Counters twice or left out, balances that do not follow, unconfirmed records that the next one proves.

    Only what is cleared here is seen: a ride or a load at home leaves a gap or a rise that is no fault.
    """
    from cardstack.settlement.transit.continuity import BREAKS, Break
    from server.store.queries.continuity import breaks

    first, last = day_of(since, "since"), day_of(until or since, "until")
    if not 0 <= (last - first).days < MOST_DAYS:
        raise Malformed(
            Text(f"until: not before since, at most {MOST_DAYS} days", f"until：不得早于 since，至多 {MOST_DAYS} 天"),
            field="until",
        )
    wanted = one_of(Break, kind, "kind") if kind else None
    with open_ledger(database) as store, store.view() as view:
        every = breaks(view, store.schemes, first, last)
        found = list(islice((one for one in every if wanted in (None, one[1].kind)), limit))
    data = [{"day": day} | one._asdict() | {"text": BREAKS[one.kind]._asdict()} for day, one in found]
    rows = [
        (day, BREAKS[one.kind].of(language()), one.card, f"{one.after}→{one.counter}", _signed(one.difference_fen), one.reference)
        for day, one in found
    ]
    titles = (
        words("day", "清算日"),
        words("what", "情况"),
        words("card", "卡"),
        words("counter", "计数器"),
        words("yuan", "差额（元）"),
        words("message", "报文"),
    )
    emit(data, as_json=as_json, render=lambda: table(titles, rows))


def _signed(fen: int) -> str:
    from cardstack.values import Fen, yuan

    return ("-" if fen < 0 else "") + yuan(Fen(abs(fen)))
