"""One row of the server into the till's tables: absolute state, guarded by (epoch, version)."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from pos_loyalty.domain.card import Card, CardStatus
from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.event import TierGranted
from pos_loyalty.domain.ids import CardKey, IdSource, MemberId, StreamId
from pos_loyalty.domain.ledger import EARNING_KINDS
from pos_loyalty.store.members import ERASED
from pos_loyalty.store.rights_return import Recall, give_away
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import UnitOfWork
from pos_loyalty.wire.messages import (
    AttentionRow,
    CardRow,
    MemberRow,
    MerchantRow,
    ProfileChange,
    ProgramRow,
    RightsRow,
    Row,
    TillRow,
)

_EARNING_KINDS = ", ".join(sorted(f"'{kind.value}'" for kind in EARNING_KINDS))
_WRITE_OVERLAY = (
    "UPDATE points SET overlay_after_seq = ?, (overlay_points, overlay_earned) ="
    " (SELECT COALESCE(SUM(points), 0),"
    " COALESCE(SUM(CASE WHEN kind IN ({kinds}) THEN points END), 0)"
    " FROM ledger_entry WHERE member = ? AND stream_no = ? AND seq > ?) WHERE member = ?"
).replace("{kinds}", _EARNING_KINDS)


@dataclass
class RowWriter:
    """Writes the rows of one snapshot inside one write transaction.

    ``have`` is what the snapshot holds of this till's stream: a member's stored row
    replaces the overlay up to there. ``recalls`` collects what the server asks back.
    """

    work: UnitOfWork
    epoch: int
    have: int
    clock: Clock
    ids: IdSource
    recalls: dict[MemberId, Recall | None] = field(default_factory=dict[MemberId, Recall | None])
    _unsent: dict[MemberId, list[bytes]] | None = None
    _has_merged: bool | None = None
    _grants: dict[MemberId, list[TierGranted]] | None = None

    def store(self, row: Row) -> None:
        """Store one row, unless a newer one is held already."""
        match row:
            case MemberRow():
                self._member(row)
            case CardRow():
                self._card(row)
            case ProgramRow():
                self.work.programs.put(row.program)
            case RightsRow():
                self._rights(row)
            case MerchantRow():
                self._merchant(row)
            case AttentionRow():
                self.work.attention.put(row, epoch=self.epoch)
            case TillRow():
                self._till(row)
            case _:
                return

    def of_merged_accounts(self) -> dict[MemberId, Recall]:
        """Return what this till holds for accounts that were merged: it is to be given back."""
        rows = self.work.connection.execute(
            "SELECT m.member FROM member m JOIN points p ON p.member = m.member"
            " WHERE m.alias_of IS NOT NULL"
            " AND p.granted + p.lent + p.earned - p.used - p.returned > 0"
        )
        return {MemberId(row[0]): Recall(0, None) for row in rows}

    def hand_back(
        self, recalls: dict[MemberId, Recall], reserved: Callable[[MemberId], int]
    ) -> dict[MemberId, Recall]:
        """Return rights above what is to stay here; keep what open baskets count on.

        Returns the recalls that are not met yet.
        """
        unmet: dict[MemberId, Recall] = {}
        for member, recall in recalls.items():
            held = self.work.journal.rights(member).spendable
            stays = max(recall.keep, reserved(member))
            if held > stays:
                give_away(
                    self.work,
                    self.clock,
                    self.ids,
                    member=member,
                    points=held - stays,
                    to_stream=recall.keep_for,
                )
            if min(held, stays) > recall.keep:
                unmet[member] = recall
        return unmet

    def _member(self, row: MemberRow) -> None:
        work = self.work
        if (self.epoch, row.v) < work.members.version(row.member):
            return
        if row.status == ERASED:
            self._forget_person(row.member)
        name, phone, sheet = row.name, row.phone, row.sheet
        for change in self._unsent_changes(row.member):
            name = name if change.name is None else change.name
            phone = phone if change.phone is None else change.phone
            if change.birthday is not None:
                sheet = msgspec.structs.replace(sheet, birthday=change.birthday)
        tier = row.tier
        for grant in self._unsent_grants(row.member):
            tier = grant.tier
            sheet = msgspec.structs.replace(sheet, tier_until_ms=grant.until_ms)
        work.members.put(
            row.member,
            name=name,
            phone=phone,
            tier=tier,
            status=row.status,
            enrolled_ms=row.enrolled_ms,
            alias_of=row.alias_of,
            epoch=self.epoch,
            v=row.v,
            sheet=sheet,
        )
        work.connection.execute(
            "INSERT INTO points(member, snapshot_points, snapshot_earned) VALUES (?, ?, ?)"
            " ON CONFLICT(member) DO UPDATE SET snapshot_points = excluded.snapshot_points,"
            " snapshot_earned = excluded.snapshot_earned, peer_points = 0",
            (row.member, row.balance, row.earned_window),
        )
        # The row of the account that stayed has the merged ones in its sum; the server sends it
        # before theirs.
        for account in self._accounts(row):
            write_overlay(work, account, stream_no=self._stream_no, have=self.have)

    def _accounts(self, row: MemberRow) -> Sequence[MemberId]:
        """Return whose unsent events a member's row may hold; most tills never see a merge."""
        if self._has_merged is None:
            found = self.work.connection.execute(
                "SELECT EXISTS (SELECT 1 FROM member WHERE alias_of IS NOT NULL)"
            ).fetchone()
            self._has_merged = bool(found[0])
        self._has_merged = self._has_merged or row.alias_of is not None
        return self.work.members.accounts(row.member) if self._has_merged else (row.member,)

    def _forget_person(self, member: MemberId) -> None:
        """Drop what was typed here of someone who was erased: nothing of it may come back."""
        self.work.connection.execute("DELETE FROM profile_change WHERE member = ?", (member,))
        self._unsent = None

    @cached_property
    def _stream_no(self) -> int:
        return self.work.journal.stream().stream_no

    def _unsent_changes(self, member: MemberId) -> Iterable[ProfileChange]:
        """Return what was typed here and is not in the server's row yet, oldest first."""
        if self._unsent is None:
            self._unsent = {}
            rows = self.work.connection.execute(
                "SELECT member, body FROM profile_change ORDER BY change"
            )
            for of_member, body in rows:
                self._unsent.setdefault(of_member, []).append(body)
        bodies = self._unsent.get(member, ())
        return [msgspec.json.decode(body, type=ProfileChange) for body in bodies]

    def _unsent_grants(self, member: MemberId) -> Sequence[TierGranted]:
        """Return the tiers that were granted here and are not in the server's row yet."""
        if self._grants is None:
            self._grants = {}
            for event in self.work.journal.index.quiet_after(self.have, "tier"):
                if isinstance(event, TierGranted):
                    self._grants.setdefault(event.member, []).append(event)
        return self._grants.get(member, ())

    def _till(self, row: TillRow) -> None:
        self.work.connection.execute(
            "INSERT INTO till(till, name, shop_name, public_key, status, epoch, v)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT(till) DO UPDATE SET name = excluded.name,"
            " shop_name = excluded.shop_name, public_key = excluded.public_key,"
            " status = excluded.status, epoch = excluded.epoch, v = excluded.v"
            " WHERE (excluded.epoch, excluded.v) >= (epoch, v)",
            (
                row.till,
                row.name,
                row.shop_name,
                row.public_key,
                row.status,
                self.epoch,
                row.v,
            ),
        )

    def _card(self, row: CardRow) -> None:
        member, status = row.member, card_status(row.status)
        if member is None and (local := self._member_on_the_way(row.card_key)) is not None:
            member, status = local, CardStatus.ACTIVE
        card = Card(
            card_key=row.card_key,
            number=row.number or None,
            member_id=member,
            status=status,
            batch=row.batch or None,
        )
        self.work.cards.put(card, epoch=self.epoch, v=row.v)

    def _member_on_the_way(self, card_key: CardKey) -> MemberId | None:
        """Return the member who got this card here, if the server does not know it yet."""
        card = self.work.cards.get(card_key)
        if card is None or card.member_id is None:
            return None
        row = self.work.connection.execute(
            "SELECT 1 FROM event e JOIN stream s USING (stream_no) WHERE s.is_open = 1"
            " AND e.seq > ? AND e.kind IN ('enrollment', 'card', 'rescue')"
            " AND instr(e.bytes, CAST(? AS BLOB)) > 0 LIMIT 1",
            (self.have, card_key),
        ).fetchone()
        return None if row is None else card.member_id

    def _rights(self, row: RightsRow) -> None:
        """Granted and lent totals only grow, so the larger one is the newer one."""
        self.work.connection.execute(
            "INSERT INTO points(member, granted) VALUES (?, ?)"
            " ON CONFLICT(member) DO UPDATE SET granted = MAX(granted, excluded.granted)",
            (row.member, row.granted),
        )
        write_lent(self.work, row.member, row.lent)
        self.recalls[row.member] = None if row.keep is None else Recall(row.keep, row.keep_for)

    def _merchant(self, row: MerchantRow) -> None:
        values = {
            Setting.MERCHANT_NAME: row.name,
            Setting.COUNTRY: row.country,
            Setting.SHOP_NAME: row.shop_name,
            Setting.TILL_NAME: row.till_name,
            Setting.PACKET_KEY: row.packet_key,
        }
        for name, value in values.items():
            if value:
                self.work.settings.put(name, value)
        accepted = json.dumps(sorted(set(row.accepted)))
        self.work.settings.put(Setting.ACCEPTED_MERCHANTS, accepted)
        self.work.settings.put(Setting.HUB_PIN, row.hub_pin)


def card_status(text: str) -> CardStatus:
    """Return a card's status; one that this version does not know may not be used here."""
    try:
        return CardStatus(text)
    except ValueError:
        return CardStatus.SUSPENDED


def write_overlay(work: UnitOfWork, member: MemberId, *, stream_no: int, have: int) -> None:
    """Make a member's overlay the sum of the open stream's entries after ``have``."""
    work.connection.execute(_WRITE_OVERLAY, (have, member, stream_no, have, member))


def write_lent(work: UnitOfWork, member: MemberId, lent: Iterable[tuple[StreamId, int]]) -> None:
    """Note what other streams of the shop lent to this one; each total only grows."""
    execute = work.connection.execute
    for lender, points in lent:
        execute("INSERT INTO points(member) VALUES (?) ON CONFLICT DO NOTHING", (member,))
        execute(
            "INSERT INTO rights_lent(member, lender, points) VALUES (?, ?, ?)"
            " ON CONFLICT(member, lender) DO UPDATE SET points = MAX(points, excluded.points)",
            (member, lender, points),
        )
        execute(
            "UPDATE points SET lent = (SELECT SUM(points) FROM rights_lent WHERE member = ?)"
            " WHERE member = ?",
            (member, member),
        )
