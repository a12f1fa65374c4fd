"""The built-in server: granian with one worker process, whose threads share the one writer."""

import os
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from ledger.kernel import cores
from ledger.kernel.cores import Share
from ledger.kernel.settings import SettingsError

_STOP_SECONDS = 15
_PARENT_LOOK_SECONDS = 1.0


def serve(
    app: Flask,
    *,
    host: str,
    port: int,
    certificate: tuple[Path, Path] | None,
    share: Share,
    in_worker: Callable[[Flask], None],
) -> None:
    """Serve until told to stop; `in_worker` runs once in the worker process, before the first request.

    What it starts may use all cores; requests keep to their share.

    """
    cert, key = certificate or (None, None)
    granian: Any = Granian(
        "wsgi:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=share.threads,
        workers_kill_timeout=_STOP_SECONDS,
        log_level=LogLevels.error,
        ssl_cert=cert,
        ssl_key=key,
    )
    granian.serve(target_loader=partial(_start_worker, app, share, in_worker, os.getpid()), wrap_loader=False)


def _start_worker(app: Flask, share: Share, in_worker: Callable[[Flask], None], parent: int) -> Flask:
    # Ctrl-C reaches both processes; the worker ignores it, because the parent shuts it down gracefully.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with, args=(parent,), name="parent-watch", daemon=True).start()
    in_worker(app)
    # Only now: granian starts the threads that answer from this one, when it has the application.
    cores.keep_to(share)
    return app


def _end_with(parent: int) -> None:
    """Exit when the parent is gone; otherwise the orphaned worker would keep the port."""
    while os.getppid() == parent:
        threading.Event().wait(_PARENT_LOOK_SECONDS)
    os._exit(1)


@contextmanager
def taken(host: str, port: int) -> Iterator[None]:
    """Take the port, so that no other server of ours gets it from now on. Raises SettingsError if it is taken."""
    _refuse_taken(host, port)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as mine:
        # The server's own socket may join this one, which never listens and so receives nothing.
        mine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        mine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        mine.bind((host, port))
        yield


def refuse_unfit(certificate: tuple[Path, Path] | None) -> None:
    """Raises SettingsError for a certificate and key that can't be read or don't belong together."""
    if certificate is None:
        return
    cert, key = certificate
    for path in certificate:
        if not path.is_file():
            raise SettingsError(f"there is no file {path}: LEDGER_TLS_CERT and LEDGER_TLS_KEY name a certificate")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key, password="")
    except OSError as error:
        raise SettingsError(
            f"{cert} and {key} are no certificate with its key ({error.strerror or error}): set LEDGER_TLS_CERT and "
            "LEDGER_TLS_KEY to two files that belong together, readable for this user, the key without a password"
        ) from error


def _refuse_taken(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(f"can't listen at {host}:{port}: {error.strerror}; choose another --port") from error
