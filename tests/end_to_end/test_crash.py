"""F62: the window is killed with -9 in the middle of a sale, and started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

from pytestqt.qtbot import QtBot

from pos_loyalty.store.data_folder import DataFolder
from pos_loyalty.store.database import Connection, connect_reader
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.store.opening import read_key
from pos_loyalty.till import Till, open_till
from pos_loyalty.ui.presenters.counter_screen import IdlePanel
from tests.end_to_end.cashiers import Eyes
from tests.end_to_end.window_shop import a_window, fill_till

SECONDS = 60
ROOT = Path(__file__).parents[2]
BACK = "The sale from before is back. Press Enter to complete."


class Shop:
    """A data folder with a member in it, and what lies in its database at this moment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with self.open() as till:
            self.cards, self.member, _ = fill_till(till)
        self.sales_before = self.sales()

    def open(self) -> Till:
        return open_till(self._folder / "till", keys=FileKeys(self._folder / "keys"))

    def sales(self) -> int:
        return int(self._one("SELECT COUNT(*) FROM event WHERE kind = 'sale'"))

    def drafts(self) -> int:
        return int(self._one("SELECT COUNT(*) FROM setting WHERE name = 'sale_draft'"))

    def _one(self, query: str) -> int:
        with closing(self._reader()) as connection:
            return connection.execute(query).fetchone()[0]

    def _reader(self) -> Connection:
        folder = DataFolder(self._folder / "till")
        return connect_reader(folder.database, read_key(folder, FileKeys(self._folder / "keys")))

    def kill_in_the_middle(self, *options: str, when: Callable[[], bool]) -> None:
        """Let a window ring up a sale in a process of its own, and kill that with -9."""
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.end_to_end.crashing_till"),
                *(str(self._folder), self.cards[0], "450", *options),
            ],
            cwd=ROOT,
            env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "QT_LOGGING_RULES": "*=false"},
        )
        try:
            end = time.monotonic() + SECONDS
            while not when():
                assert process.poll() is None, "the window ended by itself"
                assert time.monotonic() < end, "the moment to kill it did not come"
                time.sleep(0.02)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(SECONDS)

    @contextmanager
    def window(self, qtbot: QtBot) -> Generator[Eyes]:
        with a_window(qtbot, self.open) as (eyes, _till, _feed):
            yield eyes


def test_F62_a_sale_that_was_being_typed_is_back_after_kill_9(qtbot: QtBot, tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.kill_in_the_middle(when=lambda: shop.drafts() == 1)

    with shop.window(qtbot) as eyes:
        eyes.wait_for(BACK)
        assert eyes.screen.amount.text == "\u20ac 4.50"
        assert eyes.has("Complete")
        eyes.qtbot.wait(650)
        eyes.press("Enter")
        eyes.wait_for("Saved. +")

    assert shop.sales() == shop.sales_before + 1
    with shop.window(qtbot) as eyes:
        eyes.qtbot.wait(500)
        assert isinstance(eyes.screen.left, IdlePanel)
    assert shop.sales() == shop.sales_before + 1


def test_F62_a_sale_that_was_saved_is_not_back_after_kill_9(qtbot: QtBot, tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.kill_in_the_middle("--complete", when=lambda: shop.sales() > shop.sales_before)
    assert shop.drafts() == 1, "the sale itself writes nothing but itself"

    with shop.window(qtbot) as eyes:
        eyes.wait_until(lambda: shop.drafts() == 0)
        eyes.qtbot.wait(200)
        assert isinstance(eyes.screen.left, IdlePanel)
        assert eyes.screen.strip.text.startswith("Ready.")

    assert shop.sales() == shop.sales_before + 1


def test_F62_killed_again_and_again_the_sale_is_still_one(qtbot: QtBot, tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.kill_in_the_middle(when=lambda: shop.drafts() == 1)
    for _ in range(2):
        with shop.window(qtbot) as eyes:
            eyes.wait_for(BACK)
            eyes.wait_until(lambda: shop.drafts() == 1)

    with shop.window(qtbot) as eyes:
        eyes.wait_for(BACK)
        eyes.qtbot.wait(650)
        eyes.press("Enter")
        eyes.wait_for("Saved. +")

    assert shop.sales() == shop.sales_before + 1
