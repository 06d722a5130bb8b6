from pathlib import Path

import pytest
import zxingcpp
from pypdfium2 import PdfDocument
from reportlab.pdfgen.canvas import Canvas

from pos_loyalty.cards import command_sheet
from pos_loyalty.cards.command_sheet import (
    AMOUNT,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    SALE,
    Command,
    write_command_sheet,
)
from pos_loyalty.cards.sheet_check import PlacedCode, render
from pos_loyalty.domain.command_codes import COMMANDS, command_code, read_command
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused

TAG = "JKP"


def written(folder: Path, shop_name: str = "Corner Café") -> Path:
    return write_command_sheet(folder / "commands.pdf", shop_name=shop_name, tag=TAG).path


def codes_on(path: Path) -> list[zxingcpp.Barcode]:
    """Return every code of the one page, found without knowing where they are."""
    with PdfDocument(path) as document:
        (page,) = document
        codes = list(zxingcpp.read_barcodes(render(page, 200)))
        page.close()
    return codes


def words_on(path: Path) -> str:
    with PdfDocument(path) as document:
        page = document[0]
        text_page = page.get_textpage()
        text = text_page.get_text_range()
        text_page.close()
        page.close()
    return text


def test_every_command_is_on_the_sheet_once(tmp_path: Path) -> None:
    report = write_command_sheet(tmp_path / "commands.pdf", shop_name="Corner Café", tag=TAG)

    commands = [read_command(code.text, [TAG]) for code in codes_on(report.path)]

    assert sorted(str(command) for command in commands) == sorted(COMMANDS)
    assert report.codes == len(COMMANDS)


def test_the_sheet_works_in_no_other_shop(tmp_path: Path) -> None:
    codes = codes_on(written(tmp_path))

    assert {read_command(code.text, ["BBB"]) for code in codes} == {None}


def test_digits_lie_as_on_the_keypad(tmp_path: Path) -> None:
    places = {
        read_command(code.text, [TAG]): (code.position.top_left.y, code.position.top_left.x)
        for code in codes_on(written(tmp_path))
    }

    order = sorted(places, key=lambda command: (places[command][0] // 50, places[command][1]))

    assert order[:12] == [*"789456123", "00", "0", "."]
    assert order[12] == "OK"


def test_the_page_is_a4_and_says_how_to_use_it_and_for_whom(tmp_path: Path) -> None:
    path = written(tmp_path)

    with PdfDocument(path) as document:
        page = document[0]
        size = tuple(round(side * 25.4 / 72) for side in page.get_size())
        page.close()
    words = words_on(path)
    assert size == (PAGE_WIDTH, PAGE_HEIGHT)
    assert "then the digits of the amount (1 2 5 0 is 12.50), then OK." in words
    assert "Works at Corner Café alone." in words
    for command in (*AMOUNT, *SALE):
        assert command.label in words
        assert command.words in words


@pytest.mark.parametrize("shop_name", ["", "\U0001f370", "x" * 200])
def test_any_name_of_a_shop_leaves_the_sheet_readable(tmp_path: Path, shop_name: str) -> None:
    assert len(codes_on(written(tmp_path, shop_name))) == len(COMMANDS)


def _spoil_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the code beside the 5 say 6."""
    real, five, six = command_sheet.command_matrix, command_code("5", TAG), command_code("6", TAG)

    def matrix(code: str) -> list[list[bool]]:
        return real(six if code == five else code)

    monkeypatch.setattr(command_sheet, "command_matrix", matrix)


def _spoil_label(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a 6 stand beside the code of the 5."""
    real = command_sheet._draw_command
    five, six = (next(one for one in AMOUNT if one.code == digit) for digit in "56")

    def draw(canvas: Canvas, command: Command, place: PlacedCode) -> None:
        real(canvas, six if command is five else command, place)

    monkeypatch.setattr(command_sheet, "_draw_command", draw)


@pytest.mark.parametrize("spoiled", ["code", "label"])
def test_a_sheet_with_one_wrong_cell_is_not_handed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoiled: str
) -> None:
    earlier = tmp_path / "commands.pdf"
    earlier.write_text("an earlier sheet")
    spoil = _spoil_code if spoiled == "code" else _spoil_label
    spoil(monkeypatch)

    with pytest.raises(CommandRefused) as caught:
        written(tmp_path)

    assert caught.value.code is Code.PRINT_UNREADABLE
    assert caught.value.facts["position"] == 5
    assert earlier.read_text() == "an earlier sheet"
    assert [file.name for file in tmp_path.iterdir()] == ["commands.pdf"]


def test_a_folder_that_cannot_be_written_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(CommandRefused) as caught:
        written(tmp_path / "absent")

    assert caught.value.code is Code.FILE_WRITE
