"""The hub's certificate: exactly the one that the server named, whatever its address or name."""

import hashlib
import hmac
import socket
import ssl

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import NotOurServer, ServerUnreachable

CONNECT_SECONDS = 1.5
"""In a shop's own network; a hub that takes longer is not waited for."""


def pin_of(certificate: bytes) -> str:
    """Return what a certificate (DER) is known by."""
    return hashlib.sha256(certificate).hexdigest()


def split_address(address: str) -> tuple[str, int]:
    """Return host and port of ``host:port``; IPv6 in brackets.

    Raises:
        ValueError: not such an address.
    """
    host, separator, port = address.strip().rpartition(":")
    if not separator or not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise ValueError(address)
    return host.removeprefix("[").removesuffix("]"), int(port)


def pinned_context(address: str, pin: str) -> ssl.SSLContext:
    """Look at a hub's certificate and return a context that trusts it alone.

    Nothing is sent over the connection that looks. The context then makes every connection prove
    that the other side has the key of this very certificate.

    Raises:
        NotOurServer: another certificate, or no TLS.
        ServerUnreachable: nobody there.
    """
    shown = _shown_certificate(address)
    if not hmac.compare_digest(pin_of(shown), pin):
        raise NotOurServer(Code.SERVER_CERTIFICATE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # The pin is stronger than any name, and a shop's addresses change.
    context.check_hostname = False
    context.load_verify_locations(cadata=shown)
    return context


def _shown_certificate(address: str) -> bytes:
    """Return the certificate that whoever listens there shows."""
    looking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    looking.check_hostname = False
    looking.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection(split_address(address), timeout=CONNECT_SECONDS) as line,
            looking.wrap_socket(line) as tls,
        ):
            certificate = tls.getpeercert(binary_form=True)
    except ssl.SSLError as error:
        raise NotOurServer(Code.SERVER_NOT_OURS) from error
    except (OSError, ValueError) as error:
        raise ServerUnreachable(Code.SERVER_SILENT) from error
    assert certificate is not None, "no server's handshake ends without one"
    return certificate
