import logging
import sys
import time
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from pyzbar.pyzbar import Decoded

from pos_loyalty.devices import zbar_process, zbar_worker
from pos_loyalty.devices.zbar_process import ZbarProcess
from tests.unit.devices.conftest import Pixels, cards, face


def gray_face(place: int) -> Pixels:
    return np.asarray(cv2.cvtColor(face(place), cv2.COLOR_BGR2GRAY), np.uint8)


def script(path: Path, text: str) -> list[str]:
    path.write_text(text)
    return [sys.executable, str(path)]


def test_the_second_reader_reads_cards_in_its_own_process() -> None:
    zbar = ZbarProcess()

    assert zbar.texts(gray_face(0)) == [cards()[0].payload]
    assert zbar.texts(gray_face(1)) == [cards()[1].payload]
    assert zbar.texts(np.full((50, 60), 255, np.uint8)) == []
    zbar.close()
    zbar.close()


def test_a_reader_that_dies_is_started_again() -> None:
    zbar = ZbarProcess()
    zbar.texts(gray_face(0))
    process = zbar._process
    assert process is not None

    process.kill()
    process.wait()

    assert zbar.texts(gray_face(0)) == []
    assert zbar.texts(gray_face(0)) == [cards()[0].payload]
    zbar.close()


def test_a_reader_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zbar_process, "_ANSWER_SECONDS_MAX", 0.2)
    hanging = (
        "import sys, time\nsys.stdout.buffer.write(bytes(4)); sys.stdout.flush()\ntime.sleep(60)"
    )
    zbar = ZbarProcess(script(tmp_path / "hanging.py", hanging))
    started = time.monotonic()

    assert zbar.texts(gray_face(0)) == []

    assert time.monotonic() - started < 5
    zbar.close()


@pytest.mark.parametrize(
    "answer", ["(-7).to_bytes(4, 'big', signed=True)", "b'\\0\\0\\0\\1' + b'\\x7f' * 4"]
)
def test_an_answer_out_of_all_bounds_is_a_dead_reader(tmp_path: Path, answer: str) -> None:
    mad = f"""import sys
sys.stdout.buffer.write(bytes(4) + {answer})
sys.stdout.flush()
sys.stdin.read()
"""
    zbar = ZbarProcess(script(tmp_path / "mad.py", mad))

    assert zbar.texts(np.zeros((30, 30), np.uint8)) == []
    zbar.close()


def test_a_reader_that_dies_again_and_again_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "starts"
    dying = f"open({str(log)!r}, 'a').write('x')"
    zbar = ZbarProcess(script(tmp_path / "dying.py", dying))

    for _ in range(12):
        assert zbar.texts(gray_face(0)) == []

    assert len(log.read_text()) == 5


def test_a_program_that_cannot_be_started_is_no_reader() -> None:
    assert ZbarProcess(["/does/not/exist"]).texts(gray_face(0)) == []


@pytest.mark.expects_log_records
def test_a_missing_library_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    missing = "import sys\nsys.stdout.buffer.write(b'\\xff' * 4)"
    zbar = ZbarProcess(script(tmp_path / "missing.py", missing))

    with caplog.at_level(logging.WARNING):
        assert zbar.texts(gray_face(0)) == []
        assert zbar.texts(gray_face(0)) == []

    assert zbar.is_missing
    assert [record.message for record in caplog.records] == [
        "E-READER-LIMITED: the library zbar is missing"
    ]


def test_an_installed_bundle_asks_itself_for_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)

    assert zbar_process.worker_command() == [sys.executable, "zbar-worker"]


def test_the_worker_answers_each_frame_and_ends_with_its_input() -> None:
    gray = gray_face(0)
    head = len(gray).to_bytes(4, "big") + gray.shape[1].to_bytes(4, "big")
    answers = BytesIO()

    assert zbar_worker.serve(BytesIO(head + gray.tobytes() + head + b"cut short"), answers) == 0

    payload = cards()[0].payload.encode()
    assert answers.getvalue() == bytes(4) + b"\0\0\0\1" + b"\0\0\0\x1d" + payload


def test_a_code_that_the_library_cannot_take_is_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Structured append makes pyzbar raise ValueError; the worker lives on."""

    def refuse(*_arguments: object, **_options: object) -> list[Decoded]:
        raise ValueError("4294967295 is not a valid ZBarOrientation")

    monkeypatch.setattr("pyzbar.pyzbar.decode", refuse)
    frame = (1).to_bytes(4, "big") * 2 + b"x"
    answers = BytesIO()

    assert zbar_worker.serve(BytesIO(frame * 2), answers) == 0
    assert answers.getvalue() == bytes(12)


def test_the_worker_says_when_its_library_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyzbar.pyzbar", None)
    answers = BytesIO()

    assert zbar_worker.serve(BytesIO(), answers) == 1
    assert answers.getvalue() == b"\xff\xff\xff\xff"
