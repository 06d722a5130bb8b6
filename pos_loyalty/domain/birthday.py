"""A birthday as a member tells it: month and day. The year is nobody's business."""

import datetime as dt
import re

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation

_LEAP_YEAR = 2000
_TYPED = re.compile(r"(?:[0-9]{4}-)?([0-9]{2})-([0-9]{2})")


def parse_birthday(text: str) -> str:
    """Return "MM-DD" from "MM-DD" or "YYYY-MM-DD"; nothing typed is no birthday.

    Raises:
        RuleViolation: no day of the calendar.
    """
    stripped = text.strip()
    if not stripped:
        return ""
    typed = _TYPED.fullmatch(stripped)
    if typed is None:
        raise RuleViolation(Code.BIRTHDAY_SHAPE)
    month, day = typed.groups()
    try:
        dt.date(_LEAP_YEAR, int(month), int(day))
    except ValueError as error:
        raise RuleViolation(Code.BIRTHDAY_SHAPE) from error
    return f"{month}-{day}"
