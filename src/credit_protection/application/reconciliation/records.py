"""The bureau's records as a list or a file shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from credit_protection.domain.adoption_assessment import LEFT, ExtractRow
from credit_protection.domain.comparison.bureau_records import BureauRecord
from credit_protection.domain.errors import (
    InvalidInput,
)
from credit_protection.domain.money import Money
from credit_protection.domain.operation_log import KeyState, OperationLog
from credit_protection.domain.parsing import compact_document
from credit_protection.ports.bureau import ListedRecord
from credit_protection.ports.extracts import Extract


def instant_of_file(as_of: datetime | None, now: datetime) -> datetime:
    """The instant that a person states for a file, UTC. Raises `InvalidInput`: none, no time zone, or in the future."""
    if as_of is None:
        raise InvalidInput(
            "Diga de quando é o arquivo: o instante em que o extrato foi tirado (--as-of).",
            field="as_of",
            code="instante_do_extrato",
        )
    if as_of.tzinfo is None:
        raise InvalidInput("O instante do extrato precisa de fuso horário.", field="as_of", code="instante_do_extrato")
    if as_of > now:
        raise InvalidInput("O instante do extrato está no futuro. Confira.", field="as_of", code="instante_do_extrato")
    return as_of.astimezone(UTC)


def listed(record: ListedRecord) -> BureauRecord:
    """A record of the bureau's own list."""
    try:
        amount: Money | None = Money.brl(record.amount)
    except InvalidInput:
        amount = None
    return BureauRecord(
        document=record.key.document.value,
        reference=record.key.reference,
        due_date=record.key.due_date,
        state=record.found.state,
        bureau_id=record.key.bureau_id or record.found.bureau_id,
        amount=amount,
        nature_code=record.nature_code,
        notice_sent_on=record.found.notice_sent_on,
        published_on=record.found.published_on,
    )


def file_records(source: Extract) -> Callable[[], Iterator[BureauRecord | None]]:
    """The records of a file; of a log of operations, those that stand after the newest one of their key."""

    def records() -> Iterator[BureauRecord | None]:
        log = OperationLog()
        if source.is_operation_log:
            for row in source.rows():
                log.add(row)
        for row in source.rows():
            state = log.state(row) if source.is_operation_log else KeyState.STANDS
            is_removal = source.is_operation_log and row.state in LEFT
            if state is not KeyState.LEFT and not is_removal:
                yield _row(row, is_doubtful=state is KeyState.UNKNOWN)

    return records


def _row(row: ExtractRow, *, is_doubtful: bool) -> BureauRecord | None:
    if row.problems or row.due_date is None or row.state is None or not row.reference.strip():
        return None
    return BureauRecord(
        document=compact_document(row.document),
        reference=row.reference,
        due_date=row.due_date,
        state=row.state,
        bureau_id=row.bureau_id,
        amount=row.amount,
        notice_sent_on=row.notice_sent_on,
        published_on=row.published_on,
        is_doubtful=is_doubtful,
    )
