"""New rules at this till: said once for each version that comes into force.

A till that is new, or that never heard of versions, takes the rules that it has for known.
"""

import msgspec

from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.settings import Setting


class ProgramNews(msgspec.Struct, frozen=True):
    """Rules came into force at ``since_ms`` that nobody here was told of."""

    version: str
    name: str
    since_ms: int


class ProgramNewsHandler:
    """Says what is new; asked often, so it reads the database once for each version."""

    def __init__(self, context: TillContext) -> None:
        self._context = context
        self._seen = ""

    def __call__(self) -> ProgramNews | None:
        """Return the version in force if it is new here, None where it is known."""
        program = self._context.program()
        if program.version == self._seen:
            return None
        with self._context.store.read() as work:
            self._seen = work.settings.text(Setting.PROGRAM_SEEN)
        if not self._seen:
            self.seen(program.version)
        if program.version == self._seen:
            return None
        return ProgramNews(program.version, program.name, program.effective_from_ms)

    def seen(self, version: str) -> None:
        """Note that somebody was told of a version; it is not said again."""
        with self._context.store.write() as work:
            work.is_news = False
            work.settings.put(Setting.PROGRAM_SEEN, version)
            work.commit()
        self._seen = version
