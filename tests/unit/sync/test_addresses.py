import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.sync.transport import server_url


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("shop.example", "https://shop.example"),
        ("  shop.example:8443/ ", "https://shop.example:8443"),
        ("https://shop.example/loyalty/", "https://shop.example/loyalty"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
    ],
)
def test_an_address_is_kept_in_one_form_and_https_is_the_rule(typed: str, kept: str) -> None:
    assert server_url(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["", "http://", "ftp://h", "http://h:99999", "http://[", "http://a:b@h", "h?q=1", "h#f"],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        server_url(typed)

    assert refused.value.code is Code.SERVER_ADDRESS
