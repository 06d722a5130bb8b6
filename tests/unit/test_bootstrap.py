"""The set-up says in words what it cannot do, and knows when there is nothing to do."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the scripts of tools/ be imported as they import each other."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    yield
    for name in ("bootstrap", "pip_settings", "system_packages"):
        sys.modules.pop(name, None)


@pytest.fixture
def bootstrap(scripts: None) -> ModuleType:
    del scripts
    return importlib.import_module("bootstrap")


@pytest.fixture
def system_packages(scripts: None) -> ModuleType:
    del scripts
    return importlib.import_module("system_packages")


def _without_display() -> dict[str, str]:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return {name: value for name, value in os.environ.items() if name not in hidden}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there always is a display")
def test_run_without_a_display_says_how_to_see_it() -> None:
    result = subprocess.run(
        [ROOT / "pos", "run"], env=_without_display(), capture_output=True, text=True, check=False
    )

    assert result.returncode == 3
    assert result.stdout == ""
    assert "./pos run --headless" in result.stderr
    assert "no display" in result.stderr


def test_help_lists_the_words_of_the_folder_and_of_the_program() -> None:
    result = subprocess.run([ROOT / "pos", "help"], capture_output=True, text=True, check=True)
    bare = subprocess.run([ROOT / "pos"], capture_output=True, text=True, check=True)

    listed = {line.split()[0] for line in result.stdout.splitlines() if line.startswith("    ")}
    assert {"run", "till", "server", "test", "check", "coverage"} <= listed
    assert bare.stdout == result.stdout


def test_commands_that_are_printed_begin_as_this_one_was_called() -> None:
    called = subprocess.run(
        ["./pos", "run", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert called.stdout.startswith("usage: ./pos run ")


def test_a_set_up_for_tests_is_enough_to_run_but_not_the_reverse(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bootstrap, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "stamp.json")
    wanted = bootstrap._wanted_stamp()
    for_running = {name: wanted[name] for name in ("python", "run")}

    assert bootstrap._is_enough(wanted, wanted, for_tests=False)
    assert bootstrap._is_enough(wanted, wanted, for_tests=True)
    assert bootstrap._is_enough(for_running, wanted, for_tests=False)
    assert not bootstrap._is_enough(for_running, wanted, for_tests=True)
    assert bootstrap._found_stamp() == {}


def test_a_changed_lock_asks_for_a_new_set_up(bootstrap: ModuleType) -> None:
    wanted = bootstrap._wanted_stamp()

    assert not bootstrap._is_enough({**wanted, "run": "older"}, wanted, for_tests=False)
    assert not bootstrap._is_enough({**wanted, "python": "older"}, wanted, for_tests=False)


def test_without_root_or_sudo_the_exact_command_is_said(
    system_packages: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = system_packages.Need("libabsent.so.9", ("libabsent9", "libabsent9t64"), "absent")

    def which(name: str) -> str | None:
        return None if name == "sudo" else f"/usr/bin/{name}"

    def missing_needs(*, for_tests: bool) -> list[object]:
        del for_tests
        return [absent]

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(system_packages.shutil, "which", which)
    monkeypatch.setattr(system_packages, "missing_needs", missing_needs)

    with pytest.raises(system_packages.MissingSystemPackagesError) as refusal:
        system_packages.install_missing(for_tests=False)

    assert "apt-get install libabsent9" in str(refusal.value)


def test_a_need_is_met_by_what_can_be_loaded_or_found(
    system_packages: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "15").mkdir()
    (tmp_path / "15" / "initdb").touch()

    assert system_packages.Need("sh", ("dash",), "dash").is_met()
    assert system_packages.Need(f"{tmp_path}/*/initdb", ("a",), "a").is_met()
    assert not system_packages.Need(f"{tmp_path}/*/absent", ("a",), "a").is_met()
    assert not system_packages.Need("libabsent.so.9", ("a",), "a").is_met()
    assert not system_packages.Need("no-such-program", ("a",), "a").is_met()
