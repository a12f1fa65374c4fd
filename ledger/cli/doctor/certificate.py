"""Whether browsers take the certificate: its files, its names, when it ends, and whether the service shows it."""

import ipaddress
import socket
import ssl
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from ledger.cli.doctor.finding import Finding, ok, warning, wrong
from ledger.kernel.settings import Settings, SettingsError
from ledger.web.server import refuse_unfit

RESTART = "restart the service: sudo systemctl restart ningxin"
_SOON = timedelta(days=30)
# Where a service that listens everywhere is asked.
_LOCAL = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - asked, not bound
_PATIENCE = 5.0
_CHECK = "certificate"


def look(settings: Settings, now: datetime) -> Finding:
    """Judge the certificate that the service itself uses."""
    if settings.certificate is None:
        there = "is the proxy's: look at its end there" if settings.https else "none, and the address needs none"
        return ok(_CHECK, there)
    renew = f"type ningxin certificate {settings.host_name}, then {RESTART}"
    try:
        refuse_unfit(settings.certificate)
    except SettingsError as error:
        return wrong(_CHECK, error.message, renew)
    chain = read(settings.certificate[0])
    found = judge(chain, settings.host_name, now=now, renew=renew)
    return found if found.state == "wrong" else judge_shown(shown(settings), chain[0]) or found


def shown(settings: Settings) -> x509.Certificate | None:
    """The certificate that the running service shows; None if nothing speaks TLS at its port."""
    context = ssl.create_default_context()
    # Whatever it is, it is only looked at.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    host = _LOCAL.get(settings.host, settings.host)
    try:
        with (
            socket.create_connection((host, settings.port), timeout=_PATIENCE) as connection,
            context.wrap_socket(connection, server_hostname=settings.host_name) as speaking,
        ):
            found = speaking.getpeercert(binary_form=True)
    except OSError:
        return None
    return None if found is None else x509.load_der_x509_certificate(found)


def judge_shown(served: x509.Certificate | None, there: x509.Certificate) -> Finding | None:
    """Judge what the service shows by the file, which it reads only when it starts; None if they are the same."""
    if served is None or served.serial_number == there.serial_number:
        return None
    ends = served.not_valid_after_utc.date()
    return wrong(_CHECK, f"the service still shows an older one than the file's, which ends on {ends}", RESTART)


def read(file: Path) -> list[x509.Certificate]:
    """The certificates of a chain, the service's own first. Raises OSError, ValueError."""
    return x509.load_pem_x509_certificates(file.read_bytes())


def judge(chain: list[x509.Certificate], host: str, *, now: datetime, renew: str) -> Finding:
    """Judge a chain, the host's certificate first."""
    if not names(chain[0], host):
        return wrong(_CHECK, f"is not for {host}, so every browser warns of it", renew)
    begins = max(each.not_valid_before_utc for each in chain)
    ends = min(each.not_valid_after_utc for each in chain)
    if begins > now:
        return wrong(_CHECK, f"begins only on {begins.date()}", "set this PC's clock; if it is right: " + renew)
    if ends <= now:
        return wrong(_CHECK, f"has ended on {ends.date()}, so no phone connects", renew)
    if ends - now < _SOON:
        return warning(_CHECK, f"ends on {ends.date()}, in {(ends - now).days} days", renew)
    return ok(_CHECK, f"is for {host}, and good until {ends.date()}")


def names(certificate: x509.Certificate, host: str) -> bool:
    """Whether a certificate is for a host: an IP address literally, a name also by `*.` for its first part."""
    try:
        listed = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    try:
        return ipaddress.ip_address(host) in listed.get_values_for_type(x509.IPAddress)
    except ValueError:
        wanted = {host.lower(), f"*.{host.lower().partition('.')[2]}"}
        return any(name.lower() in wanted for name in listed.get_values_for_type(x509.DNSName))
