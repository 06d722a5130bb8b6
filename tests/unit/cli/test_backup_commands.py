"""`backup`, `restore` and `verify` as an owner types them."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pos_loyalty.cli import main
from pos_loyalty.cli.progress_bar import ProgressBar
from pos_loyalty.store.data_folder import DataFolder
from pos_loyalty.store.database import connect_writer
from pos_loyalty.store.keys import BestKeys, config_folder
from pos_loyalty.store.opening import read_key
from pos_loyalty.till import open_till
from tests.sample_till import enroll, sell

ROOT = Path(__file__).resolve().parents[3]
Answer = tuple[int, str, str]
Run = Callable[..., Answer]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line; return its exit code and what it printed."""

    def run(*words: object) -> Answer:
        capsys.readouterr()
        code = main([str(word) for word in words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return the folder of a till with a member and two sales."""
    folder = tmp_path / "data"
    with open_till(folder) as till:
        member = enroll(till)
        sell(till, member)
        sell(till, member)
    return folder


def _alter(data: Path) -> None:
    folder = DataFolder(data)
    with closing(connect_writer(folder.database, read_key(folder, BestKeys()))) as tool:
        tool.execute("UPDATE event SET bytes = CAST(bytes || ' ' AS BLOB) WHERE seq = 2")


def test_first_backup_prints_the_code_once_in_plain_words(
    data: Path, tmp_path: Path, run: Run
) -> None:
    code, first, _ = run("backup", "--data", data, tmp_path / "shop.backup")
    _, second, _ = run("backup", "--data", data, tmp_path / "second.backup")
    _, third, _ = run("backup", "--data", data, tmp_path / "third.backup", "--new-code")

    assert code == 0
    assert "Recovery code" in first
    assert "Print it" in first
    assert "Recovery code" not in second
    assert "3 events" in second
    assert "Recovery code" in third


def test_lost_machine_comes_back_with_file_and_code(data: Path, tmp_path: Path, run: Run) -> None:
    _, printed, _ = run("backup", "--data", data, tmp_path / "shop.backup", "--json")
    made = json.loads(printed)
    shutil.rmtree(data)
    shutil.rmtree(config_folder())

    new = tmp_path / "new machine"
    code, said, _ = run(
        "restore", tmp_path / "shop.backup", "--data", new, "--code", made["recovery_code"]
    )
    _, verified, _ = run("verify", "--data", new, "--json")

    assert code == 0
    assert "Restored 3 events" in said
    assert json.loads(verified) == {
        "ok": True,
        "streams": 1,
        "events": 3,
        "members": 1,
        "finding": None,
    }


def test_lost_key_comes_back_without_a_file(data: Path, tmp_path: Path, run: Run) -> None:
    _, printed, _ = run("backup", "--data", data, tmp_path / "shop.backup", "--json")
    shutil.rmtree(config_folder())

    lost = run("verify", "--data", data)
    words = ("restore", "--data", data, "--code", json.loads(printed)["recovery_code"])
    _, said, _ = run(*words)
    code, answer, _ = run(*words, "--json")

    assert lost[0] == 1
    assert lost[2].endswith("(E-KEY-LOST)\n")
    assert "the data was not touched" in said
    assert code == 0
    assert json.loads(answer)["data"] == str(data)
    assert run("verify", "--data", data)[0] == 0


def test_restore_answers_in_json(data: Path, tmp_path: Path, run: Run) -> None:
    _, printed, _ = run("backup", "--data", data, tmp_path / "b", "--json")
    words = ("--data", tmp_path / "new", "--code", json.loads(printed)["recovery_code"])

    _, answer, _ = run("restore", tmp_path / "b", *words, "--json")
    refused = run("restore", tmp_path / "b", *words)

    assert json.loads(answer)["events"] == 3
    assert refused[0] == 1
    assert refused[2].endswith("(E-RESTORE-TARGET)\n")


def test_verify_names_the_first_bad_event(data: Path, run: Run) -> None:
    _alter(data)

    code, said, error = run("verify", "--data", data)
    _, answer, _ = run("verify", "--data", data, "--json")

    assert code == 1
    assert said.startswith("Event 2 (")
    assert "do not fit the chain" in said
    assert error.endswith("(E-DATA-ALTERED)\n")
    assert json.loads(answer)["finding"]["seq"] == 2


def test_verify_names_a_wrong_balance(data: Path, run: Run) -> None:
    folder = DataFolder(data)
    with closing(connect_writer(folder.database, read_key(folder, BestKeys()))) as tool:
        tool.execute("UPDATE points SET overlay_points = 1000000")

    code, said, _ = run("verify", "--data", data)

    assert code == 1
    assert said.startswith("Books: member ")


def test_verify_tells_damage_from_alteration(
    data: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_whole(connection: object) -> bool:
        del connection
        return False

    monkeypatch.setattr("pos_loyalty.cli.verify.quick_check", not_whole)

    code, _, error = run("verify", "--data", data)

    assert code == 1
    assert error.endswith("(E-DATA-DAMAGED)\n")


@pytest.mark.parametrize(
    "words",
    [
        ["verify"],
        ["backup", "shop.backup"],
        ["restore", "--code", "AAAA"],
        ["cards", "commands", "--out", "commands.pdf"],
    ],
)
def test_a_mistyped_folder_is_told_and_nothing_is_made(
    words: list[str], tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()

    absent = run(*words, "--data", tmp_path / "nothing")
    file = run(*words, "--data", tmp_path / "file")

    assert absent[0] == file[0] == 1
    assert absent[2] == f"There is no till in {tmp_path / 'nothing'}. (E-FOLDER-EMPTY)\n"
    assert file[2] == f"{tmp_path / 'file'} is not a folder. (E-FOLDER-SHAPE)\n"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_key_without_a_backup_does_not_come_back_and_this_is_said(data: Path, run: Run) -> None:
    code, _, error = run("restore", "--data", data, "--code", "AAAA")

    assert code == 1
    assert "No backup was ever made" in error


def test_an_older_backup_is_replaced_only_when_told_to(
    data: Path, tmp_path: Path, run: Run
) -> None:
    target, other = tmp_path / "shop.backup", tmp_path / "notes.txt"
    other.write_text("not a backup")
    run("backup", "--data", data, target)
    first = target.read_bytes()

    refused = run("backup", "--data", data, target)
    kept = target.read_bytes()
    replaced = run("backup", "--data", data, target, "--replace")
    foreign = run("backup", "--data", data, other, "--replace")

    assert refused[0] == 1
    assert refused[2].endswith("Say --replace to write over it. (E-BACKUP-EXISTS)\n")
    assert kept == first
    assert replaced[0] == 0
    assert foreign[2].endswith("exists already. (E-FILE-EXISTS)\n")
    assert other.read_text() == "not a backup"


def test_backup_and_verify_work_while_the_till_is_open_elsewhere(
    data: Path, tmp_path: Path, run: Run
) -> None:
    command = [sys.executable, "-m", "pos_loyalty", "counter", "--data", str(data)]
    sale = b'{"do":"sale","member":null,"total":"5.00"}\n'
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as counter:
        assert counter.stdin is not None
        assert counter.stdout is not None

        def sell_once() -> bool:
            assert counter.stdin is not None
            assert counter.stdout is not None
            counter.stdin.write(sale)
            counter.stdin.flush()
            return bool(json.loads(counter.stdout.readline())["ok"])

        first = sell_once()
        verified = run("verify", "--data", data, "--json")
        backed_up = run("backup", "--data", data, tmp_path / "b", "--json")
        second = sell_once()
        counter.stdin.close()
        left = counter.wait(20)

    assert (first, second, left) == (True, True, 0)
    assert verified[0] == backed_up[0] == 0
    assert json.loads(backed_up[1])["events"] == 4


def test_bar_is_drawn_for_a_person_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for_nobody = ProgressBar()
    for_nobody("packing", 1, 2)
    for_nobody.close()
    nothing = capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bar = ProgressBar()
    for done in (0, 1, 1, 2):
        bar("packing", done, 2)
    bar("checking", 0, 0)
    bar.close()
    drawn = capsys.readouterr().err

    assert nothing == ""
    assert drawn.count("\r") == 4
    assert " 50 %" in drawn
    assert drawn.endswith("100 %\n")
