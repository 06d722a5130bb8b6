"""When has everything arrived everywhere? Read from outside, so that looking helps nobody.

The **sync interval** is the longest that a till in good order goes without asking its
server: the long poll, which the server holds for 20 seconds. Three of them is what a
shop may take to come to rest after its line, server or till is back.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from books_report import Report
from books_server import read_server
from books_till import TillBooks, Unreadable, read_till
from line_shop import LineShop

from pos_loyalty.sync.engine import LISTEN_MS

INTERVAL_SECONDS = LISTEN_MS / 1000
INTERVALS_MAX = 3
_LOOK_SECONDS = 0.25
_REST_SECONDS = 1.0
"""A till may still hand spend rights back; what is at rest for so long is at rest."""


@dataclass(frozen=True)
class Look:
    """What is unsent, and where a balance is not what the server has."""

    pending: Mapping[str, int]
    differing: int

    @property
    def is_at_rest(self) -> bool:
        """Whether everything is everywhere."""
        return not self.differing and not any(self.pending.values())

    def __str__(self) -> str:
        unsent = ", ".join(f"{till} has {count} unsent" for till, count in self.pending.items())
        return f"{unsent}; {self.differing} balances differ"


def look(shop: LineShop) -> Look:
    """Look into all databases, each in one snapshot."""
    ignored = Report()
    tills = [read_till(shop.folder / till, shop.keys, ignored) for till in shop.tills]
    balances = read_server(str(shop.books), ignored).balances
    differing = sum(_differing(till, balances) for till in tills)
    return Look({till.name: _pending(till) for till in tills}, differing)


def rest_after(shop: LineShop, began: float, intervals: float) -> tuple[float | None, Look]:
    """Wait for rest; return how many seconds after ``began`` it was there, None where never."""
    rest_since: float | None = None
    newest: Look | None = None
    while True:
        now = time.monotonic() - began
        newest = _look_again(shop, newest)
        if newest is None or not newest.is_at_rest:
            rest_since = None
        elif rest_since is None:
            rest_since = now
        elif now - rest_since >= _REST_SECONDS:
            return rest_since, newest
        if now > intervals * INTERVAL_SECONDS + _REST_SECONDS and rest_since is None:
            return None, newest or Look({}, 0)
        time.sleep(_LOOK_SECONDS)


def _look_again(shop: LineShop, before: Look | None) -> Look | None:
    """Look; a database in the middle of its start is looked at again later."""
    try:
        return look(shop)
    except Unreadable:
        return before if before is not None and not before.is_at_rest else None


def _pending(till: TillBooks) -> int:
    return sum(stream.pending for stream in till.streams if stream.is_open)


def _differing(till: TillBooks, balances: Mapping[str, int]) -> int:
    shown = {member: points.balance for member, points in till.points.items()}
    members = shown.keys() | balances.keys()
    return sum(shown.get(member, 0) != balances.get(member, 0) for member in members)
