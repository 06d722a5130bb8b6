"""The words of a large membership, sorted as a whole before the first is written.

The table of words is ordered by word: nine million words in the order of the members
would touch every page of it again and again. So they are sorted in runs that fit into
memory, kept beside the till's database under the same key, and merged into the table
from its first page to its last. What was renamed meanwhile is put right at the end.
"""

import heapq
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import islice

from pos_loyalty.domain.search_text import member_words
from pos_loyalty.store.database import Connection
from pos_loyalty.store.unit_of_work import Store

_MEMBERS_A_STEP = 1_000
_MEMBERS_A_RUN = 10_000
_WORDS_A_PART = 1_000
_WORDS_A_SLICE = 4_000
_WORD = "INSERT INTO member_word(word, member) VALUES (?, ?) ON CONFLICT DO NOTHING"


class ArrivalWords:
    """Writes the words of every member, a few milliseconds at a time."""

    def __init__(self, store: Store, side: Connection) -> None:
        self._store = store
        self._side = side

    def work(self) -> Generator[None]:
        """Sort, merge, put right; begun again after a restart."""
        with self._noting_renames():
            yield from self._sort()
            yield from self._merge()
            self._put_right()

    @contextmanager
    def _noting_renames(self) -> Generator[None]:
        """Note what members were called before somebody renamed them under our hands.

        A name that was erased must not come back as a word.
        """
        with self._store.write() as work:
            for statement in _NOTE:
                work.connection.execute(statement)
            work.commit()
        try:
            yield
        finally:
            with self._store.write() as work:
                for statement in _FORGET:
                    work.connection.execute(statement)
                work.commit()

    def _sort(self) -> Iterator[None]:
        side = self._side
        side.execute("DROP TABLE IF EXISTS run")
        side.execute("CREATE TABLE run (run INTEGER, part INTEGER, words BLOB)")
        side.execute("CREATE INDEX run_part ON run(run, part)")
        number, after = 0, ""
        while True:
            words: list[str] = []
            for _ in range(_MEMBERS_A_RUN // _MEMBERS_A_STEP):
                after = self._read(after, words)
                yield
                if not after:
                    break
            words.sort()
            for part, start in enumerate(range(0, len(words), _WORDS_A_PART)):
                text = "\n".join(words[start : start + _WORDS_A_PART])
                row = (number, part, zlib.compress(text.encode(), 1))
                side.execute("INSERT INTO run(run, part, words) VALUES (?, ?, ?)", row)
                yield
            number += 1
            if not after:
                return

    def _read(self, after: str, words: list[str]) -> str:
        """Add the words of the next members; return the last one, empty at the end."""
        with self._store.read() as read:
            rows = read.connection.execute(
                "SELECT member, name, phone FROM member WHERE member > ? ORDER BY member LIMIT ?",
                (after, _MEMBERS_A_STEP),
            ).fetchall()
        for member, name, phone in rows:
            end = "\t" + member
            words += [word + end for word in member_words(name=name, phone=phone)]
        return rows[-1][0] if len(rows) == _MEMBERS_A_STEP else ""

    def _merge(self) -> Iterator[None]:
        runs = [int(row[0]) for row in self._side.execute("SELECT DISTINCT run FROM run")]
        merged = heapq.merge(*(self._run(number) for number in runs))
        while part := list(islice(merged, _WORDS_A_SLICE)):
            with self._store.write() as work:
                work.connection.executemany(_WORD, [word.split("\t") for word in part])
                work.is_news = False
                work.commit()
            yield

    def _run(self, number: int) -> Iterator[str]:
        part = 0
        while True:
            row = self._side.execute(
                "SELECT words FROM run WHERE run = ? AND part = ?", (number, part)
            ).fetchone()
            if row is None:
                return
            yield from zlib.decompress(row[0]).decode().split("\n")
            part += 1

    def _put_right(self) -> None:
        with self._store.write() as work:
            rows = work.connection.execute(
                "SELECT r.member, r.name, r.phone, m.name, m.phone FROM temp.renamed r"
                " LEFT JOIN member m ON m.member = r.member"
            ).fetchall()
            for member, name, phone, name_now, phone_now in rows:
                old = set(member_words(name=name, phone=phone))
                now = set(member_words(name=name_now or "", phone=phone_now or ""))
                work.connection.executemany(
                    "DELETE FROM member_word WHERE word = ? AND member = ?",
                    [(word, member) for word in old - now],
                )
            work.commit()


_RENAMED = "CREATE TEMP TABLE renamed (member TEXT, name TEXT, phone TEXT)"
_NOTE_RENAMED = (
    "CREATE TEMP TRIGGER note_renamed AFTER UPDATE OF name, phone ON main.member"
    " WHEN old.name <> new.name OR old.phone <> new.phone"
    " BEGIN INSERT INTO renamed VALUES (old.member, old.name, old.phone); END"
)
_NOTE = (_RENAMED, _NOTE_RENAMED)
_FORGET = ("DROP TRIGGER temp.note_renamed", "DROP TABLE temp.renamed")
