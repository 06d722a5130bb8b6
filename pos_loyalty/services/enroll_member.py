"""Make someone a member: a card is enough; phone and name can follow.

The event in the journal holds no personal field. Phone and name travel beside it as
a profile change that the server takes once and that can be erased.
"""

from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.card import CardStatus
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError, RuleViolation
from pos_loyalty.domain.event import SCHEMA_VERSION, MemberEnrolled
from pos_loyalty.domain.ids import CardKey, EventId, MemberId
from pos_loyalty.domain.phone import international
from pos_loyalty.services.member_view import MemberView, read_member
from pos_loyalty.services.till_context import Stamp, TillContext
from pos_loyalty.store.unit_of_work import Repositories, UnitOfWork
from pos_loyalty.wire.messages import ProfileChange

NAME_LENGTH_MAX = 300

_TAKEN = {
    CardStatus.ACTIVE: Code.CARD_USED,
    CardStatus.SUSPENDED: Code.CARD_BLOCKED,
    CardStatus.BLOCKED: Code.CARD_BLOCKED,
    CardStatus.REPLACED: Code.CARD_REPLACED,
}


@dataclass(frozen=True)
class EnrollMember:
    """Enroll with any of card, phone and name. ``different_person`` allows a known phone."""

    card_key: CardKey | None = None
    phone: str = ""
    name: str = ""
    offers_consent: bool = False
    different_person: bool = False
    cashier: str = ""


@dataclass(frozen=True)
class MemberWelcomed:
    """The new member, and the welcome points that were just added."""

    member: MemberView
    welcome_points: int


class EnrollMemberHandler:
    """Enrolls members."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: EnrollMember) -> MemberWelcomed:
        """Enroll, or say why not; nothing is written then.

        Raises:
            RuleViolation: the phone has a member already (fact ``member_id``), or its
                shape or the name's length do not fit.
            CardError: the card is somebody's, paused, replaced or never printed.
        """
        name = " ".join(command.name.split())
        if len(name) > NAME_LENGTH_MAX:
            raise RuleViolation(Code.NAME_LONG, limit=NAME_LENGTH_MAX)
        country = self._context.identity.country
        phone = international(command.phone, country) if command.phone.strip() else ""
        member = MemberId(self._context.ids.next_id())
        stamp = self._context.stamp()
        with self._context.store.write() as work:
            self._ensure_free(work, command, phone)
            change = self._profile(work, command, member, name=name, phone=phone)
            event = self._event(command, stamp, member, change)
            work.members.put(
                member,
                name=name,
                phone=phone,
                tier=self._context.program().tiers[0].id,
                enrolled_ms=stamp.at_ms,
            )
            work.journal.append(event)
            if command.card_key is not None:
                work.cards.assign(command.card_key, member)
            view = read_member(self._context, work, member, "card")
            work.commit()
        return MemberWelcomed(member=view, welcome_points=event.welcome)

    def _ensure_free(self, work: Repositories, command: EnrollMember, phone: str) -> None:
        if command.card_key is not None:
            card = work.cards.get(command.card_key)
            if card is None and not self._context.identity.joined:
                raise CardError(Code.CARD_NOT_OURS)
            if card is not None and card.status is not CardStatus.BLANK:
                raise CardError(_TAKEN[card.status])
        known = work.members.by_phone(phone) if phone else None
        if known is not None and not command.different_person:
            raise RuleViolation(Code.PHONE_KNOWN, member_id=known)

    def _profile(
        self, work: UnitOfWork, command: EnrollMember, member: MemberId, *, name: str, phone: str
    ) -> EventId | None:
        """Put the personal fields on their way; None where there are none."""
        if not (name or phone or command.offers_consent):
            return None
        change = ProfileChange(
            change=EventId(self._context.ids.next_id()),
            member=member,
            at_ms=self._context.clock.now_ms(),
            name=name or None,
            phone=phone or None,
            offers_consent=command.offers_consent or None,
        )
        work.members.queue_profile(change.change, member, msgspec.json.encode(change))
        return change.change

    def _event(
        self, command: EnrollMember, stamp: Stamp, member: MemberId, change: EventId | None
    ) -> MemberEnrolled:
        program = self._context.program(stamp.at_ms)
        return MemberEnrolled(
            v=SCHEMA_VERSION,
            id=stamp.id,
            at_ms=stamp.at_ms,
            boot_ms=stamp.boot_ms,
            tz_minutes=stamp.tz_minutes,
            program=program.version,
            cashier=command.cashier,
            member=member,
            card_key=command.card_key,
            profile_change=change,
            welcome=program.welcome_points,
        )
