import wave
from pathlib import Path

import pytest
from PySide6.QtCore import QProcess

from pos_loyalty.assets import assets_folder
from pos_loyalty.ui.widgets import sounds
from pos_loyalty.ui.widgets.sounds import Sound, Sounds


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    calls: list[list[str]] = []

    def start(program: str, arguments: list[str]) -> tuple[bool, int]:
        calls.append([program, *arguments])
        return (True, 1)

    monkeypatch.setattr(QProcess, "startDetached", start)
    return calls


def _with_player(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def which(asked: str) -> str | None:
        return f"/bin/{asked}" if asked == name else None

    monkeypatch.setattr(sounds.shutil, "which", which)
    monkeypatch.setattr(sounds.sys, "platform", "linux")


@pytest.mark.parametrize("sound", list(Sound))
def test_no_sound_lasts_300_ms(sound: Sound) -> None:
    path = assets_folder() / "sounds" / f"{sound.value}.wav"

    with wave.open(str(path)) as file:
        seconds = file.getnframes() / file.getframerate()

    assert 0.05 < seconds < 0.3


@pytest.mark.parametrize(
    ("player", "option"),
    [("paplay", "--volume=32768"), ("afplay", "0.50"), ("aplay", "-q")],
)
def test_a_sound_goes_to_the_player_of_the_system(
    monkeypatch: pytest.MonkeyPatch, started: list[list[str]], player: str, option: str
) -> None:
    _with_player(monkeypatch, player)

    played = Sounds(volume_percent=50).play(Sound.FOUND)

    assert played
    assert started[0][0] == f"/bin/{player}"
    assert option in started[0]
    assert Path(started[0][-1]).name == "found.wav"


def test_no_player_means_silence_and_no_fault(
    monkeypatch: pytest.MonkeyPatch, started: list[list[str]]
) -> None:
    _with_player(monkeypatch, "none of them")

    assert not Sounds().play(Sound.LOOK)
    assert not started


def test_muted_plays_nothing(monkeypatch: pytest.MonkeyPatch, started: list[list[str]]) -> None:
    _with_player(monkeypatch, "paplay")
    player = Sounds()
    player.set_volume(80, muted=True)

    assert not player.play(Sound.SAVED)

    player.set_volume(0, muted=False)
    assert not player.play(Sound.SAVED)
    assert not started
