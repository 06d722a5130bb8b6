import csv
import json
import sys
from pathlib import Path

import pytest
import zxingcpp
from pypdfium2 import PdfDocument

from pos_loyalty.cli import cards, main
from pos_loyalty.domain.card_payload import merchant_tag, parse_payload
from pos_loyalty.domain.command_codes import COMMANDS, read_command
from pos_loyalty.services.look_up_card import CardKind, LookUpCard
from pos_loyalty.till import open_till


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return the data folder of a till with a name, closed."""
    folder = tmp_path / "till"
    open_till(folder, shop_name="Corner Café").close()
    return folder


@pytest.fixture
def batch_file(data: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return the file of a batch of 12 cards."""
    assert main(["cards", "issue", "--data", str(data), "--count", "12", "--json"]) == 0
    return Path(json.loads(capsys.readouterr().out)["file"])


def error_of(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """Return the code a command fails with."""
    assert main(["cards", *(str(word) for word in words)]) == 1
    return capsys.readouterr().err.rpartition("(")[2].removesuffix(")\n")


def test_an_issued_card_is_a_blank_card_of_this_till(
    data: Path, batch_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "cards.csv"
    out = tmp_path / "cards.pdf"

    words = ["cards", "sheet", "--batch", batch_file, "--out", out, "--csv", table, "--json"]
    assert main([str(word) for word in words]) == 0

    assert json.loads(capsys.readouterr().out) == {
        "file": str(out),
        "cards": 12,
        "pages": 2,
        "copies": 0,
        "verified": 12,
    }
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert table.stat().st_mode & 0o077 == 0
    with open_till(data) as till:
        for row in rows:
            parse_payload(row["payload"], [till.shop.merchant])
            assert till.look_up_card(LookUpCard(row["payload"])).kind is CardKind.BLANK


def test_a_sheet_is_printed_while_the_till_is_open(
    data: Path, batch_file: Path, tmp_path: Path
) -> None:
    with open_till(data):
        words = ["--batch", str(batch_file), "--out", str(tmp_path / "cards.pdf")]
        assert main(["cards", "sheet", *words, "--layout", "id1"]) == 0


def test_pictures_of_the_cards_can_be_scanned(
    data: Path, batch_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = tmp_path / "moved.cards"
    batch_file.rename(elsewhere)
    pictures = tmp_path / "pictures"
    words = ["--batch", elsewhere, "--data", data, "--out", tmp_path / "a.pdf", "--png", pictures]
    assert main(["cards", "sheet", *(str(word) for word in words)]) == 0
    files = sorted(str(file) for file in pictures.iterdir())
    capsys.readouterr()

    assert main(["scan", *files]) == 0

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 12
    assert all(line["card"] for line in lines)


def test_printed_cards_need_a_word_to_be_printed_again(
    batch_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("sheet", "--batch", batch_file, "--out", tmp_path / "cards.pdf")
    assert main(["cards", *(str(word) for word in words)]) == 0
    assert "12 cards on 2 pages" in capsys.readouterr().out

    assert error_of(capsys, *words) == "E-BATCH-PRINTED"
    assert main(["cards", *(str(word) for word in words), "--again", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["copies"] == 12


def test_bad_input_is_told_in_words_and_writes_nothing(
    data: Path, batch_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "cards.pdf"
    other = tmp_path / "other"
    open_till(other).close()
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG")
    sheet = ("sheet", "--out", out, "--batch")

    assert error_of(capsys, "issue", "--data", data, "--count", "0") == "E-BATCH-SIZE"
    assert error_of(capsys, "issue", "--data", data, "--count", "10001") == "E-BATCH-SIZE"
    issue = ("issue", "--data", data, "--count", "1", "--out")
    assert error_of(capsys, *issue, batch_file) == "E-FILE-EXISTS"
    assert error_of(capsys, *issue, tmp_path / "no" / "a.cards") == "E-FILE-WRITE"
    assert error_of(capsys, *sheet, tmp_path / "absent.cards") == "E-FILE-ABSENT"
    assert error_of(capsys, *sheet, picture) == "E-FOLDER-EMPTY"
    assert error_of(capsys, *sheet, picture, "--data", data) == "E-FILE-SHAPE"
    assert error_of(capsys, *sheet, batch_file, "--data", other) == "E-BATCH-DAMAGED"
    assert error_of(capsys, *sheet, batch_file, "--color", "red") == "E-COMMAND-FIELD"
    assert not out.exists()
    for option in ("--csv", "--png"):
        target = picture / "below"
        words = (*sheet, batch_file, "--again" if out.exists() else "--line=", option, target)
        assert error_of(capsys, *words) == "E-FILE-WRITE"


def test_a_till_in_use_issues_no_cards_beside_it(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_till(data):
        assert error_of(capsys, "issue", "--data", data, "--count", "1") == "E-TILL-OPEN"


def test_cards_that_could_not_be_recorded_leave_no_file(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cards, "_record", fail)

    assert main(["cards", "issue", "--data", str(data), "--count", "3"]) == 130
    assert list((data / "cards").iterdir()) == []
    assert capsys.readouterr().out == ""


def test_a_terminal_shows_the_progress(
    batch_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    words = ["--batch", str(batch_file), "--out", str(tmp_path / "cards.pdf")]
    assert main(["cards", "sheet", *words]) == 0

    assert capsys.readouterr().err.endswith("10 of 12 cards read back\r12 of 12 cards read back\n")


def test_issuing_says_what_to_do_next(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cards", "issue", "--data", str(data), "--count", "2"]) == 0

    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("2 blank cards in ")
    assert "cards sheet --batch" in second


def test_the_command_sheet_is_printed_while_the_till_is_open(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "commands.pdf"
    with open_till(data) as till:
        assert main(["cards", "commands", "--data", str(data), "--out", str(out), "--json"]) == 0
        tags = [merchant_tag(till.shop.merchant)]

    assert json.loads(capsys.readouterr().out) == {"file": str(out), "codes": len(COMMANDS)}
    with PdfDocument(out) as document:
        page = document[0]
        codes = zxingcpp.read_barcodes(page.render(scale=3).to_pil())
        page.close()
    assert {read_command(code.text, tags) for code in codes} == set(COMMANDS)


def test_the_command_sheet_says_what_it_did_in_words(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "commands.pdf"
    assert main(["cards", "commands", "--data", str(data), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"24 commands in {out}; every code was read\n"

    nowhere = tmp_path / "nowhere"
    assert error_of(capsys, "commands", "--data", nowhere, "--out", out) == "E-FOLDER-EMPTY"
