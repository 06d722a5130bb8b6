"""The members that are written in bulk are those that the product would have written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pos_loyalty.bench.sample_members import SampleMembers
from pos_loyalty.bench.sample_shop import MERCHANT
from pos_loyalty.domain.ids import is_id
from pos_loyalty.domain.search_text import member_words
from pos_loyalty.services.look_up_card import LookUpCard
from pos_loyalty.store.database import Connection
from pos_loyalty.store.settings import Setting
from pos_loyalty.till import Till
from tests.sample_till import SampleTill

MEMBERS = SampleMembers(120)


def silent(stage: str, done: int, total: int) -> None:
    del stage, done, total


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Till]:
    sample = SampleTill(tmp_path / "till")
    with sample.open() as till, till.context.store.write() as work:
        work.settings.put(Setting.MERCHANT, MERCHANT)
        work.commit()
    connection = sample.tool()
    indexes_before = indexes(connection)
    MEMBERS.write(connection, MERCHANT, silent)
    assert indexes(connection) == indexes_before
    connection.close()
    with sample.open() as till:
        yield till


def indexes(connection: Connection) -> list[tuple[str, str]]:
    sql = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY 1"
    return [(row[0], row[1]) for row in connection.execute(sql)]


def test_every_member_has_the_words_that_the_product_gives(till: Till) -> None:
    for number in range(MEMBERS.count):
        expected = set(member_words(name=MEMBERS.name(number), phone=MEMBERS.phone(number)))
        with till.context.store.read() as work:
            rows = work.connection.execute(
                "SELECT word FROM member_word WHERE member = ?", (MEMBERS.member(number),)
            ).fetchall()

        assert {row[0] for row in rows} == expected


def test_every_card_finds_its_member(till: Till) -> None:
    for number in range(0, MEMBERS.count, 7):
        found = till.look_up_card(LookUpCard(MEMBERS.card_text(number, MERCHANT)))

        assert found.member is not None
        assert is_id(found.member.id)
        assert found.member.id == MEMBERS.member(number)
        assert found.member.name == MEMBERS.name(number)
        assert found.member.phone == MEMBERS.phone(number)
        assert found.member.balance_points >= 0


def test_no_two_members_share_a_phone() -> None:
    assert len({MEMBERS.phone(number) for number in range(MEMBERS.count)}) == MEMBERS.count
