import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from pos_loyalty.devices import frames
from pos_loyalty.devices.frames import load_frame
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from tests.unit.devices.conftest import face


def code_of(path: Path) -> Code:
    with pytest.raises(CommandRefused) as caught:
        load_frame(path)
    assert str(path) in caught.value.message
    return caught.value.code


@pytest.mark.parametrize("ending", [".png", ".jpg", ".bmp", ".webp"])
def test_pictures_of_every_usual_kind_are_read(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"Karte \u00fc{ending}"
    _, raw = cv2.imencode(ending, face(0))
    path.write_bytes(raw.tobytes())

    assert load_frame(path).shape == face(0).shape


def test_absent_empty_damaged_and_huge_files_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "picture.png"

    assert code_of(path) is Code.FILE_ABSENT
    assert code_of(tmp_path) is Code.FILE_ABSENT
    for raw in (b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + bytes(40)):
        path.write_bytes(raw)
        assert code_of(path) is Code.FILE_SHAPE
    _, whole = cv2.imencode(".png", face(0))
    path.write_bytes(whole.tobytes()[:2_000])
    assert code_of(path) is Code.FILE_SHAPE
    monkeypatch.setattr(frames, "_FILE_BYTES_MAX", 10)
    path.write_bytes(np.zeros(11).tobytes())
    assert code_of(path) is Code.FILE_SHAPE


def test_a_small_file_that_unpacks_to_gigabytes_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bomb.png"
    for side in (10_000, 20_000, 60_000):
        head = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        chunks = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks + struct.pack(">I", 0) + b"IDAT")
        assert code_of(path) is Code.FILE_SHAPE
    assert capfd.readouterr().err == ""
