"""Protocol versions. The server speaks the newest and the two before it.

Pushing old events is accepted for ever: they are facts. Only pulling may be told
to update.
"""

PROTOCOL_1 = 1
"""0.1.0: join, exchange with spend rights, history."""

PROTOCOL_2 = 2
"""0.2.0: rows for tills and the owner's list, settling, digests, closed journals in a report, a
hub's holding answer, rights that one stream gives another, an end of spending without contact."""

PROTOCOL_3 = 3
"""0.3.0: programs with rules (:func:`pos_loyalty.domain.program.is_plain` tells which are not),
what rules ask of a member in its row, shares of a reward's stock. An older till is sent plain
programs alone: it could not read the others, or would compute other points by them."""

PROTOCOL_NEWEST = PROTOCOL_3
PROTOCOL_OLDEST = PROTOCOL_1

SCHEMA_1 = 1
"""0.1.0: the first set of event kinds (:mod:`pos_loyalty.domain.event`)."""


def is_too_old(protocol: int) -> bool:
    """Tell whether a till must be updated before it hears of rows again."""
    return protocol < PROTOCOL_OLDEST
