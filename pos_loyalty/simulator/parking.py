"""Coroutines of the product without an event loop: they park, the world goes on when it likes."""

from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

ResultT = TypeVar("ResultT")
AnswerT = TypeVar("AnswerT")


class Parked(Generic[AnswerT]):
    """Something a coroutine waits for; the world resumes it with an answer or an error."""

    def __await__(self) -> Generator["Parked[AnswerT]", AnswerT, AnswerT]:
        answer = yield self
        return answer


class Turn(Parked[None]):
    """A moment at which others may run."""


async def in_turn(work: Callable[..., ResultT], *arguments: object) -> ResultT:
    """Stand in for a worker thread: the work is done when the coroutine has its turn again."""
    await Turn()
    return work(*arguments)


@dataclass
class Strand(Generic[ResultT]):
    """A coroutine on its way: what it waits for, or what came of it."""

    coroutine: Coroutine[Any, Any, ResultT]
    waits_for: Parked[Any] | None = None
    result: ResultT | None = None
    is_done: bool = False

    def go_on(self, answer: object = None) -> None:
        """Run to the next parking place; an error of the coroutine comes out here."""
        self._step(lambda: self.coroutine.send(answer))

    def fail(self, error: Exception) -> None:
        """Run on with an error instead of an answer."""
        self._step(lambda: self.coroutine.throw(error))

    def end(self) -> None:
        """Forget the coroutine where it stands."""
        self.is_done = True
        self.coroutine.close()

    def _step(self, resume: Callable[[], object]) -> None:
        assert not self.is_done
        self.waits_for = None
        try:
            self.waits_for = cast("Parked[Any]", resume())
        except StopIteration as stop:
            self.is_done = True
            self.result = stop.value
        except BaseException:
            self.is_done = True
            raise
