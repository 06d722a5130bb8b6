"""What is known of a member besides the points, as far as the program's rules ask for it.

A :class:`MemberSheet` is the server's absolute state, carried in the member's row; a till
adds what its own events since then did to the tally. :class:`MemberFacts` is the part that a
sale used: it is stored in the sale, so that till, server and a later reader compute the same.

A tally counts by name and period: "visits", "visits@2026-11", "points@2026-11-22",
"points@2026-W47", "rule:tuesday@2026-11", "stamps:coffee". Days and months are those of the
shop's clock at the event.
"""

import msgspec

Tally = dict[str, int]


class MemberFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the till knew when it computed a sale; only what the program asks for.

    ``birthday_rules`` names the rules and offers whose birthday days held: the date itself is
    a personal field, and none is in an event.
    """

    shop: str = ""
    segments: tuple[str, ...] = ()
    birthday_rules: tuple[str, ...] = ()
    last_visit_ms: int = 0
    tally: Tally = {}


class MemberSheet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member as the books know one, beyond balance, name and tier.

    ``birthday`` is "MM-DD". ``pending`` points of the balance cannot be used before
    ``pending_until_ms`` (the first of them). ``ends_points`` end at ``ends_ms``, the next
    that do. ``tier_until_ms`` is when the tier ends unless it is earned again; 0 is no end.
    """

    segments: tuple[str, ...] = ()
    birthday: str = ""
    last_visit_ms: int = 0
    tally: Tally = {}
    pending: int = 0
    pending_until_ms: int = 0
    ends_points: int = 0
    ends_ms: int = 0
    tier_until_ms: int = 0


NO_FACTS = MemberFacts()
NO_SHEET = MemberSheet()
