"""The bureau of the drill: the simulator over HTTP, whose records a test edits as a careless bureau would."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from credit_protection.testing.simulator.server import Answer
from credit_protection.testing.simulator.simulator import BureauSimulator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from credit_protection.testing.simulator.credito_na_medida.bureau import CreditoNaMedida
    from credit_protection.testing.simulator.credito_na_medida.ledger import BureauLedger, Record
    from credit_protection.testing.simulator.server import Connection, Request

_ERROR = 400


class DrillBureau(BureauSimulator):
    """The simulator, with records that change without a request, and with answers that a middlebox spoils.

    Args:
        lost_records: ids that neither the list nor a look-up shows, as where a part of the bureau's database is down.
        cut_after: how many records of the whole list are shown, with a total that agrees; None: all.
        in_windows_1252: refusals come in Windows-1252, under a header that says UTF-8.
        on_list: called once a page of the whole list was made, and before it is sent.
    """

    def __init__(self, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type] # the options of the simulator
        self.lost_records: frozenset[str] = frozenset()
        self.cut_after: int | None = None
        self.in_windows_1252 = False
        self.on_list: Callable[[], None] | None = None
        self._copies = 0

    def _serve(self, request: Request, connection: Connection) -> None:
        super()._serve(request, cast("Connection", _Middlebox(self, request, connection)))

    def spoiled(self, request: Request, answer: Answer) -> Answer:
        """The answer as it reaches the client."""
        if answer.status >= _ERROR:
            return replace(answer, body=_windows_1252(answer.body)) if self.in_windows_1252 else answer
        if request.method != "GET" or not request.path.startswith("/v1/negativacoes"):
            return answer
        shown = json.loads(answer.body)
        if "negativacoes" not in shown:
            return _not_found() if shown["id"] in self.lost_records else answer
        is_whole_list = "contrato" not in dict(request.query)
        if is_whole_list and self.on_list is not None:
            self.on_list()
        if self.cut_after is not None and is_whole_list:
            page = int(dict(request.query).get("pagina", "0"))
            size = int(dict(request.query).get("por_pagina", "100"))
            shown["negativacoes"] = shown["negativacoes"][: max(0, self.cut_after - page * size)]
            shown["total"] = min(shown["total"], self.cut_after)
        if not self.lost_records:
            return replace(answer, body=json.dumps(shown).encode())
        kept = [each for each in shown["negativacoes"] if each["id"] not in self.lost_records]
        lost = len(shown["negativacoes"]) - len(kept)
        total = shown["total"] - (len(self.lost_records) if is_whole_list else lost)
        return replace(answer, body=json.dumps({"negativacoes": kept, "total": total}).encode())

    # ------------------------------------------------------------------------------------ records

    @property
    def _ledger(self) -> BureauLedger:
        return cast("CreditoNaMedida", self._bureau)._state.ledger

    def standing(self) -> Sequence[Record]:
        """The records that are on file, or will be."""
        now = self._clock.now()
        return [each for each in list(self._ledger._records.values()) if each.is_active(now)]

    def stored(self, record_id: str) -> Record:
        """One record."""
        return self._ledger.get(record_id)

    def edit(self, record_id: str, **changes: str) -> None:
        """Change the debt of a record."""
        before = self.stored(record_id)
        self._put(replace(before, debt=replace(before.debt, **cast("dict[str, Any]", changes))))

    def show_again(self, record_id: str) -> None:
        """A removed record is on file again."""
        self._put(replace(self.stored(record_id), operacao="INCLUSAO", result="INCLUSAO", motivo=None))

    def forget(self, record_id: str) -> None:
        """Delete a record, as if it had never been."""
        ledger, record = self._ledger, self.stored(record_id)
        with ledger._lock:
            del ledger._records[record_id]
            ledger._by_key[record.debt.key].remove(record_id)
            ledger._by_document[record.debt.documento].remove(record_id)

    def copy(self, record_id: str, **changes: str) -> str:
        """Add a second record with the same debt, but for changes; its id."""
        self._copies += 1
        before = self.stored(record_id)
        debt = replace(before.debt, **cast("dict[str, Any]", changes))
        copied = replace(
            before, id=f"DUP{self._copies:08d}", debt=debt, operacao="INCLUSAO", result="INCLUSAO", motivo=None
        )
        self._put(copied)
        return copied.id

    def _put(self, record: Record) -> None:
        ledger = self._ledger
        with ledger._lock:
            before = ledger._records.get(record.id)
            if before is not None:
                ledger._by_key[before.debt.key].remove(record.id)
                ledger._by_document[before.debt.documento].remove(record.id)
            ledger._records[record.id] = record
            ledger._by_key[record.debt.key].append(record.id)
            ledger._by_document[record.debt.documento].append(record.id)


class _Middlebox:
    """A connection whose answers are spoiled on their way."""

    def __init__(self, bureau: DrillBureau, request: Request, connection: Connection) -> None:
        self._bureau, self._request, self._connection = bureau, request, connection

    def send(self, answer: Answer) -> None:
        self._connection.send(self._bureau.spoiled(self._request, answer))

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)


def _windows_1252(body: bytes) -> bytes:
    return body.decode().encode("windows-1252", "replace")


def _not_found() -> Answer:
    error = {"codigo": "NAO_ENCONTRADA", "mensagem": "Negativação não encontrada", "campo": None, "id": None}
    return Answer.json(404, error)
