"""The catalog of what comes in files and on paper: snapshots, packets on a stick, receipts."""

from pos_loyalty.domain.error_code import Code
from pos_loyalty.domain.error_entry import SAFE, UNTOUCHED, Entry

_SAFE_BY_HAND = "Saved sales are safe here and go with the next packet."

CARRIED: dict[Code, Entry] = {
    Code.SNAPSHOT_GONE: Entry(
        "The server has a newer list of members by now. The till takes that one.",
        SAFE,
        "Nothing: the till begins with the newer list by itself.",
    ),
    Code.PACKET_SHAPE: Entry(
        "{file} is no packet of this program. Choose the file that was written for this.",
        _SAFE_BY_HAND,
        "Choose the right file.",
    ),
    Code.PACKET_NEWER: Entry(
        "This packet is from a newer program. Update this one first.",
        _SAFE_BY_HAND,
        "Update the program on this side, then import the packet again.",
    ),
    Code.PACKET_DAMAGED: Entry(
        "This packet is damaged or was altered. Nothing was taken from it. Write it again.",
        _SAFE_BY_HAND,
        "Write the packet again on the other side, on another stick if it stays.",
    ),
    Code.PACKET_KIND: Entry(
        "This packet goes the other way. Take it to the other side, or choose the other file.",
        _SAFE_BY_HAND,
        "A till's packet is imported by `./pos server import`, the answer by `./pos sync import`.",
    ),
    Code.PACKET_OTHER_TILL: Entry(
        "This packet is for another till: {till}.", _SAFE_BY_HAND, "Import it there."
    ),
    Code.PACKET_OTHER_MERCHANT: Entry(
        "This packet belongs to another merchant.", _SAFE_BY_HAND, "Choose the right file."
    ),
    Code.PACKET_UNKNOWN: Entry(
        "This packet answers something that this till does not remember. Export again.",
        _SAFE_BY_HAND,
        "The till was restored from a backup: `./pos sync export` begins anew.",
    ),
    Code.PACKET_KEY_ABSENT: Entry(
        "This till has no key of the server yet. Let it sync once, or join by packet.",
        _SAFE_BY_HAND,
        "Be online once, or make an invitation: `./pos server till-code --packet FILE`.",
    ),
    Code.PACKET_FULL: Entry(
        "There is no room for {file}. Nothing was lost; take another stick.",
        _SAFE_BY_HAND,
        "Free some room on the stick, or take another one, and export again.",
    ),
    Code.PACKET_WRITE: Entry(
        "{file} could not be written. Nothing was lost; put the stick in and try again.",
        _SAFE_BY_HAND,
        "Put the stick in again, or take another one, and export again.",
    ),
    Code.PACKET_READ: Entry(
        "{file} could not be read. Put the stick in and try again.",
        _SAFE_BY_HAND,
        "Put the stick in again; if it stays, write the packet again on another one.",
    ),
    Code.CARRIED_BY_HAND: Entry(
        "This till is never online. Its sales are carried by hand.",
        _SAFE_BY_HAND,
        "`./pos sync export FILE`, and with the answer `./pos sync import FILE`.",
    ),
    Code.RECEIPT_CHECK: Entry(
        "This receipt's code does not pass the check. Scan the card, or find by phone.",
        UNTOUCHED,
        "Scan once more; if it stays, find the member by card or phone.",
    ),
    Code.RECEIPT_VERSION: Entry(
        "This receipt is newer than this till. Scan the card, and update the till.",
        UNTOUCHED,
        "Find the member by card or phone; the owner updates the till.",
    ),
    Code.RECEIPT_FOREIGN: Entry(
        "This receipt belongs to another program.", UNTOUCHED, "Ask for the shop's own card."
    ),
    Code.RECEIPT_TILL: Entry(
        "This till does not know the till of this receipt. Scan the card instead.",
        UNTOUCHED,
        "Find the member by card or phone; the till hears of others at its next contact.",
    ),
    Code.RECEIPT_FORGED: Entry(
        "This receipt is altered or not from our till. Do not go by it.",
        UNTOUCHED,
        "Find the member by card or phone and go by what the screen says.",
    ),
    Code.RECEIPT_MEMBER: Entry(
        "This receipt's member is not known here yet. Scan the card.",
        UNTOUCHED,
        "Scan the card: a card that is new here is counted all the same.",
    ),
}
