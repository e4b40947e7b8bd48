"""What a bureau gateway declares about itself. Rules and screens read this, never a product's name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.reasons import RemovalReason


class Registry(StrEnum):
    """Where a record ends up (base de destino). Two gateways may feed the same one."""

    SPC = "SPC"
    SERASA = "SERASA"
    BOA_VISTA = "BOA_VISTA"
    CREDITO_NA_MEDIDA = "CREDITO_NA_MEDIDA"
    """Which registry this reseller feeds is not public: a registry of its own until it is."""


class RemovalKey(StrEnum):
    """What a removal is addressed by: the bureau's own id, or document + reference + due date."""

    ID = "id"
    NATURAL = "natural"


class Overflow(StrEnum):
    """What to do with a text longer than the bureau takes."""

    REFUSE = "refuse"
    ABBREVIATE = "abbreviate"


@dataclass(frozen=True, slots=True)
class FieldLimit:
    """The longest text that a field takes, and what to do beyond."""

    length: int
    overflow: Overflow = Overflow.ABBREVIATE


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the next attempt or poll: doubling from `first` up to `cap`."""

    first: timedelta = timedelta(seconds=1)
    cap: timedelta = timedelta(minutes=15)

    def longest_wait(self, attempts: int) -> timedelta:
        """The wait after so many failures in a row, before jitter."""
        wait = self.first
        for _ in range(attempts - 1):
            if wait >= self.cap:
                break
            wait *= 2
        return min(wait, self.cap)

    def next_attempt(self, now: datetime, attempts: int, jitter: float, not_before: datetime | None = None) -> datetime:
        """The instant of the next attempt: any within `longest_wait`, by a jitter uniform in [0, 1) (full jitter).

        It is never before what the bureau requested (`Retry-After`).
        """
        instant = now + self.longest_wait(attempts) * jitter
        return instant if not_before is None else max(instant, not_before)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a gateway can do, and how it must be treated.

    Args:
        find: it can look a record up, so doubts are resolved by asking.
        list_records: it can list all records (adoption, reconciliation).
        list_page_size: how many records one call of the list brings: by it the calls are counted and spaced.
        polling: the outcome of an accepted request can be polled (by the same look-up).
        callback: it reports outcomes by itself.
        nature_sync: natures and removal reasons are fetched.
        reason_hints: the bureau's code for a removal reason, where known; it counts if the bureau lists it, or no list.
        alphanumeric_cnpj: it takes a CNPJ with letters.
        grouping: one record may cover several invoices.
        include_is_repeatable: repeating an inclusion that is in effect changes nothing at the bureau.
        remove_is_repeatable: repeating a removal changes nothing at the bureau.
        not_found_is_an_answer: a removal of what is not there is answered as such.
        max_processing: the longest that an accepted request may take to show (declared by the bureau).
        call_deadline: the total time that one call may take.
        field_limits: longest text by field name (`name`, `street`, `district`, `city`, ...).
        includes_pf: it includes natural persons.
        includes_pj: it includes legal persons.
        poll_backoff: waits between polls and between attempts.
    """

    registry: Registry
    query: bool = True
    include: bool = True
    remove: bool = True
    find: bool = True
    list_records: bool = False
    list_page_size: int = 100
    polling: bool = True
    callback: bool = False
    nature_sync: bool = True
    reason_hints: Mapping[RemovalReason, str] = field(default_factory=dict)
    alphanumeric_cnpj: bool = False
    grouping: bool = False
    removal_key: RemovalKey = RemovalKey.ID
    include_is_repeatable: bool = False
    remove_is_repeatable: bool = False
    not_found_is_an_answer: bool = False
    max_processing: timedelta = timedelta(minutes=5)
    call_deadline: timedelta = timedelta(seconds=30)
    minimum_amount: Money = ZERO
    field_limits: Mapping[str, FieldLimit] = field(default_factory=dict)
    includes_pf: bool = True
    includes_pj: bool = True
    poll_backoff: Backoff = Backoff()

    @property
    def quiet_period(self) -> timedelta:
        """How long after a claim its request could take effect: "not found" counts only after it (rule 6).

        A call starts only if it can end within its lease.
        """
        return self.lease + self.max_processing

    @property
    def lease(self) -> timedelta:
        """How long a claim is leased: longer than the whole call may take."""
        return self.call_deadline * 2 + timedelta(seconds=5)
