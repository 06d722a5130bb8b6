"""What `doctor` says of this machine and of others."""

import errno
import importlib
import json
import os
import socket
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import pytest

from pos_loyalty.cli import main
from pos_loyalty.services import self_check
from pos_loyalty.services.self_check import Check, Verdict
from pos_loyalty.store.keys import SystemKeys
from pos_loyalty.store.settings import Setting
from tests.sample_till import MemoryKeys, SampleTill, SteppingClock, enroll


def _verdicts(checks: list[Check]) -> dict[str, Verdict]:
    return {check.name: check.verdict for check in checks}


def test_old_python_is_named() -> None:
    assert self_check.check_python((3, 10)).verdict is Verdict.LACKING
    assert self_check.check_python((3, 11)).verdict is Verdict.GOOD


def test_library_of_the_window_is_named_where_it_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> ModuleType:
        raise ImportError(f"libEGL.so.1: cannot open shared object file ({name})")

    monkeypatch.setattr(importlib, "import_module", missing)

    check = self_check.check_qt()

    assert check.verdict is Verdict.LACKING
    assert "libEGL.so.1" in check.what
    assert check.advice


def test_library_of_the_window_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib, "import_module", ModuleType)

    assert self_check.check_qt().verdict is Verdict.GOOD


@pytest.mark.parametrize(
    ("system", "environment", "verdict"),
    [
        ("linux", {}, Verdict.WARNING),
        ("linux", {"DISPLAY": ":0"}, Verdict.GOOD),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, Verdict.GOOD),
        ("win32", {}, Verdict.GOOD),
    ],
)
def test_display_is_looked_for(
    system: str, environment: dict[str, str], verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)

    assert self_check.check_display(environment).verdict is verdict


@pytest.mark.parametrize(("library", "verdict"), [(None, Verdict.WARNING), ("z", Verdict.GOOD)])
def test_second_reader_is_looked_for(
    library: str | None, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(name: str) -> str | None:
        assert name == "zbar"
        return library

    monkeypatch.setattr("ctypes.util.find_library", find)

    assert self_check.check_zbar().verdict is verdict


def test_camera_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    absent = self_check.check_camera(tmp_path)
    (tmp_path / "video0").touch()
    found = self_check.check_camera(tmp_path)

    def forbidden(path: Path, mode: int) -> bool:
        del path, mode
        return False

    monkeypatch.setattr(os, "access", forbidden)
    closed = self_check.check_camera(tmp_path)
    monkeypatch.setattr(sys, "platform", "darwin")
    elsewhere = self_check.check_camera(tmp_path)

    assert absent.what == "No camera found."
    assert found.what == "Camera found: video0."
    assert "group `video`" in closed.advice
    assert elsewhere.verdict is Verdict.GOOD


def test_place_of_the_keys_is_told() -> None:
    assert self_check.check_key_store(MemoryKeys()).verdict is Verdict.WARNING
    assert self_check.check_key_store(SystemKeys()).verdict is Verdict.GOOD


def test_clock_of_another_decade_is_told() -> None:
    assert self_check.check_clock(0).verdict is Verdict.LACKING
    assert self_check.check_clock(SteppingClock().now_ms()).verdict is Verdict.GOOD


def test_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = self_check.check_folder(tmp_path)

    def refuse(**_: object) -> None:
        raise OSError(errno.EROFS, "read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    bad = self_check.check_folder(tmp_path / "not" / "yet")

    assert good.verdict is Verdict.GOOD
    assert bad.verdict is Verdict.LACKING
    assert str(tmp_path) in bad.what


def test_little_space_is_told_before_it_is_none(tmp_path: Path) -> None:
    def little(place: Path) -> int:
        del place
        return 499_000_000

    assert self_check.check_space(tmp_path, little).verdict is Verdict.WARNING
    assert self_check.free_bytes(tmp_path) > 0


def test_folder_without_a_till_is_no_lack_but_never_called_good(tmp_path: Path) -> None:
    sample = SampleTill(tmp_path / "data")

    folder = self_check.check_folder(sample.data)
    checks = list(self_check.check_till(sample.folder, sample.clock, sample.keys))

    assert folder.verdict is Verdict.WARNING
    assert folder.what == f"{sample.data} does not exist."
    assert _verdicts(checks) == {"till": Verdict.WARNING}
    assert checks[0].what == f"There is no till in {sample.data}."


def test_file_in_the_place_of_the_folder_is_a_lack(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert self_check.check_folder(tmp_path / "file").verdict is Verdict.LACKING


def test_till_without_a_backup_and_with_a_clock_set_back_is_told(tmp_path: Path) -> None:
    sample = SampleTill(tmp_path / "data")
    with sample.open() as till:
        enroll(till)
    sample.clock.time_ms -= 365 * 24 * 3_600_000

    checks = list(self_check.check_till(sample.folder, sample.clock, sample.keys))
    sample.folder.recovery.touch()
    sample.clock.time_ms += 366 * 24 * 3_600_000
    later = list(self_check.check_till(sample.folder, sample.clock, sample.keys))

    assert _verdicts(checks) == {
        "till": Verdict.GOOD,
        "clock since": Verdict.WARNING,
        "backup": Verdict.WARNING,
    }
    assert _verdicts(later) == {"till": Verdict.GOOD}


def test_till_without_its_key_is_lacking(tmp_path: Path) -> None:
    sample = SampleTill(tmp_path / "data")
    sample.open().close()

    (check,) = self_check.check_till(sample.folder, sample.clock, MemoryKeys())

    assert check.verdict is Verdict.LACKING
    assert "recovery code" in check.what


def test_server_of_a_joined_till_is_called(tmp_path: Path) -> None:
    sample = SampleTill(tmp_path / "data")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with sample.open() as till, till.context.store.write() as work:
            work.settings.put(Setting.SERVER_URL, url)
            work.commit()
        up = list(self_check.check_till(sample.folder, sample.clock, sample.keys))
    down = list(self_check.check_till(sample.folder, sample.clock, sample.keys))

    assert up[-1] == Check("server", Verdict.GOOD, f"The server's address answers: {url}.")
    assert down[-1].verdict is Verdict.WARNING


def test_doctor_answers_in_words_and_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def window_is_there() -> Check:
        return Check("window", Verdict.GOOD, "The window's library is there.")

    monkeypatch.setattr(self_check, "check_qt", window_is_there)
    in_words = main(["doctor", "--data", str(tmp_path)])
    words = capsys.readouterr().out
    in_json = main(["doctor", "--json"])
    answer = json.loads(capsys.readouterr().out)

    assert in_words == in_json == 0
    assert words.startswith("ok       python: ")
    assert "disk space" in words
    assert answer["ok"]
    assert {"name", "verdict", "what", "advice"} == set(answer["checks"][0])


def test_doctor_fails_where_the_till_could_not_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "till.json").write_text("nonsense", encoding="utf-8")

    assert main(["doctor", "--data", str(tmp_path)]) == 1
    assert "MISSING  till: The till's data is damaged." in capsys.readouterr().out
