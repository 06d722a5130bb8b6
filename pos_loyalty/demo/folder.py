"""The demo's folder: a server, a till, its keys and the sample cards, kept between runs."""

import os
import shutil
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import StoreUnavailable
from pos_loyalty.store.data_folder import DataFolder, FolderLock

_FORMAT: Final = 1


class DemoFailed(Exception):
    """The demo cannot go on; the reason is one sentence for the person who started it."""


class SampleCard(msgspec.Struct, frozen=True, kw_only=True):
    """A sample card to hold to the camera, to click or to type.

    ``name`` is empty on a blank one; ``has_reward`` is what was true when it was made. A
    shop never keeps the payloads of its cards; here nobody can be harmed by them.
    """

    payload: str
    number: str
    name: str = ""
    has_reward: bool = False


class DemoState(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of the demo besides the databases.

    ``port`` is the till's line to the server; ``shown`` are the cards on the printed sheet,
    the first three of them for a sale, a reward and a sign-up.
    """

    format: int
    port: int
    cards: tuple[SampleCard, ...]
    shown: tuple[SampleCard, ...]

    @property
    def members(self) -> tuple[SampleCard, ...]:
        """The cards that belong to somebody."""
        return tuple(card for card in self.cards if card.name)

    @property
    def blanks(self) -> tuple[SampleCard, ...]:
        """The cards for sign-ups."""
        return tuple(card for card in self.cards if not card.name)


@dataclass(frozen=True)
class DemoFolder:
    """Where everything of a demo lies."""

    root: Path

    @property
    def till(self) -> Path:
        """The till's data folder."""
        return self.root / "till"

    @property
    def keys(self) -> Path:
        """The key of the till's database. A shop's till keeps it away from the data."""
        return self.root / "keys"

    @property
    def server(self) -> Path:
        """The server's folder."""
        return self.root / "server"

    @property
    def books(self) -> Path:
        """The server's database."""
        return self.server / "books.db"

    @property
    def server_log(self) -> Path:
        """What the server had to say."""
        return self.server / "server.log"

    @property
    def cards(self) -> Path:
        """The sample cards as a sheet and as pictures."""
        return self.root / "cards"

    @property
    def sheet(self) -> Path:
        """The sheet of sample cards."""
        return self.cards / "sample-cards.pdf"

    @property
    def answers(self) -> Path:
        """What the screen answered during a played day."""
        return self.root / "answers.jsonl"

    @property
    def _state(self) -> Path:
        return self.root / "demo.json"

    def read(self) -> DemoState | None:
        """Return the state of an earlier run; None where there is none, or of another release."""
        try:
            state = msgspec.json.decode(self._state.read_bytes(), type=DemoState)
        except (OSError, msgspec.MsgspecError):
            return None
        return state if state.format == _FORMAT else None

    def write(self, state: DemoState) -> None:
        """Keep the state; it is written last, so that a half-made demo is made anew."""
        draft = self._state.with_suffix(".draft")
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(state), indent=1))
        draft.replace(self._state)

    def clear(self) -> None:
        """Remove what a demo made, and nothing else.

        Raises:
            DemoFailed: something lies there that no demo made.
        """
        self._refuse_strangers()
        for part in self._parts:
            shutil.rmtree(part, ignore_errors=True)
        for file in self._files:
            file.unlink(missing_ok=True)
        for part in self._parts:
            part.mkdir(parents=True)

    @contextmanager
    def only_one(self) -> Generator[None]:
        """Keep a second demo out of this folder.

        Raises:
            DemoFailed: one is open already, or the folder holds other things.
        """
        if self.read() is None:
            self._refuse_strangers()
        self.root.mkdir(parents=True, exist_ok=True)
        try:
            lock = FolderLock(self._lock)
        except StoreUnavailable as error:
            if error.code is not Code.TILL_OPEN:
                raise
            raise DemoFailed("The demo is already open.") from error
        with lock:
            yield

    @property
    def _lock(self) -> DataFolder:
        """The demo's own lock is of the same kind as a till's."""
        return DataFolder(self.root)

    @property
    def _parts(self) -> tuple[Path, ...]:
        return (self.till, self.keys, self.server, self.cards)

    @property
    def _files(self) -> tuple[Path, ...]:
        return (self.answers, self._state, self._state.with_suffix(".draft"))

    def _refuse_strangers(self) -> None:
        known = {path.name for path in (*self._parts, *self._files, self._lock.lock)}
        strangers = self.root.is_dir() and {path.name for path in self.root.iterdir()} - known
        if strangers:
            raise DemoFailed(
                f"{self.root} holds other things, such as {min(strangers)}; choose another folder."
            )


def new_state(
    *, port: int, cards: tuple[SampleCard, ...], shown: tuple[SampleCard, ...]
) -> DemoState:
    """Return the state of a demo of this release."""
    return DemoState(format=_FORMAT, port=port, cards=cards, shown=shown)


def default_folder() -> Path:
    """Return the demo's folder among the person's own data."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "pos-loyalty" / "demo"
