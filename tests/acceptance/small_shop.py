"""Short ways to a small shop with true books: a till, some members, and what it answered."""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pos_loyalty.cards.batch import IssuedCard, issue_batch
from pos_loyalty.domain.event import NewCard
from pos_loyalty.domain.ids import BatchId, MemberId
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.issue_cards import IssueCards
from pos_loyalty.services.record_sale import RecordSale, SaleDone
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.store.data_folder import DataFolder, read_label
from pos_loyalty.store.database import Connection, connect_writer
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.till import Till, open_till

ROOT = Path(__file__).resolve().parents[2]
CHECKER = ROOT / "tools" / "check_books.py"

Answer = dict[str, Any]


def check_books(*words: str | Path) -> tuple[int, Answer]:
    """Run the checker as a process of its own; return its exit code and its report."""
    result = subprocess.run(
        [sys.executable, CHECKER, *words], capture_output=True, text=True, check=False, timeout=120
    )
    assert result.stdout.startswith("{"), result.stdout + result.stderr
    return result.returncode, json.loads(result.stdout)


@dataclass
class SmallShop:
    """A till in a folder, its keys beside it, and the list of its answers."""

    folder: Path
    answers: list[Answer] = field(default_factory=list[Answer])
    members: list[MemberId] = field(default_factory=list[MemberId])
    cards: list[IssuedCard] = field(default_factory=list[IssuedCard])

    @property
    def data(self) -> Path:
        """The till's data folder."""
        return self.folder / "till"

    @property
    def keys(self) -> FileKeys:
        """Where its key is kept."""
        return FileKeys(self.folder / "keys")

    def open(self) -> Till:
        """Open the till."""
        return open_till(self.data, keys=self.keys)

    def enroll(self, till: Till, count: int) -> None:
        """Issue cards and enroll members with them."""
        batch = issue_batch(
            merchant=till.shop.merchant,
            count=count,
            batch=BatchId(os.urandom(16).hex()),
            random_bytes=os.urandom,
        )
        cards = tuple(NewCard(key=card.card_key, number=card.number) for card in batch.cards)
        till.issue_cards(IssueCards(batch.batch, cards))
        for number, card in enumerate(batch.cards):
            name = f"Member {len(self.members)} {number}"
            welcomed = till.enroll_member(EnrollMember(card_key=card.card_key, name=name))
            self.members.append(welcomed.member.id)
            self.cards.append(card)
            balance = welcomed.member.balance_points
            self._note("enroll", member=welcomed.member.id, balance=balance)

    def sell(
        self, till: Till, total: int, member: MemberId | None, *rewards: RewardChoice
    ) -> SaleDone:
        """Record a sale and keep its answer."""
        order = RecordSale(total=total, member_id=member, rewards=rewards, found_by="card")
        done = till.record_sale(order)
        shown = {} if member is None else {"balance": done.balance_points}
        self._note(
            "sale",
            sale_id=done.sale_id,
            total=total,
            earned=done.earned_points,
            redeemed=done.redeemed_points,
            member=member,
            **shown,
        )
        return done

    def undo(self, till: Till, sale: SaleDone) -> None:
        """Undo a sale and keep the answer."""
        undone = till.undo_sale(UndoSale(sale.sale_id))
        self._note(
            "undo",
            sale_id=sale.sale_id,
            member=undone.member_id,
            balance=undone.balance_points,
        )

    def check(self, *words: str | Path) -> tuple[int, Answer]:
        """Check the till with everything it answered."""
        answers = self.folder / "answers.jsonl"
        answers.write_text("".join(json.dumps(answer) + "\n" for answer in self.answers))
        till = ("--till", self.data, "--keys", self.folder / "keys")
        return check_books(*till, "--answers", answers, "--exact", *words)

    @contextmanager
    def spoiling(self) -> Generator[Connection]:
        """Give the database to somebody who does not go through the program."""
        folder = DataFolder(self.data)
        key = self.keys.read(read_label(folder).database_id)
        assert key is not None
        connection = connect_writer(folder.database, key)
        try:
            yield connection
        finally:
            connection.close()

    def _note(self, answer: str, **fields: object) -> None:
        self.answers.append({"answer": answer, "till": self.data.name, **fields})
