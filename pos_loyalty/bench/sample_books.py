"""A large membership in the server's books, written by the server's own statements."""

from contextlib import closing
from typing import Final

from pos_loyalty.bench.figure import Progress
from pos_loyalty.bench.sample_members import SampleMembers
from pos_loyalty.domain.card import CardStatus
from pos_loyalty.domain.card_payload import card_key, make_card_number
from pos_loyalty.server.books import Books, CardState, MemberState, month_of
from pos_loyalty.server.database import statements
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.group_write import transact
from pos_loyalty.server.setup import open_database, read_merchant
from pos_loyalty.server.system import SystemClock

_AT_ONCE: Final = 20_000
_POINTS_MAX: Final = 2_000
_ENROLLED_MS: Final = 1_700_000_000_000


def write_members(database_url: str, members: SampleMembers, progress: Progress) -> None:
    """Write all of them with cards and balances, as after years of sales."""
    now_ms = SystemClock().now_ms()
    with closing(open_database(database_url)) as database:
        merchant = read_merchant(database)

        def write(session: Session) -> None:
            v, epoch = statements.current_version(session, merchant.merchant)
            for first in range(0, members.count, _AT_ONCE):
                books = Books(merchant=merchant, v=v, epoch=epoch, now_ms=now_ms)
                for number in range(first, min(members.count, first + _AT_ONCE)):
                    _add(books, members, number)
                statements.save(session, books)
                progress("members", first + _AT_ONCE, members.count)

        transact(database, write)


def _add(books: Books, members: SampleMembers, number: int) -> None:
    points = number * 7919 % _POINTS_MAX
    member = MemberState(
        member=members.member(number),
        balance=points,
        tier=books.program.tiers[0].id,
        months={month_of(books.now_ms): points},
        name=members.name(number),
        phone=members.phone(number),
        enrolled_ms=_ENROLLED_MS + number,
    )
    card = CardState(
        card_key=card_key(books.merchant.merchant, members.card_letters(number)),
        number=make_card_number(f"{number:011d}"),
        member=member.member,
        status=CardStatus.ACTIVE,
    )
    books.members[member.member] = member
    books.cards[card.card_key] = card
    books.touch_member(member)
    books.touch_card(card)
