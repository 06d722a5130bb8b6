"""A server and tills that joined it, all of them real processes, and the list of their answers."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.acceptance.processes import Counter, Server, run_program
from tests.acceptance.small_shop import check_books

Answer = dict[str, Any]


@dataclass
class JoinedShop:
    """Where everything lies, and what the tills answered."""

    folder: Path
    database: str = ""
    answers: list[Answer] = field(default_factory=list[Answer])
    tills: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.database = self.database or f"sqlite:///{self.folder / 'books.db'}"

    @property
    def config(self) -> Path:
        """Where the tills' processes keep their keys."""
        return self.folder / "config"

    def set_up(self) -> None:
        """Make the server's books."""
        words = ("--merchant", "Corner Café", "--currency", "EUR")
        run_program("server", "init", "--database", self.database, *words, config=self.config)

    def serve(self) -> Server:
        """Start the server."""
        return Server(self.database, self.config)

    def join(self, till: str, url: str) -> None:
        """Let a till join with a one-time code."""
        words = ("--database", self.database, "--shop", "Corner Café")
        output = run_program("server", "till-code", *words, config=self.config)
        code = output.splitlines()[-1]
        data = ("--data", self.folder / till)
        run_program("till", "join", *data, "--server", url, "--code", code, config=self.config)
        self.tills.append(till)

    def counter(self, till: str) -> Counter:
        """Start the counter of a till."""
        return Counter(self.folder / till, self.config)

    def enroll(self, counter: Counter, till: str, name: str) -> str:
        """Enroll a member and return the id."""
        member = counter.must(do="enroll", card=None, phone="", name=name)["member"]
        self.note("enroll", till, member=member["id"], balance=member["balance_points"])
        return member["id"]

    def sell(self, counter: Counter, till: str, member: str, cents: int, **more: object) -> Answer:
        """Sell to a member; keep the answer."""
        total = f"{cents // 100}.{cents % 100:02d}"
        answer = counter.must(do="sale", member=member, total=total, **more)
        self.note(
            "sale",
            till,
            sale_id=answer["sale_id"],
            member=member,
            total=cents,
            earned=answer["earned_points"],
            redeemed=answer["redeemed_points"],
            balance=answer["balance_points"],
        )
        return answer

    def show(self, counter: Counter, till: str, member: str) -> int:
        """Let a till show a member; keep and return the balance."""
        balance = counter.must(do="member", id=member)["member"]["balance_points"]
        self.note("member", till, member=member, balance=balance)
        return balance

    def check(self) -> tuple[int, Answer]:
        """Check the books of server and tills against everything that was answered."""
        answers = self.folder / "answers.jsonl"
        answers.write_text("".join(json.dumps(answer) + "\n" for answer in self.answers))
        words: list[str | Path] = ["--server", self.database, "--answers", answers, "--exact"]
        words += ["--keys", self.config / "pos-loyalty" / "keys"]
        for till in self.tills:
            words += ["--till", self.folder / till]
        return check_books(*words)

    def note(self, answer: str, till: str, **fields: object) -> None:
        """Add an answer to the list."""
        self.answers.append({"answer": answer, "till": till, **fields})
