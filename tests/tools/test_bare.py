"""The basis of make test-bare: only the bare system, and this machine's own way to its registries."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.bare import __main__ as bare
from tools.bare import base, machine

STATUS = """\
Package: dash
Essential: yes
Status: install ok installed
Depends: debianutils (>= 2.17), libc6
Description: shell
 a second line

Package: debianutils
Status: install ok installed
Priority: required

Package: libc6
Status: install ok installed
Depends: libgcc-s1, libcrypt1 (>= 1:4.4.10-10~)

Package: libgcc-s1
Status: install ok installed

Package: libcrypt1
Status: install ok installed

Package: git
Status: install ok installed
Depends: perl:any | nothing, awk

Package: mawk
Status: install ok installed
Provides: awk

Package: perl
Status: install ok installed

Package: gone
Status: deinstall ok config-files

Package: libatomic1
Status: install ok installed
Depends: libc6
"""


def test_a_package_that_nobody_asked_for_is_found() -> None:
    packages = base.read_packages(STATUS)

    assert packages.keys() - base.bare_packages(packages) == {"libatomic1"}


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A system of two packages, with /bin under /usr as in Debian."""
    for name in ("usr/bin", "usr/lib/python3/__pycache__", "usr/local/bin", "root", "var/lib/dpkg/info"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "bin").symlink_to("usr/bin")
    for name in ("usr/bin/dash", "usr/lib/python3/os.py", "usr/lib/python3/__pycache__/os.pyc"):
        (tmp_path / name).touch()
    (tmp_path / "usr/bin/awk").symlink_to("/etc/alternatives/awk")
    (tmp_path / "var/lib/dpkg/info/dash.list").write_text("/.\n/bin\n/bin/dash\n")
    (tmp_path / "var/lib/dpkg/info/python3.list").write_text("/usr/lib/python3/os.py\n")
    return tmp_path


def test_what_packages_bring_and_make_is_not_strange(system: Path) -> None:
    assert list(base.strange_files(system)) == []


@pytest.mark.parametrize("name", ["usr/bin/hledger", "usr/local/bin/node", "usr/lib/libatomic.so.1", "root/.npmrc"])
def test_a_file_that_no_package_brought_is_strange(system: Path, name: str) -> None:
    (system / name).touch()

    assert list(base.strange_files(system)) == [f"/{name}"]


def test_settings_name_local_folders_and_addresses_name_none(tmp_path: Path) -> None:
    text = (
        f"[global]\nfind-links = {tmp_path}\nextra-index-url = https://host.example/simple file:///srv/wheels/simple\n"
    )

    assert list(machine.paths_in(text)) == [tmp_path, Path("/srv/wheels/simple")]


def test_only_what_says_how_to_reach_registries_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tuple(os.environ):
        monkeypatch.delenv(name)
    handed = ("http_proxy", "HTTPS_PROXY", "NO_PROXY", "PIP_INDEX_URL", "npm_config_registry", "SSL_CERT_FILE")
    for name in (*handed, "LEDGER_ENV", "PYTHONPATH", "LANG", "SECRET"):
        monkeypatch.setenv(name, "x")

    assert machine.environment().keys() == set(handed)


def test_who_is_not_root_is_told_so_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(SystemExit, match="only root may") as ended:
        bare.main()

    assert "\n" not in str(ended.value)


def test_a_test_that_is_left_out_is_seen(tmp_path: Path) -> None:
    test = tmp_path / "test_three.py"
    test.write_text("import pytest\ndef test_a(): pass\n@pytest.mark.skip\ndef test_b(): pass\ndef test_c(): pass\n")
    results = tmp_path / "results.xml"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", f"--junit-xml={results}", test], check=True
    )

    assert bare.read_results(results) == (2, 1)


def test_the_tests_that_are_run_over_there_exist() -> None:
    for name in bare.TESTS:
        path, _, function = name.partition("::")
        assert f"def {function}" in (bare.ROOT / path).read_text()
