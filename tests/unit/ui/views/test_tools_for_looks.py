import subprocess
import sys
import wave
from pathlib import Path

from PySide6.QtGui import QImage

from pos_loyalty.assets import assets_folder
from tools import make_sounds

ROOT = Path(__file__).resolve().parents[4]


def test_pictures_are_written_in_the_size_and_theme_that_is_asked_for(tmp_path: Path) -> None:
    options = ["--states", "idle,member", "--sizes", "1024x720", "--themes", "dark"]
    tool = [sys.executable, str(ROOT / "tools" / "take_pictures.py"), str(tmp_path), *options]

    subprocess.run(tool, check=True, capture_output=True, timeout=60, cwd=ROOT)

    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == ["idle_dark_1024x720.png", "member_dark_1024x720.png"]
    image = QImage(str(tmp_path / written[0]))
    assert (image.width(), image.height()) == (1024, 720)
    assert image.pixelColor(2, 400).lightness() < 60


def test_sounds_in_the_assets_are_those_that_the_tool_makes(tmp_path: Path) -> None:
    make_sounds.main([str(tmp_path)])

    for made in tmp_path.iterdir():
        with (
            wave.open(str(made)) as new,
            wave.open(str(assets_folder() / "sounds" / made.name)) as old,
        ):
            assert new.getparams() == old.getparams()
