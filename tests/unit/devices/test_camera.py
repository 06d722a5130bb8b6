import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from pos_loyalty.devices import camera_sources
from pos_loyalty.devices.camera import Camera, CameraTiming
from pos_loyalty.devices.camera_sources import (
    CameraTrouble,
    FrameFeed,
    FrameSource,
    PictureFolder,
    VideoFile,
    Webcam,
    source_for,
)
from pos_loyalty.devices.change_gate import ChangeGate
from pos_loyalty.devices.frame_distortion import empty_frame, webcam_frame
from pos_loyalty.devices.qr_decoder import QrDecoder
from pos_loyalty.devices.zbar_process import ZbarProcess
from pos_loyalty.domain.error_catalog import Code
from tests.unit.devices.conftest import Pixels, cards, face

QUICK = CameraTiming(lost_after=0.3, black_after=0.2, reopen_every=0.05)
BLACK = np.zeros((720, 1_280, 3), np.uint8)


class Watched:
    """A running camera and everything it reported, in order."""

    def __init__(self, source: FrameSource, timing: CameraTiming = QUICK) -> None:
        self.events: queue.Queue[object] = queue.Queue()
        self.decoder = QrDecoder(zbar=ZbarProcess(["false"]))
        self.camera = Camera(
            source,
            self.decoder,
            on_text=self.events.put,
            on_trouble=self.events.put,
            on_several=self.events.put,
            on_recovery=lambda: self.events.put("recovered"),
            timing=timing,
        )
        self.camera.start()

    def next(self, wait_seconds: float = 5.0) -> object:
        """Return the next report."""
        return self.events.get(timeout=wait_seconds)

    def is_quiet(self, seconds: float) -> bool:
        """Return whether nothing is reported for a while."""
        try:
            self.events.get(timeout=seconds)
        except queue.Empty:
            return True
        return False


@pytest.fixture
def watch() -> Iterator[Callable[..., Watched]]:
    running: list[Watched] = []

    def start(source: FrameSource, timing: CameraTiming = QUICK) -> Watched:
        running.append(Watched(source, timing))
        return running[-1]

    yield start
    for watched in running:
        watched.camera.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("camera")]


def test_each_card_that_comes_into_view_is_told_once(watch: Callable[..., Watched]) -> None:
    feed = FrameFeed()
    watched = watch(feed)

    for place in (0, 1, 2):
        feed.show(webcam_frame(face(place), 50 + place))
        assert watched.next() == cards()[place].payload
    feed.show(webcam_frame(face(2), 60))

    assert watched.is_quiet(0.4)


def test_F43_two_cards_in_view_are_asked_about(watch: Callable[..., Watched]) -> None:
    feed = FrameFeed()
    watched = watch(feed)

    feed.show(np.vstack([face(0), face(1)]))

    payloads = (cards()[0].payload, cards()[1].payload)
    assert watched.next() in (payloads, payloads[::-1])


def test_F43_without_anybody_to_ask_neither_of_two_cards_is_taken() -> None:
    taken: list[str] = []
    feed = FrameFeed()
    camera = Camera(feed, QrDecoder(), on_text=taken.append, on_trouble=lambda _code: None)
    camera.start()

    feed.show(np.vstack([face(0), face(1)]))
    time.sleep(0.3)
    feed.unplug()
    time.sleep(0.2)
    feed.plug_in()
    feed.show(face(2))
    deadline = time.monotonic() + 5
    while not taken and time.monotonic() < deadline:
        time.sleep(0.02)

    camera.stop()
    assert taken == [cards()[2].payload]


@pytest.mark.parametrize("code", [Code.CAMERA_LOST, Code.CAMERA_ABSENT])
def test_F42_an_absent_or_busy_camera_is_told_and_comes_back(
    watch: Callable[..., Watched], code: Code
) -> None:
    feed = FrameFeed()
    feed.unplug(code)
    watched = watch(feed)

    assert watched.next() is code
    assert watched.is_quiet(0.2)
    feed.plug_in()
    assert watched.next() == "recovered"
    feed.show(webcam_frame(face(0), 1))
    assert watched.next() == cards()[0].payload


def test_F42_a_camera_unplugged_while_it_scans_is_told_within_two_seconds(
    watch: Callable[..., Watched],
) -> None:
    feed = FrameFeed()
    watched = watch(feed, CameraTiming())
    feed.show(webcam_frame(face(0), 1))
    assert watched.next() == cards()[0].payload

    feed.unplug()

    assert watched.next(2.0) is Code.CAMERA_LOST


def test_F42_a_driver_that_never_answers_is_told_within_two_seconds(
    watch: Callable[..., Watched],
) -> None:
    class Hanging(FrameFeed):
        """The cable was pulled and the driver did not notice."""

        def read(self) -> Pixels | None:
            if is_pulled.is_set():
                is_released.wait(10)
            return super().read()

    is_pulled, is_released = threading.Event(), threading.Event()
    hanging = Hanging()
    watched = watch(hanging, CameraTiming())
    hanging.show(webcam_frame(face(0), 1))
    assert watched.next() == cards()[0].payload
    is_pulled.set()
    try:
        assert watched.next(2.0) is Code.CAMERA_LOST
    finally:
        is_released.set()
    assert watched.next() == "recovered"


def test_F42_a_camera_that_opens_slowly_is_waited_for_and_not_for_ever(
    watch: Callable[..., Watched],
) -> None:
    class Slow(FrameFeed):
        """Takes half a second, as cheap cameras do, or more."""

        def open(self) -> None:
            time.sleep(0.6)

    patient = watch(Slow())
    impatient = watch(Slow(), CameraTiming(lost_after=0.1, open_within=0.2))

    assert impatient.next() is Code.CAMERA_LOST
    assert impatient.next() == "recovered"
    assert patient.is_quiet(0.1)


def test_F42_a_black_picture_is_told_within_two_seconds(watch: Callable[..., Watched]) -> None:
    feed = FrameFeed()
    watched = watch(feed, CameraTiming())

    feed.show(BLACK)

    assert watched.next(2.0) is Code.CAMERA_BLACK
    feed.show(empty_frame(1))
    assert watched.next() == "recovered"


def test_a_missing_reader_is_told_once(
    watch: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QrDecoder, "is_limited", True)
    feed = FrameFeed()
    watched = watch(feed)

    feed.show(webcam_frame(face(0), 1))
    assert watched.next() is Code.READER_LIMITED
    assert watched.next() == cards()[0].payload
    feed.show(webcam_frame(face(1), 2))
    assert watched.next() == cards()[1].payload


def test_the_newest_frame_wins_and_none_queues() -> None:
    """Frames come faster than they are decoded: the last one is read soon, most are skipped."""

    class Slow(QrDecoder):
        """A PC with no time."""

        def decode(self, image: Pixels, budget_ms: float) -> list[str]:
            decoded.append(time.monotonic())
            time.sleep(0.1)
            return super().decode(image, budget_ms)

    decoded: list[float] = []
    feed = FrameFeed()
    texts: queue.Queue[str] = queue.Queue()
    camera = Camera(feed, Slow(), on_text=texts.put, on_trouble=lambda _code: None)
    frames = [empty_frame(seed) for seed in range(40)]
    camera.start()

    for frame in frames:
        feed.show(frame)
    feed.show(webcam_frame(face(0), 1))

    assert texts.get(timeout=5) == cards()[0].payload
    assert len(decoded) < 20
    camera.stop()


def test_a_folder_and_a_video_stand_for_a_camera(
    watch: Callable[..., Watched], tmp_path: Path
) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    (folder / "1.png").write_bytes(b"not a picture")
    (folder / "2.txt").write_text("no picture either")
    for place in (0, 1):
        cv2.imwrite(str(folder / f"{place + 3}.png"), webcam_frame(face(place), place))
    video = tmp_path / "cards.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 30, (1_280, 720))
    for place in (2, 3):
        for _ in range(6):
            writer.write(webcam_frame(face(place), place))
    writer.release()

    from_folder = watch(PictureFolder(folder, frame_seconds=0.2))
    assert [from_folder.next(), from_folder.next()] == [cards()[0].payload, cards()[1].payload]
    from_video = watch(VideoFile(video))
    assert [from_video.next(), from_video.next()] == [cards()[2].payload, cards()[3].payload]


@pytest.mark.parametrize("name", ["absent", "empty", "text.avi"])
def test_a_source_with_nothing_in_it_is_an_absent_camera(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.avi").write_text("not a video")
    for source in (PictureFolder(tmp_path / name), VideoFile(tmp_path / name)):
        with pytest.raises(CameraTrouble) as caught:
            source.open()
        assert caught.value.code is Code.CAMERA_ABSENT
        source.close()
        assert source.read() is None


def test_a_setting_names_its_source(tmp_path: Path) -> None:
    assert isinstance(source_for("0"), Webcam)
    assert isinstance(source_for(str(tmp_path)), PictureFolder)
    assert isinstance(source_for(str(tmp_path / "film.mp4")), VideoFile)


class FakeCapture:
    """OpenCV's camera, as far as `Webcam` uses it."""

    def __init__(self, *, is_open: bool, frames: int) -> None:
        self.is_open = is_open
        self.frames = frames
        self.settings: dict[int, float] = {}
        self.is_released = False

    def is_opened(self) -> bool:
        return self.is_open

    def set(self, setting: int, value: float) -> bool:
        self.settings[setting] = value
        return True

    def read(self) -> tuple[bool, Pixels | None]:
        self.frames -= 1
        return (True, BLACK) if self.frames >= 0 else (False, None)

    def release(self) -> None:
        self.is_released = True


def pretend(
    monkeypatch: pytest.MonkeyPatch,
    open_capture: Callable[[int, int], FakeCapture],
    *,
    platform: str,
    has_device: bool,
) -> None:
    """Put a camera into this machine, or take it away."""

    def exists(_path: Path) -> bool:
        return has_device

    monkeypatch.setattr(FakeCapture, "isOpened", FakeCapture.is_opened, raising=False)
    monkeypatch.setattr(cv2, "VideoCapture", open_capture)
    monkeypatch.setattr(camera_sources.sys, "platform", platform)
    monkeypatch.setattr(Path, "exists", exists)


@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_a_webcam_is_asked_for_720p_and_lost_when_it_gives_no_frame(
    monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    capture = FakeCapture(is_open=True, frames=1)
    opened: list[tuple[int, int]] = []

    def open_capture(index: int, backend: int) -> FakeCapture:
        opened.append((index, backend))
        return capture

    pretend(monkeypatch, open_capture, platform=platform, has_device=True)
    webcam = Webcam(2)

    webcam.open()
    frame = webcam.read()

    assert frame is not None
    assert opened == [(2, cv2.CAP_DSHOW if platform == "win32" else cv2.CAP_ANY)]
    assert capture.settings == {cv2.CAP_PROP_FRAME_WIDTH: 1280, cv2.CAP_PROP_FRAME_HEIGHT: 720}
    with pytest.raises(CameraTrouble) as caught:
        webcam.read()
    assert caught.value.code is Code.CAMERA_LOST
    webcam.close()
    webcam.close()
    assert capture.is_released


@pytest.mark.parametrize(
    ("has_device", "code"), [(True, Code.CAMERA_LOST), (False, Code.CAMERA_ABSENT)]
)
def test_F42_a_busy_webcam_is_told_from_an_absent_one(
    monkeypatch: pytest.MonkeyPatch, *, has_device: bool, code: Code
) -> None:
    def open_capture(_index: int, _backend: int) -> FakeCapture:
        return FakeCapture(is_open=False, frames=0)

    pretend(monkeypatch, open_capture, platform="linux", has_device=has_device)

    with pytest.raises(CameraTrouble) as caught:
        Webcam().open()

    assert caught.value.code is code


def test_the_gate_lets_through_what_moves_and_twice_a_second_what_does_not() -> None:
    gate = ChangeGate()
    still = empty_frame(1)
    noise = np.random.default_rng(1).integers(0, 3, still.shape, dtype=np.uint8)

    assert gate.lets_through(still, 10.0)
    assert not gate.lets_through(np.clip(still, 0, 250) + noise, 10.1)
    assert gate.lets_through(webcam_frame(face(0), 1), 10.2)
    assert not gate.lets_through(webcam_frame(face(0), 1), 10.6)
    assert gate.lets_through(webcam_frame(face(0), 1), 10.75)
    assert gate.lets_through(face(0), 10.8)


def test_the_gate_lets_nothing_black_through() -> None:
    gate = ChangeGate()

    assert not gate.lets_through(BLACK, 1.0)
    assert gate.is_black
    assert gate.lets_through(empty_frame(1), 1.1)
    assert not gate.is_black
