"""The differences between one negativation and what the ERP says of its invoices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from credit_protection.domain.comparison.entries import contradicts
from credit_protection.domain.comparison.policies import Carried
from credit_protection.domain.comparison.readings import MISSING_AFTER, StoredReading
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.divergences import Difference, DivergenceCode, DivergenceSeverity, Side
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.guards.checks import allowed_charges
from credit_protection.domain.guards.facts import GuardSettings
from credit_protection.domain.money import ZERO, Money, total
from credit_protection.domain.negativations import NegativatedInvoice, Negativation
from credit_protection.domain.removal_policy import RemovalCause
from credit_protection.domain.settlements import Entry, Settlement, by_invoice, effective_settlements

_ALARM, _NOTICE = DivergenceSeverity.ALARM, DivergenceSeverity.NOTICE
_LOST = (
    "O ERP não dá mais a fatura. Se ela foi excluída, remova o registro; se tem outro número, ligue as duas: "
    "credit-protection negativations relink; senão mantenha e diga onde está."
)
_SEEN = tuple(
    code
    for code in DivergenceCode
    if code not in {DivergenceCode.HELD, DivergenceCode.FIVE_YEARS, DivergenceCode.NOT_READ}
)


@dataclass(frozen=True, slots=True)
class ErpFacts:
    """What the ERP said of the invoices of one negativation, and what it is compared under.

    Args:
        readings: the stored ones, by invoice id, the newest included.
        entries: the whole ledger of its invoices.
        today: the creditor's date.
        reports_reversals: whether the host reports each reversal itself.
    """

    readings: Mapping[str, StoredReading]
    entries: Sequence[Entry]
    guards: GuardSettings
    today: date
    now: datetime
    reports_reversals: bool


def fresh_codes(facts: ErpFacts) -> frozenset[tuple[DivergenceCode, Side]]:
    """What these readings can close: an invoice that the ERP did not give shows nothing else."""
    if any(each.reading.status is None for each in facts.readings.values()):
        return frozenset()
    return frozenset({(code, Side.ERP) for code in (*_SEEN, DivergenceCode.NOT_READ)})


def erp_differences(negativation: Negativation, facts: ErpFacts) -> list[Difference]:
    """Find all differences of one negativation; none where it is closed.

    Where a settlement or a person already removes it, only a settlement that the ERP does not confirm still matters.
    """
    if negativation.is_closed:
        return []
    found = list(_unconfirmed(negativation, facts))
    if all(trigger.cause is RemovalCause.DIVERGENCE for trigger in negativation.triggers):
        pairs = [(each, facts.readings[each.invoice_id]) for each in _read(negativation, facts)]
        found += _dates(negativation, pairs, facts)
        found += _amounts(negativation, pairs, facts)
        found += _parties(negativation, pairs)
        found += _states(negativation, pairs, facts)
    return found


def carried_by(negativation: Negativation, facts: ErpFacts) -> Carried:
    """Which of a negativation's invoices carry each of the differences that have a policy, as they were read."""
    pairs = [(each, facts.readings[each.invoice_id]) for each in _read(negativation, facts)]
    return Carried(
        invoices={
            DivergenceCode.POSTPONED: frozenset(each.invoice_id for each, _ in _moved(pairs, facts.today)[0]),
            DivergenceCode.NOT_READ: frozenset(_missing(pairs, facts.now)),
            DivergenceCode.LOWER_AMOUNT: frozenset(each.invoice_id for each in negativation.invoices),
        },
        is_whole=len(pairs) == len(negativation.invoices)
        and all(stored.reading.status is not None for _, stored in pairs),
    )


_Pairs = Sequence[tuple[NegativatedInvoice, StoredReading]]


def _read(negativation: Negativation, facts: ErpFacts) -> Iterator[NegativatedInvoice]:
    return (each for each in negativation.invoices if each.invoice_id in facts.readings)


def _dates(negativation: Negativation, pairs: _Pairs, facts: ErpFacts) -> Iterator[Difference]:
    """A postponed debt is not due; a second copy with a new date, which a debtor can print, changes nothing."""
    postponed, copied = _moved(pairs, facts.today)
    texts = (
        (
            postponed,
            DivergenceCode.POSTPONED,
            _ALARM,
            "O ERP adiou o vencimento: a dívida não está vencida. Mantenha ou remova; sem decisão, vale a integração.",
        ),
        (
            copied,
            DivergenceCode.SECOND_COPY,
            _NOTICE,
            "Há uma segunda via com outra data; o vencimento original já passou. Nada muda na negativação.",
        ),
    )
    for moved, code, severity, message in texts:
        if moved:
            ours = "; ".join(each.due_date.isoformat() for each, _ in moved)
            theirs = "; ".join(day.isoformat() for _, day in moved)
            yield _difference(negativation, code, severity, ours, theirs, message)


def _moved(
    pairs: _Pairs, today: date
) -> tuple[Sequence[tuple[NegativatedInvoice, date]], Sequence[tuple[NegativatedInvoice, date]]]:
    """The invoices whose debt was postponed, and those with a second copy; each with its new date."""
    postponed: list[tuple[NegativatedInvoice, date]] = []
    copied: list[tuple[NegativatedInvoice, date]] = []
    for invoice, stored in pairs:
        reading = stored.reading
        due, original = reading.due_date, reading.original_due_date
        if reading.status is not InvoiceStatus.OPEN or due is None:
            continue
        if original is None:
            if max(today, invoice.due_date) < due and stored.is_due_date_confirmed:
                postponed.append((invoice, due))
        elif max(today, invoice.due_date) < original:
            postponed.append((invoice, original))
        elif max(today, invoice.due_date) < due:
            copied.append((invoice, due))
    return postponed, copied


def _amounts(negativation: Negativation, pairs: _Pairs, facts: ErpFacts) -> Iterator[Difference]:
    """The bureau shows more than is owed: what was reported is above what may be reported now, and a balance fell.

    Not where a rest counts as settled, nor where the balance was lost.
    """
    ledger: dict[str, list[Settlement]] = by_invoice(effective_settlements(facts.entries))
    open_pairs = [
        (each, stored.reading)
        for each, stored in pairs
        if stored.reading.status is InvoiceStatus.OPEN
        and not any(one.amount is None for one in ledger.get(each.invoice_id, ()))
        and not (stored.reading.balance == ZERO and not ledger.get(each.invoice_id))
    ]
    fell = any(each.balance is not None and reading.balance < each.balance for each, reading in open_pairs)
    if not fell or len(open_pairs) < len(negativation.invoices):
        return
    allowed: Money = total(
        reading.balance + allowed_charges(reading.balance, each.due_date, facts.today, facts.guards)
        for each, reading in open_pairs
    )
    if negativation.amount > allowed:
        balance = total(reading.balance for _, reading in open_pairs)
        message = (
            "O birô mostra mais do que se deve. Remova o registro e, se a dívida continua, peça uma nova negativação "
            "com o valor certo; ou mantenha e diga por quê."
        )
        code = DivergenceCode.LOWER_AMOUNT
        yield _difference(negativation, code, _ALARM, str(negativation.amount), str(balance), message)


def _parties(negativation: Negativation, pairs: _Pairs) -> Iterator[Difference]:
    documents = {stored.reading.document for _, stored in pairs} - {"", negativation.document.value}
    if documents:
        theirs = "; ".join(sorted(_masked(each) for each in documents))
        message = (
            "No ERP a fatura é de outro documento. Confira a quem a dívida pertence e remova o registro de quem não a "
            "deve."
        )
        code = DivergenceCode.OTHER_DEBTOR
        yield _difference(negativation, code, _ALARM, negativation.document.masked, theirs, message)
    creditors = {stored.reading.creditor_id or "" for _, stored in pairs} - {"", negativation.creditor_id}
    if creditors:
        message = "No ERP a fatura é de outra empresa. Confira qual é a credora e remova o registro se não for esta."
        code = DivergenceCode.OTHER_CREDITOR
        theirs = "; ".join(sorted(creditors))
        yield _difference(negativation, code, _ALARM, negativation.creditor_id, theirs, message)


def _states(negativation: Negativation, pairs: _Pairs, facts: ErpFacts) -> Iterator[Difference]:
    ledger = by_invoice(effective_settlements(facts.entries))
    missing = _missing(pairs, facts.now)
    written_off = [each.invoice_id for each, stored in pairs if stored.reading.status is InvoiceStatus.WRITTEN_OFF]
    zero = [
        each.invoice_id
        for each, stored in pairs
        if stored.reading.status is InvoiceStatus.OPEN
        and stored.reading.balance == ZERO
        and not ledger.get(each.invoice_id)
    ]
    texts = (
        (
            missing,
            DivergenceCode.NOT_READ,
            _LOST,
        ),
        (
            written_off,
            DivergenceCode.WRITTEN_OFF,
            "O ERP baixou a fatura por perda: não é pagamento. Decida se o registro continua.",
        ),
        (
            zero,
            DivergenceCode.ZERO_BALANCE,
            "A fatura está aberta com saldo zero e sem baixa. Confira no ERP e registre a baixa, ou corrija o saldo.",
        ),
    )
    for invoice_ids, code, message in texts:
        if invoice_ids:
            yield _difference(negativation, code, _ALARM, "em aberto", "; ".join(invoice_ids), message)


def _missing(pairs: _Pairs, now: datetime) -> list[str]:
    """The invoices that the ERP has not given for a day, while it gave others."""
    return [
        each.invoice_id
        for each, stored in pairs
        if stored.reading.status is None and now - stored.status_since >= MISSING_AFTER
    ]


def _unconfirmed(negativation: Negativation, facts: ErpFacts) -> Iterator[Difference]:
    """The host reports reversals itself, and shows an invoice open beside a settlement that stands."""
    if not facts.reports_reversals:
        return
    ledger: dict[str, list[Settlement]] = by_invoice(effective_settlements(facts.entries))
    doubted = [
        invoice.invoice_id
        for invoice in _read(negativation, facts)
        if facts.readings[invoice.invoice_id].is_status_confirmed
        and any(not each.is_own for each in ledger.get(invoice.invoice_id, ()))
        and contradicts(facts.readings[invoice.invoice_id].reading, ledger[invoice.invoice_id])
    ]
    if doubted:
        severity = _NOTICE if negativation.removal_claims else _ALARM
        message = (
            "O ERP mostra a fatura em aberto, mas a baixa que ele informou vale. Confira no ERP; se a baixa foi "
            "desfeita, registre o estorno."
        )
        code, theirs = DivergenceCode.UNCONFIRMED_SETTLEMENT, "em aberto: " + "; ".join(doubted)
        yield _difference(negativation, code, severity, "baixa registrada", theirs, message)


def _difference(
    negativation: Negativation,
    code: DivergenceCode,
    severity: DivergenceSeverity,
    ours: str,
    theirs: str,
    message: str,
) -> Difference:
    is_alarm = severity is not _NOTICE
    return Difference(negativation.id, code, Side.ERP, severity, ours, theirs, message, needs_decision=is_alarm)


def _masked(text: str) -> str:
    try:
        return parse_document(text).masked
    except InvalidInput:
        return "documento inválido"
