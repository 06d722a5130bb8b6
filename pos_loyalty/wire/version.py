"""Protocol versions. The server speaks the newest and the two before it.

Pushing old events is accepted for ever: they are facts. Only pulling may be told
to update.
"""

PROTOCOL_1 = 1
"""0.1.0: join, exchange with spend rights, history. Spoken by every till so far."""

PROTOCOL_2 = 2
"""Rows for tills and the owner's list, settling, digests, closed journals in a report, a hub's
holding answer, rights that one stream gives to another, an end of spending without contact."""

PROTOCOL_NEWEST = PROTOCOL_2
PROTOCOL_OLDEST = PROTOCOL_1

SCHEMA_1 = 1
"""0.1.0: the first set of event kinds (:mod:`pos_loyalty.domain.event`)."""


def is_too_old(protocol: int) -> bool:
    """Tell whether a till must be updated before it hears of rows again."""
    return protocol < PROTOCOL_OLDEST
