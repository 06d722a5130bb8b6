import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from pos_loyalty.devices.camera_sources import FrameFeed
from pos_loyalty.domain.card_payload import format_payload
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.ids import MerchantId
from pos_loyalty.ui.camera_scanner import CameraScanner, looks_like_card, picture_of
from pos_loyalty.ui.task_runner import TaskRunner

CARD = format_payload(MerchantId("0" * 32), "BCDFGHJKLNPRSTVXBCDFGHJ")


def card_frame(text: str) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    """Return a picture of a card's code, as a camera would see it."""
    import qrcode

    code = qrcode.QRCode(border=4)
    code.add_data(text)
    code.make()
    cells = np.array(code.get_matrix(), dtype=bool)
    gray = np.where(np.kron(cells, np.ones((8, 8), dtype=bool)), 0, 255)
    return np.repeat(gray.astype(np.uint8)[:, :, None], 3, axis=2)


def test_a_card_held_to_the_camera_comes_as_a_signal(qtbot: QtBot) -> None:
    runner, feed = TaskRunner(), FrameFeed()
    camera = CameraScanner(runner, lambda: feed)

    texts: list[str] = []
    camera.card_read.connect(texts.append)

    camera.start()
    with qtbot.waitSignals([camera.card_read, camera.pictured], timeout=20_000):
        feed.show(card_frame(CARD))
    camera.stop()
    runner.close()
    camera.close()

    assert texts == [CARD]


@pytest.mark.parametrize("code", [Code.CAMERA_ABSENT, Code.CAMERA_LOST])
def test_F42_a_camera_that_is_not_there_is_told_within_two_seconds(
    qtbot: QtBot, code: Code
) -> None:
    runner, feed = TaskRunner(), FrameFeed()
    feed.unplug(code)
    camera = CameraScanner(runner, lambda: feed)

    with qtbot.waitSignal(camera.failed, timeout=20_000) as seen:
        camera.start()
    camera.stop()
    runner.close()
    camera.close()

    assert seen.args == [code]


@pytest.mark.expects_log_records
def test_F42_a_source_that_cannot_be_made_is_an_absent_camera(qtbot: QtBot) -> None:
    runner = TaskRunner()

    def nothing() -> FrameFeed:
        raise OSError("no such device")

    camera = CameraScanner(runner, nothing)
    with qtbot.waitSignal(camera.failed, timeout=20_000) as seen:
        camera.start()
    runner.close()
    camera.close()

    assert seen.args == [Code.CAMERA_ABSENT]


def test_only_cards_of_this_kind_are_looked_at() -> None:
    assert looks_like_card(CARD)
    assert looks_like_card(f"https://example.com/c/{CARD}")
    assert not looks_like_card("4006381333931")
    assert not looks_like_card("https://example.com/menu")
    assert not looks_like_card(CARD[:-1] + "B")


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 3), (4, 6, 4)])
def test_a_frame_becomes_a_picture_of_its_size(shape: tuple[int, ...]) -> None:
    picture = picture_of(np.zeros(shape, np.uint8))

    assert isinstance(picture, QImage)
    assert (picture.width(), picture.height()) == (6, 4)
