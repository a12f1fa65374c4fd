"""TLS for a village: the station's own certificate authority, and a certificate for its PC that phones can trust.

Browsers open the camera only over https. No public authority certifies a PC on a local network, so the station does:
its root certificate is installed once on each phone, and its key never leaves the PC.
"""

import ipaddress
import os
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT_LIFE = timedelta(days=3650)
# Browsers refuse server certificates with longer validity (CA/Browser Forum; Apple for private roots too).
SERVER_LIFE = timedelta(days=397)
ROOT_CERTIFICATE, ROOT_KEY = "ningxin-root.crt", "ningxin-root.key"
SERVER_CERTIFICATE, SERVER_KEY = "server.crt", "server.key"


def make_certificates(folder: Path, names: list[str], *, now: datetime) -> None:
    """Write a server certificate for the names (host names or addresses), signed by the folder's root.

    The root is made once and kept, so that phones that trust it also trust renewed certificates.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ROOT_KEY).exists():
        _make_root(folder, now)
    root_key = serialization.load_pem_private_key((folder / ROOT_KEY).read_bytes(), password=None)
    root = x509.load_pem_x509_certificate((folder / ROOT_CERTIFICATE).read_bytes())
    if not isinstance(root_key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{folder / ROOT_KEY} is not a key of ours")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(names[0], root.subject, key.public_key(), now, SERVER_LIFE)
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_authority_key(root_key), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    _write_key(folder / SERVER_KEY, key)
    (folder / SERVER_CERTIFICATE).write_bytes(_pem(certificate) + _pem(root))


def _make_root(folder: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ningxin local root")])
    certificate = (
        _builder("Ningxin local root", name, key.public_key(), now, ROOT_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(_authority_key(key), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(folder / ROOT_KEY, key)
    (folder / ROOT_CERTIFICATE).write_bytes(_pem(certificate))


def _builder(
    name: str, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """The permitted uses of a key: signing certificates, or TLS handshakes."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_key(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    """The signer's key identifier, computed from the key: an old root may lack one."""
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """Write the key into a file that only its owner can ever read."""
    path.unlink(missing_ok=True)
    content = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)
