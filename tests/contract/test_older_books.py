"""The books of every released server open, whole, with this one, and go on."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import pos_loyalty
from pos_loyalty.domain.earning_rule import Bonus, Conditions, EarningRule, StampCard, Stamps
from pos_loyalty.domain.expiration import AfterEarning, ExpirationRules
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.member_facts import MemberFacts
from pos_loyalty.domain.reward import FreeItem
from pos_loyalty.server.database import migrations
from pos_loyalty.server.setup import open_database
from pos_loyalty.wire.messages import ProgramRow
from pos_loyalty.wire.version import PROTOCOL_NEWEST
from tests.contract.ruled_books import publish, sell
from tests.contract.running_server import running_server
from tests.contract.simple_till import sale
from tests.migration.make_books import BOOKS, kept_till, member_ids, schema_of

VERSIONS = sorted(path.stem for path in BOOKS.glob("*.db"))
COFFEE = EarningRule(id="coffee", name="Coffee", give=Stamps(card="coffee"))
FREE = FreeItem(id=RewardId("free"), name="Free coffee", item="Coffee", stamp_card="coffee")
REGULARS = EarningRule(
    id="regulars", name="Regulars", give=Bonus(points=9), when=Conditions(first_purchase=True)
)


def read(version: str) -> dict[str, Any]:
    """Return what must be found in a version's books."""
    found: dict[str, Any] = json.loads((BOOKS / f"{version}.json").read_text(encoding="utf-8"))
    return found


def bring(version: str, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a version's books, with its own schema, to a new database's address."""
    source = BOOKS / f"{version}.db"
    if url.startswith("sqlite"):
        shutil.copyfile(source, folder / "books.db")
        return
    with closing(sqlite3.connect(source)) as older:
        steps = older.execute("SELECT max(step) FROM schema_step").fetchone()[0]
        names = [name for name, _ in schema_of(older)]
        with monkeypatch.context() as patch:
            patch.setattr(migrations, "STEPS", migrations.STEPS[:steps])
            database = open_database(url, may_create=True)
        with closing(database), database.write() as session:
            for table in names:
                columns = [row[1] for row in older.execute(f"PRAGMA table_info({table})")]
                if not columns or table == "schema_step":
                    continue
                into = f"INSERT INTO {table} ({', '.join(columns)})"
                values = ", ".join("?" * len(columns))
                for row in older.execute(f"SELECT * FROM {table}"):  # noqa: S608 - names of the schema
                    session.execute(f"{into} VALUES ({values})", *row)


@pytest.mark.parametrize("version", VERSIONS)
def test_S29_older_books_have_every_point_and_their_tills_go_on(
    version: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = read(version)
    bring(version, database_url, tmp_path, monkeypatch)

    with running_server(database_url) as server:
        assert server.fetch("SELECT max(step) FROM schema_step") == [(len(migrations.STEPS),)]
        assert server.fetch("SELECT count(*) FROM event") == [(expected["events"],)]
        assert server.verified().faults == []
        till = kept_till(server.url, expected)
        member = member_ids(expected)[1]
        till.proto = PROTOCOL_NEWEST

        reply = till.exchange(sale(member, total=1_000))

        assert (reply.verdicts, reply.have) == ((), len(till.journal))
        assert till.member(member).balance == expected["balances"][member] + 10
        till.exchange(cursor="")
        for each, balance in expected["balances"].items():
            more = 10 if each == member else 0
            assert till.member(each).balance == balance + more
            assert till.member(each).tier == expected["tiers"][each]
        assert set(expected["items"]) <= {item.item for item in till.items()}
        assert server.verified().faults == []


@pytest.mark.parametrize("version", VERSIONS)
def test_older_books_take_a_program_with_rules(
    version: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = read(version)
    bring(version, database_url, tmp_path, monkeypatch)
    program = publish(
        database_url,
        rules=(COFFEE, REGULARS),
        stamp_cards=(StampCard(id="coffee", name="Coffee", stamps=10),),
        rewards=(FREE,),
        expiration=ExpirationRules(model=AfterEarning(months=12)),
    )

    with running_server(database_url) as server:
        till, member = kept_till(server.url, expected), member_ids(expected)[1]
        till.proto = PROTOCOL_NEWEST
        till.exchange(cursor="")
        assert program in [row.program for row in till.rows.values() if isinstance(row, ProgramRow)]
        before = till.member(member)
        known = MemberFacts(tally={"visits": before.sheet.tally["visits"]})

        event = sell(program, member, 1_000, tier=before.tier, known=known)
        reply = till.exchange(event)

        after = till.member(member)
        assert reply.verdicts == ()
        assert after.balance == before.balance + event.earned
        assert after.sheet.tally["stamps:coffee"] == 1
        assert after.sheet.ends_points == event.earned, "what was earned before has no end"
        assert server.verified().faults == []


def test_this_version_s_books_are_kept_with_their_last_schema(tmp_path: Path) -> None:
    file = tmp_path / "books.db"
    open_database(f"sqlite:///{file}", may_create=True).close()

    with closing(sqlite3.connect(file)) as connection:
        found = schema_of(connection)

    again = "run `python -m tests.migration.make_books`"
    assert found == read(pos_loyalty.__version__)["schema"], again
