"""What an owner does to the books from the server's command line, one transaction each."""

from collections.abc import Callable
from typing import TypeVar

from pos_loyalty.domain.attention_catalog import choices_of
from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, RuleViolation
from pos_loyalty.domain.ids import IdSource, MemberId
from pos_loyalty.domain.phone import country_of, international
from pos_loyalty.server import aliases, erasure, inbox
from pos_loyalty.server.books import Books, Merchant
from pos_loyalty.server.database import inbox_statements, statements
from pos_loyalty.server.database.repository import Database, Session
from pos_loyalty.server.group_write import transact
from pos_loyalty.server.inbox_load import load_items, load_whole
from pos_loyalty.server.roster import release_chosen
from pos_loyalty.server.setup import read_merchant

ResultT = TypeVar("ResultT")
_PEOPLE_NAMED = 10


def settle_item(
    database: Database, item: str, choice: str, *, clock: Clock, ids: IdSource
) -> tuple[bool, str]:
    """Settle an item; returns whether this settled it, and what it is settled by.

    Raises:
        CommandRefused: no such item, or it has no such choice.
    """

    def work(session: Session, books: Books) -> tuple[bool, str]:
        load_whole(session, books, load_items(session, books, [item]))
        found = books.inbox.items.get(item)
        if found is None:
            raise CommandRefused(Code.ITEM_ABSENT, item=item[:100])
        if found.settled:
            return False, found.settled
        settled = inbox.settle(books, item, choice, settlement=ids.next_id(), who=inbox.BY_COMMAND)
        if not settled:
            choices = ", ".join(choices_of(found.kind))
            raise CommandRefused(Code.ITEM_CHOICE, choice=choice[:40], choices=choices)
        return True, choice

    return change_books(database, work, clock=clock)


def find_member(database: Database, text: str) -> MemberId:
    """Return the member with this id, or with this phone number as typed in the shop's country.

    Raises:
        CommandRefused: none, or several people.
    """
    merchant = read_merchant(database)
    with database.read() as session:
        member = MemberId(text)
        if member in statements.load_members(session, merchant.merchant, [member]):
            return member
        phones = [_international(text, merchant)]
        found = inbox_statements.members_with_phones(session, merchant.merchant, phones)
        people = sorted(_survivors(session, merchant, found))
    if not people:
        raise CommandRefused(Code.MEMBER_ABSENT, member=text[:64])
    if len(people) > 1:
        raise CommandRefused(Code.MEMBER_SEVERAL, members=", ".join(people[:_PEOPLE_NAMED]))
    return people[0]


def _survivors(session: Session, merchant: Merchant, found: set[MemberId]) -> set[MemberId]:
    """Return the accounts into which these were merged, or themselves."""
    while True:
        states = statements.load_members(session, merchant.merchant, found)
        ends = {state.alias_of or state.member for state in states.values()}
        if ends == found:
            return ends
        found = ends


def _international(text: str, merchant: Merchant) -> str:
    try:
        return international(text, merchant.country or country_of(merchant.currency))
    except RuleViolation:
        return ""


def merge_members(database: Database, one: MemberId, other: MemberId, *, clock: Clock) -> MemberId:
    """Make two accounts one; returns the one that stays.

    Raises:
        CommandRefused: one of them is not there, or they cannot be one.
    """

    def work(session: Session, books: Books) -> MemberId:
        _ensure_known(session, books, one, other)
        if not aliases.merge(books, one, other, who=inbox.BY_COMMAND):
            raise CommandRefused(
                Code.MERGE_IMPOSSIBLE, reason="they are one already, or one was erased"
            )
        return books.class_of(one)[0].member

    return change_books(database, work, clock=clock)


def unmerge_member(database: Database, member: MemberId, *, clock: Clock) -> None:
    """Take an account out of the one into which it was merged.

    Raises:
        CommandRefused: it is not there, or not merged.
    """

    def work(session: Session, books: Books) -> None:
        _ensure_known(session, books, member)
        if not aliases.unmerge(books, member, who=inbox.BY_COMMAND):
            raise CommandRefused(Code.MERGE_IMPOSSIBLE, reason="it is not merged")

    change_books(database, work, clock=clock)


def erase_member(database: Database, member: MemberId, *, clock: Clock) -> list[MemberId]:
    """Erase a person from the books and from the files under them; returns which accounts.

    Raises:
        CommandRefused: no such member.
    """

    def work(session: Session, books: Books) -> list[MemberId]:
        _ensure_known(session, books, member)
        everyone = [state.member for state in books.class_of(member)]
        key = books.merchant.merchant
        cards = inbox_statements.cards_of(session, key, everyone)
        books.cards.update(statements.load_cards(session, key, cards))
        return erasure.erase(books, member, who=inbox.BY_COMMAND)

    erased = change_books(database, work, clock=clock)
    database.scrub()
    return erased


def change_books(
    database: Database, work: Callable[[Session, Books], ResultT], *, clock: Clock
) -> ResultT:
    """Do something to the loaded part of the books and write what became dirty."""
    merchant = read_merchant(database)

    def write(session: Session) -> ResultT:
        books = _begin(session, merchant, now_ms=clock.now_ms())
        result = work(session, books)
        if books.is_changed:
            statements.save(session, books)
            release_chosen(session, books)
        return result

    return transact(database, write)


def _begin(session: Session, merchant: Merchant, *, now_ms: int) -> Books:
    v, epoch = statements.take_version(session, merchant.merchant)
    return Books(merchant=merchant, v=v, epoch=epoch, now_ms=now_ms)


def _ensure_known(session: Session, books: Books, *members: MemberId) -> None:
    known = statements.load_members(session, books.merchant.merchant, members)
    for member in members:
        if member not in known:
            raise CommandRefused(Code.MEMBER_ABSENT, member=str(member)[:64])
    load_whole(session, books, set(members))
