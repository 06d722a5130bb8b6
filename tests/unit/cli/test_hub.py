"""`hub` and `till hub` as they are typed: what is missing, what is mistyped, what is known."""

from pathlib import Path

import pytest

from pos_loyalty.cli import EXIT_FAILED, EXIT_OK, EXIT_USAGE, main
from pos_loyalty.till import open_till


def a_till(folder: Path) -> str:
    open_till(folder).close()
    return str(folder)


def test_a_hub_needs_a_folder_and_an_address(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["hub"])

    assert end.value.code == EXIT_USAGE
    assert "--data, --listen" in capsys.readouterr().err


def test_a_mistyped_folder_becomes_no_till(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mistyped"

    assert main(["hub", "--data", str(folder), "--listen", "127.0.0.1:0"]) == EXIT_FAILED
    assert main(["till", "hub", "--data", str(folder)]) == EXIT_FAILED

    assert not folder.exists()
    assert "E-FOLDER-EMPTY" in capsys.readouterr().err


def test_a_till_that_never_joined_as_a_hub_serves_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = a_till(tmp_path / "till")

    assert main(["hub", "--data", data, "--listen", "127.0.0.1:0"]) == EXIT_FAILED

    assert "E-NOT-JOINED" in capsys.readouterr().err


def test_a_hub_s_address_is_kept_shown_and_forgotten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = a_till(tmp_path / "till")

    for address in (["--address", "192.168.1.20:8444"], [], ["--address", ""]):
        assert main(["till", "hub", "--data", data, *address]) == EXIT_OK

    told = capsys.readouterr().out.splitlines()
    assert told[0] == told[1]
    assert told[1].endswith("It is looked for at 192.168.1.20:8444.")
    assert told[2].endswith("The till looks for it itself.")


def test_what_is_no_address_is_refused_with_an_example(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = a_till(tmp_path / "till")

    assert main(["till", "hub", "--data", data, "--address", "the hub"]) == EXIT_FAILED

    assert "192.168.1.20:8444" in capsys.readouterr().err
