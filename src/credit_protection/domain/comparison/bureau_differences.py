"""The differences that the bureau's side can show, each with what an operator does about it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from credit_protection.domain.comparison.bureau_records import BureauRecord, masked_or_invalid, unknown_subject
from credit_protection.domain.divergences import Difference, Divergence, DivergenceCode, DivergenceSeverity, Side
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.operation_counts import OperationCounts

_ALARM, _NOTICE, _CRITICAL = DivergenceSeverity.ALARM, DivergenceSeverity.NOTICE, DivergenceSeverity.CRITICAL
_BETWEEN_IDS = "; "
_NOT_FOUND = "não encontrado"


def after_removal(negativation: Negativation, record: BureauRecord, *, is_ours: bool) -> Difference:
    """It stands after it was closed here."""
    if is_ours:
        text = "O registro consta no birô depois de encerrado aqui, e é nosso: a remoção volta para a fila, para hoje."
    else:
        text = (
            "O registro consta no birô depois de encerrado aqui. Ele foi adotado, e pode ser outro com a mesma chave: "
            "confira no portal. Se for o mesmo, decida remover; se não for, mantenha."
        )
    severity = _CRITICAL if is_ours else _ALARM
    return _about(negativation, DivergenceCode.AFTER_REMOVAL, severity, "encerrada", record.shown, text)


def values(negativation: Negativation, record: BureauRecord) -> Iterable[Difference]:
    """Amount, due date and nature that differ."""
    if record.amount is not None and record.amount > negativation.amount:
        text = "O birô mostra um valor maior do que o informado daqui. Confira com o birô, ou remova o registro."
        code = DivergenceCode.LOWER_AMOUNT
        yield _about(negativation, code, _NOTICE, str(negativation.amount), str(record.amount), text)
    pairs = (
        ("valor", str(negativation.amount), _lower(record.amount, negativation.amount)),
        (
            "vencimento",
            negativation.due_date.isoformat(),
            None if record.due_date is None else record.due_date.isoformat(),
        ),
        ("natureza", negativation.nature_code, record.nature_code if negativation.nature_code else ""),
    )
    differing = [(name, ours, theirs) for name, ours, theirs in pairs if theirs and theirs != ours]
    if differing:
        ours = "; ".join(f"{name} {value}" for name, value, _ in differing)
        theirs = "; ".join(f"{name} {value}" for name, _, value in differing)
        text = "O birô mostra outros dados do registro. Confira com o birô qual dos lados está certo."
        yield _about(negativation, DivergenceCode.DIFFERS, _NOTICE, ours, theirs, text)


def _lower(theirs: Money | None, ours: Money) -> str | None:
    return str(theirs) if theirs is not None and theirs < ours else None


def others_record(negativation: Negativation, record: BureauRecord) -> Difference:
    """The id that we hold shows another record."""
    text = (
        "O id que este registro tinha mostra outro registro no birô. Confira no portal. Se o nosso não consta mais, "
        "decida remover: ele é encerrado aqui, sem envio."
    )
    return _about(negativation, DivergenceCode.OTHERS_RECORD, _ALARM, negativation.document.masked, record.shown, text)


def duplicate(negativation: Negativation, bureau_ids: Iterable[str]) -> Difference:
    """Our key stands under other ids besides our own; one is removed at a time."""
    text = (
        "O registro consta mais de uma vez no birô, com ids diferentes. Decida remover: só o primeiro repetido é "
        "removido, e os outros são mostrados de novo. Ou mantenha e diga por quê."
    )
    theirs = _BETWEEN_IDS.join(bureau_ids)
    return _about(negativation, DivergenceCode.DUPLICATE, _ALARM, negativation.bureau_id or "", theirs, text)


def under_other_id(negativation: Negativation, bureau_ids: Iterable[str]) -> Difference:
    """Our key stands under another id instead of our own."""
    text = (
        "O birô mostra o nosso registro com outro id. Confira no portal. Decida remover, e sai o registro do novo id; "
        "mantenha se ele deve continuar."
    )
    theirs = _BETWEEN_IDS.join(bureau_ids)
    return _about(negativation, DivergenceCode.OTHERS_RECORD, _ALARM, negativation.bureau_id or "", theirs, text)


def named_ids(theirs: str) -> list[str]:
    """The ids that a difference names."""
    return [each for each in theirs.split(_BETWEEN_IDS) if each]


def first_id(theirs: str) -> str | None:
    """The first of the ids that a difference names."""
    return theirs.split(_BETWEEN_IDS, maxsplit=1)[0] or None


def not_there(negativation: Negativation) -> Difference:
    """A known record that is not there any more."""
    text = (
        "O birô não tem mais o registro. Confira no portal. Decida remover: ele é encerrado como removido pelo "
        "birô, e uma nova negativação pode ser pedida. Ou mantenha, para continuar a observar."
    )
    return _about(negativation, DivergenceCode.NOT_THERE, _ALARM, "consta", "não consta", text)


def not_found(negativation: Negativation, near: Iterable[str] = ()) -> Difference:
    """An unconfirmed record that the bureau does not find.

    `near` are contracts that the bureau shows for the same document and due date, equal but for leading zeros.
    """
    text = (
        "O birô não encontra este registro, que ele nunca confirmou. Confira no portal o contrato e o vencimento. Se "
        "ele não existe, decida remover: ele é encerrado aqui. Se existe com outra chave, adote-o pela lista do birô."
    )
    named = ", ".join(sorted(set(near)))
    theirs = _NOT_FOUND + (f"; parecidos: {named}" if named else "")
    return _about(negativation, DivergenceCode.NOT_FOUND, _ALARM, negativation.reference, theirs, text)


def with_named_before(difference: Difference, open_ones: Iterable[Divergence]) -> Difference:
    """The same, with the similar contracts that were named before: a search that was not made erases none."""
    if difference.code is not DivergenceCode.NOT_FOUND or difference.theirs != _NOT_FOUND:
        return difference
    before = [each.theirs for each in open_ones if each.code is DivergenceCode.NOT_FOUND]
    return replace(difference, theirs=before[0]) if before else difference


def without_proof(negativation: Negativation) -> Difference:
    """It was closed because the bureau does not find it, and no removal of ours explains that."""
    text = (
        "O birô não encontra mais o registro, e nenhuma remoção nossa estava sem resposta: ele saiu por outro motivo. "
        "A negativação foi encerrada. Confira no portal que o registro não consta com outra chave, e mantenha."
    )
    return _about(negativation, DivergenceCode.UNPROVEN_EXIT, _NOTICE, "constava", _NOT_FOUND, text)


def unknown_difference(integration_id: str, record: BureauRecord) -> Difference:
    """A record that stands at the bureau and is unknown here."""
    text = (
        "Consta no birô um registro que este programa não conhece: nenhum pagamento o remove. Adote-o: "
        "credit-protection negativations adopt. Se ele não é nosso, mantenha e diga por quê."
    )
    subject = unknown_subject(integration_id, record)
    code = DivergenceCode.UNKNOWN_RECORD
    return Difference(subject, code, Side.BUREAU, _ALARM, "desconhecido", record.shown, text, needs_decision=True)


def unknown_count(integration_id: str, count: int) -> Difference:
    """The records that are unknown here, of an account that others use too."""
    text = "A conta é compartilhada: os registros que este programa não conhece são só contados."
    code = DivergenceCode.UNKNOWN_RECORD
    return Difference(integration_id, code, Side.BUREAU, _NOTICE, "0", f"{count} registro(s)", text)


def counts_difference(integration_id: str, document: str, ours: int, counts: OperationCounts) -> Difference | None:
    """Compare how many records of a debtor a portal's extract shows with how many are believed present.

    Such a file has no contract, so it only ever shows a notice. None where they agree, or the bureau still processes.
    """
    theirs = max(0, counts.included - counts.removed)
    if theirs == ours or counts.processing:
        return None
    text = (
        "O extrato do portal conta outro número de registros deste documento. Ele não traz contrato: confira no portal "
        "ou pela lista do birô. Nada é removido nem adotado por ele."
    )
    shown = masked_or_invalid(document)
    return Difference(
        counts_subject(integration_id, document),
        DivergenceCode.DIFFERS,
        Side.BUREAU,
        _NOTICE,
        f"{shown}: {ours} registro(s)",
        f"{shown}: {theirs} registro(s)",
        text,
    )


def counts_subject(integration_id: str, document: str) -> str:
    """The subject of the counts of a debtor; never the document itself."""
    return f"{integration_id}:{hashlib.sha256(document.encode()).hexdigest()[:24]}"


def suspect_list(integration_id: str, absent: int, standing: int) -> Difference:
    """Too many records are missing from the list: none of them is judged."""
    text = (
        f"Faltam na lista do birô {absent} de {standing} registros: a lista pode estar cortada, ou a conta é outra. "
        "Nenhum foi julgado. Confira no portal; se eles faltam mesmo, mande continuar e reconcilie de novo."
    )
    code, many = DivergenceCode.SUSPECT_LIST, "registros constam"
    return Difference(
        integration_id, code, Side.BUREAU, _ALARM, many, "faltam registros demais", text, needs_decision=True
    )


def _about(
    negativation: Negativation,
    code: DivergenceCode,
    severity: DivergenceSeverity,
    ours: str,
    theirs: str,
    message: str,
) -> Difference:
    needs_decision = severity is _ALARM
    return Difference(negativation.id, code, Side.BUREAU, severity, ours, theirs, message, needs_decision)
