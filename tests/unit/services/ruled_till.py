"""A till with rules of its own, and what a server's reply would leave at it."""

import msgspec

from pos_loyalty.domain.ids import MemberId, ProgramVersion, RewardId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.services.look_up_member import LookUpMember
from pos_loyalty.services.record_sale import RecordSale, SaleDone
from pos_loyalty.services.reward_offers import RewardOffer
from pos_loyalty.store.settings import Setting
from pos_loyalty.till import Till


def give_rules(till: Till, program: LoyaltyProgram, version: str = "rules-1") -> LoyaltyProgram:
    """Put a version of the program in force at once."""
    ruled = msgspec.structs.replace(
        program, version=ProgramVersion(version), effective_from_ms=len(version)
    )
    with till.context.store.write() as work:
        work.programs.put(ruled)
        work.commit()
    till.context.refresh()
    return ruled


def pretend_joined(
    till: Till, *, allowance: int = 0, granted: dict[MemberId, int] | None = None
) -> None:
    """Let the till believe that a server knows it, and gave it an allowance and rights."""
    with till.context.store.write() as work:
        work.settings.put(Setting.TILL, "7" * 32)
        work.settings.put(Setting.RISK_TOTAL, allowance)
        # Welcome points and what was earned before are in the server's books, not here.
        work.connection.execute("UPDATE points SET earned = 0")
        for member, points in (granted or {}).items():
            work.connection.execute(
                "UPDATE points SET granted = ? WHERE member = ?", (points, member)
            )
        work.commit()
    till.context.refresh()


def chosen(*ids: str) -> tuple[RewardChoice, ...]:
    return tuple(RewardChoice(RewardId(each)) for each in ids)


def redeem(till: Till, member: MemberId, *ids: str, total: int = 2000) -> SaleDone:
    return till.record_sale(
        RecordSale(total=total, member_id=member, rewards=chosen(*ids), found_by="card")
    )


def offers(till: Till, member: MemberId) -> dict[str, RewardOffer]:
    """Return the rewards on the till's list, by id."""
    found = till.look_up_member(LookUpMember(id=member, found_by="card"))
    return {offer.id: offer for offer in found.rewards}
