"""What explanations look up in a test, and short ways to make events."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.earning_rule import (
    Caps,
    Conditions,
    EarningRule,
    PerItem,
    StampCard,
    Stamps,
)
from pos_loyalty.domain.event import (
    Event,
    SaleLine,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    SaleReversed,
)
from pos_loyalty.domain.explanation import Explanation
from pos_loyalty.domain.ids import TierId
from pos_loyalty.domain.program import LoyaltyProgram
from tests.builders import (
    AYSE,
    OMAR,
    STANDARD,
    WEDNESDAY_MS,
    event_id,
)

COFFEE = SaleLine(amount=600, sku="c1", category="coffee", quantity=2)
CAKE = SaleLine(amount=1400, category="cake")
RULED = msgspec.structs.replace(
    STANDARD,
    rules=(
        EarningRule(
            id="coffee",
            name="Coffee week",
            give=PerItem(points=5),
            when=Conditions(categories=("coffee",)),
            caps=Caps(sale=8),
        ),
        EarningRule(id="card", name="Stamps", give=Stamps(card="cups")),
    ),
    stamp_cards=(StampCard(id="cups", name="Cups", stamps=9),),
)


EventT = TypeVar("EventT")


class Books:
    """What an explanation may look up."""

    def __init__(self, *events: Event, programs: Sequence[LoyaltyProgram] = (STANDARD,)) -> None:
        self._events = {event.id: event for event in events}
        self._programs = {program.version: program for program in programs}

    def program(self, version: str) -> LoyaltyProgram | None:
        return next((each for each in self._programs.values() if each.version == version), None)

    def event(self, event_id: str) -> Event | None:
        return next((event for key, event in self._events.items() if key == event_id), None)

    def referring_to(self, sale_id: str) -> Sequence[Event]:
        return [
            event
            for event in self._events.values()
            if isinstance(event, SaleRefunded | SaleMoved | SaleReversed)
            and event.sale_id == sale_id
        ]


def texts(found: Explanation) -> list[str]:
    return [step.text for step in found.steps]


def head(kind: Callable[..., EventT], **fields: object) -> EventT:
    """Make an event of a kind with the fields that all have."""
    shared: dict[str, object] = {
        "v": 1,
        "id": event_id(77),
        "at_ms": WEDNESDAY_MS,
        "boot_ms": 1,
        "tz_minutes": 60,
        "program": STANDARD.version,
    }
    return kind(**(shared | fields))


def facts(total: int = 2000, *, lines: Sequence[SaleLine] = (), tier: str = "bronze") -> SaleFacts:
    return SaleFacts(
        total=total, tier=tier, at_ms=WEDNESDAY_MS, offset_minutes=60, lines=tuple(lines)
    )


def moved(event: SaleRecorded, **fields: object) -> SaleMoved:
    whole: dict[str, object] = {
        "sale_id": event.id,
        "sale_seq": 1,
        "to_member": OMAR,
        "from_member": AYSE,
        "earned_taken": 20,
        "earned_given": 30,
        "tier": TierId("gold"),
    }
    return head(SaleMoved, **(whole | fields))
