"""Vouchers from the command line: a table, a sheet to print, and nothing where input is wrong."""

import csv
import datetime as dt
import json
from pathlib import Path

import pytest
import zxingcpp
from pypdfium2 import PdfDocument

from pos_loyalty.cards import voucher_sheet
from pos_loyalty.cards.sheet_check import render
from pos_loyalty.cli import main
from pos_loyalty.domain.voucher import LAST_DAY_MAX
from pos_loyalty.services.claim_voucher import ReadVoucher
from pos_loyalty.till import open_till

UNTIL = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)).isoformat()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return the data folder of a till with a name, closed."""
    folder = tmp_path / "till"
    open_till(folder, shop_name="Corner Café").close()
    return folder


def issue(data: Path, *words: str | Path) -> int:
    return main(["vouchers", "issue", "--data", str(data), "--until", UNTIL, *map(str, words)])


def test_vouchers_are_printed_as_a_table_that_this_till_takes(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert issue(data, "--count", "3", "--amount", "5.00") == 0

    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert len({row["code"] for row in rows}) == 3
    assert {(row["worth"], row["until"]) for row in rows} == {("5.00 EUR off", UNTIL)}
    with open_till(data) as till:
        shown = [till.read_voucher(ReadVoucher(row["code"])) for row in rows]
    assert {(one.amount, one.points) for one in shown} == {(500, 0)}
    assert [one.id[-8:].upper() for one in shown] == [row["number"] for row in rows]


def test_every_code_of_a_sheet_can_be_scanned_from_the_page(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, sheet = tmp_path / "vouchers.csv", tmp_path / "vouchers.pdf"
    words = ("--count", "12", "--points", "200", "--csv", table, "--sheet", sheet, "--json")

    assert issue(data, *words) == 0

    facts = {"vouchers": 12, "csv": str(table), "sheet": str(sheet), "pages": 2}
    assert json.loads(capsys.readouterr().out) == facts
    assert table.stat().st_mode & 0o077 == 0
    with table.open(encoding="utf-8", newline="") as file:
        codes = sorted(row["code"] for row in csv.DictReader(file))
    read: list[str] = []
    with PdfDocument(sheet) as document:
        for page in document:
            read += [code.text for code in zxingcpp.read_barcodes(render(page, 200))]
            page.close()
    assert sorted(read) == codes


def test_what_was_made_is_said_in_words(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "vouchers.csv"

    assert issue(data, "--count", "1", "--points", "200", "--csv", table) == 0
    assert capsys.readouterr().out == f"1 voucher in {table}\n"

    sheet = tmp_path / "vouchers.pdf"
    assert issue(data, "--count", "2", "--points", "200", "--sheet", sheet) == 0
    assert capsys.readouterr().err == f"2 vouchers in {sheet}; every code was read\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--count", "0", "--points", "5"), "E-VOUCHER-MAKE"),
        (("--count", "10001", "--points", "5"), "E-VOUCHER-MAKE"),
        (("--count", "1", "--points", "0"), "E-VOUCHER-MAKE"),
        (("--count", "1", "--points", "-5"), "E-VOUCHER-MAKE"),
        (("--count", "1", "--points", "5", "--until", "2020-01-01"), "E-VOUCHER-MAKE"),
        (("--count", "1", "--amount", "0"), "E-AMOUNT-ZERO"),
        (("--count", "1", "--amount", "five"), "E-AMOUNT-SHAPE"),
        (("--count", "1", "--points", "5", "--json"), "E-COMMAND-FIELD"),
        (("--count", "1", "--points", "5", "--csv", "/no/such/folder/a.csv"), "E-FILE-WRITE"),
        (("--count", "1", "--points", "5", "--sheet", "/no/such/folder/a.pdf"), "E-FILE-WRITE"),
    ],
)
def test_vouchers_that_cannot_be_are_refused(
    data: Path, words: tuple[str, ...], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert issue(data, *words) == 1

    assert f"({code})" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (("--count", "0", "--points", "5"), "1 to 10,000 at a time, not 0"),
        (("--count", "10001", "--points", "5"), "1 to 10,000 at a time, not 10,001"),
        (("--count", "1", "--points", "0"), "points above 0, not 0"),
        (("--count", "1", "--points", "-5"), "points above 0, not -5"),
        (("--count", "1", "--points", "1000000000"), "at most 999,999,999 points"),
        (("--count", "1", "--points", "5", "--until", "2020-01-01"), "2020-01-01 is over"),
        (
            ("--count", "1", "--points", "5", "--until", "9999-01-01"),
            f"the last day is {LAST_DAY_MAX.isoformat()} at the latest, not 9999-01-01",
        ),
        (
            ("--count", "0", "--points", "0"),
            "1 to 10,000 at a time, not 0; points above 0, not 0",
        ),
    ],
)
def test_what_is_wrong_with_vouchers_is_named_and_nothing_else(
    data: Path, words: tuple[str, ...], wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert issue(data, *words) == 1

    said = capsys.readouterr().err.splitlines()[-1]
    assert said == f"No vouchers were made: {wrong}. (E-VOUCHER-MAKE)"


def test_the_help_says_what_vouchers_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["vouchers", "issue", "--help"])

    text = " ".join(capsys.readouterr().out.split())
    assert "Make vouchers, each used once by whoever has it, and sign them with this till's" in text
    assert "the till's window must be closed" in text


def test_a_day_is_written_with_year_month_and_day(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        issue(data, "--count", "1", "--points", "5", "--until", "31.12.2026")

    assert "a day is written like 2026-12-31" in capsys.readouterr().err


def test_a_sheet_that_cannot_be_read_back_is_not_left(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(voucher_sheet, "_CODE_SIDE", 3.0)

    assert issue(data, "--count", "1", "--points", "5", "--sheet", tmp_path / "a.pdf") == 1

    assert "E-PRINT-UNREADABLE" in capsys.readouterr().err
    assert list(tmp_path.glob("*.pdf")) == []
