"""What the server thought of an event. A verdict is never a refusal: facts are recorded."""

from enum import StrEnum


class Verdict(StrEnum):
    """The server's judgement of one event, stored with it and the same on every retry."""

    APPLIED = "applied"
    DIFFERS = "differs"
    """Applied; the server computes other points. A sale's and a move's count as the till computed
    them, those of a refund, an activity and an adjustment as the server does."""
    OVERDRAFT = "overdraft"
    """Applied; the stream used more rights than it had."""
    DUPLICATE = "duplicate"
    """Not applied again: the same sale, reversal or rescue is already in the books."""
    UNKNOWN_CARD = "unknown_card"
    """Recorded; nobody ever printed this card, so nobody earns."""
    HELD = "held"
    """Recorded on a blank card; the points wait for its member."""
    LATER = "later"
    """Stored; the kind or version is newer than this server."""
    QUARANTINED = "quarantined"
    """Stored with its bytes and set aside: not readable, or it breaks a rule of the books."""
