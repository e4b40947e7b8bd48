"""Hypothesis profiles; HYPOTHESIS_PROFILE chooses one.

`default` is for every day, `short` for mutation runs (the same examples each time), `deep` and `thorough` for
`make property`.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "default")
_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)

_PHASES = tuple(phase for phase in Phase if phase is not Phase.explain)
"""Explaining a failure takes ten times as long as shrinking it."""

settings.register_profile("common", phases=_PHASES, deadline=None)
_COMMON = settings.get_profile("common")
settings.register_profile("default", _COMMON, max_examples=50, derandomize=bool(os.environ.get("CI")))
settings.register_profile(
    "short", _COMMON, max_examples=15, derandomize=True, database=None, suppress_health_check=_SLOW
)
settings.register_profile("deep", _COMMON, max_examples=1_000, suppress_health_check=_SLOW)
settings.register_profile("thorough", _COMMON, max_examples=20_000, suppress_health_check=_SLOW)
settings.load_profile(PROFILE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Raise the time-out of tests that try so many examples."""
    if PROFILE not in {"deep", "thorough"}:
        return
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(3600))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Make a skip under CI a failure: .ci/run installs everything that a test needs."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
