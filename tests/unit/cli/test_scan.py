import json
import random
from pathlib import Path

import cv2
import numpy as np
import pytest

from pos_loyalty.cards.batch import issue_batch
from pos_loyalty.cards.card_picture import card_picture
from pos_loyalty.cards.design import CardDesign
from pos_loyalty.cli import main
from pos_loyalty.devices.frame_distortion import webcam_frame
from pos_loyalty.domain.ids import BatchId, MerchantId

CARD = issue_batch(
    merchant=MerchantId("0192f7c0a1b27c3d8e4f5a6b7c8d9e0f"),
    count=1,
    batch=BatchId("0" * 32),
    random_bytes=random.Random(5).randbytes,
).cards[0]


@pytest.fixture
def card_file(tmp_path: Path) -> Path:
    path = tmp_path / "card.png"
    face = card_picture(CARD, CardDesign(shop_name="Corner Café"))
    cv2.imwrite(str(path), webcam_frame(face, 1))
    return path


def test_a_card_is_told_with_its_parts(card_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", str(card_file)]) == 0

    line = json.loads(capsys.readouterr().out)
    assert line.pop("ms") > 0
    assert line == {
        "file": str(card_file),
        "texts": [CARD.payload],
        "card": {"payload": CARD.payload, "version": "C", "merchant_tag": "KNC"},
    }


def test_any_text_is_reported_and_a_picture_without_code_has_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import qrcode

    code = qrcode.QRCode()
    code.add_data("https://example.com/men\u00fc")
    code.make()
    pixels = np.where(np.kron(np.array(code.get_matrix()), np.ones((5, 5))), 0, 255)
    cv2.imwrite(str(tmp_path / "poster.png"), pixels.astype(np.uint8))
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((300, 400, 3), 180, np.uint8))

    assert main(["scan", str(tmp_path / "poster.png"), str(tmp_path / "wall.png")]) == 0

    poster, wall = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (poster["texts"], poster["card"]) == (["https://example.com/men\u00fc"], None)
    assert (wall["texts"], wall["card"]) == ([], None)


def test_a_bad_file_has_its_line_and_does_not_stop_the_others(
    card_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no picture")

    assert main(["scan", str(tmp_path / "absent.png"), str(text), str(card_file)]) == 1

    answer = capsys.readouterr()
    absent, not_picture, card = (json.loads(line) for line in answer.out.splitlines())
    assert (absent["code"], not_picture["code"]) == ("E-FILE-ABSENT", "E-FILE-SHAPE")
    assert absent["texts"] == []
    assert str(text) in not_picture["message"]
    assert card["texts"] == [CARD.payload]
    assert [line.rpartition("(")[2] for line in answer.err.splitlines()] == [
        "E-FILE-ABSENT)",
        "E-FILE-SHAPE)",
    ]
