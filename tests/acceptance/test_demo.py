"""The demo: a whole day is played once, and what is spoiled in it afterwards is found."""

import json
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.processes import PROGRAM

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

pytestmark = [pytest.mark.widgets, pytest.mark.xdist_group("demo")]

DAY_SECONDS_MAX = 600
KEYS = [
    "sales",
    "scans",
    "offline_sales",
    "lost",
    "doubled",
    "balances_equal",
    "chain_ok",
    "seconds",
]


@dataclass(frozen=True)
class Played:
    """A day that was played in a folder, and what was printed."""

    folder: Path
    report: dict[str, Any]


def _demo(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, "demo", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=DAY_SECONDS_MAX,
    )


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("day")
    result = _demo("--headless", "--json", "--data", folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return Played(folder, json.loads(result.stdout))


def test_a_cashiers_day_loses_and_doubles_nothing(played: Played) -> None:
    report = played.report

    assert list(report) == KEYS
    assert (report["lost"], report["doubled"]) == (0, 0)
    assert report["balances_equal"]
    assert report["chain_ok"]
    assert report["scans"] >= 40
    assert report["offline_sales"] * 3 >= report["sales"]


def test_every_answer_of_the_day_came_from_the_screen(played: Played) -> None:
    lines = (played.folder / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    answers = [json.loads(line) for line in lines]

    kinds = {answer["answer"] for answer in answers}
    sales = [answer for answer in answers if answer["answer"] == "sale"]
    assert kinds == {"begin", "sale", "undo", "enroll", "member"}
    assert not any("sale_id" in answer or "member" in answer for answer in sales)
    assert any(answer["redeemed"] and answer["offline"] for answer in sales)


@pytest.mark.parametrize(
    ("plant", "figure"), [("lose", "lost"), ("double", "doubled"), ("alter", "altered")]
)
def test_a_spoiled_sale_is_found(played: Played, tmp_path: Path, plant: str, figure: str) -> None:
    from pos_loyalty.demo.day import check_books
    from pos_loyalty.demo.folder import DemoFolder
    from pos_loyalty.demo.plants import Plant, spoil

    folder = DemoFolder(tmp_path / "day")
    shutil.copytree(played.folder, folder.root)

    spoil(folder, Plant(plant))

    report = check_books(folder)
    assert not report["ok"]
    assert report[figure] == 1


def test_the_sample_cards_are_printed_and_shown(played: Played) -> None:
    cards = played.folder / "cards"

    assert (cards / "sample-cards.pdf").read_bytes().startswith(b"%PDF")
    assert len(list(cards.glob("*.png"))) == 3


def test_a_click_on_a_sample_card_is_a_scan_and_the_line_can_be_cut(
    played: Played, qtbot: "QtBot"
) -> None:
    from pos_loyalty.app import application
    from pos_loyalty.demo.folder import DemoFolder, SampleCard
    from pos_loyalty.demo.line import Line
    from pos_loyalty.demo.sample_cards import SampleCards

    folder = DemoFolder(played.folder)
    state = folder.read()
    assert state is not None
    scanned: list[SampleCard] = []
    application()
    with Line() as line:
        window = SampleCards(folder, state.shown[:3], scan=scanned.append, line=line)
        qtbot.addWidget(window)

        for button in window.cards:
            button.click()
        window.cut.setChecked(True)
        was_cut = line.is_cut
        window.close()

        assert set(scanned) == set(state.shown[:3])
        assert was_cut
        assert not line.is_cut


def test_the_new_card_to_try_is_one_that_nobody_has_yet(played: Played, tmp_path: Path) -> None:
    from pos_loyalty.demo.folder import DemoFolder
    from pos_loyalty.demo.sample_shop import cards_to_try

    folder = DemoFolder(tmp_path / "day")
    shutil.copytree(played.folder, folder.root)
    state = folder.read()
    assert state is not None

    *members, new = cards_to_try(folder, state)

    assert all(card.name for card in members)
    # The day began with the first blank cards: they have members now.
    assert new in state.blanks
    assert new not in state.blanks[:6]


def test_what_is_said_of_a_card_fits_what_it_is_by_now(played: Played, tmp_path: Path) -> None:
    from pos_loyalty.demo.folder import DemoFolder
    from pos_loyalty.demo.sample_shop import cards_to_try, open_sample_till
    from pos_loyalty.demo.try_it import captions

    folder = DemoFolder(tmp_path / "day")
    shutil.copytree(played.folder, folder.root)
    state = folder.read()
    assert state is not None
    rewarded, usual, new = cards_to_try(folder, state)

    with open_sample_till(folder) as till:
        said = captions(till, (rewarded, usual, new))
        # The first blank card got a member during the day.
        later = captions(till, (new, usual, state.blanks[0]))

    assert said[0].startswith(f"{usual.name} collects points:")
    assert said[2].startswith("A new card:")
    assert later[2].endswith("collects points: click it, type 2100, press Enter.")


def test_without_a_display_the_demo_says_how_to_see_it() -> None:
    result = _demo(DISPLAY="", WAYLAND_DISPLAY="", QT_QPA_PLATFORM="")

    assert result.returncode == 3
    assert "--headless" in result.stderr


def test_the_report_as_json_needs_a_played_day() -> None:
    assert _demo("--json").returncode == 2


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    result = _demo("--headless", "--data", tmp_path)

    assert result.returncode == 1
    assert "choose another folder" in result.stderr
    assert (tmp_path / "thesis.txt").exists()


def test_ctrl_c_ends_the_day_at_once_with_everything_that_it_started(tmp_path: Path) -> None:
    folder = tmp_path / "day"
    process = subprocess.Popen(
        [*PROGRAM, "demo", "--headless", "--data", folder], stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stderr is not None
        said: list[str] = []
        while not any(line.startswith("Morning") for line in said):
            said.append(process.stderr.readline())
            assert process.poll() is None, said
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()

    assert (process.returncode, rest) == (130, "Stopped.\n")
    from pos_loyalty.demo.folder import DemoFolder
    from pos_loyalty.demo.sample_shop import open_sample_till
    from pos_loyalty.demo.server_process import ServerProcess

    # Only one process may have the server's books and the till open: both are let go.
    with DemoFolder(folder).only_one(), ServerProcess(DemoFolder(folder).books, log=folder / "log"):
        open_sample_till(DemoFolder(folder)).close()
