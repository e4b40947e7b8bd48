"""How hard Hypothesis tries: HYPOTHESIS_PROFILE chooses.

`default` is for every day, `short` for mutation runs (the same examples each time), `deep` and `thorough` for
`make property`.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "default")
_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)

settings.register_profile("default", max_examples=50, deadline=None, derandomize=bool(os.environ.get("CI")))
settings.register_profile(
    "short", max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=_SLOW
)
settings.register_profile("deep", max_examples=1_000, deadline=None, suppress_health_check=_SLOW)
settings.register_profile("thorough", max_examples=20_000, deadline=None, suppress_health_check=_SLOW)
settings.load_profile(PROFILE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a test that tries so many examples the time that it needs."""
    if PROFILE not in {"deep", "thorough"}:
        return
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(3600))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under CI a skip is a failure: whatever a test needs, .ci/run installs."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
