"""A year of one member in a shop that follows a program: sold by a real till in a folder."""

import datetime as dt
import random
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from pos_loyalty.domain.earning_rule import WEEKDAYS
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import SaleLine
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.money import currency_of, parse_amount
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.domain.reward import FreeItem, PointsForMoney, Reward, sensible_points, worth_of
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.look_up_member import LookUpMember
from pos_loyalty.services.publish_program import PublishProgram
from pos_loyalty.services.record_sale import RecordSale, SaleDone
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.till import Till, open_till

YEAR = 2027
_TYPICAL = Path(__file__).parent / "typical_sales.toml"
_MS_PER_SECOND = 1000
_FIRST_MS = int(dt.datetime(YEAR, 1, 1, tzinfo=dt.UTC).timestamp()) * _MS_PER_SECOND
_EURO = currency_of("EUR")


class Sale(msgspec.Struct, frozen=True):
    """A visit: when, what it came to, and its lines."""

    at_ms: int
    total: int
    lines: tuple[SaleLine, ...] = ()


@dataclass
class Year:
    """What happened in the year. Amounts in minor units."""

    visits: int = 0
    turnover: int = 0
    earned: int = 0
    welcome: int = 0
    cost: int = 0
    balance: int = 0
    tier: str = ""
    taken: Counter[str] = field(default_factory=Counter[str])


class YearClock:
    """A clock that stands where the year is."""

    def __init__(self) -> None:
        self.time_ms = _FIRST_MS

    def now_ms(self) -> int:
        """Return the moment of the year, and go on a little."""
        self.time_ms += 1
        return self.time_ms

    def monotonic_ms(self) -> int:
        """Return the same: nothing is timed."""
        return self.time_ms

    def offset_minutes(self, at_ms: int) -> int:
        """Return that the shop lies in Greenwich."""
        del at_ms
        return 0


class YearIds:
    """Ids from a seed: the same year each time."""

    def __init__(self) -> None:
        self._random = random.Random(1)

    def next_id(self) -> str:
        """Return an id."""
        return self.random_bytes(16).hex()

    def random_bytes(self, count: int) -> bytes:
        """Return bytes."""
        return self._random.randbytes(count)


def typical() -> dict[str, dict[str, Any]]:
    """Return what is assumed of a member, by template."""
    return tomllib.loads(_TYPICAL.read_text("utf-8"))


def sales_of(pattern: list[dict[str, Any]]) -> list[Sale]:
    """Return the visits of the year in their order."""
    return sorted(_visits(pattern), key=lambda sale: sale.at_ms)


def _visits(pattern: list[dict[str, Any]]) -> Iterator[Sale]:
    for row in pattern:
        weekdays = [WEEKDAYS.index(day) for day in row["days"]]
        first = dt.date(YEAR, 1, 1)
        fitting: list[dt.date] = []
        for at in range(365):
            day = first + dt.timedelta(days=at)
            fitting += [day] if day.weekday() in weekdays else []
        clock = dt.time.fromisoformat(row["at"])
        lines = tuple(_line(line) for line in row.get("lines", ()))
        total = sum(line.amount for line in lines) if lines else _cents(row["total"])
        times: int = row["times"]
        for at in range(times):
            day = fitting[at * len(fitting) // times]
            moment = dt.datetime.combine(day, clock, tzinfo=dt.UTC)
            yield Sale(int(moment.timestamp()) * _MS_PER_SECOND, total, lines)


def _line(row: dict[str, Any]) -> SaleLine:
    return SaleLine(
        category=row["category"],
        amount=_cents(row["amount"]),
        quantity=row.get("quantity", 1),
        tax=_cents(row["tax"]) if "tax" in row else 0,
    )


def _cents(amount: str) -> int:
    return parse_amount(amount.removesuffix("EUR"), _EURO)


def live(program: LoyaltyProgram, member: dict[str, Any]) -> Year:
    """Let a member shop for a year at a till that follows the program."""
    year, clock = Year(), YearClock()
    with tempfile.TemporaryDirectory() as folder:
        keys = FileKeys(Path(folder) / "keys")
        with open_till(Path(folder) / "till", clock=clock, ids=YearIds(), keys=keys) as till:
            till.publish_program(PublishProgram(program))
            birthday = member.get("birthday", "")
            welcomed = till.enroll_member(EnrollMember(name="Member", birthday=birthday)).member
            year.welcome = welcomed.balance_points
            for sale in sales_of(member["sales"]):
                clock.time_ms = max(clock.time_ms, sale.at_ms)
                _visit(till, welcomed.id, sale, member, year)
            view = till.look_up_member(LookUpMember(id=welcomed.id))
            year.balance, year.tier = view.balance_points, view.tier.name
    return year


def _visit(till: Till, who: MemberId, sale: Sale, member: dict[str, Any], year: Year) -> None:
    """Sell once, with the first reward that the member wants and can have."""
    spendable = till.look_up_member(LookUpMember(id=who)).spendable_points
    for wanted in member["wants"]:
        reward = till.program().reward(wanted)
        assert reward is not None, wanted
        if spendable < member.get("saves", 0):
            continue
        try:
            done = _sell(till, who, sale, _choice(reward, sale, spendable))
        except RuleViolation:
            continue
        year.taken[reward.id] += 1
        year.cost += done.discount or worth_of(reward)
        break
    else:
        done = _sell(till, who, sale)
    year.visits += 1
    year.turnover += sale.total
    year.earned += done.earned_points


def _choice(reward: Reward, sale: Sale, spendable: int) -> RewardChoice:
    item = reward.choices[0] if isinstance(reward, FreeItem) and reward.choices else ""
    if not isinstance(reward, PointsForMoney):
        return RewardChoice(id=reward.id, item=item)
    points = sensible_points(
        reward, total=sale.total, spendable_points=spendable - reward.keep_points
    )
    return RewardChoice(id=reward.id, points=points)


def _sell(till: Till, who: MemberId, sale: Sale, *choices: RewardChoice) -> SaleDone:
    return till.record_sale(
        RecordSale(
            total=sale.total,
            member_id=who,
            rewards=choices,
            found_by="card",
            lines=sale.lines,
            tax=sum(line.tax for line in sale.lines) or None,
        )
    )
