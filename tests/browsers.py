"""The browser that tests of pages run in, and the list of every page worth looking at."""

from typing import Any

from cardstack.vault.network import Network
from server.store.office import Office
from server.store.store import Store
from tests.consoles import EVENING

LAUNCH: dict[str, Any] = {
    "executable_path": "/usr/bin/chromium",
    "args": [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--lang=zh-CN",
    ],
}

NOT_PAGES = {
    "overview.live": "a fragment that the overview asks for by itself",
    "approvals.live": "the count in the side bar",
    "reports.live": "how far a job is",
    "files.live": "how far a job is",
    "trust.graph": "data of a chart",
    "account.totp_code": "a picture",
    "files.download": "a file",
    "reports.export": "a file",
    "blacklist.download": "a file",
    "reports.download": "a file",
    "audit.export": "a file",
    "help.search": "leads on to what was found",
}
"""What of the route table is no page to look at, and why."""


def every_page(store: Store, office: Office, network: Network) -> dict[str, dict[str, str]]:
    """Name and path of each page, by the operator who may see it."""
    entries = store.transactions(limit=100)
    bill = next(one for one in entries if one.scheme.startswith("medical"))
    ride = next(one for one in entries if one.scheme == "transit")
    pending = next(one.id for one in store.windows(cycle="transit") if one.stage == "pending")
    disputed = next(one.id for one in store.windows(cycle="transit") if one.stage == "disputed")
    edge = network.graph(EVENING).edges[0].fingerprint
    pages = {
        "zhang.wei": {
            "overview": "/console/",
            "transactions": "/console/transactions/",
            "transaction-medical": f"/console/transactions/{bill.id}",
            "transaction-transit": f"/console/transactions/{ride.id}",
            "windows": "/console/windows/",
            "window-open": "/console/windows/medical-2026-11",
            "window-pending": f"/console/windows/{pending}",
            "window-disputed": f"/console/windows/{disputed}",
            "settlements": "/console/settlements/",
            "net": "/console/settlements/medical-2026-11/net/31.medical-fund",
            "instruction": f"/console/settlements/instructions/{store.instructions(pending)[0].instruction.id}",
            "batch": f"/console/settlements/batches/{bill.envelope}",
            "participants": "/console/participants/",
            "participant": "/console/participants/31.medical-fund",
            "approvals": "/console/approvals/?state=",
            "reconciliation": "/console/reconciliation/",
            "disputes": "/console/disputes/",
            "cases": "/console/cases/",
            "dispute": "/console/disputes/3",
            "dispute-new": f"/console/disputes/new/{bill.id}/{store.postings(bill.seq)[0].seq}",
            "prefunds": "/console/prefunds/",
            "nodes": "/console/nodes/",
            "node": "/console/nodes/33.node",
            "changes": "/console/changes/",
            "change": "/console/changes/correction",
            "change-node-new": "/console/changes/node-new",
            "adjustments": "/console/adjustments/",
            "adjustment-new": f"/console/adjustments/new?message={bill.id}",
            "blacklist": "/console/blacklist/",
            "blacklist-version": "/console/blacklist/black/2",
            "files": "/console/files/",
            "file": f"/console/files/{office.files.page(before=None, size=1, scope=None, where={'kind': 'transit'})[0].id}",
            "refusals": "/console/refusals/",
            "figure": "/console/figures/row/medical/31:policy:0",
            "change-figures": "/console/changes/figures",
            "figures": "/console/figures/",
            "what-if": "/console/figures/what-if?amount=3000",
            "cards": "/console/cards/",
            "card": "/console/cards/profiles/3.00",
            "emulated": "/console/emulated/",
            "conformance": "/console/conformance/",
            "conformance-report": "/console/conformance/vendor-1",
            "trace": "/console/cards/trace",
            "reports": "/console/reports/",
            "trust": "/console/trust/",
            "trust-edge": f"/console/trust/edges/{edge}",
            "trust-what-if": f"/console/trust/what-if?edge={edge}&change=constrain&level=high&exclude=O%3DTest",
            "trust-what-if-fault": "/console/trust/what-if?change=revoke",
            "trust-plan": "/console/trust/plan",
            "agreement": "/console/changes/agreement?by=31&of=33",
            "trust-register": "/console/trust/authorities/33",
            "system": "/console/system/",
            "account": "/console/account/",
            "totp": "/console/account/totp",
            "help": "/console/help/",
        },
        "zhao.min": {
            "audit": "/console/audit/",
            "audit-verify": "/console/audit/verify",
            "people": "/console/operators/",
            "person": "/console/operators/chen.jie",
            "person-new": "/console/operators/new",
            "roles": "/console/operators/roles",
        },
    }
    for number, state in enumerate(("waiting", "refused", "withdrawn"), 1):
        pages["zhang.wei"][f"approval-{state}"] = f"/console/approvals/20261122-invented{number}"
    pages["li.na"] = {"approval-to-decide": "/console/approvals/20261122-invented1", "approvals-to-decide": "/console/approvals/"}
    return pages
