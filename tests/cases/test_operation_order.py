"""Of contradicting operations in an extract the newest by date counts; its due date may be the original one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.adapters.extracts import open_extract
from credit_protection.domain.adoption_assessment import ExtractRow
from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.operation_log import KeyState, OperationLog
from tests.application.app import ANA, CPF, DAY, DUE, PRICE, TODAY
from tests.cases.test_spreadsheets import HEADER, csv, row

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from tests.application.app import AppFixture

ORIGINAL = date(2026, 3, 10)
ROW = ExtractRow(2, CPF, "MARIA", "C-1", DUE, PRICE, RecordState.PRESENT)
FIRST, LAST = datetime(2026, 1, 1), datetime(2026, 1, 3)  # noqa: DTZ001
INSTANTS = st.none() | st.datetimes(FIRST, LAST) | st.dates(FIRST.date(), LAST.date())
OPERATIONS = st.lists(
    st.tuples(st.sampled_from((RecordState.PRESENT, RecordState.GONE, RecordState.REJECTED)), INSTANTS)
)


@given(OPERATIONS, st.randoms())
def test_order_of_the_rows_never_counts(operations: list[tuple[RecordState, date | None]], random: Random) -> None:
    def state(of: list[tuple[RecordState, date | None]]) -> KeyState:
        log = OperationLog()
        for each, at in of:
            log.add(ExtractRow(2, CPF, "", "C-1", DUE, PRICE, each, operated_at=at))
        return log.state(ROW)

    shuffled = list(operations)
    random.shuffle(shuffled)
    assert state(operations) is state(shuffled)
    kinds = {each for each, _ in operations} - {RecordState.REJECTED}
    undated = any(at is None for each, at in operations if each is not RecordState.REJECTED)
    if len(kinds) < 2:
        assert state(operations) is (KeyState.LEFT if RecordState.GONE in kinds else KeyState.STANDS)
    elif undated:
        assert state(operations) is KeyState.UNKNOWN


@pytest.mark.parametrize(
    ("included", "removed", "expected"),
    [
        (date(2026, 1, 2), date(2026, 1, 1), KeyState.STANDS),
        (date(2026, 1, 1), date(2026, 1, 2), KeyState.LEFT),
        (date(2026, 1, 1), date(2026, 1, 1), KeyState.UNKNOWN),
        (date(2026, 1, 1), datetime(2026, 1, 1, 23), KeyState.UNKNOWN),  # noqa: DTZ001
        (datetime(2026, 1, 1, 9), datetime(2026, 1, 1, 8), KeyState.STANDS),  # noqa: DTZ001
        (datetime(2026, 1, 1), datetime(2026, 1, 1, 0, 0, 1), KeyState.LEFT),  # noqa: DTZ001
        (None, date(2026, 1, 1), KeyState.UNKNOWN),
    ],
)
def test_newest_dated_operation_stands(included: date | None, removed: date | None, expected: KeyState) -> None:
    log = OperationLog()
    log.add(ExtractRow(2, CPF, "", "C-1", DUE, PRICE, RecordState.PRESENT, operated_at=included))
    log.add(ExtractRow(3, CPF, "", "C-1", DUE, PRICE, RecordState.GONE, operated_at=removed))
    assert log.state(ROW) is expected


def adopt(app: AppFixture, path: Path) -> list[tuple[str, list[str]]]:
    told: list[tuple[str, list[str]]] = []
    app.adoption.adopt(
        ANA,
        app.integration_id,
        open_extract(path),
        report=lambda each: told.append((each.verdict.value, [finding.code for finding in each.findings])),
    )
    return told


def operation(day: object, *, included: bool = True) -> list[object]:
    word = "INCLUSAO" if included else "EXCLUSAO"
    return [CPF, "M", "C-1", f"{DUE + DAY:%d/%m/%Y}", "119,90", word, word, day]


DATED = (*HEADER, "Data da operação")


def test_record_that_was_included_removed_and_included_again_stands(app: AppFixture, tmp_path: Path) -> None:
    days = [("01/10/2026", True), ("05/10/2026 10:30", False), ("05/10/2026 16:45", True)]
    path = csv(tmp_path, DATED, *(operation(day, included=included) for day, included in reversed(days)))
    assert [verdict for verdict, _ in adopt(app, path)] == ["adopted", "not_at_bureau", "already_known"]


def test_contradicting_operations_without_dates_are_refused(app: AppFixture, tmp_path: Path) -> None:
    app.bureau.capabilities = replace(app.bureau.capabilities, find=False, polling=False, callback=True)
    told = adopt(app, csv(tmp_path, DATED, operation(""), operation("", included=False), operation("")))
    assert told == [
        ("refused", ["ordem_desconhecida"]),
        ("not_at_bureau", ["nao_consta"]),
        ("refused", ["ordem_desconhecida"]),
    ]


def test_original_due_date_and_the_next_business_day_find_the_invoice(app: AppFixture, tmp_path: Path) -> None:
    saturday, moved = date(2026, 8, 8), TODAY - 20 * DAY
    app.erp.invoices_by_id.clear()
    app.erp.add_invoice("w", "c1", saturday, PRICE)
    app.erp.add_invoice("s", "c1", moved, PRICE)
    app.erp.invoices_by_id["s"] = replace(app.erp.invoices_by_id["s"], original_due_date=ORIGINAL)
    cells = [
        row(doc=CPF, ref="W", due=f"{saturday + 2 * DAY:%d/%m/%Y}"),
        row(doc=CPF, ref="S", due=f"{ORIGINAL:%d/%m/%Y}"),
    ]
    assert adopt(app, csv(tmp_path, HEADER, *cells)) == [("adopted", ["vencimento_difere"])] * 2
