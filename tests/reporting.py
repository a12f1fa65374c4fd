"""What a run says: each failure at once, and at the end what did not run, and where the time went."""

from collections import Counter, defaultdict
from pathlib import PurePath

import pytest

_ROWS = 8
_LINES = 12


class _AtOnce:
    """Names each failure when it happens, because a run that is stopped comes to no summary."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write the failed phase, the test and the last lines of its traceback."""
        if report.failed:
            last = report.longreprtext.strip().splitlines()[-_LINES:]
            self._terminal.ensure_newline()
            self._terminal.write_line(f"{report.when} failed: {report.nodeid}", red=True)
            self._terminal.write_line("\n".join(f"    {line}" for line in last))


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Report at once where there is a terminal: not in the processes of xdist."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_AtOnce(terminal))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report what did not run, so that nobody mistakes a green run for a complete one; then the seconds."""
    _say_what_was_not_run(terminalreporter)
    _say_seconds(terminalreporter)


def _say_what_was_not_run(terminal: pytest.TerminalReporter) -> None:
    reasons = Counter(
        str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr).removeprefix("Skipped: ")
        for report in terminal.stats.get("skipped", [])
    )
    if not reasons:
        return
    terminal.section("NOT RUN", sep="!", red=True, bold=True)
    for reason, number in reasons.most_common():
        terminal.write_line(f"NOT RUN: {number} tests: {reason}", red=True)


def _say_seconds(terminal: pytest.TerminalReporter) -> None:
    """Print seconds by folder, summed over all processes; set-up and tear-down count for the test that needs them."""
    seconds: dict[str, float] = defaultdict(float)
    tests: dict[str, set[str]] = defaultdict(set)
    for report in (each for kind in terminal.stats.values() for each in kind if isinstance(each, pytest.TestReport)):
        folder = folder_of(report.nodeid)
        seconds[folder] += report.duration
        tests[folder].add(report.nodeid)
    if not seconds:
        return
    terminal.section("seconds by folder")
    for folder in sorted(seconds, key=lambda each: -seconds[each]):
        terminal.write_line(f"{seconds[folder]:{_ROWS}.1f} s {len(tests[folder]):{_ROWS}} tests  {folder}")
    total = sum(map(len, tests.values()))
    terminal.write_line(f"{sum(seconds.values()):{_ROWS}.1f} s {total:{_ROWS}} tests  in all")


def folder_of(nodeid: str) -> str:
    """The folder of a test's file, `tests/` for those at the top."""
    return f"{PurePath(nodeid.partition('::')[0]).parent}/"
