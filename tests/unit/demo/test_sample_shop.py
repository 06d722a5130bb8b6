"""The sample members, their history and the plan of the day are what the demo promises."""

from pathlib import Path

import pytest

from pos_loyalty.cards.batch import issue_batch
from pos_loyalty.demo.day_plan import plan_day, sales_in
from pos_loyalty.demo.folder import DemoFailed, DemoFolder, SampleCard, new_state
from pos_loyalty.demo.sample_history import DAYS, WalkingClock, play_history
from pos_loyalty.demo.sample_people import PEOPLE_COUNT, sample_people, spare_phone
from pos_loyalty.domain.event import NewCard
from pos_loyalty.domain.ids import BatchId
from pos_loyalty.domain.phone import international
from pos_loyalty.services.issue_cards import IssueCards
from pos_loyalty.services.look_up_member import LookUpMember
from pos_loyalty.services.system_sources import SystemClock
from pos_loyalty.store.verification import verify
from pos_loyalty.till import open_till

_MS_PER_DAY = 24 * 60 * 60 * 1000


def test_names_differ_and_phones_are_real_numbers_of_nobody() -> None:
    people = sample_people()
    phones = [person.phone for person in people if person.phone]
    phones += [spare_phone(number) for number in range(100)]

    assert len({person.name for person in people}) == PEOPLE_COUNT == 200
    assert len(set(phones)) == len(phones)
    assert all(international(phone, "DE").startswith("+49") for phone in phones)


def test_history_is_made_of_real_events_of_the_last_weeks(tmp_path: Path) -> None:
    clock = WalkingClock(SystemClock())
    now_ms = clock.now_ms()
    people = sample_people()[:20]
    with open_till(tmp_path / "till", clock=clock) as till:
        batch = issue_batch(
            merchant=till.shop.merchant,
            count=len(people),
            batch=BatchId("b" * 32),
            random_bytes=till.context.ids.random_bytes,
        )
        cards = [NewCard(key=card.card_key, number=card.number) for card in batch.cards]
        till.issue_cards(IssueCards(batch.batch, cards))

        members = play_history(till, clock, people, batch.cards)

        views = [till.look_up_member(LookUpMember(id=member)) for member in members]
        with till.context.store.read() as work:
            moments = [
                row[0]
                for row in work.connection.execute(
                    "SELECT at_ms FROM event WHERE kind <> 'cards' ORDER BY seq"
                )
            ]
            verified = verify(work.connection)
    assert [view.name for view in views] == [person.name for person in people]
    assert moments == sorted(moments)
    assert now_ms - (DAYS + 2) * _MS_PER_DAY < moments[0]
    assert moments[-1] < now_ms
    assert verified.finding is None


def test_the_plan_gives_each_sale_a_total_of_its_own_and_shows_no_card_twice_in_a_row() -> None:
    cards = tuple(
        SampleCard(
            payload=f"P{number}",
            number=f"{number:012d}",
            name=f"Member {number}" if number < 200 else "",
            has_reward=number % 3 == 0,
        )
        for number in range(240)
    )

    plan = plan_day(new_state(port=1, cards=cards, shown=cards[:3]))

    tasks = (*plan.morning, *plan.noon, *plan.evening)
    totals = [task.total for task in tasks]
    scanned = [card.number for card in plan.scanned_cards()]
    assert len(set(totals)) == len(totals)
    assert all(total % 10 for total in totals)
    assert len(scanned) >= 40
    assert sales_in(plan.noon) * 3 >= sales_in(tasks)
    assert all(card not in scanned[place + 1 : place + 5] for place, card in enumerate(scanned))


def test_a_demo_folder_clears_only_what_a_demo_made(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path / "demo")
    folder.clear()
    folder.write(new_state(port=4, cards=(), shown=()))
    was_read = folder.read()
    folder.clear()

    assert was_read is not None
    assert was_read.port == 4
    assert folder.read() is None
    (folder.root / "mine.txt").write_text("mine")
    with pytest.raises(DemoFailed, match="choose another folder"):
        folder.clear()
