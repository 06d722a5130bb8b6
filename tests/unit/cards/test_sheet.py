import time
from pathlib import Path

import pytest
import zxingcpp
from pypdfium2 import PdfDocument

from pos_loyalty.cards import sheet as sheet_module
from pos_loyalty.cards.batch import CardBatch, IssuedCard
from pos_loyalty.cards.card_picture import card_picture
from pos_loyalty.cards.code_stencil import code_matrix
from pos_loyalty.cards.design import CardDesign
from pos_loyalty.cards.sheet import SheetLayout, write_sheet
from pos_loyalty.cards.sheet_check import PlacedCard, check_sheet, render
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from tests.unit.cards.conftest import make_batch


class PowerCut(BaseException):
    """Ends everything at once, as nothing in the product catches it."""


def decoded(path: Path, *, dpi: int) -> list[str]:
    """Return every code on every page, found without knowing where they are."""
    texts: list[str] = []
    with PdfDocument(path) as document:
        for page in document:
            codes = zxingcpp.read_barcodes(render(page, dpi))
            texts += [code.text for code in codes]
            page.close()
    return texts


def size_mm(path: Path) -> tuple[float, float]:
    with PdfDocument(path) as document:
        page = document[0]
        width, height = page.get_size()
        page.close()
    return round(width * 25.4 / 72, 2), round(height * 25.4 / 72, 2)


@pytest.mark.parametrize("dpi", [150, 300])
def test_every_printed_code_says_what_it_should(
    batch: CardBatch, design: CardDesign, tmp_path: Path, dpi: int
) -> None:
    report = write_sheet(batch, tmp_path / "cards.pdf", design)

    assert (report.pages, report.cards, report.copies) == (3, 23, 0)
    assert sorted(decoded(report.path, dpi=dpi)) == sorted(card.payload for card in batch.cards)
    assert size_mm(report.path) == (210.0, 297.0)
    assert [file.name for file in tmp_path.iterdir()] == ["cards.pdf"]


def test_single_pages_are_as_large_as_a_card(design: CardDesign, tmp_path: Path) -> None:
    batch = make_batch(3)

    report = write_sheet(batch, tmp_path / "cards.pdf", design, layout=SheetLayout.ID1)

    assert report.pages == 3
    assert size_mm(report.path) == (85.6, 53.98)
    assert decoded(report.path, dpi=150) == [card.payload for card in batch.cards]


def test_the_code_is_read_on_every_color(tmp_path: Path) -> None:
    """Black on white whatever the design; and the quiet zone is white, 4 modules wide."""
    batch = make_batch(1)
    for color in ("#000000", "#ffffff", "#ff0000", "#101010"):
        design = CardDesign.parse(shop_name="x", color=color)

        picture = card_picture(batch.cards[0], design, dpi=254)

        dark = picture.max(axis=2) < 60
        panel = ~dark[60:480, 485:808]
        assert write_sheet(batch, tmp_path / f"{color[1:]}.pdf", design).cards == 1
        assert panel.mean() > 0.6


def test_the_printed_modules_are_those_of_the_code(design: CardDesign) -> None:
    """Seen at 10 pixels a module: not mirrored, not shifted, 25 mm wide."""
    card = make_batch(1).cards[0]

    picture = card_picture(card, design, dpi=254)

    rows, columns = (picture[60:390, 490:805].max(axis=2) < 60).nonzero()
    top, left = rows.min() + 60, columns.min() + 490
    assert rows.max() - rows.min() + 1 == pytest.approx(250, abs=2)
    seen = [
        [
            bool(picture[top + 10 * row + 5, left + 10 * column + 5].max() < 128)
            for column in range(25)
        ]
        for row in range(25)
    ]
    assert seen == code_matrix(card.payload)


def test_a_wrong_code_is_found_before_it_is_handed_out(
    design: CardDesign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Card 7 is drawn with the code of card 6: the file never gets its name."""
    batch = make_batch(12)
    saved: list[CardBatch] = []
    draw = sheet_module.draw_card

    def draw_wrong(canvas: object, card: IssuedCard, x: float, y: float) -> None:
        wrong = IssuedCard(
            payload=batch.cards[5].payload, number=card.number, card_key=card.card_key
        )
        draw(canvas, wrong if card == batch.cards[6] else card, x, y)  # pyright: ignore[reportArgumentType] - passed on unseen

    monkeypatch.setattr(sheet_module, "draw_card", draw_wrong)

    with pytest.raises(CommandRefused) as caught:
        write_sheet(batch, tmp_path / "cards.pdf", design, save_marks=saved.append)

    assert caught.value.code is Code.PRINT_UNREADABLE
    assert caught.value.facts == {"position": 7}
    assert list(tmp_path.iterdir()) == []
    assert saved == []


def test_a_wrong_number_or_a_missing_page_is_found(design: CardDesign, tmp_path: Path) -> None:
    one, other = make_batch(2).cards
    path = tmp_path / "cards.pdf"
    write_sheet(make_batch(1), path, design, layout=SheetLayout.ID1)
    swapped = IssuedCard(payload=one.payload, number=other.number, card_key=one.card_key)

    for pages in ([[PlacedCard(swapped, 0, 0)]], [[PlacedCard(one, 0, 0)], []]):
        with pytest.raises(CommandRefused) as caught:
            check_sheet(path, pages, lambda _done, _total: None)
        assert caught.value.code is Code.PRINT_UNREADABLE


def test_printed_cards_are_printed_again_only_with_a_mark(
    batch: CardBatch, design: CardDesign, tmp_path: Path
) -> None:
    printed = write_sheet(batch, tmp_path / "first.pdf", design).batch

    with pytest.raises(CommandRefused) as caught:
        write_sheet(printed, tmp_path / "second.pdf", design)
    again = write_sheet(printed, tmp_path / "second.pdf", design, is_reprint=True)

    assert caught.value.code is Code.BATCH_PRINTED
    assert again.copies == 23
    assert {card.copies for card in again.batch.cards} == {2}
    with PdfDocument(again.path) as document:
        page = document[0]
        text = page.get_textpage()
        assert text.get_text_range().count("copy 2") == 10
        text.close()
        page.close()


@pytest.mark.parametrize("moment", range(3))
def test_F46_a_job_that_dies_never_leads_to_two_cards_alike(
    design: CardDesign, tmp_path: Path, moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut at each step that leaves a trace: before the marks, after them, after the renaming."""
    batch = make_batch(12)
    stored = [batch]
    path = tmp_path / "cards.pdf"

    def save_or_die(marked: CardBatch) -> None:
        if moment == 0 or (moment == 2 and len(stored) == 2):
            raise PowerCut
        stored.append(marked)
        if moment == 1:
            raise PowerCut

    with pytest.raises(PowerCut):
        write_sheet(batch, path, design, save_marks=save_or_die)
    monkeypatch.undo()
    after = stored[-1]

    may_be_in_hand = path.exists()
    if may_be_in_hand:
        assert after.new_cards() == ()
    unmarked = after.new_cards()
    assert len(unmarked) == (12 if moment == 0 else 0)
    if moment:
        again = write_sheet(after, tmp_path / "again.pdf", design, is_reprint=True)
        assert again.copies == 12
        assert {card.copies for card in again.batch.cards} == {2}


def test_F46_the_rest_of_a_batch_is_printed_without_the_cards_in_doubt(
    design: CardDesign, tmp_path: Path
) -> None:
    batch = make_batch(20)
    doubtful = {card.number for card in batch.cards[:14]}

    report = write_sheet(batch.with_print_begun(doubtful), tmp_path / "rest.pdf", design)

    assert decoded(report.path, dpi=150) == [card.payload for card in batch.cards[14:]]
    assert {card.number for card in report.batch.cards if card.is_unsure} == doubtful


def test_a_folder_that_cannot_be_written_is_said_in_words(
    batch: CardBatch, design: CardDesign, tmp_path: Path
) -> None:
    with pytest.raises(CommandRefused) as caught:
        write_sheet(batch, tmp_path / "absent" / "cards.pdf", design)

    assert caught.value.code is Code.FILE_WRITE


@pytest.mark.parametrize("shop_name", ["M", "x" * 60, "Bäckerei Müller & Söhne am alten Markt 12"])
def test_every_shop_name_leaves_the_code_readable(shop_name: str, tmp_path: Path) -> None:
    design = CardDesign.parse(shop_name=shop_name, line="word " * 16)

    assert write_sheet(make_batch(1), tmp_path / "cards.pdf", design).cards == 1


def test_500_cards_are_written_and_read_back_in_seconds(design: CardDesign, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    started = time.process_time()

    report = write_sheet(
        make_batch(500),
        tmp_path / "cards.pdf",
        design,
        lambda done, total: steps.append((done, total)),
    )

    assert (report.cards, report.pages) == (500, 50)
    assert steps == [(done, 500) for done in range(10, 501, 10)]
    assert report.path.stat().st_size < 400_000
    assert time.process_time() - started < 30
