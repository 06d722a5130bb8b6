"""The catalog of what comes in files and on paper: snapshots, packets on a stick, receipts."""

from pos_loyalty.domain.error_code import Code
from pos_loyalty.domain.error_entry import SAFE, Entry

CARRIED: dict[Code, Entry] = {
    Code.SNAPSHOT_GONE: Entry(
        "The server has a newer list of members by now. The till takes that one.",
        SAFE,
        "Nothing: the till begins with the newer list by itself.",
    ),
}
