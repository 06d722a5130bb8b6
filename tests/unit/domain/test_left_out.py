"""What stored bytes leave out means what it meant when they were written: nothing, or this."""

import importlib
import pkgutil
from collections.abc import Iterator

import msgspec

import pos_loyalty.domain

REWARDS = (
    *("RewardBase", "AmountOff", "PercentOff", "FreeItem", "BuySomeGetSome", "PointsForMoney"),
    *("Gift", "Access", "Donation"),
)
MEANT: dict[str, object] = {
    "SaleLine.quantity": 1,
    "ExplainedLine.quantity": 1,
    "Stamps.count": 1,
    "ActivityRule.approval": "cashier",
    "AfterEarning.round_to": "none",
    "ExpirationRules.model": {"kind": "never"},
    "ExpirationRules.warnings_days": (30, 7),
    "ExpirationRules.grace_days": 30,
    "RefundRules.already_spent": "allow_negative",
    "RefundRules.point_worth_points": 1,
    "LoyaltyProgram.rounding": "floor",
    "LoyaltyProgram.rounding_scope": "basket",
    "LoyaltyProgram.earn_basis": "tax_included",
    "PointsForMoney.share_percent_max": 100,
    "TierRules.match": "any",
    "TierRules.window": "rolling",
    "TierRules.months": 12,
    "TierRules.warning_days": 30,
    **{f"{reward}.offline": "allowance" for reward in REWARDS},
}


def left_out() -> Iterator[tuple[str, object]]:
    """Yield each field that is left out where it has its usual value, and that value."""
    for module in pkgutil.iter_modules(pos_loyalty.domain.__path__):
        found = vars(importlib.import_module(f"pos_loyalty.domain.{module.name}"))
        for name, kind in found.items():
            if not isinstance(kind, type) or not issubclass(kind, msgspec.Struct):
                continue
            if kind.__module__ != f"pos_loyalty.domain.{module.name}":
                continue
            if not kind.__struct_config__.omit_defaults:
                continue
            for each in msgspec.structs.fields(kind):
                if each.default is not msgspec.NODEFAULT:
                    yield f"{name}.{each.name}", msgspec.to_builtins(each.default)


def test_what_is_left_out_is_nothing_unless_it_is_named_here() -> None:
    assert {place: value for place, value in left_out() if value} == MEANT
