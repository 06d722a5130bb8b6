"""House rules of every test: no warning, no unexpected log record, no thread left running.

A test in which warnings in the log are part of the story says so:
`@pytest.mark.expects_log_records`.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Before anything imports Qt or asks for the folder of settings: a test draws in
# memory and never touches the key store or the files of the person who runs it.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

# A busy machine is no failure; what is found stays found because CI runs the same seeds.
# A long run of the property tests asks for more examples: POS_EXAMPLES=100000.
settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
    max_examples=int(os.environ.get("POS_EXAMPLES", "100")),
)
settings.register_profile("ci", settings.get_profile("house"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "house")

_TESTS = Path(__file__).parent
# Everything below these needs Qt. Presenters do not, though they live in ui.
_WIDGET_FOLDERS = ("unit/ui", "end_to_end")
_NOT_WIDGETS = ("unit/ui/presenters",)
_ROUND = os.environ.get("POS_TEST_ROUND", "")
"""Two rounds run every test once: `without-qt`, where Qt cannot be imported, and `widgets`."""
_SECONDS_FOR_THREADS_TO_END = 3.0


def _is_left_out(*, is_widget_test: bool) -> bool:
    return is_widget_test if _ROUND == "without-qt" else _ROUND == "widgets" and not is_widget_test


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave widget files out of the round in which Qt is absent: they could not be imported."""
    if _ROUND != "without-qt" or collection_path.is_dir() or collection_path.name == "__init__.py":
        return None
    return True if _is_widget_file(collection_path) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what belongs to this round; a single test may be marked `widgets`, too."""
    left_out = [
        item
        for item in items
        if _is_left_out(
            is_widget_test=_is_widget_file(item.path)
            or item.get_closest_marker("widgets") is not None
        )
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        kept = set(items).difference(left_out)
        items[:] = [item for item in items if item in kept]


def _is_widget_file(path: Path) -> bool:
    name = path.relative_to(_TESTS).as_posix()
    is_widget_file = name.startswith(tuple(f"{folder}/" for folder in _WIDGET_FOLDERS))
    return is_widget_file and not name.startswith(tuple(f"{folder}/" for folder in _NOT_WIDGETS))


@pytest.fixture(autouse=True)
def _own_settings_folder(  # pyright: ignore[reportUnusedFunction] - pytest calls it
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Give every test its own folder for keys and settings."""
    folder = tmp_path_factory.mktemp("config")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))


class _Collector(logging.Handler):
    """Keeps what a test should not have logged."""

    def __init__(self) -> None:
        super().__init__(level=logging.WARNING)
        self.unexpected: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.unexpected.append(f"{record.levelname} {record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def _quiet_log(  # pyright: ignore[reportUnusedFunction] - pytest calls it
    request: pytest.FixtureRequest,
) -> Iterator[None]:
    """Fail a test that logs a warning or worse without saying that it will."""
    collector = _Collector()
    root = logging.getLogger()
    root.addHandler(collector)
    yield
    root.removeHandler(collector)
    is_expected = request.node.get_closest_marker("expects_log_records") is not None
    if collector.unexpected and not is_expected:
        pytest.fail("unexpected log records:\n" + "\n".join(collector.unexpected))


def _running_threads() -> set[threading.Thread]:
    """Return the threads that Python made itself; Qt's own look like dummies from here."""
    dummy = getattr(threading, "_DummyThread")  # noqa: B009 - the class has no public name
    return {thread for thread in threading.enumerate() if not isinstance(thread, dummy)}


@pytest.fixture(autouse=True)
def _no_thread_left(  # pyright: ignore[reportUnusedFunction] - pytest calls it
    _quiet_log: None,
) -> Iterator[None]:
    """Fail a test that leaves a thread running, after a moment in which it may end."""
    before = _running_threads()
    yield
    end = time.monotonic() + _SECONDS_FOR_THREADS_TO_END
    left = _running_threads() - before
    while left and time.monotonic() < end:
        time.sleep(0.01)
        left = {thread for thread in left if thread.is_alive()}
    if left:
        names = sorted(thread.name for thread in left)
        pytest.fail(f"threads left running: {', '.join(names)}")


assert sys.flags.optimize == 0, "asserts are part of the product; never run with -O"
