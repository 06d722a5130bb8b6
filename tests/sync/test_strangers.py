"""Who answers must be our server, over a line that nobody else can read."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, NotOurServer, ServerUnreachable
from pos_loyalty.services.join_server import JoinServer
from pos_loyalty.services.system_sources import SystemClock
from pos_loyalty.store.settings import Setting
from pos_loyalty.sync.credentials import TillKey
from pos_loyalty.sync.session import Session
from pos_loyalty.sync.transport import HttpTransport
from tests.contract.running_server import make_books, running_server
from tests.proxies import CannedReply, Faults, MisbehavingProxy
from tests.sample_till import enroll, sell
from tests.sync.shop import Shop, assert_sound, balance, sync, wait_until

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """An authority of a test that signs server certificates."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        builder = _builder(name, name, key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        return cls(key, builder.sign(key, hashes.SHA256()))

    def pem(self, folder: Path) -> Path:
        path = folder / "authority.pem"
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def context(self, folder: Path, *, address: str, age: dt.timedelta) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test server")])
        builder = _builder(name, self.certificate.subject, key, age=age).add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]),
            critical=False,
        )
        certificate = builder.sign(self.key, hashes.SHA256())
        path = folder / "server.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    age: dt.timedelta = dt.timedelta(0),
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC) - age
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
    )


@contextmanager
def tls_proxy(
    shop: Shop, authority: Authority, *, address: str = "127.0.0.1", age: dt.timedelta
) -> Generator[MisbehavingProxy]:
    context = authority.context(shop.folder, address=address, age=age)
    with MisbehavingProxy(shop.server.url, tls=context) as proxy:
        yield proxy


def test_A40_a_till_talks_over_tls_to_a_server_that_the_machine_trusts(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority.make()
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.pem(shop.folder)))
    with tls_proxy(shop, authority, age=0 * DAY) as proxy:
        till = shop.open_till("one")
        member = enroll(till)

        shop.join(till, url=proxy.url)

        assert till.sync.status().pending == 0
        assert shop.balance_at_server(member) == balance(till, member)
        till.sync.stop()


@pytest.mark.parametrize(
    ("trusts", "address", "age"),
    [
        pytest.param(False, "127.0.0.1", 0, id="unknown-authority"),
        pytest.param(True, "127.0.0.2", 0, id="another-host"),
        pytest.param(True, "127.0.0.1", 30, id="expired"),
        pytest.param(True, "127.0.0.1", -30, id="not-yet-valid"),
    ],
)
def test_F21_A40_a_certificate_that_does_not_fit_is_never_accepted(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, *, trusts: bool, address: str, age: int
) -> None:
    authority = Authority.make()
    trusted = authority if trusts else Authority.make()
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted.pem(shop.folder)))
    with tls_proxy(shop, authority, address=address, age=age * DAY) as proxy:
        till = shop.open_till("one")

        with pytest.raises(NotOurServer) as refused:
            shop.join(till, url=proxy.url)

        assert refused.value.code is Code.SERVER_CERTIFICATE
        assert proxy.request_count == 0
        assert not till.shop.joined


def test_A40_an_address_without_a_scheme_means_https_and_never_falls_back(shop: Shop) -> None:
    till = shop.open_till("one")
    plain = shop.proxy.url.removeprefix("http://")

    with pytest.raises(ServerUnreachable):
        shop.join(till, url=plain)

    assert shop.proxy.request_count == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_A40_a_redirect_is_not_followed(shop: Shop, status: int) -> None:
    till = shop.joined_till("one")
    sync(till)
    with MisbehavingProxy(shop.server.url) as elsewhere:
        shop.proxy.faults = Faults(
            canned=CannedReply(status=status, headers=(("Location", elsewhere.url),))
        )
        sell(till, None)

        assert sync(till).trouble is Code.SERVER_NOT_OURS
        assert elsewhere.request_count == 0


def test_nothing_is_sent_to_the_server_of_another_merchant(shop: Shop, tmp_path: Path) -> None:
    till = shop.joined_till("one")
    member = enroll(till)
    sync(till)
    till.sync.stop()
    other = tmp_path / "other"
    other.mkdir()
    make_books(f"sqlite:///{other / 'books.db'}", name="Somebody else")
    with running_server(f"sqlite:///{other / 'books.db'}") as stranger:
        shop.proxy.target(stranger.url)
        sell(till, member)
        before = shop.proxy.request_count

        outcome = sync(till)

        assert outcome.trouble is Code.SERVER_OTHER_MERCHANT
        assert outcome.pending == 1
        assert {seen.path for seen in shop.proxy.seen[before:]} == {"/health"}
        shop.proxy.target(shop.server.url)
        assert sync(till).trouble is None
    assert_sound(till)


def test_a_server_that_no_longer_knows_the_till_is_told_apart(shop: Shop) -> None:
    till = shop.joined_till("one")
    member = enroll(till)
    sync(till)
    till.sync.stop()
    with till.context.store.write() as work:
        work.settings.put(Setting.TILL_PRIVATE_KEY, "77" * 32)
        work.commit()
    sell(till, member)

    outcome = sync(till)

    assert outcome.trouble is Code.SIGNATURE
    assert outcome.pending == 1
    assert not outcome.online


def test_S28_a_revoked_till_keeps_its_queue_and_says_why(shop: Shop) -> None:
    till = shop.joined_till("one")
    sync(till)
    with shop.write_at_server() as session:
        session.execute("UPDATE till SET revoked_ms = 1")
    sell(till, None)

    outcome = sync(till)

    assert outcome.trouble is Code.TILL_REVOKED
    assert outcome.pending == 1
    with shop.write_at_server() as session:
        session.execute("UPDATE till SET revoked_ms = 0")
    assert sync(till).pending == 0


def test_F34_an_old_till_sells_on_pushes_its_events_and_says_update(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pos_loyalty.wire.version.PROTOCOL_OLDEST", 9)
    till = shop.joined_till("one")
    sell(till, None)

    outcome = sync(till)

    assert outcome.pending == 0
    assert till.sync.status().trouble is Code.UPDATE_NEEDED
    assert till.sync.status().online


def test_a_clock_far_off_is_measured_and_orders_nothing(shop: Shop) -> None:
    class LateClock(SystemClock):
        def now_ms(self) -> int:
            return super().now_ms() - 400 * 24 * 60 * 60 * 1000

    till = shop.open_till("one")
    till.context.clock = LateClock()
    member = enroll(till)
    sell(till, member)

    shop.join(till)

    assert till.sync.status().clock_off_minutes == pytest.approx(400 * 24 * 60, abs=1)
    assert till.sync.status().pending == 0
    other = shop.joined_till("two")
    assert balance(other, member) == balance(till, member)


def test_history_is_not_read_from_a_stranger(shop: Shop) -> None:
    import asyncio

    till = shop.joined_till("one")
    member = enroll(till)
    sync(till)
    engine_state = till.sync._engine
    assert engine_state is not None
    key = TillKey.from_text(engine_state._joining.private_key())
    with till.context.store.write() as work:
        work.settings.put(Setting.MERCHANT, "f" * 32)
        work.commit()
    session = Session(
        state=engine_state._state,
        joining=engine_state._joining,
        make_transport=lambda: HttpTransport(shop.proxy.url, key),
        key=key,
        clock=till.context.clock,
        ids=till.context.ids,
    )

    with pytest.raises(NotOurServer) as refused:
        asyncio.run(session.history(member, 10))

    assert refused.value.code is Code.SERVER_OTHER_MERCHANT
    till.sync.stop()


def test_joining_a_page_of_somebody_else_says_so(shop: Shop) -> None:
    shop.proxy.faults = Faults(canned=CannedReply())
    till = shop.open_till("one")

    with pytest.raises(NotOurServer) as refused:
        till.join_server(JoinServer(shop.proxy.url, "AAAA-BBBB-CCCC"))

    assert refused.value.code is Code.SERVER_NOT_OURS
    with pytest.raises(CommandRefused):
        till.join_server(JoinServer("", "AAAA-BBBB-CCCC"))
    wait_until(lambda: not till.shop.joined)
