"""The demo end to end, and its comparison."""

import contextlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from credit_protection.domain.negativations import Negativation
from credit_protection.domain.queries import QueryStatus
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.state_table import Observed
from credit_protection.entrypoints.demo import report
from credit_protection.testing import samples

PROGRAM = Path(sys.executable).with_name("credit-protection")


def demo(tmp_path: Path, *faults: str, code_set: str = "declared") -> subprocess.CompletedProcess[str]:
    """Run the demo in its own session, and check that no process of the session is left."""
    environment = {**os.environ, "TMPDIR": str(tmp_path), "CREDIT_PROTECTION_HOME": str(tmp_path / "not-touched")}
    arguments = [
        str(PROGRAM),
        "demo",
        "--code-set",
        code_set,
        *(part for fault in faults for part in ("--fault", fault)),
    ]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    ) as process:
        stdout, stderr = process.communicate(timeout=120)
    assert processes_of_session(process.pid) == []
    return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)


def processes_of_session(leader: int) -> list[str]:
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # the process has ended
            if path.read_text().rpartition(")")[2].split()[3] == str(leader):
                found.append(path.parent.name)
    return found


def test_demo_succeeds_and_leaves_only_the_pdf(tmp_path: Path) -> None:
    result = demo(tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    assert "DIFERE" not in result.stdout
    assert result.stdout.count(" ok ") >= 5
    assert "natureza_pessoa" in result.stdout
    measured = re.search(r"Do pagamento à remoção no birô: ([0-9.]+) segundos", result.stdout)
    assert measured is not None
    assert float(measured[1]) < 10
    (pdf,) = tmp_path.iterdir()
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert str(pdf) in result.stdout


def test_demo_succeeds_with_the_codes_of_another_bureau(tmp_path: Path) -> None:
    result = demo(tmp_path, code_set="numeric")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "8 motivos de baixa; pagamento: 03" in result.stdout


@pytest.mark.parametrize("fault", ["remove:reject", "query:truncated_pdf", "include:processing_error"])
def test_mismatch_is_reported_and_exits_with_1(tmp_path: Path, fault: str) -> None:
    result = demo(tmp_path, fault)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "DIFERE" in result.stdout


def test_lost_reply_does_not_change_the_result(tmp_path: Path) -> None:
    result = demo(tmp_path, "remove:lost_reply")
    assert result.returncode == 0, result.stdout + result.stderr


def test_unknown_fault_is_wrong_usage(tmp_path: Path) -> None:
    result = demo(tmp_path, "remove:sulk")
    assert result.returncode == 2
    assert "Erro [falha_desconhecida]" in result.stderr
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------------------------------------------- the report


def ledger(*records: dict[str, Any], requests: tuple[dict[str, Any], ...] = (), repeated: int = 0) -> report.Ledger:
    return {"records": list(records), "requests": list(requests), "counts": {"repeated": repeated}}


def record(situacao: str, motivo: str | None = None) -> dict[str, Any]:
    made = samples.negativation()
    return {
        "contrato": made.reference,
        "documento": made.document.value,
        "situacao": situacao,
        "motivo": motivo,
    }


GONE = replace(samples.negativation(), observed=Observed.GONE, removal_reason=RemovalReason.PAYMENT)
PRESENT = replace(samples.negativation(), observed=Observed.PRESENT)


@pytest.mark.parametrize(
    ("expected", "records", "ours", "is_as_expected"),
    [
        (report.REMOVED_FOR_PAYMENT, [record("EXCLUSAO", "PAGAMENTO")], GONE, True),
        (report.REMOVED_FOR_PAYMENT, [record("EXCLUSAO", "OUTROS")], GONE, False),
        (report.REMOVED_FOR_PAYMENT, [record("PROCESSANDO")], GONE, False),
        (report.REMOVED_FOR_PAYMENT, [record("INCLUSAO")], PRESENT, False),
        (report.REMOVED_FOR_PAYMENT, [record("EXCLUSAO", "PAGAMENTO")], PRESENT, False),
        (report.REMOVED_FOR_PAYMENT, [], None, False),
        (report.ON_FILE, [record("INCLUSAO")], PRESENT, True),
        (report.ON_FILE, [record("INCLUSAO"), record("INCLUSAO")], PRESENT, False),
        (report.ON_FILE, [record("ERRO")], PRESENT, False),
        (report.ON_FILE, [], PRESENT, False),
        (report.ON_FILE, [record("INCLUSAO")], replace(PRESENT, observed=Observed.IN_DOUBT_INCLUDE), False),
    ],
)
def test_record_is_as_expected_where_both_databases_agree(
    expected: str, records: list[dict[str, Any]], ours: Negativation | None, is_as_expected: bool
) -> None:
    line = report.negativation_line("PF", expected, ledger(*records), ours)
    assert line.is_as_expected is is_as_expected
    assert report.all_as_expected([line]) is is_as_expected


def test_refused_negativation_is_in_no_database() -> None:
    made = samples.negativation()
    document = made.document.value
    assert report.refusal_line("PJ", ledger(), document, []).is_as_expected
    assert not report.refusal_line("PJ", ledger(record("INCLUSAO")), document, []).is_as_expected
    assert not report.refusal_line("PJ", ledger(), document, [made]).is_as_expected


def test_query_is_answered_once_in_both_databases() -> None:
    answered = {"operation": "query", "outcome": "RESPONDIDA"}
    refused = {"operation": "query", "outcome": "SEM_CREDITO"}
    query = samples.answered_query()
    assert report.query_line(ledger(requests=(answered,)), query).is_as_expected
    assert not report.query_line(ledger(requests=(answered, answered)), query).is_as_expected
    assert not report.query_line(ledger(requests=(answered, refused)), query).is_as_expected
    assert not report.query_line(ledger(requests=(answered,)), None).is_as_expected
    unknown = replace(query, status=QueryStatus.UNKNOWN)
    assert not report.query_line(ledger(requests=(answered,)), unknown).is_as_expected


def test_repeated_request_is_reported() -> None:
    assert report.repeats_line(ledger()).is_as_expected
    assert not report.repeats_line(ledger(repeated=1)).is_as_expected
