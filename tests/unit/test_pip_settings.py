"""uv gets the settings that pip has, whatever file or variable they stand in."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def pip_settings() -> ModuleType:
    """Load the script, which belongs to no package."""
    spec = importlib.util.spec_from_file_location("pip_settings", ROOT / "tools/pip_settings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _answer(monkeypatch: pytest.MonkeyPatch, listing: str) -> None:
    """Let `pip config list` print this."""

    def run(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 0, stdout=listing)

    monkeypatch.setattr(subprocess, "run", run)


def test_a_variable_beats_a_file(pip_settings: ModuleType) -> None:
    listing = "global.cert='/a'\n:env:.cert='/b'\ninstall.timeout='9'\nlist.format='json'\n"

    assert pip_settings.effective_settings(listing) == {"cert": "/b", "timeout": "9"}


def test_indexes_and_certificates_are_handed_on(
    pip_settings: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answer(
        monkeypatch,
        "global.index-url='https://one.example/simple'\n"
        "global.extra-index-url='https://two.example/simple\\nhttps://three.example/simple'\n"
        "global.cert='/certificates.crt'\n",
    )

    environment = pip_settings.as_uv_environment("python")

    assert environment["UV_DEFAULT_INDEX"] == "https://one.example/simple"
    extra = environment["UV_EXTRA_INDEX_URL"].split(" ")
    assert extra == ["https://two.example/simple", "https://three.example/simple"]
    assert environment["SSL_CERT_FILE"] == "/certificates.crt"


def test_a_folder_that_is_gone_is_left_out(
    pip_settings: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there, gone = tmp_path / "there", tmp_path / "gone"
    there.mkdir()
    _answer(monkeypatch, f"global.find-links='{gone} {there} {gone.as_uri()}'\n")

    assert pip_settings.as_uv_environment("python")["UV_FIND_LINKS"] == str(there)


def test_without_settings_only_the_order_of_indexes_is_set(
    pip_settings: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answer(monkeypatch, "")

    assert pip_settings.as_uv_environment("python") == {"UV_INDEX_STRATEGY": "unsafe-best-match"}


def test_this_machine_s_own_settings_can_be_read(pip_settings: ModuleType) -> None:
    environment = pip_settings.as_uv_environment(sys.executable)

    assert all(name.startswith(("UV_", "SSL_", "ALL_")) for name in environment)
