"""Channels configured by the environment, and incomplete configurations."""

from pathlib import Path

import pytest

from config import load_settings
from ledger.kernel.channels import CHECKPOINT, routes_of
from ledger.kernel.settings import Deliveries, SettingsError

SECRET = "a secret of sixteen letters"


def test_settings_name_the_channels(tmp_path: Path) -> None:
    named = {
        "LEDGER_DATA_FOLDER": str(tmp_path),
        "LEDGER_CHECKPOINT_FOLDER": str(tmp_path / "out"),
        "LEDGER_CHECKPOINT_WEBHOOK": "https://audit.example.org/in",
        "LEDGER_CHECKPOINT_WEBHOOK_SECRET": SECRET,
        "LEDGER_CHECKPOINT_MAIL": "audit@example.org",
        "LEDGER_SMTP_URL": "smtps://me:secret@mail.example.org",
    }
    routes = routes_of(load_settings(named).checkpoints, "jf.example.org")

    assert [channel.name for channel in routes[CHECKPOINT]] == ["folder", "webhook", "mail"]
    assert routes_of(Deliveries(), "jf.example.org") == {CHECKPOINT: ()}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"LEDGER_CHECKPOINT_WEBHOOK": "https://audit.example.org/in"}, "go together"),
        ({"LEDGER_CHECKPOINT_WEBHOOK": "ftp://audit.example.org"}, "begins with"),
        ({"LEDGER_CHECKPOINT_MAIL": "audit@example.org"}, "needs LEDGER_SMTP_URL"),
        ({"LEDGER_SMTP_URL": "mail.example.org"}, "begins with"),
    ],
)  # fmt: skip
def test_what_is_only_half_said_is_refused(tmp_path: Path, given: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_settings({"LEDGER_DATA_FOLDER": str(tmp_path)} | given)
