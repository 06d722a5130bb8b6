"""Makes the sample shop: a server, a till that joins it, members with a history, and cards."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from pos_loyalty.cards.batch import CardBatch, IssuedCard, issue_batch
from pos_loyalty.cards.design import CardDesign
from pos_loyalty.demo.folder import DemoFolder, DemoState, SampleCard, new_state
from pos_loyalty.demo.line import Line
from pos_loyalty.demo.sample_history import WalkingClock, play_history
from pos_loyalty.demo.sample_people import sample_people
from pos_loyalty.demo.server_process import ServerProcess, database_url, run_server_command
from pos_loyalty.domain.event import NewCard
from pos_loyalty.domain.ids import BatchId, CardKey, MemberId
from pos_loyalty.domain.reward import PointsForMoney
from pos_loyalty.services.issue_cards import IssueCards
from pos_loyalty.services.join_server import JoinServer, JoinServerHandler
from pos_loyalty.services.look_up_card import CardKind, LookUpCard
from pos_loyalty.services.look_up_member import LookUpMember
from pos_loyalty.services.member_view import MemberView
from pos_loyalty.services.system_sources import SystemClock
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.store.settings import Setting
from pos_loyalty.till import Till, open_till

SHOP_NAME: Final = "Corner Café"
CURRENCY: Final = "EUR"
COUNTRY: Final = "DE"
BLANK_CARDS: Final = 40
_ON_SHEET: Final = 10
_MEMBERS_ON_SHEET: Final = 6
_SYNC_MS: Final = 60_000
PICTURE_NAMES: Final = ("1-a-reward-is-ready", "2-a-usual-member", "3-a-new-card")

Say = Callable[[str], None]
"""Told what is going on, in words."""


def card_design() -> CardDesign:
    """Return how the cards of the sample shop look."""
    return CardDesign.parse(shop_name=SHOP_NAME)


def open_sample_till(folder: DemoFolder) -> Till:
    """Open the till of the sample shop."""
    return open_till(folder.till, keys=FileKeys(folder.keys), currency=CURRENCY)


def make_shop(folder: DemoFolder, say: Say) -> DemoState:
    """Make the sample shop anew.

    Raises:
        DemoFailed: the folder holds other things, or the server does not start.
    """
    folder.clear()
    say("Setting up a server, a shop and a till")
    database = ["--database", database_url(folder.books)]
    run_server_command(
        "init", *database, "--merchant", SHOP_NAME, "--currency", CURRENCY, "--country", COUNTRY
    )
    code = run_server_command("till-code", *database, "--shop", SHOP_NAME)[-1]
    with ServerProcess(folder.books, log=folder.server_log) as server, Line() as line:
        line.lead_to(server.port)
        clock = WalkingClock(SystemClock())
        with open_till(folder.till, clock=clock, keys=FileKeys(folder.keys)) as till:
            JoinServerHandler(till.context, till.sync)(JoinServer(line.url, code))
            till.sync.stop()
            say("Two hundred members come and go for ten weeks")
            cards, members = _fill(till, clock)
        with open_sample_till(folder) as till:
            till.sync.sync_now(timeout_ms=_SYNC_MS)
            say("Printing sample cards")
            state = _print(folder, till, cards, members, port=line.port)
    folder.write(state)
    return state


def move_line(folder: DemoFolder, port: int) -> None:
    """Tell the till that its line now begins at another port: the old one is in use."""
    with open_sample_till(folder) as till, till.context.store.write() as work:
        work.settings.put(Setting.SERVER_URL, f"http://127.0.0.1:{port}")
        work.commit()


def take_line(folder: DemoFolder, state: DemoState) -> Line:
    """Return the line on the till's port, or on another one where that is in use."""
    with suppress(OSError):
        return Line(port=state.port)
    line = Line()
    move_line(folder, line.port)
    return line


def cards_to_try(folder: DemoFolder, state: DemoState) -> tuple[SampleCard, ...]:
    """Return a card with a reward, a usual one, and one that is still nobody's."""
    rewarded, usual, blank = state.shown[:3]
    with open_sample_till(folder) as till:
        unused = (card for card in (blank, *state.blanks) if _is_unused(till, card))
        chosen = next(unused, blank)
    if chosen != blank:
        _draw(_issued(chosen), folder.cards / f"{PICTURE_NAMES[2]}.png")
    return rewarded, usual, chosen


def _is_unused(till: Till, card: SampleCard) -> bool:
    return till.look_up_card(LookUpCard(card.payload)).kind is CardKind.BLANK


def _issued(card: SampleCard) -> IssuedCard:
    return IssuedCard(payload=card.payload, number=card.number, card_key=CardKey(""))


def _fill(till: Till, clock: WalkingClock) -> tuple[CardBatch, tuple[MemberId, ...]]:
    people = sample_people()
    batch = issue_batch(
        merchant=till.shop.merchant,
        count=len(people) + BLANK_CARDS,
        batch=BatchId(till.context.ids.next_id()),
        random_bytes=os.urandom,
    )
    new_cards = [NewCard(key=card.card_key, number=card.number) for card in batch.cards]
    till.issue_cards(IssueCards(batch.batch, new_cards))
    return batch, play_history(till, clock, people, batch.cards)


def _print(
    folder: DemoFolder,
    till: Till,
    batch: CardBatch,
    members: Sequence[MemberId],
    *,
    port: int,
) -> DemoState:
    """Print the sheet of sample cards and single pictures of the first three."""
    from pos_loyalty.cards.sheet import write_sheet

    views = [till.look_up_member(LookUpMember(id=member)) for member in members]
    cards = [
        SampleCard(
            payload=card.payload,
            number=card.number,
            name=view.name,
            has_reward=any(reward.available for reward in view.rewards),
        )
        for card, view in zip(batch.cards, views, strict=False)
    ]
    cards += [
        SampleCard(payload=card.payload, number=card.number) for card in batch.cards[len(cards) :]
    ]
    places = _chosen(views, count=len(cards))
    shown = [batch.cards[place] for place in places]
    write_sheet(replace(batch, cards=tuple(shown)), folder.sheet, card_design())
    for card, name in zip(shown, PICTURE_NAMES, strict=False):
        _draw(card, folder.cards / f"{name}.png")
    return new_state(port=port, cards=tuple(cards), shown=tuple(cards[place] for place in places))


def _chosen(views: Sequence[MemberView], *, count: int) -> list[int]:
    """Return the places of the cards to print: a reward, a usual member, a blank one; then more."""
    rewarded = [place for place, view in enumerate(views) if _has_whole_reward(view)]
    usual = [place for place in range(len(views)) if place not in rewarded]
    blanks = range(len(views), count)
    first = [rewarded[0], usual[0], blanks[0]]
    rest = [*rewarded[1:3], *usual[1:]][: _MEMBERS_ON_SHEET - 2]
    return [*first, *rest, *blanks[1:]][:_ON_SHEET]


def _has_whole_reward(view: MemberView) -> bool:
    parts = PointsForMoney.__struct_config__.tag
    return any(reward.available and reward.kind != parts for reward in view.rewards)


def _draw(card: IssuedCard, path: Path) -> None:
    import cv2

    from pos_loyalty.cards.card_picture import card_picture

    is_encoded, raw = cv2.imencode(".png", card_picture(card, card_design()))
    assert is_encoded
    path.write_bytes(raw.tobytes())
