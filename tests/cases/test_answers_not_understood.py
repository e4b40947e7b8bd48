"""A refusal is understood in any charset; what is not understood is neither sent for ever nor hidden from a person."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.adapters.bureaus.credito_na_medida.errors import unreadable_answer
from credit_protection.adapters.bureaus.credito_na_medida.wire.answers import parse_error, parse_page, parse_record
from credit_protection.adapters.bureaus.json_answers import Unreadable
from credit_protection.adapters.http.calls import HttpReply
from credit_protection.adapters.http.outcomes import Failure, error_of
from credit_protection.domain.bureau_answers import NotUnderstood, Rejected, Unknown, answer_from_error
from credit_protection.domain.errors import BureauUnavailable, OutcomeUnknown, ProtocolError, RateLimited
from credit_protection.domain.state_table import Action, Observed
from credit_protection.domain.statuses import Status, status
from credit_protection.ports.storage import NegativationFilter
from tests.adapters.bureaus.credito_na_medida.conftest import bureau, gateway
from tests.adapters.bureaus.credito_na_medida.samples import inclusion
from tests.application.app import ANA, TODAY

if TYPE_CHECKING:
    import respx

    from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedidaGateway
    from credit_protection.domain.errors import BureauError
    from tests.application.app import AppFixture

__all__ = ["bureau", "gateway"]
SENTENCE = "Natureza não admitida: “débito” já está em ação"
HOUR = timedelta(hours=1)
ONLY_BLOCKED = NegativationFilter(blocked=True)


CHARSETS = st.sampled_from(
    ["utf-8", "utf-16", "utf-7", "hex", "idna", "none-such", "cp1252", "\u00e9", "undefined", ""]
)
BODIES = st.binary(max_size=40) | st.sampled_from(
    [b"\xff\xfe", b"\xfe\xff\xd8\x00", b"\x81\x8d\x8f", b"[" * 9_000, b'{"codigo":"\\ud800","mensagem":"\\ud800"}']
)


@given(CHARSETS, BODIES, st.sampled_from([200, 202, 302, 400, 404, 409, 422]))
def test_body_that_no_charset_decodes_is_not_understood_and_never_an_internal_error(
    charset: str, body: bytes, status: int
) -> None:
    reply = HttpReply(status, {"content-type": f"application/json; charset={charset}"}, body)
    for parse in (parse_record, parse_page):
        with pytest.raises(Unreadable) as unreadable:
            parse(reply)
        error = unreadable_answer(reply, str(unreadable.value), "")
        assert isinstance(answer_from_error(error), NotUnderstood)
    refusal = parse_error(reply)
    assert refusal is None or refusal.message.encode()


@pytest.mark.parametrize(
    ("status", "kind"), [(200, NotUnderstood), (422, NotUnderstood), (500, Unknown), (None, Unknown)]
)
def test_answer_whose_body_cannot_be_decompressed_is_not_understood(
    status: int | None, kind: type[NotUnderstood | Unknown]
) -> None:
    error = error_of(Failure.UNREADABLE, safe=False, status=status)
    assert isinstance(answer_from_error(error), kind)


@pytest.mark.parametrize(
    ("charset", "header"),
    [
        ("iso-8859-1", "application/json; charset=ISO-8859-1"),
        ("iso-8859-1", "application/json"),
        ("cp1252", "application/json"),
        ("cp1252", "application/json; charset=utf-8"),
        ("cp1252", 'text/html; charset="windows-1252"'),
        ("utf-8", "application/json; charset=us-ascii"),
        ("utf-8", "application/json; charset=none-such"),
        ("utf-8", "application/json; charset=hex"),
        ("utf-8-sig", "application/problem+json"),
        ("utf-16", "application/json; charset=utf-16"),
        ("utf-16-le", "application/json"),
    ],
)
@pytest.mark.parametrize("code", [400, 422])
def test_refusal_is_understood_in_any_charset(
    bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway, charset: str, header: str, code: int
) -> None:
    sentence = SENTENCE if charset != "iso-8859-1" else SENTENCE.replace("“", '"').replace("”", '"')
    body = json.dumps({"codigo": "NATUREZA_INVALIDA", "mensagem": sentence}, ensure_ascii=False).encode(charset)
    bureau.post("/v1/negativacoes").mock(
        return_value=httpx.Response(code, content=body, headers={"content-type": header})
    )
    assert gateway.include(inclusion()) == Rejected("NATUREZA_INVALIDA", sentence)


@given(
    st.text(st.characters(codec="cp1252", exclude_characters="\x81\x8d\x8f\x90\x9d")),
    st.sampled_from(("utf-8", "cp1252")),
    st.sampled_from(("", "application/json", "text/plain; charset=", 'x/y; charset="utf-8"')),
)
def test_any_text_is_read_back(text: str, charset: str, header: str) -> None:
    given = json.dumps({"mensagem": text}, ensure_ascii=False).encode(charset)
    read = HttpReply(400, {"content-type": header}, given).parse_json()
    assert isinstance(read, dict)
    assert read["mensagem"] == text or charset == "cp1252"  # by chance, it may be valid UTF-8


@given(st.binary(), st.text(max_size=40))
def test_any_bytes_are_json_or_none(content: bytes, header: str) -> None:
    reply = HttpReply(200, {"content-type": f"a/b; charset={header}"}, content)
    reply.parse_json()
    assert all(isinstance(text, str) for text in reply.texts())


NOT_UNDERSTOOD = ProtocolError("Não entendi.", http_status=422, transcript="<html>")
LOST: list[BureauError] = [
    OutcomeUnknown("Sem resposta."),
    OutcomeUnknown("Fora do ar.", http_status=503),
    BureauUnavailable("Fora do ar."),
    RateLimited("Devagar."),
]


def test_inclusion_that_is_not_understood_is_sent_once_and_a_person_is_asked(app: AppFixture) -> None:
    made = app.negativate("i1")
    app.bureau.fail_next("include", NOT_UNDERSTOOD)
    waiting = app.work(made)
    assert status(waiting, TODAY) is Status.NEEDS_PERSON
    assert waiting.transmission.action is Action.ASK_PERSON
    assert app.bureau.calls.count("include") == 1
    history = app.negativations.history(ANA, made.id)
    assert [event.detail.get("transcript") for event in history if event.detail.get("transcript")] == ["<html>"]
    app.negativations.resume(ANA, made.id)
    assert app.work(made).observed is Observed.PRESENT
    assert app.bureau.calls.count("include") == 2


def test_inclusion_that_is_not_understood_and_took_effect_is_found(app: AppFixture) -> None:
    made = app.negativate("i1")
    app.bureau.fail_next("include", NOT_UNDERSTOOD, executed=True)
    assert app.work(made).observed is Observed.PRESENT
    assert app.bureau.calls.count("include") == 1


def test_payment_of_an_inclusion_that_was_not_understood_closes_it(app: AppFixture) -> None:
    made = app.negativate("i1")
    app.bureau.fail_next("include", NOT_UNDERSTOOD)
    app.work(made)
    app.paid("i1")
    assert app.work(made).is_closed


def removals(app: AppFixture) -> int:
    return app.bureau.calls.count("remove")


def test_removal_goes_on_once_an_hour_while_a_person_is_asked(app: AppFixture) -> None:
    included = app.included("i1")
    app.paid("i1")
    for count in range(1, 6):
        app.bureau.fail_next("remove", NOT_UNDERSTOOD)
        while removals(app) < count:
            current = app.get(included)
            assert current.transmission.block is None
            app.clock.advance(max(current.transmission.due_at - app.clock.now(), timedelta(0)))
            app.perform(included)
        asked = status(app.get(included), TODAY) is Status.NEEDS_PERSON
        assert asked is (count >= 3)
        assert bool(app.negativations.list(ANA, ONLY_BLOCKED).items) is asked
    sent_at = app.clock.now()
    assert app.work(included).observed is Observed.GONE
    assert app.clock.now() >= sent_at + HOUR
    assert app.event_kinds(included).count("needs_person") == 1


@pytest.mark.parametrize("lost", LOST, ids=lambda error: f"{type(error).__name__} {error.http_status}")
def test_answers_that_were_lost_never_ask_a_person(app: AppFixture, lost: BureauError) -> None:
    included = app.included("i1")
    app.paid("i1")
    for _ in range(6):
        app.bureau.fail_next("remove", lost)
    while app.get(included).observed is not Observed.GONE:
        app.clock.advance(timedelta(minutes=1))
        app.bureau.process_pending()
        app.perform(included)
    assert removals(app) == 7
    assert "needs_person" not in app.event_kinds(included)
