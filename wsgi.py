"""The application that a WSGI server runs: `granian --interface wsgi wsgi:app` or `gunicorn wsgi:app`."""

from config import load_settings, read_environment
from ledger.app import create_app

app = create_app(load_settings(read_environment()))
