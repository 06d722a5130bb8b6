"""Short sounds through the player that the system brings; silence where it brings none."""

import shutil
import sys
from enum import StrEnum
from pathlib import Path

from PySide6.QtCore import QProcess

from pos_loyalty.assets import assets_folder

_PULSE_FULL_VOLUME = 65536
_LOUDEST = 100


class Sound(StrEnum):
    """What the till can be heard to say; each has its twin on the message strip."""

    FOUND = "found"
    SAVED = "saved"
    REWARD = "reward"
    LOOK = "look"


class Sounds:
    """Plays sounds without waiting for them and without ever failing a sale."""

    def __init__(self, *, volume_percent: int = _LOUDEST, muted: bool = False) -> None:
        """Look once for a player of this system."""
        self._folder = assets_folder() / "sounds"
        self._player = _player()
        self._volume_percent = volume_percent
        self._muted = muted

    def set_volume(self, volume_percent: int, *, muted: bool) -> None:
        """Change volume (0 to 100) and mute."""
        self._volume_percent = min(max(volume_percent, 0), _LOUDEST)
        self._muted = muted

    def play(self, sound: Sound) -> bool:
        """Start a sound; return whether a player took it."""
        path = self._folder / f"{sound.value}.wav"
        if self._muted or self._volume_percent == 0 or not path.is_file():
            return False
        if sys.platform == "win32":
            return _play_on_windows(path)
        if not self._player:
            return False
        command = _command(self._player, path, self._volume_percent)
        started, _process_id = QProcess.startDetached(command[0], command[1:])
        return started


def _player() -> str:
    """Return the player of this system; empty where there is none."""
    found = (shutil.which(name) for name in ("paplay", "aplay", "afplay"))
    return next((path for path in found if path), "")


def _command(player: str, path: Path, volume_percent: int) -> list[str]:
    """Return the call of a player; aplay has no volume of its own."""
    name = Path(player).name
    if name == "paplay":
        volume = _PULSE_FULL_VOLUME * volume_percent // _LOUDEST
        return [player, f"--volume={volume}", str(path)]
    if name == "afplay":
        return [player, "-v", f"{volume_percent / _LOUDEST:.2f}", str(path)]
    return [player, "-q", str(path)]


def _play_on_windows(path: Path) -> bool:
    if sys.platform != "win32":
        return False
    import winsound

    try:
        winsound.PlaySound(str(path), winsound.SND_FILENAME | winsound.SND_ASYNC)
    except RuntimeError:
        # No sound device: the strip says it, too.
        return False
    return True
