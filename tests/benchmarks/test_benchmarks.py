"""Each benchmark runs on very little and reports its result as one JSON line. `make bench` measures."""

import json
from collections.abc import Callable

import pytest

from benchmarks import __main__ as everything
from benchmarks import drain, enqueue, latency, paying, reconcile, reread, scale


@pytest.mark.parametrize(
    ("run", "arguments", "name"),
    [
        (drain.main, ["--removals", "40", "--slices", "2", "--latency", "0", "--database", "sqlite"], "drain"),
        (enqueue.main, ["--times", "3", "--database", "sqlite"], "enqueue"),
        (latency.main, ["--payments", "2", "--database", "sqlite"], "latency"),
        (reread.main, ["--open", "1200", "--rounds", "2"], "reread"),
        (paying.main, ["--payments", "16", "--rounds", "1", "--waiting", "60", "--database", "sqlite"], "paying"),
        (reconcile.main, ["--records", "30", "--rounds", "1"], "reconcile"),
        pytest.param(
            scale.main, ["--seconds", "0.2", "--closed", "50", "--due", "20"], "scale", marks=pytest.mark.postgresql
        ),
    ],
)
def test_benchmark_reports_a_ratio_against_its_floor(
    run: Callable[[list[str]], int], arguments: list[str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(arguments)
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["name"] == name
    assert name in everything.NAMES
    assert result["ratio"] > 0
    assert code == int(result["ratio"] < result["floor"])
    assert result["baseline"]
