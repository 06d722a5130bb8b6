"""Try one change after the other, each in a process forked for it.

Two servers stand behind each trial. One has collected all tests: in its children the code of the
one changed function is exchanged and the tests run at once. The other has loaded only what no
change touches: its children read the changed module anew, which is what a change outside of
functions needs, or in a function that has run before the tests begin.

What a test costs is bounded by the time of the processor, so a busy machine makes no change look
noticed: it counts as noticed by its length only where one test takes several times what it took.
"""

import ast
import functools
import gc
import importlib.abc
import importlib.machinery
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

from mutant_reach import OPTIONS, Reach, caches
from mutants import Mutant, mutated

SURVIVED, KILLED, NOT_HERE = 0, 1, 3
UNDECIDED: Final = -signal.SIGKILL
TOO_LONG: Final = -signal.SIGXCPU
UNCHANGED: Final = -1
_END: Final = "end"
_SLOWER: Final = 5
_MEMORY_MAX: Final = 4 << 30
"""Bytes of addresses: a loop that only collects ends here, not with the machine's memory."""
_WALL_SECONDS_MAX: Final = 900


class Server:
    """A process that forks others, one at a time, and says how each ended."""

    def __init__(self, serve: Callable[["Server"], int]) -> None:
        """Start it; ``serve`` is to call ``answer_all`` when all is loaded."""
        self._asked, asking = os.pipe()
        answered, self._answering = os.pipe()
        self._process = fork(lambda: serve(self), (asking, answered))
        os.close(self._asked)
        os.close(self._answering)
        self._asking = os.fdopen(asking, "w", encoding="ascii")
        self._answered = os.fdopen(answered, encoding="ascii")

    def ask(self, number: int) -> int:
        """Return how the trial of this number ended."""
        print(number, file=self._asking, flush=True)
        answer = self._answered.readline()
        return int(answer) if answer else UNDECIDED

    def close(self) -> None:
        """End it."""
        # Said in words: another server, forked later, may hold this pipe open.
        print(_END, file=self._asking, flush=True)
        self._asking.close()
        os.waitpid(self._process, 0)
        self._answered.close()

    def answer_all(self, attempt: Callable[[int], int]) -> None:
        """Try what is asked until nobody asks any more; called in the server's process."""
        with (
            os.fdopen(self._asked, encoding="ascii") as asked,
            os.fdopen(self._answering, "w", encoding="ascii") as answering,
        ):
            for line in iter(asked.readline, f"{_END}\n"):
                process = fork(functools.partial(attempt, int(line)))
                print(await_end(process, _WALL_SECONDS_MAX), file=answering, flush=True)


class Trial:
    """What is needed to try a change: the copy of the tree and what reaches what."""

    def __init__(self, tree: Path, reach: Reach, mutants: Sequence[Mutant], seconds: float) -> None:
        """Try ``mutants``; ``seconds`` of the processor go to a test beside what it takes."""
        self._tree = tree
        self._reach = reach
        self._mutants = mutants
        self._seconds = seconds

    def from_the_start(self, server: Server) -> int:
        """Serve with nothing of the product loaded."""
        server.answer_all(self._try_anew)
        return 0

    def from_collected(self, server: Server, tests: Sequence[str]) -> int:
        """Serve with all tests collected."""
        import pytest

        with _place(self._tree) as place:
            serving = _Serving(lambda session: server.answer_all(lambda at: self._try(at, session)))
            pytest.main([*OPTIONS, f"--basetemp={place}", *tests], plugins=[serving])
        return 0

    def _try(self, number: int, session: Any) -> int:  # noqa: ANN401 - pytest's session
        """Exchange the code of one function, and run the tests that reach the line."""
        mutant = self._mutants[number]
        if mutant.number != UNCHANGED and not self._exchange(mutant):
            return NOT_HERE
        tests = self._reach.tests(mutant)
        _keep(session.items, tests)
        session.config.pluginmanager.register(_Limits(self._reach, self._seconds))
        with suppress(session.Failed, session.Interrupted):
            session.config.pluginmanager.getplugin("main").pytest_runtestloop(session=session)
        return KILLED if session.testsfailed else SURVIVED

    def _exchange(self, mutant: Mutant) -> bool:
        """Give the live function its changed code; false where the change is not in just one."""
        path, source = self._source(mutant)
        old = dict(_functions(compile(source, str(path), "exec")))
        new = dict(_functions(compile(mutated(source, mutant.number), str(path), "exec")))
        changed = [key for key in old if old[key] != new.get(key)]
        if len(changed) != 1 or old.keys() != new.keys():
            return False
        live = [each for each in _live_functions() if each.__code__ == old[changed[0]]]
        live = [each for each in live if each.__module__ == mutant.module]
        with suppress(ValueError):  # it closes over other names than before
            for function in live:
                function.__code__ = new[changed[0]]
            for clear in caches():
                clear()
            return bool(live)
        return False

    def _try_anew(self, number: int) -> int:
        """Run the tests on one changed module, read anew."""
        import pytest

        mutant = self._mutants[number]
        path, source = self._source(mutant)
        is_control = mutant.number == UNCHANGED
        code = ast.parse(source) if is_control else mutated(source, mutant.number)
        sys.meta_path.insert(0, _Changed(mutant.module, path, code))
        tests = self._reach.tests(mutant)
        files = dict.fromkeys(test.partition("::")[0] for test in tests)
        plugins = [_Chosen(tests), _Limits(self._reach, self._seconds)]
        with _place(self._tree) as place:
            result = pytest.main([*OPTIONS, f"--basetemp={place}", *files], plugins=plugins)
        fine = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        return SURVIVED if result in fine else KILLED

    def _source(self, mutant: Mutant) -> tuple[Path, str]:
        path = self._tree / f"{mutant.module.replace('.', '/')}.py"
        return path, path.read_text(encoding="utf-8")


class _Chosen:
    """A plugin of pytest: runs these tests and no others, in this order."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._tests = tests

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        _keep(items, self._tests)

    def pytest_configure(self) -> None:
        _never_shrink()


class _Serving:
    """A plugin of pytest: serves in place of running what was collected."""

    def __init__(self, serve: Callable[[Any], None]) -> None:
        self._serve = serve

    def pytest_configure(self) -> None:
        _never_shrink()

    def pytest_runtestloop(self, session: Any) -> bool:  # noqa: ANN401 - pytest's session
        self._serve(session)
        return True


class _Limits:
    """A plugin of pytest: no test takes much more of the processor than it took."""

    def __init__(self, reach: Reach, seconds: float) -> None:
        self._reach = reach
        self._seconds = seconds
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_MAX, _MEMORY_MAX))

    def pytest_runtest_setup(self, item: Any) -> None:  # noqa: ANN401 - an item of any kind
        took = self._reach.seconds.get(item.nodeid, 0.0)
        allowed = time.process_time() + self._seconds + _SLOWER * took
        resource.setrlimit(resource.RLIMIT_CPU, (int(allowed) + 1, resource.RLIM_INFINITY))


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Gives one module its changed code, and leaves all others to Python."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self._name, self._path, self._tree = name, path, tree

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """Say that the changed module is to be had here."""
        del path, target
        if fullname != self._name:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=str(self._path))

    def get_code(self, fullname: str) -> CodeType:
        """Return the changed code."""
        del fullname
        return compile(self._tree, str(self._path), "exec")

    def get_source(self, fullname: str) -> str:
        """Return the text as it was: Hypothesis asks for it."""
        del fullname
        return self._path.read_text(encoding="utf-8")


def _keep(items: list[Any], tests: Sequence[str]) -> None:
    """Leave these tests, in this order; one that a change has given another name is left out."""
    found = {item.nodeid: item for item in items}
    items[:] = [found[test] for test in tests if test in found]


def _never_shrink() -> None:
    """A failing example will do: nobody reads the smallest one."""
    from hypothesis import Phase, settings

    phases = (Phase.explicit, Phase.reuse, Phase.generate)
    settings.register_profile("mutate", settings(), phases=phases, report_multiple_bugs=False)
    settings.load_profile("mutate")


def _functions(code: CodeType) -> Iterator[tuple[tuple[str, int], CodeType]]:
    """Yield the functions of a module and its classes, not what is within functions."""
    for inner in code.co_consts:
        if not isinstance(inner, CodeType):
            continue
        if inner.co_flags & 0x2:  # has local names of its own: a function, not a class
            yield (inner.co_qualname, inner.co_firstlineno), inner
        else:
            yield from _functions(inner)


def _live_functions() -> Iterator[FunctionType]:
    return (each for each in gc.get_objects() if type(each) is FunctionType)


@contextmanager
def _place(tree: Path) -> Generator[Path]:
    place = tree / f"run-{os.getpid()}"
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def fork(work: Callable[[], int], close: Sequence[int] = ()) -> int:
    """Run work in a silent process of its own group; its result is the exit code."""
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if process:
        return process
    code = KILLED
    with suppress(BaseException), _silent():
        for pipe in close:
            os.close(pipe)
        os.setsid()
        code = work()
    os._exit(code)


@contextmanager
def _silent() -> Generator[None]:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    yield


def await_end(process: int, seconds: float) -> int:
    """Return a process's exit code; after its time it is ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return -signal.SIGKILL
