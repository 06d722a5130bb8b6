import pytest

from pos_loyalty.cards.design import INK, WHITE, CardDesign, contrast
from pos_loyalty.cards.fonts import BOLD, font_file, printable
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused


def test_contrast_is_the_one_of_the_guideline() -> None:
    assert contrast((0, 0, 0), WHITE) == pytest.approx(21)
    assert contrast(WHITE, (0.5, 0.5, 0.5)) == pytest.approx(3.98, abs=0.01)


@pytest.mark.parametrize("step", range(0, 256, 5))
def test_the_text_is_readable_on_every_gray(step: int) -> None:
    design = CardDesign.parse(shop_name="Corner Café", color=f"#{step:02x}{step:02x}{step:02X}")

    assert contrast(design.text_color, design.background) >= 4.5


def test_light_cards_are_written_in_ink() -> None:
    assert CardDesign.parse(shop_name="A", color="#F2C94C").text_color == INK
    assert CardDesign.parse(shop_name="A").text_color == WHITE


@pytest.mark.parametrize(
    ("shop_name", "line", "color", "field"),
    [
        (" ", None, None, "name"),
        ("x" * 61, None, None, "name"),
        ("x", "y" * 81, None, "line"),
        ("x", None, "green", "color"),
        ("x", None, "#12345", "color"),
    ],
)
def test_an_unusable_design_names_the_field(
    shop_name: str, line: str | None, color: str | None, field: str
) -> None:
    with pytest.raises(CommandRefused) as caught:
        CardDesign.parse(shop_name=shop_name, line=line, color=color)

    assert caught.value.code is Code.COMMAND_FIELD
    assert caught.value.facts == {"field": field}


def test_the_fonts_are_there_with_their_license() -> None:
    assert font_file(BOLD).stat().st_size > 100_000
    assert "SIL OPEN FONT LICENSE" in font_file(BOLD).with_name("OFL.txt").read_text().upper()


def test_what_the_fonts_lack_is_left_out() -> None:
    assert printable("Café Ελλάδα Кафе Çağ") == "Café Ελλάδα Кафе Çağ"
    assert printable("Shop \u4e2d\u6587 \u0645\u0642\u0647\u0649\n\x00 1") == "Shop 1"
