"""The doctor looks at the certificate that the running service shows: it reads its file only when it starts."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ledger.cli.doctor import certificate
from ledger.web.certificates import make_certificates
from tests.cli.test_doctor_judges import settings_at


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """Show the certificate that is in the folder now to whoever connects; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def show() -> None:
            while True:
                try:
                    connection, _from = listening.accept()
                except OSError:
                    return
                with suppress(OSError), connection, context.wrap_socket(connection, server_side=True) as speaking:
                    speaking.recv(1)

        thread = threading.Thread(target=show)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_renewed_certificate_that_the_service_does_not_show_is_told(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    make_certificates(tmp_path, ["192.168.1.10"], now=now)
    files = {"tls_cert": tmp_path / "server.crt", "tls_key": tmp_path / "server.key"}
    with serving(tmp_path) as port:
        here = replace(settings_at("https://192.168.1.10:8000", port=port), **files)
        assert certificate.look(here, now).state == "ok"
        make_certificates(tmp_path, ["192.168.1.10"], now=now)
        found = certificate.look(here, now)
        assert (found.state, found.next) == ("wrong", certificate.RESTART)
        assert "still shows an older one" in found.says
    with serving(tmp_path) as port:
        assert certificate.look(replace(here, port=port), now).state == "ok"
    assert certificate.look(here, now).state == "ok", "nothing is served there any more"
