import sys
from pathlib import Path

import pytest

from pos_loyalty import assets


@pytest.fixture(autouse=True)
def _forget() -> None:  # pyright: ignore[reportUnusedFunction] - pytest calls it
    assets.assets_folder.cache_clear()


def test_a_checkout_has_its_assets() -> None:
    folder = assets.assets_folder()

    assert (folder / "fonts" / "NotoSans-Regular.ttf").is_file()
    assert (folder / "icons" / "gift.svg").is_file()
    assert (folder / "sounds" / "found.wav").is_file()


def test_an_installed_bundle_uses_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "assets" / "fonts").mkdir(parents=True)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)

    assert assets.assets_folder() == tmp_path / "assets"


def test_missing_assets_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(assets, "_IN_WHEEL", tmp_path / "nowhere")
    monkeypatch.setattr(assets, "_IN_CHECKOUT", tmp_path / "nothing")

    with pytest.raises(FileNotFoundError, match="nowhere"):
        assets.assets_folder()
    assets.assets_folder.cache_clear()
