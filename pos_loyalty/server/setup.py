"""What the owner does once: make the books, and make codes for tills."""

from pathlib import Path

import msgspec

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.default_program import default_program
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import IdSource, MerchantId
from pos_loyalty.server.books import Merchant
from pos_loyalty.server.database import statements, tables
from pos_loyalty.server.database.repository import Database, Session
from pos_loyalty.server.group_write import transact
from pos_loyalty.server.join_till import make_code
from pos_loyalty.server.reading import printable
from pos_loyalty.server.settings import POSTGRES_PREFIXES, SQLITE_PREFIX

_MS_PER_MINUTE = 60_000
_EPOCH_FIRST = 1


def open_database(url: str, *, may_create: bool = False) -> Database:
    """Open the database that a URL names; the driver is imported only now.

    Raises:
        CommandRefused: not such a URL.
        StoreUnavailable: it does not answer.
    """
    if url.startswith(SQLITE_PREFIX) and len(url) > len(SQLITE_PREFIX):
        from pos_loyalty.server.database.sqlite import SqliteDatabase

        return SqliteDatabase(Path(url.removeprefix(SQLITE_PREFIX)), may_create=may_create)
    if url.startswith(POSTGRES_PREFIXES):
        from pos_loyalty.server.database.postgres import PostgresDatabase

        return PostgresDatabase(url)
    raise CommandRefused(Code.OPTION_SHAPE, option="--database", example="sqlite:///server.db")


def read_merchant(database: Database) -> Merchant:
    """Return the merchant whose books these are.

    Raises:
        CommandRefused: the database has none yet.
    """
    with database.read() as session:
        merchant = statements.load_merchant(session)
    if merchant is None:
        raise CommandRefused(Code.MERCHANT_ABSENT)
    return merchant


def create_merchant(
    database: Database, *, name: str, currency: str, country: str, clock: Clock, ids: IdSource
) -> MerchantId:
    """Make the books of a merchant, with the starting program.

    Raises:
        CommandRefused: the database belongs to a merchant already, or no such currency.
    """
    program = default_program(currency)
    body = msgspec.json.encode(program)
    merchant = MerchantId(ids.next_id())

    def work(session: Session) -> None:
        known = statements.load_merchant(session)
        if known is not None:
            raise CommandRefused(Code.MERCHANT_EXISTS, merchant=known.name)
        session.add(
            tables.MERCHANT,
            [(merchant, printable(name), currency, country.upper(), clock.now_ms())],
        )
        session.add(tables.CLOCK, [(merchant, 1, _EPOCH_FIRST, "", 0)])
        session.add(tables.PROGRAM, [(merchant, program.version, body, 1)])
        session.put(
            tables.CHANGE,
            [
                (merchant, "merchant", merchant, "", 1),
                (merchant, "program", program.version, "", 1),
            ],
        )

    transact(database, work)
    return merchant


def create_till_code(
    database: Database, *, shop_name: str, minutes: int, clock: Clock, ids: IdSource
) -> str:
    """Make a one-time code with which one till of this shop can join."""
    merchant = read_merchant(database).merchant
    expires_ms = clock.now_ms() + minutes * _MS_PER_MINUTE

    def work(session: Session) -> str:
        statements.take_version(session, merchant)
        return make_code(
            session, merchant, shop_name=printable(shop_name), expires_ms=expires_ms, ids=ids
        )

    return transact(database, work)
