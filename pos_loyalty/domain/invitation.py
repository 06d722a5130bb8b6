"""A member's invitation: letters that name who invited, for a QR code or to be typed.

::

    N      JKP            BCDF…                RS
    |      |              |                    |
    1      3 letters of   32 letters:          2 check letters
    version merchant tag  the member's 16 bytes

It is a name and no right: what an invitation pays, and whether, only the server decides, so
it is not signed.
"""

from collections.abc import Sequence
from typing import Final

from pos_loyalty.domain.card_payload import merchant_tag
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError
from pos_loyalty.domain.ids import MemberId, MerchantId
from pos_loyalty.domain.signed_letters import CodeForm

_FORM: Final = CodeForm(version="N", bytes_inside=16)


def format_invitation(merchant: MerchantId, member: MemberId) -> str:
    """Return the letters of a member's invitation."""
    return _FORM.write(merchant_tag(merchant), bytes.fromhex(member))


def is_meant_as_invitation(text: str) -> bool:
    """Tell whether a text can only be an invitation, perhaps damaged."""
    return _FORM.is_meant(text)


def parse_invitation(text: str, accepted: Sequence[MerchantId]) -> MemberId:
    """Return who invited; whether there is such a member is the next question.

    Raises:
        CardError: INVITATION_CHECK (a wrong letter) or INVITATION_FOREIGN (another program's).
    """
    read = _FORM.read(text)
    if read is None:
        raise CardError(Code.INVITATION_CHECK)
    tag, inside = read
    if tag not in {merchant_tag(merchant) for merchant in accepted}:
        raise CardError(Code.INVITATION_FOREIGN)
    return MemberId(inside.hex())
