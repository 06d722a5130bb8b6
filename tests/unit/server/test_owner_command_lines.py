"""What the owner reads and types at the server: the list, settling, merging, erasing."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pos_loyalty import cli
from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.server.books import Books
from pos_loyalty.server.database import statements
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.owner_commands import change_books, erase_member
from pos_loyalty.server.setup import create_merchant, open_database, read_merchant
from pos_loyalty.server.snapshot import Progress, SnapshotFolder, make_if_due
from pos_loyalty.wire.snapshot_file import MemberBlock, members_of, read_frames
from tests.contract.running_server import CLOCK, IDS

OLDER, YOUNGER = MemberId("1" * 32), MemberId("2" * 32)


@pytest.fixture
def books(tmp_path: Path) -> str:
    """Books with two members and one item for each of several kinds."""
    url = f"sqlite:///{tmp_path / 'books.db'}"
    with closing(open_database(url, may_create=True)) as database:
        create_merchant(
            database, name="Café Linde", currency="EUR", country="DE", clock=CLOCK, ids=IDS
        )
        change_books(database, _fill, clock=CLOCK)
    return url


def _fill(session: Session, books: Books) -> None:
    del session
    for member, name in ((OLDER, "Ana Ruiz"), (YOUNGER, "Eva Ruiz")):
        state = books.member(member)
        state.name, state.enrolled_ms = name, 1
        books.touch_member(state)
    stream = StreamId("a" * 32)
    books.notice("allowance_used", stream, 7, "covered=0", member=OLDER, points=200)
    books.notice(
        "same_phone",
        StreamId(YOUNGER),
        1,
        f"younger={YOUNGER} older={OLDER}",
        member=YOUNGER,
        points=30,
    )


def run(books: str, *words: str, code: int = 0) -> None:
    assert cli.main(["server", words[0], "--database", books, *words[1:]]) == code


def listed(books: str, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    run(books, "inbox", "--json", *words)
    return json.loads(capsys.readouterr().out)


def test_the_list_says_what_happened_what_it_cost_and_how_to_settle_it(
    books: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(books, "inbox")
    text, summary = capsys.readouterr()

    assert "Points were used twice" in text
    assert "Ana Ruiz used points there" in text
    assert "Eva Ruiz and Ana Ruiz have the same phone number" in text
    assert "200 points are not covered. At most EUR 5.00 by the program." in text
    assert "Accept the loss: The allowance is free again." in text
    file = books.removeprefix("sqlite:///")
    assert f"server inbox --database {file} settle allowance_used.{'a' * 32}.7 accept" in text
    assert "The younger account has 30 points.\n" in text, "nobody loses them"
    assert summary == "2 of 2 items wait for a choice.\n"


def test_settling_is_told_once_and_then_what_was_chosen(
    books: str, capsys: pytest.CaptureFixture[str]
) -> None:
    item = f"allowance_used.{'a' * 32}.7"
    run(books, "inbox", "settle", item, "accept")
    run(books, "inbox", "settle", item, "ask")
    told = capsys.readouterr().out

    assert told.splitlines() == [
        "Settled: Accept the loss. The allowance is free again.",
        "It was settled before: Accept the loss. Nothing changed.",
    ]
    answer = listed(books, capsys, "--open")
    assert answer["open"] == 1
    assert [one["kind"] for one in answer["items"]] == ["same_phone"]
    run(books, "inbox")
    assert "Settled: Accept the loss (at the server)" in capsys.readouterr().out


def test_wrong_items_and_choices_are_refused_in_words(
    books: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(books, "inbox", "settle", "fork.nowhere.1", "seen", code=1)
    run(books, "inbox", "settle", f"allowance_used.{'a' * 32}.7", "give", code=1)
    told = capsys.readouterr().err

    assert "The owner's list has no item fork.nowhere.1." in told
    assert "give cannot be chosen here. There is: ask, accept." in told


def test_accounts_are_joined_parted_and_erased(
    books: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(books, "merge", YOUNGER, OLDER)
    run(books, "unmerge", YOUNGER)
    run(books, "merge", OLDER, YOUNGER, "--json")
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith(f"One account from now on: {OLDER}.")
    assert told[1] == "Two accounts again, each with its own points."
    assert json.loads(told[2]) == {"member": OLDER}

    run(books, "erase", YOUNGER)
    assert capsys.readouterr().out.startswith("Erased: 2 accounts of one person.")
    run(books, "erase", "f" * 32, code=1)
    assert "These books have no member" in capsys.readouterr().err
    with closing(open_database(books)) as database, database.read() as session:
        left = session.fetch("SELECT DISTINCT name, phone, status FROM member")
        decided = session.fetch("SELECT kind, who FROM decision ORDER BY v, no")
    assert left == [("", "", "erased")]
    assert [kind for kind, _ in decided] == ["merged", "unmerged", "merged", "erased", "erased"]
    assert {who for _, who in decided} == {"server"}
    run(books, "verify")


def test_a_member_is_found_by_the_phone_number_as_it_is_typed(
    books: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def give_phones(session: Session, loaded: Books) -> None:
        for state in statements.load_members(
            session, loaded.merchant.merchant, [OLDER, YOUNGER]
        ).values():
            loaded.members[state.member] = state
            state.phone = "+4915112345678"
            loaded.touch_member(state)

    with closing(open_database(books)) as database:
        change_books(database, give_phones, clock=CLOCK)
    run(books, "erase", "0151 12345678", code=1)
    assert f"Several members have this phone number: {OLDER}, {YOUNGER}." in capsys.readouterr().err

    run(books, "merge", YOUNGER, OLDER)
    file = books.removeprefix("sqlite:///")
    assert f"unmerge --database {file} {YOUNGER}" in capsys.readouterr().out
    run(books, "erase", "0151 12345678")
    assert capsys.readouterr().out.startswith("Erased: 2 accounts of one person.")
    run(books, "erase", "0151 12345678", code=1)
    run(books, "erase", "Ana Ruiz", code=1)


def test_who_is_erased_is_in_no_file_for_new_tills(
    books: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "books.db.snapshots"
    run(books, "snapshot")
    (half,) = folder.glob("*.snapshot")
    half.with_name(f"{half.name}.99.part").write_bytes(b"Ana R")
    run(books, "erase", OLDER)

    assert list(folder.iterdir()) == []
    assert "The files for new tills had the name and were deleted." in capsys.readouterr().out
    run(books, "snapshot")
    names = [
        name
        for file in folder.glob("*.snapshot")
        for block in read_frames([file.read_bytes()])
        if isinstance(block, MemberBlock)
        for name in members_of(block).names
    ]
    assert sorted(names) == ["", "Eva Ruiz"]
    run(books, "erase", YOUNGER, "--snapshots", str(tmp_path / "elsewhere"))
    assert "deleted. New" not in capsys.readouterr().out


def test_who_is_erased_while_a_file_is_written_is_not_in_it(books: str, tmp_path: Path) -> None:
    folder = SnapshotFolder(tmp_path / "files")
    with closing(open_database(books)) as database:
        merchant = read_merchant(database)
        before = folder.make(database, merchant, now_ms=CLOCK.now_ms())

        def erase(done: int, total: int) -> None:
            assert done == total
            erase_member(database, OLDER, clock=CLOCK)

        after = folder.make(database, merchant, now_ms=CLOCK.now_ms(), progress=_once(erase))

    assert after.v > before.v
    assert {path.name for path in folder.path.iterdir()} == {after.name, f"{after.name}.note"}


def _once(deed: Progress) -> Progress:
    done: list[int] = []

    def progress(count: int, total: int) -> None:
        if count == total and not done:
            done.append(count)
            deed(count, total)

    return progress


def test_the_server_deletes_files_with_a_name_that_was_erased_elsewhere(
    books: str, tmp_path: Path
) -> None:
    folder = SnapshotFolder(tmp_path / "files")
    with closing(open_database(books)) as database:
        merchant = read_merchant(database)
        folder.make(database, merchant, now_ms=CLOCK.now_ms())
        assert make_if_due(folder, database, merchant, now_ms=CLOCK.now_ms()) is None
        assert folder.newest(merchant.merchant) is not None
        erase_member(database, OLDER, clock=CLOCK)
        assert make_if_due(folder, database, merchant, now_ms=CLOCK.now_ms()) is None

    assert list(folder.path.iterdir()) == []


def test_settled_by_the_list_two_accounts_are_one(
    books: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(books, "inbox", "settle", f"same_phone.{YOUNGER}.1", "merge", "--json")

    answer = json.loads(capsys.readouterr().out)
    assert answer["is_first"]
    with closing(open_database(books)) as database, database.read() as session:
        rows = session.fetch("SELECT alias_of FROM member WHERE member = ?", YOUNGER)
    assert rows == [(OLDER,)]


def test_nothing_that_waited_is_said_so(books: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(books, "refold")

    assert capsys.readouterr().out == "0 events were judged. Each stands in `server inbox`.\n"


def test_an_empty_list_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path / 'books.db'}"
    with closing(open_database(url, may_create=True)) as database:
        create_merchant(database, name="X", currency="EUR", country="", clock=CLOCK, ids=IDS)

    run(url, "inbox", "--open")

    assert capsys.readouterr() == ("", "Nothing to look at.\n")
