"""What the screen or the counter answered, held against the journals and the balances.

The list has one JSON object a line, in the order in which the answers were given:

    {"answer": "begin", "till": T, "at_ms": …}         what is older is history
    {"answer": "sale", "till": T, "sale_id": S or none, "total": …, "earned": …,
     "redeemed": …, "member": M or "name": N or "number": C, "balance": …, "offline": …}
    {"answer": "refused", "till": T, "sale_id": S or none, "total": …}   said to be not saved
    {"answer": "undo", "till": T, "sale_id": S or none, "total": …, "balance": …}
    {"answer": "enroll" or "member", "till": T, "member"/"name"/"number": …, "balance": …}

A screen shows no ids: there a sale is found by its total, which the one who plays the
day makes different for every sale, and a member by name or by card number.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from books_events import Event
from books_report import Matter, Report
from books_till import TillBooks, Unreadable, root_of

Answer = dict[str, Any]

_COMPARED = ("earned", "redeemed", "member")
_ABSENT = {"earned": 0, "redeemed": 0, "member": None}


def read_answers(paths: Iterable[Path]) -> list[Answer]:
    """Read the lists of answers.

    Raises:
        Unreadable: a file is not there or a line is no JSON object.
    """
    answers: list[Answer] = []
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            answers += [dict(json.loads(line)) for line in lines if line.strip()]
        except (OSError, ValueError, TypeError) as error:
            raise Unreadable(f"{path.name}: no list of answers: {error}") from error
    return answers


def check_answers(
    answers: Sequence[Answer], tills: Sequence[TillBooks], report: Report, *, is_exact: bool
) -> list[tuple[TillBooks, Answer, Event]]:
    """Find each answer's event in its till's journal; return the acknowledged sales.

    Args:
        answers: what was answered.
        tills: where it was answered.
        report: takes what is lost, doubled or altered.
        is_exact: whether a sale that nobody was told of is a fault, too.
    """
    found: list[tuple[TillBooks, Answer, Event]] = []
    for till in tills:
        mine = [answer for answer in answers if _is_of(answer, till, tills)]
        found += [(till, *pair) for pair in _check_till(mine, till, report, is_exact=is_exact)]
    return found


def last_shown(
    answers: Sequence[Answer], tills: Sequence[TillBooks], report: Report
) -> dict[tuple[str, str], int]:
    """Return the balance shown last of each person, by (till's name, the account that stayed)."""
    shown: dict[tuple[str, str], int] = {}
    for till in tills:
        for answer in answers:
            if "balance" in answer and _is_of(answer, till, tills):
                member = _member_of(answer, till)
                if member is None:
                    report.find(Matter.OTHER, f"till {till.name}: nobody fits {answer}")
                else:
                    shown[till.name, root_of(member, till.merged)] = int(answer["balance"])
    return shown


def _is_of(answer: Answer, till: TillBooks, tills: Sequence[TillBooks]) -> bool:
    return answer.get("till", tills[0].name) == till.name


def _check_till(
    answers: Sequence[Answer], till: TillBooks, report: Report, *, is_exact: bool
) -> list[tuple[Answer, Event]]:
    begun_ms = min(
        (answer["at_ms"] for answer in answers if answer["answer"] == "begin"), default=0
    )
    events = [event for _, event in till.counted() if event.fields.get("at_ms", 0) >= begun_ms]
    sales = [event for event in events if event.kind == "sale"]
    told = _without_repeats([answer for answer in answers if answer["answer"] == "sale"])
    report.figures["sales"] += len(told)
    report.figures["offline_sales"] += sum(bool(answer.get("offline")) for answer in told)
    pairs = _pair(told, sales, till, report)
    for answer, event in pairs:
        _compare(answer, event, till, report)
    told_ids = {event.id for _, event in pairs}
    if is_exact:
        for event in sales:
            if event.id not in told_ids and not _is_repeat(event, pairs):
                report.find(
                    Matter.OTHER,
                    f"till {till.name}: sale {event.id} is in the journal, nobody was told of it",
                )
    for answer in answers:
        if answer["answer"] == "refused" and any(_fits(answer, event) for event in sales):
            report.find(
                Matter.OTHER, f"till {till.name}: said to be not saved, but it is: {answer}"
            )
    _check_undone(answers, pairs, events, till, report)
    return pairs


def _pair(
    told: Sequence[Answer], sales: Sequence[Event], till: TillBooks, report: Report
) -> list[tuple[Answer, Event]]:
    """Give each acknowledged sale its event: by id, else by total, else by its turn."""
    pairs: list[tuple[Answer, Event]] = []
    missing: list[Answer] = []
    for answer in told:
        fitting = [event for event in sales if _fits(answer, event)]
        if len(fitting) > 1:
            report.find(
                Matter.DOUBLED, f"till {till.name}: {len(fitting)} times one sale: {answer}"
            )
        if fitting:
            pairs.append((answer, fitting[0]))
        else:
            missing.append(answer)
    taken = {event.id for _, event in pairs}
    left = [event for event in sales if not any(_fits(answer, event) for answer in told)]
    left = [event for event in left if event.id not in taken]
    if missing and len(missing) == len(left):
        # As many strangers as gaps, and a journal keeps the order: they were altered.
        pairs += zip(missing, left, strict=True)
        return pairs
    for answer in missing:
        report.find(Matter.LOST, f"till {till.name}: an acknowledged sale is not there: {answer}")
    return pairs


def _fits(answer: Answer, event: Event) -> bool:
    if answer.get("sale_id"):
        return event.id == answer["sale_id"]
    return _total(event) == answer.get("total")


def _total(event: Event) -> int:
    return int(event.fields.get("sale", {}).get("total", 0))


def _without_repeats(told: Sequence[Answer]) -> list[Answer]:
    """A sale asked for twice under one id is answered twice and is one sale."""
    by_id: dict[Any, Answer] = {}
    for number, answer in enumerate(told):
        by_id[answer.get("sale_id") or number] = answer
    return list(by_id.values())


def _is_repeat(event: Event, pairs: Sequence[tuple[Answer, Event]]) -> bool:
    """Tell whether an event is a second copy of an acknowledged sale: reported already."""
    return any(_fits(answer, event) for answer, _ in pairs)


def _compare(answer: Answer, event: Event, till: TillBooks, report: Report) -> None:
    told = dict(answer)
    if "name" in told or "number" in told:
        told["member"] = _member_of(told, till)
    if "total" in told and told["total"] != _total(event):
        report.find(
            Matter.ALTERED,
            f"till {till.name}: sale {event.id} is {_total(event)}, the answer was {answer}",
        )
    for name in _COMPARED:
        if name in told and not _is_same(
            name, told[name], event.fields.get(name, _ABSENT[name]), till
        ):
            report.find(
                Matter.ALTERED,
                f"till {till.name}: sale {event.id} has {name} {event.fields.get(name)},"
                f" the answer was {answer}",
            )


def _is_same(name: str, told: object, written: object, till: TillBooks) -> bool:
    """Compare a field; a member by the person, whose account may have been merged since."""
    if name == "member" and isinstance(told, str) and isinstance(written, str):
        return root_of(told, till.merged) == root_of(written, till.merged)
    return told == written


def _member_of(answer: Answer, till: TillBooks) -> str | None:
    """Return whom an answer names; None where nobody or several fit."""
    if answer.get("member"):
        return str(answer["member"])
    if answer.get("number"):
        return till.cards.get(str(answer["number"]))
    by_name: dict[str, list[str]] = defaultdict(list)
    for member, name in till.names.items():
        by_name[name].append(member)
    fitting = by_name.get(str(answer.get("name")), [])
    return fitting[0] if len(fitting) == 1 else None


def _check_undone(
    answers: Sequence[Answer],
    pairs: Sequence[tuple[Answer, Event]],
    events: Sequence[Event],
    till: TillBooks,
    report: Report,
) -> None:
    """Each sale said to be undone is undone once, and no other is."""
    reversed_ids = [event.fields["sale_id"] for event in events if event.kind == "reversal"]
    wanted = {
        event.id
        for answer in answers
        if answer["answer"] == "undo"
        for told, event in pairs
        if _fits(answer, event) or (answer.get("total") and answer["total"] == told.get("total"))
    }
    for sale_id in sorted(wanted - set(reversed_ids)):
        report.find(Matter.LOST, f"till {till.name}: the undo of sale {sale_id} is not there")
    for sale_id in sorted(set(reversed_ids)):
        if reversed_ids.count(sale_id) > 1:
            report.find(Matter.DOUBLED, f"till {till.name}: sale {sale_id} is undone twice")
