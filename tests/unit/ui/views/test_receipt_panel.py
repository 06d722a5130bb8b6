"""The receipt's code on screen is read by the very reader that the tills have."""

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from pos_loyalty.cards.code_stencil import invitation_matrix, receipt_matrix
from pos_loyalty.domain.card_payload import check_letters
from pos_loyalty.domain.ids import MemberId, MerchantId
from pos_loyalty.domain.invitation import format_invitation
from pos_loyalty.ui.camera_scanner import looks_like_card
from pos_loyalty.ui.presenters.counter_screen import ReceiptPanel
from pos_loyalty.ui.theme import Mode, Theme
from pos_loyalty.ui.views.receipt_panel import ReceiptPanelView

BODY = "R" + "BCDFGHJKLNPRSTVX" * 13 + "BCDFGHJ"
CODE = BODY + check_letters(BODY)


@pytest.mark.parametrize("size", [(424, 470), (560, 640)])
@pytest.mark.parametrize("mode", [Mode.LIGHT, Mode.DARK])
def test_the_code_on_screen_is_read(
    qtbot: QtBot, theme: Theme, size: tuple[int, int], mode: Mode
) -> None:
    import numpy as np
    import zxingcpp

    theme.set_mode(mode)
    view = ReceiptPanelView(theme)
    qtbot.addWidget(view)
    view.resize(*size)
    modules = tuple("".join("01"[dark] for dark in row) for row in receipt_matrix(CODE))
    view.show_panel(ReceiptPanel("Receipt", "Scanned at another till.", modules))

    picture = view.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    pixels = np.frombuffer(picture.constBits(), np.uint8).reshape(
        picture.height(), picture.bytesPerLine()
    )[:, : picture.width()]
    found = zxingcpp.read_barcodes(pixels)

    assert [each.text for each in found] == [CODE]
    assert len(modules) == 49


@pytest.mark.parametrize("size", [(424, 470), (420, 512), (560, 640)])
@pytest.mark.parametrize("mode", [Mode.LIGHT, Mode.DARK])
def test_receipt_and_invitation_are_both_read(
    qtbot: QtBot, theme: Theme, size: tuple[int, int], mode: Mode
) -> None:
    import numpy as np
    import zxingcpp

    theme.set_mode(mode)
    view = ReceiptPanelView(theme)
    qtbot.addWidget(view)
    view.resize(*size)
    invitation = format_invitation(MerchantId("5" * 32), MemberId("a" * 32))
    codes = [
        tuple("".join("01"[dark] for dark in row) for row in matrix)
        for matrix in (receipt_matrix(CODE), invitation_matrix(invitation))
    ]
    names = ("Receipt", "Invite a friend")
    view.show_panel(ReceiptPanel("Receipt", "A note.", codes[0], codes[1], names))

    picture = view.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    pixels = np.frombuffer(picture.constBits(), np.uint8).reshape(
        picture.height(), picture.bytesPerLine()
    )[:, : picture.width()]
    found = zxingcpp.read_barcodes(pixels)

    assert {each.text for each in found} == {CODE, invitation}


def test_the_camera_takes_a_receipt_for_what_it_is() -> None:
    assert looks_like_card(CODE)
    assert not looks_like_card(CODE[:-1])


def test_without_a_code_nothing_is_painted_in_the_way(qtbot: QtBot, theme: Theme) -> None:
    view = ReceiptPanelView(theme)
    qtbot.addWidget(view)
    view.resize(300, 300)

    assert not view.grab().isNull()
