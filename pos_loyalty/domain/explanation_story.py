"""What explanations are made of, and how they write money and time."""

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import msgspec

from pos_loyalty.domain.event import Event, StampsGiven
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.rounding import MS_PER_MINUTE
from pos_loyalty.domain.trace import TraceStep

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Past(Protocol):
    """What an explanation may look up: programs, and events that the explained one refers to."""

    def program(self, version: str) -> LoyaltyProgram | None:
        """Return a version, or None where it is not known here."""
        ...

    def event(self, event_id: str) -> Event | None:
        """Return an event out of its rescues, or None where it is not known here."""
        ...

    def referring_to(self, sale_id: str) -> Sequence[Event]:
        """Return what refunded, moved or undid a sale, in the order in which it counted."""
        ...


class ExplainedLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one line of a sale gave; ``line`` counts from 1, ``amount`` is in minor units.

    ``line_index`` counts from 0: by it a refund names the line.
    """

    line: int
    line_index: int
    amount: int
    points: int
    sku: str = ""
    category: str = ""
    quantity: int = 1


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What the explanation of one kind of event adds to what all have.

    ``what`` is one sentence; ``steps`` lead to the points, one rule each; ``computed`` is what
    they come to and ``stored`` what the event says. ``agrees`` is None where nothing can be
    computed again.
    """

    what: str
    steps: tuple[TraceStep, ...] = ()
    lines: tuple[ExplainedLine, ...] = ()
    stamps: tuple[StampsGiven, ...] = ()
    stored: int = 0
    computed: int | None = None
    agrees: bool | None = None


def local_time(at_ms: int, tz_minutes: int) -> str:
    """Write a moment on the shop's clock: "2026-11-22 14:05"."""
    moment = _EPOCH + dt.timedelta(minutes=at_ms // MS_PER_MINUTE + tz_minutes)
    return moment.strftime("%Y-%m-%d %H:%M")


def step(rule: str, text: str, points: int, *, change: int = 0) -> TraceStep:
    """Return one step of an explanation; ``change`` is what it gave or took."""
    return TraceStep(rule=rule, text=text, points=points, change=change)


def stamps_text(stamps: int) -> str:
    """Write a number of stamps: "1 stamp", "2 stamps"."""
    return "1 stamp" if stamps == 1 else f"{stamps} stamps"
