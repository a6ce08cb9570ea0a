"""Bulk files that are handed in: what they are, who signed them, each line taken or named with its reason, the return file.

Signed packages carry transit purchases of a day, medical settlements of a month, or another's return file; a bank's file is
a statement (camt.053) or a result list and carries no signature. The same bytes are taken once.
"""

from server.filing.arriving import KINDS, Arrival, Kind, Means, Outside, Waiting, is_package, outside
from server.filing.keeping import hand_out
from server.filing.taking import Busy, from_node, retry, take

__all__ = [
    "KINDS",
    "Arrival",
    "Busy",
    "Kind",
    "Means",
    "Outside",
    "Waiting",
    "from_node",
    "hand_out",
    "is_package",
    "outside",
    "retry",
    "take",
]
