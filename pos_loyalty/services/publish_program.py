"""Publish a program on a till that works alone; for joined tills their server does."""

from dataclasses import dataclass

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.program_check import check_program
from pos_loyalty.domain.program_check_conditions import unknown_shops
from pos_loyalty.domain.program_version import dated, day_of
from pos_loyalty.services.till_context import TillContext


@dataclass(frozen=True)
class PublishProgram:
    """Let these rules hold from a moment on (UTC milliseconds); None is now."""

    draft: LoyaltyProgram
    from_ms: int | None = None


@dataclass(frozen=True)
class ProgramPublished:
    """The version, and whether it is a new one: the same rules are published once.

    ``unknown_shops`` are named by its rules, and this shop is not called so.
    """

    program: LoyaltyProgram
    is_new: bool
    unknown_shops: tuple[str, ...] = ()


class PublishProgramHandler:
    """Adds a version; the versions before stay as they are."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: PublishProgram) -> ProgramPublished:
        """Publish a draft, or write nothing.

        Raises:
            ProgramRefused: it is not usable.
            CommandRefused: the till has a server, another currency, or the moment is over.
        """
        context = self._context
        draft = check_program(command.draft)
        identity = context.identity
        if identity.joined:
            raise CommandRefused(Code.PROGRAM_SERVER, merchant=identity.merchant_name)
        if draft.currency != identity.currency.code:
            raise CommandRefused(
                Code.PROGRAM_CURRENCY,
                currency=draft.currency,
                shop_currency=identity.currency.code,
            )
        now_ms = context.clock.now_ms()
        from_ms = now_ms if command.from_ms is None else command.from_ms
        if from_ms < now_ms:
            raise CommandRefused(Code.PROGRAM_PAST)
        day = day_of(from_ms, context.clock.offset_minutes(from_ms))
        with context.store.write() as work:
            known = work.programs.all()
            program = dated(draft, known, from_ms=from_ms, day=day)
            is_new = program not in known
            if is_new:
                work.programs.put(program)
                work.commit()
        context.refresh()
        strange = unknown_shops(program, [identity.shop_name])
        return ProgramPublished(program, is_new, strange)
