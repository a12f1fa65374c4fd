"""Whether browsers take the certificate: its files, its names, and when it ends."""

import ipaddress
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from ledger.cli.doctor.finding import Finding, ok, warning, wrong
from ledger.kernel.settings import Settings, SettingsError
from ledger.web.server import refuse_unfit

_SOON = timedelta(days=30)
_CHECK = "certificate"


def look(settings: Settings, now: datetime) -> Finding:
    """Judge the certificate that the service itself uses."""
    if settings.certificate is None:
        there = "is the proxy's: look at its end there" if settings.https else "none, and the address needs none"
        return ok(_CHECK, there)
    renew = f"type ningxin certificate {settings.host_name}, and start the service again"
    try:
        refuse_unfit(settings.certificate)
    except SettingsError as error:
        return wrong(_CHECK, error.message, renew)
    return judge(read(settings.certificate[0]), settings.host_name, now=now, renew=renew)


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
