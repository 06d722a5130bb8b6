"""The commands of a kiosk that is never online, as its owner types them."""

import json
from pathlib import Path

import pytest

from pos_loyalty.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    database = str(tmp_path / "books.db")
    made = main(
        ["server", "init", "--database", database, "--merchant", "Café", "--currency", "CHF"]
    )
    assert made == 0
    return tmp_path


def run(*words: object) -> int:
    return main([str(word) for word in words])


def test_a_kiosk_joins_and_sends_with_four_files(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database, data = folder / "books.db", folder / "kiosk"
    invitation, up, down = folder / "invitation", folder / "up", folder / "down"

    assert run("server", "till-code", "--database", database, "--shop", "Kiosk",
               "--packet", invitation) == 0  # fmt: skip
    assert run("till", "join", "--data", data, "--packet", invitation) == 0
    capsys.readouterr()
    assert run("sync", "export", up, "--data", data) == 0
    assert f"server import {up} --database URL" in capsys.readouterr().out
    assert run("server", "import", up, "--reply", down, "--database", database) == 0
    assert f"sync import {down} --data FOLDER" in capsys.readouterr().out
    assert run("sync", "import", down, "--data", data, "--json") == 0

    taken = json.loads(capsys.readouterr().out)
    assert (taken["joined"], taken["pending"], taken["must_export"]) == (True, 0, False)
    assert run("sync", "import", down, "--data", data) == 0
    assert "nothing new" in capsys.readouterr().out


def test_what_goes_wrong_is_said_in_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database, data = folder / "books.db", folder / "kiosk"
    invitation, up = folder / "invitation", folder / "up"
    run("server", "till-code", "--database", database, "--shop", "Kiosk", "--packet", invitation)
    run("till", "join", "--data", data, "--packet", invitation)
    capsys.readouterr()

    tries = (
        (("sync", "import", folder / "absent", "--data", data), "E-FILE-ABSENT"),
        (("sync", "import", database, "--data", data), "E-PACKET-SHAPE"),
        (("sync", "export", folder / "gone" / "up", "--data", data), "E-PACKET-WRITE"),
        (("sync", "export", up, "--data", folder / "nobody"), "E-FOLDER-EMPTY"),
        (("server", "import", invitation, "--database", database), "E-PACKET-KIND"),
        (("till", "join", "--data", folder / "other", "--packet", database), "E-PACKET-SHAPE"),
    )
    for words, code in tries:
        assert run(*words) == 1
        said = capsys.readouterr().err.strip().splitlines()[-1]
        assert code in said
        assert "(file)" not in said


def test_a_refusal_is_told_on_both_sides(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database, invitation = folder / "books.db", folder / "invitation"
    up, down = folder / "up", folder / "down"
    run("server", "till-code", "--database", database, "--shop", "Kiosk", "--packet", invitation)
    for name in ("first", "second"):
        run("till", "join", "--data", folder / name, "--packet", invitation)
        run("sync", "export", up, "--data", folder / name)
        code = run("server", "import", up, "--reply", down, "--database", database)
    capsys.readouterr()

    assert code == 1
    assert run("sync", "import", down, "--data", folder / "second") == 1
    assert "E-JOIN-CODE" in capsys.readouterr().err


def test_the_file_of_members_is_written_by_command(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run("server", "snapshot", "--database", folder / "books.db", "--json") == 0

    written = json.loads(capsys.readouterr().out)
    assert Path(written["file"]).stat().st_size == written["bytes"]
    assert written["rows"] == 0
