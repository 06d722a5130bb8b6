"""A cashier's day through the real window, drawn in memory, and what it came to.

The line is cut for the middle third; in the last third the server is killed once, sales
go on, and it is started again. In the end everything is sent, and the independent checker
of the books is run over all of it.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pos_loyalty.app import TillWindow, WindowSettings, application
from pos_loyalty.demo.cashier import AnswerList, Cashier
from pos_loyalty.demo.day_plan import DayPlan, Task, plan_day, sales_in
from pos_loyalty.demo.demo_camera import DemoCamera, Photographer
from pos_loyalty.demo.folder import DemoFailed, DemoFolder
from pos_loyalty.demo.hands import PATIENCE_SECONDS, Hands, look_until
from pos_loyalty.demo.line import Line
from pos_loyalty.demo.plants import Plant, spoil
from pos_loyalty.demo.sample_shop import Say, make_shop, open_sample_till, take_line
from pos_loyalty.demo.screen import Screen
from pos_loyalty.demo.server_process import ServerProcess
from pos_loyalty.demo.stop import Stop
from pos_loyalty.services.system_sources import SystemClock
from pos_loyalty.till import Till

_SEED: Final = 7
_WITHOUT_SERVER: Final = 6
"""So many errands of the evening are done while the server is dead."""
_SYNC_MS: Final = 20_000
_CHECK_SECONDS: Final = 120.0
_CHECKER: Final = Path(__file__).resolve().parents[2] / "tools" / "check_books.py"


@dataclass(frozen=True, kw_only=True)
class DayReport:
    """What the checker found; ``finding`` is the first thing that is off, in words."""

    sales: int
    scans: int
    offline_sales: int
    lost: int
    doubled: int
    balances_equal: bool
    chain_ok: bool
    seconds: float
    finding: str | None

    @property
    def is_good(self) -> bool:
        """Whether nothing is off."""
        return self.finding is None


@dataclass(frozen=True)
class _Shop:
    """Everything that runs during the day."""

    folder: DemoFolder
    plan: DayPlan
    server: ServerProcess
    line: Line
    stop: Stop


def play_day(folder: DemoFolder, say: Say, *, plant: Plant | None = None) -> DayReport:
    """Make a sample shop, play a day in it, and check the books.

    Args:
        folder: where; a demo that lies there is made anew.
        say: told what is going on.
        plant: what to spoil before the books are checked, to see that it is found.

    Raises:
        DemoFailed: something did not work as a cashier must be able to rely on.
        KeyboardInterrupt: somebody asked for the end; nothing that was started runs any more.
    """
    with folder.only_one(), Stop() as stop:
        return _day(folder, say, stop, plant=plant)


def _day(folder: DemoFolder, say: Say, stop: Stop, *, plant: Plant | None) -> DayReport:
    started = time.monotonic()
    if not _CHECKER.exists():
        raise DemoFailed("The day needs the program's source folder, with tools/check_books.py.")
    state = make_shop(folder, say)
    plan = plan_day(state)
    server = ServerProcess(folder.books, log=folder.server_log)
    with server, take_line(folder, state) as line:
        line.lead_to(server.port)
        scans = _play(_Shop(folder, plan, server, line, stop), say)
    if plant is not None:
        say(f"Spoiling one sale: {plant.value}")
        spoil(folder, plant)
    say("Checking the books")
    found = check_books(folder)
    expected = sales_in((*plan.morning, *plan.noon, *plan.evening))
    finding = found["finding"]
    if finding is None and found["sales"] != expected:
        finding = f"{found['sales']} sales were answered, {expected} were made."
    return DayReport(
        sales=found["sales"],
        scans=scans,
        offline_sales=found["offline_sales"],
        lost=found["lost"],
        doubled=found["doubled"],
        balances_equal=found["balances_equal"],
        chain_ok=found["chain_ok"],
        seconds=round(time.monotonic() - started, 1),
        finding=finding,
    )


def check_books(folder: DemoFolder) -> dict[str, Any]:
    """Run the independent checker as a process of its own and return its report.

    Raises:
        DemoFailed: it could not read the books.
    """
    words = ["--till", folder.till, "--keys", folder.keys, "--server", folder.books]
    result = subprocess.run(  # noqa: S603 - our own tool
        [sys.executable, _CHECKER, *words, "--answers", folder.answers, "--exact"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=_CHECK_SECONDS,
    )
    if not result.stdout.startswith("{"):
        raise DemoFailed(f"The books could not be checked: {result.stderr.strip()}")
    report: dict[str, Any] = json.loads(result.stdout)
    if "sales" not in report:
        raise DemoFailed(f"The books could not be checked: {report['finding']}")
    return report


def _play(shop: _Shop, say: Say) -> int:
    """Play the day; return how many cards were read by the camera."""
    plan = shop.plan
    camera = DemoCamera()
    answers = AnswerList(shop.folder.answers, shop.folder.till.name)
    answers.note("begin", at_ms=SystemClock().now_ms())
    photographer = Photographer(plan.scanned_cards(), seed=_SEED)
    try:
        with shop.stop.in_window(), _window(shop.folder, camera, shop.stop) as window:
            screen = Screen(window.window)
            hands = Hands(screen, shop.stop)
            cashier = Cashier(screen, hands, camera, photographer, answers)
            hands.wait_for(lambda: screen.strip.startswith("Ready."), "the counter")
            _do(cashier, plan.morning, say, "Morning")
            shop.line.cut()
            cashier.is_offline = True
            _do(cashier, plan.noon, say, "Noon, the line is cut")
            shop.line.mend()
            shop.server.kill()
            before, after = plan.evening[:_WITHOUT_SERVER], plan.evening[_WITHOUT_SERVER:]
            _do(cashier, before, say, "Evening, the server was killed")
            shop.server.start()
            shop.line.lead_to(shop.server.port)
            cashier.is_offline = False
            _do(cashier, after, say, "Evening, the server is back")
            say("Closing: everything is sent")
            _send_all(window, hands)
            _do(cashier, plan.looks, say, "Some members ask for their points")
            _send_all(window, hands)
            return cashier.scans
    finally:
        photographer.stop()


@contextmanager
def _window(folder: DemoFolder, camera: DemoCamera, stop: Stop) -> Generator[TillWindow]:
    """Show the till's real window, in memory where there is no display.

    Raises:
        DemoFailed: the till does not open.
    """
    application()
    window = TillWindow(lambda: open_sample_till(folder), WindowSettings(camera.make_source))
    opened: list[bool] = []
    refused: list[Exception] = []
    window.opened.connect(lambda: opened.append(True))
    window.refused.connect(refused.append)
    window.start()
    try:
        look_until(lambda: bool(opened or refused), stop)
        if not opened:
            raise DemoFailed(f"The till does not open: {refused[0] if refused else 'no answer'}")
        yield window
    finally:
        window.close()


def _do(cashier: Cashier, tasks: tuple[Task, ...], say: Say, words: str) -> None:
    say(f"{words}: {sales_in(tasks)} sales, {sum(task.has_scan for task in tasks)} scans")
    for task in tasks:
        cashier.do(task)


def _send_all(window: TillWindow, hands: Hands) -> None:
    """Wait until nothing is unsent; ask the engine to hurry, as its next try may be minutes off."""
    till = window.till
    assert till is not None
    done = threading.Event()

    def hurry() -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end and not done.is_set():
            if _is_quiet(till):
                done.set()

    thread = threading.Thread(target=hurry, name="demo closing")
    thread.start()
    try:
        hands.wait_for(done.is_set, "everything to be sent")
    finally:
        done.set()
        thread.join()


def _is_quiet(till: Till) -> bool:
    outcome = till.sync.sync_now(timeout_ms=_SYNC_MS)
    return outcome.trouble is None and outcome.pending == 0
