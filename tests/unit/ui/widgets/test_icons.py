import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from pos_loyalty.assets import assets_folder
from pos_loyalty.ui.theme import TIER_LOOKS, Theme
from pos_loyalty.ui.widgets.icons import UNKNOWN, draw_icon, icon_names


def _drawn(name: str, color: str = "#ff0000", *, mirrored: bool = False) -> QImage:
    image = QImage(48, 48, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor("white"))
    painter = QPainter(image)
    draw_icon(painter, name, QRectF(0, 0, 48, 48), QColor(color), mirrored=mirrored)
    painter.end()
    return image


def test_an_icon_takes_the_color_it_is_given(theme: Theme) -> None:
    del theme
    image = _drawn("check")
    colors = {image.pixelColor(x, y).name() for x in range(48) for y in range(48)}

    assert "#ff0000" in colors


@pytest.mark.parametrize("name", sorted(icon_names()))
def test_every_icon_can_be_drawn(theme: Theme, name: str) -> None:
    del theme
    blank = QImage(48, 48, QImage.Format.Format_ARGB32_Premultiplied)
    blank.fill(QColor("white"))

    assert _drawn(name) != blank


def test_an_unknown_icon_is_shown_as_another_one(theme: Theme) -> None:
    del theme
    assert _drawn("no such icon") == _drawn(UNKNOWN)


def test_an_arrow_turns_with_the_reading_direction_and_a_gift_does_not(theme: Theme) -> None:
    del theme
    assert _drawn("undo-2", mirrored=True) != _drawn("undo-2")
    assert _drawn("gift", mirrored=True) == _drawn("gift")


def test_tiers_have_their_icons() -> None:
    assert {look.icon for look in TIER_LOOKS.values()} <= icon_names()


@pytest.mark.parametrize("folder", ["icons", "sounds"])
def test_what_is_not_only_ours_carries_its_license(folder: str) -> None:
    assert (assets_folder() / folder / "LICENSE.txt").stat().st_size > 0
    assert (assets_folder() / "fonts" / "OFL.txt").stat().st_size > 0
