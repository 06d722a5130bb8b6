"""What truly happened, told from the bytes on the disks with arithmetic of its own.

Nothing here uses the product's fold: a rule that is wrong on till and server alike
would otherwise agree with itself.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

RESCUE = "rescue"
REVERSAL = "reversal"
REFUND = "refund"
MOVE = "move"
RETURN = "rights_return"


class Violation(Exception):
    """A promise that did not hold; the message begins with the number of the invariant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One event as the oracle reads it; points are integers.

    ``given`` points went ``to`` somebody else than ``member``.
    """

    id: str
    kind: str
    member: str | None
    card: str | None
    credit: int = 0
    debit: int = 0
    rights_used: int = 0
    risk_used: int = 0
    uncovered: int = 0
    sale: str = ""
    to: str = ""
    given: int = 0

    @property
    def change(self) -> int:
        """What it does to the balance."""
        return self.credit - self.debit

    @property
    def by_member(self) -> Mapping[str, int]:
        """What it does to the balance of each member that it names."""
        changes: dict[str, int] = {}
        if self.member:
            changes[self.member] = self.change
        if self.to:
            changes[self.to] = changes.get(self.to, 0) + self.given
        return changes


def read_fact(data: bytes) -> tuple[Fact, bool]:
    """Read an event; the second value tells whether another event carried it over."""
    fields: dict[str, Any] = json.loads(data)
    is_carried = False
    while fields["kind"] == RESCUE:
        fields = json.loads(fields["original"])
        is_carried = True
    return _fact_of(fields), is_carried


def origins_of(data: bytes) -> Sequence[str]:
    """Return the streams from which an event was carried over, the last one first."""
    fields: dict[str, Any] = json.loads(data)
    origins: list[str] = []
    while fields["kind"] == RESCUE:
        origins.append(fields["original_stream"])
        fields = json.loads(fields["original"])
    return origins


def _fact_of(fields: Mapping[str, Any]) -> Fact:
    kind = str(fields["kind"])
    shared: dict[str, Any] = {
        "id": fields["id"],
        "kind": kind,
        "member": fields.get("member"),
        "card": fields.get("card_key"),
    }
    number = {name: int(value) for name, value in fields.items() if type(value) is int}
    if kind == "sale":
        return Fact(
            **shared,
            credit=number.get("earned", 0),
            debit=number.get("redeemed", 0),
            rights_used=number.get("rights_used", 0),
            risk_used=number.get("risk_used", 0),
        )
    if kind == REVERSAL:
        taken, used = number.get("earned_taken", 0), number.get("rights_used", 0)
        return Fact(
            **shared,
            credit=number.get("redeemed_returned", 0),
            debit=taken,
            rights_used=used,
            uncovered=taken - used,
            sale=fields["sale_id"],
        )
    if kind == "enrollment":
        return Fact(**shared, credit=number.get("welcome", 0))
    return _changed(shared, fields, number)


def _changed(shared: dict[str, Any], fields: Mapping[str, Any], number: Mapping[str, int]) -> Fact:
    """Read what changes points later; no rights come with what is given."""
    kind, used = shared["kind"], number.get("rights_used", 0)
    taken = number.get("earned_taken", 0)
    if kind == REFUND:
        return Fact(
            **shared,
            credit=number.get("redeemed_returned", 0),
            debit=taken,
            rights_used=used,
            uncovered=taken - used,
        )
    if kind == MOVE:
        shared = {**shared, "member": fields.get("from_member")}
        return Fact(
            **shared,
            debit=taken,
            rights_used=used,
            uncovered=taken - used,
            to=fields["to_member"],
            given=number.get("earned_given", 0),
        )
    if kind == "adjustment":
        points = number["points"]
        return Fact(
            **shared,
            credit=max(0, points),
            debit=max(0, -points),
            rights_used=used,
            uncovered=max(0, -points) - used,
        )
    return Fact(**shared)


@dataclass
class Disk:
    """What lies on one till's disk: its events, and how far the oracle has read them."""

    stream: str = ""
    seq: int = 0
    facts: list[str] = field(default_factory=list[str])

    def copy(self) -> "Disk":
        """Return what an image of this disk holds."""
        return Disk(self.stream, self.seq, list(self.facts))


def _no_points() -> dict[str, int]:
    return defaultdict(int)


def _no_cards() -> dict[str, set[str]]:
    return defaultdict(set)


@dataclass
class Oracle:
    """Every fact of the run, what each disk holds, and what each member may be short of.

    ``true_points`` are all credits less all debits that happened anywhere, whether a
    server heard of them or not; ``debts`` what SYNC's theorem lets a member be below
    zero: uncovered debits, rights copied with a disk, and grants that a restored server
    forgot. What they are below that is the allowance's, of all members together no more
    than its owner chose: ``risk_allowed``.
    """

    facts: dict[str, Fact] = field(default_factory=dict[str, Fact])
    disks: dict[str, Disk] = field(default_factory=dict[str, Disk])
    true_points: dict[str, int] = field(default_factory=_no_points)
    card_points: dict[str, int] = field(default_factory=_no_points)
    cards_of: dict[str, set[str]] = field(default_factory=_no_cards)
    card_debts: dict[str, int] = field(default_factory=_no_points)
    card_credits: dict[str, int] = field(default_factory=_no_points)
    debts: dict[str, int] = field(default_factory=_no_points)
    own_points: dict[tuple[str, str], int] = field(
        default_factory=lambda: defaultdict[tuple[str, str], int](int)
    )
    """Points of a member in the events of one stream, wherever they are by now."""
    risk_members: set[str] = field(default_factory=set[str])
    risk_allowed: int = 0

    @property
    def members(self) -> Sequence[str]:
        """Every member that any till ever enrolled, in order."""
        return sorted({fact.member for fact in self.facts.values() if fact.member})

    @property
    def contested_points(self) -> Mapping[str, int]:
        """Points on cards that several members were enrolled with, for each of these members.

        The server gives such a card to the member it hears of first; books restored from
        a backup may hear of another one first.
        """
        points: dict[str, int] = _no_points()
        for member, cards in self.cards_of.items():
            for card in cards:
                if sum(card in others for others in self.cards_of.values()) > 1:
                    points[member] += self.card_credits[card]
        return points

    def forgive(self, points: Mapping[str, int]) -> None:
        """Let members be short of points that a fault outside the proof put in two places."""
        for member, count in points.items():
            self.debts[member] += max(0, count)

    def harvest(self, disk: Disk, stream: str, events: Iterable[bytes]) -> Sequence[Fact]:
        """Take new events of a disk in; return them."""
        if stream != disk.stream:
            disk.stream, disk.seq = stream, 0
        new: list[Fact] = []
        for data in events:
            fact, _ = read_fact(data)
            disk.seq += 1
            for member, change in fact.by_member.items():
                self.own_points[stream, member] += change
            if fact.id not in self.facts:
                self._add(fact)
            if fact.id not in disk.facts:
                disk.facts.append(fact.id)
            new.append(fact)
        return new

    def _add(self, fact: Fact) -> None:
        self.facts[fact.id] = fact
        if fact.to:
            self.true_points[fact.to] += fact.given
        if fact.member is None:
            if fact.card is not None:
                self.card_points[fact.card] += fact.change
                self.card_debts[fact.card] += fact.uncovered
                self.card_credits[fact.card] += fact.credit
            return
        self.true_points[fact.member] += fact.change
        self.debts[fact.member] += fact.uncovered
        if fact.risk_used:
            self.risk_members.add(fact.member)
        if fact.card is not None:
            self.cards_of[fact.member].add(fact.card)
        self._ensure_earned(fact)

    def _ensure_earned(self, fact: Fact) -> None:
        """Check the theorem at the moment when something is spent."""
        assert fact.member is not None
        if not fact.debit:
            return
        missing = self._missing_points(fact.member)
        if missing and fact.member not in self.risk_members:
            raise Violation(
                f"I6 member {fact.member}: {missing} points spent above those earned and explained"
            )
        missing = sum(self._missing_points(member) for member in self.risk_members)
        if missing > self.risk_allowed:
            raise Violation(f"I6 allowance: {missing} points lost, {self.risk_allowed} allowed")

    def ensure_held(self, member: str, rights: int) -> None:
        """Check that tills may not spend more of a member than there is.

        Raises:
            Violation: more rights than points, and nothing explains it.
        """
        if (
            rights
            and self._missing_points(member, above=rights)
            and member not in self.risk_members
        ):
            raise Violation(f"I6 member {member}: tills hold rights of {rights} points, not earned")

    def _missing_points(self, member: str, *, above: int = 0) -> int:
        """Return how many points of a member were spent that nothing but a risk explains.

        ``above`` are points that may still be spent.
        """
        cards = self.cards_of[member]
        waiting = sum(max(0, self.card_points[card]) for card in cards)
        owed = sum(self.card_debts[card] for card in cards)
        return max(0, above - self.true_points[member] - waiting - self.debts[member] - owed)
