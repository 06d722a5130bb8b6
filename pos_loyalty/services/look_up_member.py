"""Find a member without a card: by id, by phone, or as the cashier types."""

from dataclasses import dataclass

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.phone import international
from pos_loyalty.services.member_view import MemberView, read_member, standing_of
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.members import MemberMatch
from pos_loyalty.store.unit_of_work import Repositories

_HINT_DIGITS = 4


@dataclass(frozen=True)
class LookUpMember:
    """Exactly one of the two: the member's id, or a phone number as typed."""

    id: MemberId | None = None
    phone: str = ""
    found_by: str = ""


class LookUpMemberHandler:
    """Reads one member."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: LookUpMember) -> MemberView:
        """Return the member.

        Raises:
            RuleViolation: nobody like that here, not a phone number, or paused.
        """
        with self._context.store.read() as work:
            if command.id is not None:
                return read_member(self._context, work, command.id, command.found_by or "name")
            phone = international(command.phone, self._context.identity.country)
            member = work.members.by_phone(phone)
            if member is None:
                raise RuleViolation(Code.MEMBER_UNKNOWN)
            return read_member(self._context, work, member, command.found_by or "phone")


@dataclass(frozen=True)
class FindMembers:
    """What the cashier has typed so far."""

    text: str
    limit: int = 20


@dataclass(frozen=True)
class MemberFound:
    """A row of the search; the phone is masked to its last digits, ``matched`` is phone or name."""

    id: MemberId
    name: str
    phone_hint: str
    tier_name: str
    matched: str


class FindMembersHandler:
    """Searches as one types; reads only."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: FindMembers) -> tuple[MemberFound, ...]:
        """Return the members that match, names in order."""
        with self._context.store.read() as work:
            matches = work.members.find(command.text, command.limit)
            return tuple(
                MemberFound(
                    id=match.member,
                    name=match.name,
                    phone_hint=match.phone[-_HINT_DIGITS:],
                    tier_name=self._tier_name(work, match),
                    matched="phone" if match.matched.isdigit() else "name",
                )
                for match in matches
            )

    def _tier_name(self, work: Repositories, match: MemberMatch) -> str:
        """A joined till has the tier in the row; one that works alone works it out."""
        if not self._context.identity.joined:
            record = work.members.record(match.member)
            assert record is not None, "found a moment ago in the same snapshot"
            return standing_of(self._context, work, record).tier.name
        tiers = self._context.program().tiers
        return next((tier.name for tier in tiers if tier.id == match.tier), tiers[0].name)
