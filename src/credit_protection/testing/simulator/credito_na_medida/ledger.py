"""The bureau's ledger: its records, and every request that asked for an effect.

A record is PROCESSANDO until `ready_at`. Its situação is computed when it is read, so no thread waits. The lock guards
only the indexes; readers of many records copy the list.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from credit_protection.testing.simulator.bureau import Refusal, SimulatorClock

Json = dict[str, Any]
Key = tuple[str, str, str]
INCLUSION, REMOVAL, PROCESSING, ERROR = "INCLUSAO", "EXCLUSAO", "PROCESSANDO", "ERRO"


@dataclass(frozen=True, slots=True)
class Debt:
    """The debt of an inclusion. `pedido` is the request's whole body."""

    documento: str
    contrato: str
    vencimento: str
    valor: str
    natureza: str
    pedido: bytes = b"{}"

    @property
    def key(self) -> Key:
        """The key that makes two inclusions the same."""
        return self.documento, self.contrato, self.vencimento


@dataclass(frozen=True, slots=True)
class Record:
    """One debt on record. From `ready_at` on, `result` is its situação, and `erro` is shown.

    At its inclusion, its key was active (`repeated`) or had been active before (`reinclusion`).
    """

    id: str
    debt: Debt
    operacao: str
    result: str
    erro: str | None
    accepted_at: float
    ready_at: float
    repeated: bool
    reinclusion: bool
    motivo: str | None = None

    def situacao(self, now: float) -> str:
        """PROCESSANDO, INCLUSAO, EXCLUSAO or ERRO."""
        return self.result if now >= self.ready_at else PROCESSING

    def is_active(self, now: float) -> bool:
        """Whether the debt is or will be on record: neither removed nor refused at inclusion."""
        situacao = self.situacao(now)
        return situacao not in (REMOVAL, ERROR) or (situacao == ERROR and self.operacao == REMOVAL)


class BureauLedger:
    """Records by id, by key and by document; requests; and the number of tokens that were sent to the other origin."""

    def __init__(self, clock: SimulatorClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Delete everything; ids start again."""
        with self._lock:
            self._records: dict[str, Record] = {}
            self._by_key: defaultdict[Key, list[str]] = defaultdict(list)
            self._by_document: defaultdict[str, list[str]] = defaultdict(list)
            self._requests: list[Json] = []
            self._tokens_leaked = 0
            self._numbers = itertools.count(1)

    def include(self, debt: Debt, *, seconds: float, duplicate_check: bool = True, error: str | None = None) -> Record:
        """Include a debt; after so many seconds it is on record, or refused with `error`. 409 if its key is active."""
        with self._lock:
            now = self._clock.now()
            same = [self._records[record_id] for record_id in self._by_key.get(debt.key, ())]
            active = next((record for record in same if record.is_active(now)), None)
            if active is not None and duplicate_check:
                message = "Já existe negativação para este documento, contrato e vencimento"
                raise Refusal(409, "JA_EXISTE", message, record_id=active.id)
            record = Record(
                id=f"NEG{next(self._numbers):08d}",
                debt=debt,
                operacao=INCLUSION,
                result=INCLUSION if error is None else ERROR,
                erro=error,
                accepted_at=now,
                ready_at=now + seconds,
                repeated=active is not None,
                reinclusion=any(former.operacao == REMOVAL for former in same if not former.is_active(now)),
            )
            self._records[record.id] = record
            self._by_key[debt.key].append(record.id)
            self._by_document[debt.documento].append(record.id)
        return record

    def remove(self, record_id: str, motivo: str, *, seconds: float, error: str | None = None) -> Record:
        """Remove a record; after so many seconds it is removed, or the removal is refused with `error`."""
        with self._lock:
            now = self._clock.now()
            record = self._found(record_id)
            situacao = record.situacao(now)
            if record.operacao == REMOVAL and situacao != ERROR:
                raise Refusal(409, "JA_EXCLUIDA", "A negativação já foi excluída", record_id=record_id)
            if record.operacao == INCLUSION and situacao == PROCESSING:
                message = "A inclusão ainda está em processamento; tente mais tarde"
                raise Refusal(409, "EM_PROCESSAMENTO", message, record_id=record_id)
            if not record.is_active(now):
                raise Refusal(404, "NAO_ENCONTRADA", "A inclusão foi recusada; não há o que excluir")
            removed = replace(
                record,
                operacao=REMOVAL,
                result=REMOVAL if error is None else ERROR,
                erro=error,
                accepted_at=now,
                ready_at=now + seconds,
                motivo=motivo,
            )
            self._records[record_id] = removed
        return removed

    def withdraw(self, record_id: str) -> Record:
        """Remove a record as the bureau itself would: EXCLUSAO at once, also while processing."""
        with self._lock:
            now = self._clock.now()
            record = replace(
                self._found(record_id), operacao=REMOVAL, result=REMOVAL, erro=None, accepted_at=now, ready_at=now
            )
            self._records[record_id] = record
        return record

    def get(self, record_id: str) -> Record:
        """The record with an id, or 404."""
        with self._lock:
            return self._found(record_id)

    def find(self, filters: Mapping[str, str | int], *, page: int, page_size: int) -> tuple[list[Record], int]:
        """A page (from 0) of the records that match, in order of inclusion, and their total number."""
        documento, contrato, situacao = (filters.get(name) for name in ("documento", "contrato", "situacao"))
        with self._lock:
            if documento is not None:
                found = [self._records[record_id] for record_id in self._by_document.get(str(documento), ())]
            else:
                found = list(self._records.values())
        now = self._clock.now()
        if contrato is not None:
            found = [record for record in found if record.debt.contrato == contrato]
        if situacao is not None:
            found = [record for record in found if record.situacao(now) == situacao]
        return found[page * page_size : (page + 1) * page_size], len(found)

    def log(self, request: Json) -> None:
        """Log a request that asked for an effect."""
        with self._lock:
            self._requests.append(request)

    def count_leaked_token(self) -> None:
        """Count a token that was sent to the other origin."""
        with self._lock:
            self._tokens_leaked += 1

    def wire(self, record: Record) -> Json:
        """The record as the contract's Negativacao."""
        now = self._clock.now()
        ready = now >= record.ready_at
        return {
            "id": record.id,
            "documento": record.debt.documento,
            "contrato": record.debt.contrato,
            "vencimento": record.debt.vencimento,
            "valor": record.debt.valor,
            "natureza": record.debt.natureza,
            "operacao": record.operacao,
            "situacao": record.situacao(now),
            "erro": record.erro if ready else None,
            "atualizado_em": self._clock.instant(record.ready_at if ready else record.accepted_at),
        }

    def as_json(self) -> Json:
        """`records` (the contract's fields and `motivo`), `requests` and `counts`."""
        records, requests = self._copies()
        return {
            "records": [self.wire(record) | {"motivo": record.motivo} for record in records],
            "requests": requests,
            "counts": self._count(records, requests),
        }

    def counts(self) -> dict[str, int]:
        """The counts alone."""
        return self._count(*self._copies())

    def _count(self, records: list[Record], requests: list[Json]) -> dict[str, int]:
        now = self._clock.now()
        situations = Counter(record.situacao(now) for record in records)
        active = Counter(record.debt.key for record in records if record.is_active(now))
        accepted = Counter(each["operation"] for each in requests if each["outcome"] in ("ACEITA", "RESPONDIDA"))
        return {
            "records": len(records),
            "processing": situations[PROCESSING],
            "included": situations[INCLUSION],
            "removed": situations[REMOVAL],
            "errors": situations[ERROR],
            "active": active.total(),
            "duplicates": active.total() - len(active),
            "requests": len(requests),
            "inclusions_accepted": accepted["include"],
            "removals_accepted": accepted["remove"],
            "queries_answered": accepted["query"],
            "repeated": sum(each["repeated"] for each in requests),
            "reinclusions": sum(each["reinclusion"] for each in requests),
            "effect_delayed": sum(each["effect_delayed"] for each in requests),
            "replies_lost": sum(each["reply_lost"] for each in requests),
            "tokens_leaked": self._tokens_leaked,
        }

    def _copies(self) -> tuple[list[Record], list[Json]]:
        with self._lock:
            return list(self._records.values()), list(self._requests)

    def _found(self, record_id: str) -> Record:
        record = self._records.get(record_id)
        if record is None:
            raise Refusal(404, "NAO_ENCONTRADA", "Negativação não encontrada")
        return record
