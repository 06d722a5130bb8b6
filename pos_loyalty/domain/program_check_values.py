"""What holds for every value of a program, whatever it means: sizes, texts, ids, lists."""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import cast

import msgspec

from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.program_fault import Findings, ProgramFault

NUMBER_MAX = 10**9 - 1
"""The most points, minor units, days or percent: what every database and screen holds."""
LIST_LENGTH_MAX = 5_000
PARTS_MAX = 500
"""The most rules, rewards, tiers … of a program."""
ID_LENGTH_MAX = 40
TEXT_LENGTH_MAX = 120
ID_PATTERN = f"[a-z0-9][a-z0-9_-]{{0,{ID_LENGTH_MAX - 1}}}"
"""An id is part of a tally's name, where ``:`` and ``@`` have a meaning."""
_is_id = re.compile(ID_PATTERN).fullmatch
_SET_AT_PUBLISHING = frozenset({"version", "effective_from_ms"})
_MAY_BE_EMPTY = frozenset({"item", "reason", "from_time", "until_time", "stamp_card"})
_ID_NAMES = frozenset({"id"})


def check_values(findings: Findings, program: LoyaltyProgram) -> None:
    """Note numbers, texts and lists that no program can have."""
    for path, name, value in _values(program, "", ""):
        if path in _SET_AT_PUBLISHING:
            continue
        if isinstance(value, bool):
            continue
        if isinstance(value, int):
            _check_number(findings, path, value)
        elif isinstance(value, str) and not isinstance(value, StrEnum):
            _check_text(findings, path, name, value)
        elif isinstance(value, tuple):
            _check_list(findings, path, cast("tuple[object, ...]", value))
    for name, ids in _ids(program).items():
        _check_ids(findings, name, ids)


def _values(value: object, path: str, name: str) -> Iterator[tuple[str, str, object]]:
    """Yield path, name and value of everything in a program, lists and what is in them."""
    if isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            inner = f"{path}.{field}" if path else field
            yield from _values(getattr(value, field), inner, field)
    elif isinstance(value, tuple):
        items = cast("tuple[object, ...]", value)
        yield path, name, items
        for index, item in enumerate(items):
            yield from _values(item, f"{path}[{index}]", name)
    elif isinstance(value, dict):
        for key, item in cast("dict[str, object]", value).items():
            yield from _values(item, f"{path}.{key}", name)
    else:
        yield path, name, value


def _check_number(findings: Findings, path: str, value: int) -> None:
    if value > NUMBER_MAX:
        findings.add(path, ProgramFault.NUMBER_LARGE, "a number has at most 9 digits")
    if value >= 0:
        return
    if path.rpartition(".")[0].endswith("caps"):
        findings.add(path, ProgramFault.CAP_NEGATIVE, "a cap is 1 or more")
    else:
        findings.add(path, ProgramFault.NUMBER_NEGATIVE, "a number is not below 0")


def _check_text(findings: Findings, path: str, name: str, value: str) -> None:
    if name in _ID_NAMES:
        if _is_id(value) is None:
            findings.add(
                path,
                ProgramFault.ID_SHAPE,
                f"an id has 1 to {ID_LENGTH_MAX} small letters, digits, - and _",
            )
        return
    if not value.strip() and name not in _MAY_BE_EMPTY:
        findings.add(path, ProgramFault.TEXT_EMPTY, "write something here")
    if len(value) > TEXT_LENGTH_MAX:
        findings.add(path, ProgramFault.TEXT_LONG, f"at most {TEXT_LENGTH_MAX} characters")
    if not value.isprintable():
        findings.add(path, ProgramFault.TEXT_SHAPE, "letters that can be shown on one line only")


def _check_list(findings: Findings, path: str, items: Sequence[object]) -> None:
    most = PARTS_MAX if items and isinstance(items[0], msgspec.Struct) else LIST_LENGTH_MAX
    if len(items) > most:
        findings.add(path, ProgramFault.LIST_LONG, f"at most {most} of them")
        return
    plain = [item for item in items if isinstance(item, str | int)]
    if len(set(plain)) < len(plain):
        twice = next(item for item in plain if plain.count(item) > 1)
        findings.add(path, ProgramFault.LISTED_TWICE, f"{twice} stands there twice")


def _ids(program: LoyaltyProgram) -> dict[str, list[tuple[str, str]]]:
    """Return the ids of each kind of part with their paths; rules and offers share a tally."""
    rules = [(f"rules[{at}].id", rule.id) for at, rule in enumerate(program.rules)]
    offers = [(f"offers[{at}].id", offer.id) for at, offer in enumerate(program.offers)]
    return {
        "tier": [(f"tiers[{at}].id", tier.id) for at, tier in enumerate(program.tiers)],
        "reward": [(f"rewards[{at}].id", reward.id) for at, reward in enumerate(program.rewards)],
        "rule or offer": rules + offers,
        "stamp card": [
            (f"stamp_cards[{at}].id", card.id) for at, card in enumerate(program.stamp_cards)
        ],
        "activity": [
            (f"activities[{at}].id", rule.id) for at, rule in enumerate(program.activities)
        ],
    }


def _check_ids(findings: Findings, name: str, ids: Sequence[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for path, identity in ids:
        if identity in seen:
            findings.add(
                path, ProgramFault.ID_TWICE, f'"{identity}" is the id of another {name}, too'
            )
        seen.setdefault(identity, path)
