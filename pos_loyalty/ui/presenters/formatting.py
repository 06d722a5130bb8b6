"""How the counter writes money, points, times and names.

Babel knows more currencies and languages, but takes longer to import than the window takes to
appear; the few symbols that shops here print on a price tag are a table of our own.
"""

import re
from typing import TYPE_CHECKING, Final

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.money import Currency, plain_amount
from pos_loyalty.domain.rounding import local_day, local_minutes

if TYPE_CHECKING:
    from datetime import date

MINUS: Final = "\u2212"
BULLETS: Final = "\u2022\u2022"
_ELLIPSIS: Final = "\u2026"
_MINUTES_PER_HOUR: Final = 60
_HOURS_PER_DAY: Final = 24
_EPOCH_ORDINAL: Final = 719_163
"""1 January 1970, as Python counts days; the calendar is imported when it is needed."""

_SYMBOLS: Final = {
    "AUD": "A$ ",
    "BRL": "R$ ",
    "CAD": "C$ ",
    "CNY": "\u00a5 ",
    "EUR": "\u20ac ",
    "GBP": "\u00a3 ",
    "ILS": "\u20aa ",
    "INR": "\u20b9 ",
    "JPY": "\u00a5 ",
    "TRY": "\u20ba ",
    "USD": "$ ",
}
"""What stands before the figure; any other currency is written with its code."""

_DAY: Final = re.compile(r"\b[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])(?= [0-9]{2}:)")
"""A day before its time, as :func:`pos_loyalty.domain.explanation_story.local_time` has it."""
_MONTHS: Final = "JanFebMarAprMayJunJulAugSepOctNovDec"

NAMELESS: Final = "The member"
_NAMELESS_WITHIN: Final = "the member"


def money(minor_units: int, currency: Currency) -> str:
    """Write an amount as on the pictures: 125000 euro cents are ``€ 1,250.00``."""
    return before_amount(currency) + grouped(plain_amount(minor_units, currency))


def before_amount(currency: Currency) -> str:
    """Return what stands before the figure, with its space."""
    return _SYMBOLS.get(currency.code, f"{currency.code} ")


def grouped(plain: str) -> str:
    """Put commas between the thousands of a plain amount; what follows the point stays."""
    whole, point, fraction = plain.partition(".")
    sign = whole[:1] if whole.startswith("-") else ""
    digits = whole.removeprefix("-")
    with_commas = f"{int(digits):,}" if digits else digits
    return f"{MINUS if sign else ''}{with_commas}{point}{fraction}"


def points(count: int) -> str:
    """Write points: ``1,240``."""
    return f"{MINUS if count < 0 else ''}{abs(count):,}"


def signed_points(count: int) -> str:
    """Write a change of points: ``+42``, or 800 less."""
    return f"{MINUS if count < 0 else '+'}{abs(count):,}"


def change(*, earned_points: int, redeemed_points: int) -> str:
    """Write what a sale does to points: ``+42``, and what was redeemed."""
    earned = signed_points(earned_points)
    return f"{earned} {signed_points(-redeemed_points)}" if redeemed_points else earned


def time_of_day(at_ms: int, clock: Clock) -> str:
    """Write the shop's wall clock time: ``10:42``."""
    minutes = local_minutes(at_ms, clock.offset_minutes(at_ms))
    hour = minutes // _MINUTES_PER_HOUR % _HOURS_PER_DAY
    return f"{hour:02}:{minutes % _MINUTES_PER_HOUR:02}"


def day_and_time(at_ms: int, clock: Clock) -> str:
    """Write day and time of something that may be older than today: ``3 May 10:42``."""
    return f"{day_of(at_ms, clock)} {time_of_day(at_ms, clock)}"


def day_of(at_ms: int, clock: Clock) -> str:
    """Write a day on the shop's clock: ``3 Dec``, with its year where that is another one."""
    return _written(_date(at_ms, clock), _date(clock.now_ms(), clock))


def with_days_in_words(text: str, clock: Clock) -> str:
    """Write the days of an explanation as the counter does: ``3 Dec`` for ``2026-12-03``."""
    today = _date(clock.now_ms(), clock)
    return _DAY.sub(lambda found: _in_words(found[0], today), text)


def _in_words(day: str, today: "date") -> str:
    from datetime import date

    try:
        return _written(date.fromisoformat(day), today)
    except ValueError:
        # Figures in the name of a rule; the calendar has no such day.
        return day


def _date(at_ms: int, clock: Clock) -> "date":
    from datetime import date

    return date.fromordinal(_EPOCH_ORDINAL + local_day(at_ms, clock.offset_minutes(at_ms)))


def _written(day: "date", today: "date") -> str:
    month = _MONTHS[3 * day.month - 3 : 3 * day.month]
    # A day of last year is understood where something is listed; one that is to come is not.
    year = f" {day.year}" if day.year > today.year else ""
    return f"{day.day} {month}{year}"


def card_end(hint: str) -> str:
    """Write the end of a card's number, masked before: ``•• 4417``."""
    return f"{BULLETS} {hint}" if hint else ""


def first_name(name: str) -> str:
    """Return what the strip calls a member; a member without a name is "The member"."""
    words = name.split()
    return shortened(words[0], 24) if words else NAMELESS


def name_within(name: str) -> str:
    """Return what a sentence calls a member after its first word."""
    return first_name(name) if name.split() else _NAMELESS_WITHIN


def full_name(name: str, *, card_hint: str) -> str:
    """Return what stands above the points."""
    return name.strip() or (f"Member {card_end(card_hint)}".strip())


def short_name(name: str) -> str:
    """Return first name and the first letter of the last: ``Jonas K.``."""
    words = name.split()
    if not words:
        return "Member"
    return words[0] if len(words) == 1 else f"{words[0]} {words[-1][:1]}."


def initials(name: str) -> str:
    """Return up to two first letters; none for a member without a name."""
    words = name.split()
    return "".join(word[:1] for word in (words[:1] + words[1:][-1:]))


def shortened(text: str, characters_max: int) -> str:
    """Return the text, cut with an ellipsis where it is longer than that."""
    if len(text) <= characters_max:
        return text
    return text[: characters_max - 1].rstrip() + _ELLIPSIS


def counted(count: int, one: str, many: str) -> str:
    """Write a count with its word: ``1 sale``, ``14 sales``."""
    return f"{count:,} {one if count == 1 else many}"
