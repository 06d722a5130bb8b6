"""The hub's own certificate: made once, told to the server by joining, pinned by the tills."""

import datetime as dt
import ssl
import tempfile
from pathlib import Path

from pos_loyalty.domain.clock import Clock
from pos_loyalty.store.hub_place import HubIdentity, read_hub_identity, write_hub_identity
from pos_loyalty.store.unit_of_work import Store
from pos_loyalty.sync.hub_pin import pin_of

_NAME = "pos-loyalty hub"
_YEARS = dt.timedelta(days=50 * 365)
"""The pin is what counts: a certificate that runs out in a shop would only stop the shop."""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def hub_identity(store: Store, clock: Clock) -> HubIdentity:
    """Return the hub's certificate and key; made when first asked for."""
    known = read_hub_identity(store)
    if known is not None:
        return known
    identity = make_identity(clock)
    write_hub_identity(store, identity)
    return identity


def make_identity(clock: Clock) -> HubIdentity:
    """Make a key and a certificate for it that nobody else signed."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME)])
    now = _EPOCH + dt.timedelta(milliseconds=clock.now_ms())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A till's clock may be years behind: the pin proves more than a date.
        .not_valid_before(_EPOCH)
        .not_valid_after(now + _YEARS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private_key = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return HubIdentity(
        certificate=certificate.public_bytes(serialization.Encoding.PEM).decode(),
        private_key=private_key.decode(),
    )


def identity_pin(identity: HubIdentity) -> str:
    """Return what the hub is known by."""
    return pin_of(ssl.PEM_cert_to_DER_cert(identity.certificate))


def server_context(identity: HubIdentity) -> ssl.SSLContext:
    """Return the context with which the hub serves.

    Python reads keys from files alone: they lie for a moment in a folder that only this
    account may enter.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with tempfile.TemporaryDirectory(prefix="pos-loyalty-hub-") as folder:
        certificate, private_key = Path(folder, "hub.pem"), Path(folder, "hub.key")
        certificate.write_text(identity.certificate, encoding="ascii")
        private_key.touch(mode=0o600)
        private_key.write_text(identity.private_key, encoding="ascii")
        context.load_cert_chain(certificate, private_key)
    return context
