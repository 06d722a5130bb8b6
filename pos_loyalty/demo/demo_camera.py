"""The demo's camera: cards are held to it as distorted frames, as a webcam sees them."""

import queue
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pos_loyalty.cards.batch import IssuedCard
from pos_loyalty.demo.folder import SampleCard
from pos_loyalty.demo.sample_shop import card_design
from pos_loyalty.devices.camera_sources import FrameFeed
from pos_loyalty.domain.ids import CardKey

if TYPE_CHECKING:
    from pos_loyalty.devices.frames import Frame

_AHEAD_MAX: Final = 4
"""So many frames are made ahead; each is 2.7 MB."""


class DemoCamera:
    """Gives the window a new feed each time that the camera is switched on."""

    def __init__(self) -> None:
        self._feed: FrameFeed | None = None
        self._lock = threading.Lock()
        self.times_on = 0

    def make_source(self) -> FrameFeed:
        """Switch on: nothing that was shown before is seen. Called on a thread of the window's."""
        with self._lock:
            self._feed = FrameFeed()
            self.times_on += 1
            return self._feed

    def show(self, frame: "Frame") -> None:
        """Hold a frame before the camera."""
        with self._lock:
            if self._feed is not None:
                self._feed.show(frame)


class Photographer:
    """Makes the frames of the cards that will be held to the camera, ahead of time."""

    def __init__(self, cards: Sequence[SampleCard], *, seed: int) -> None:
        """Begin with the first frames.

        Args:
            cards: the cards in the order in which they will be shown.
            seed: which frames: the same seed makes the same ones.
        """
        self._cards = tuple(cards)
        self._seed = seed
        self._more = 0
        self._faces: dict[str, Frame] = {}
        self._frames: queue.Queue[tuple[str, Frame]] = queue.Queue(_AHEAD_MAX)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="demo frames", daemon=True)
        self._thread.start()

    def next_frame(self, card: SampleCard) -> "Frame":
        """Return the first frame of the next card."""
        payload, frame = self._frames.get()
        assert payload == card.payload, "cards are shown in the planned order"
        return frame

    def another_frame(self, card: SampleCard) -> "Frame":
        """Return a further frame of a card that was not read yet."""
        self._more += 1
        return self._photograph(card, self._seed + 1_000 * self._more)

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        while self._thread.is_alive():
            while not self._frames.empty():
                self._frames.get_nowait()
            self._thread.join(0.01)

    def _work(self) -> None:
        for number, card in enumerate(self._cards):
            if self._stopping.is_set():
                return
            self._frames.put((card.payload, self._photograph(card, self._seed + number)))

    def _photograph(self, card: SampleCard, seed: int) -> "Frame":
        from pos_loyalty.devices.frame_distortion import webcam_frame

        return webcam_frame(self._face(card), seed)

    def _face(self, card: SampleCard) -> "Frame":
        from pos_loyalty.cards.card_picture import card_picture

        face = self._faces.get(card.payload)
        if face is None:
            issued = IssuedCard(payload=card.payload, number=card.number, card_key=CardKey(""))
            face = self._faces[card.payload] = card_picture(issued, card_design())
        return face
