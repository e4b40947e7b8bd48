"""Evidence without secrets, tokens or whole documents, however they are written."""

import json
from collections.abc import Callable
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.adapters.http.calls import HttpCall, HttpReply
from credit_protection.adapters.http.transcripts import BODY_LIMIT, SUPPRESSED, mask, transcript
from credit_protection.domain.documents import Cnpj, Cpf, Document, parse_document
from credit_protection.testing.strategies import documents

CPF = "90010020055"
CNPJ = "12ABC34501DE35"
SECRETS = st.text(min_size=6, max_size=40)


def reply(content: bytes, status: int = 200, **headers: str) -> HttpReply:
    return HttpReply(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


WRITTEN: dict[str, Callable[[str], str]] = {
    "plainly": str,
    "in JSON": lambda text: json.dumps({"mensagem": f"CPF {text} inválido"}),
    "in JSON in JSON": lambda text: json.dumps({"erro": json.dumps({"documento": text})}),
    "escaped in JSON": lambda text: f'{{"documento": "{escaped(text)}"}}',
    "with escaped slashes": lambda text: text.replace("/", "\\/"),
    "in a URL": lambda text: f"https://x.invalid/{quote(text, safe='')}?documento={quote(text, safe='')}",
    "twice quoted": lambda text: quote(quote(text, safe=""), safe=""),
    "percent for each character": lambda text: "".join(f"%{ord(character):02X}" for character in text),
    "in HTML": lambda text: f"<p title={text}>{escape(text)}</p>",
    "as HTML entities": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "between letters": lambda text: f"doc{text}fim",
    "between digits": lambda text: f"00{text}99",
    "lower case": str.lower,
}


@given(documents(), st.sampled_from(sorted(WRITTEN)), st.booleans(), st.text(max_size=30), st.text(max_size=30))
def test_no_whole_document_survives(document: Document, written: str, formatted: bool, before: str, after: str) -> None:
    text = before + WRITTEN[written](document.formatted if formatted else document.value) + after
    shown = mask(text)
    for form in (document.value, document.formatted):
        assert form.lower() not in shown.lower()
        assert form.replace("/", "\\/").lower() not in shown.lower()
        assert quote(form, safe="").lower() not in shown.lower()


@given(SECRETS, st.sampled_from(sorted(WRITTEN)), st.text(max_size=30), st.text(max_size=30))
def test_no_secret_survives(secret: str, written: str, before: str, after: str) -> None:
    text = before + WRITTEN[written](secret) + after
    shown = mask(text, [secret])
    assert secret not in shown


@given(
    documents(),
    SECRETS,
    st.integers(0, 2 * BODY_LIMIT),
    st.sampled_from(["documento", "client_secret", "mensagem"]),
)
def test_no_part_of_a_call_lets_them_through(document: Document, secret: str, place: int, name: str) -> None:
    body = b"x " * (place // 2) + json.dumps({name: f"{document.value} {secret}"}).encode()
    call = HttpCall("GET", f"/v1/{document.value}", query={"documento": document.formatted, "token": secret})
    told = transcript(
        call,
        reply(body, x_echo=f"{document.value};{secret}", authorization=f"Bearer {secret}"),
        cause=f"about {document.formatted} {secret}",
        secrets=[secret],
    )
    assert document.value not in told
    assert document.formatted not in told
    assert secret not in told


@given(st.binary(max_size=300), st.text(max_size=50), st.lists(SECRETS, max_size=2))
def test_any_bytes_make_a_transcript_that_can_be_stored(content: bytes, cause: str, secrets: list[str]) -> None:
    told = transcript(HttpCall("GET", "/x"), reply(content), cause=cause, secrets=secrets)
    assert told.encode("utf-8")
    assert "\x00" not in told
    assert len(told) <= 2 * BODY_LIMIT


def test_a_transcript_tells_method_address_status_headers_and_body() -> None:
    told = transcript(
        HttpCall("DELETE", "/v1/negativacoes/NEG1", query={"motivo": "PAGAMENTO"}, json={"nome": "FULANO"}),
        reply(b'{"codigo": "ESTRANHO"}', 418, content_type="application/json", set_cookie="id=1"),
    )
    assert told == (
        "> DELETE /v1/negativacoes/NEG1?motivo=PAGAMENTO\n< HTTP 418\n< content-type: application/json\n"
        '< set-cookie: [oculto]\n\n{"codigo": "ESTRANHO"}'
    )


def test_a_transcript_without_a_reply_tells_the_cause() -> None:
    assert transcript(HttpCall("GET", "/x"), None, cause="ReadTimeout") == "> GET /x\n! ReadTimeout"


def test_only_the_beginning_of_a_body_is_kept() -> None:
    told = transcript(HttpCall("GET", "/x"), reply(b"palavra " * 5000))
    assert "[mais " in told
    assert len(told) < BODY_LIMIT + 300


def test_a_pdf_is_told_by_its_size_alone() -> None:
    assert "[PDF, 13 bytes]" in transcript(HttpCall("GET", "/x"), reply(b"%PDF-1.7 abcd"))


@pytest.mark.parametrize(
    "text",
    [
        '{"access_token": "abc.def", "expires_in": 1}',
        '{"refresh_token":"abc.def"}',
        "client_secret=abc.def&grant_type=x",
        "Authorization: Bearer abc.def",
        "{'senha': 'abc.def'}",
        '"{\\"access_token\\": \\"abc.def\\"}"',
        '{"access_token": "abc.def',
    ],
)
def test_named_secrets_are_hidden_though_their_value_is_not_known(text: str) -> None:
    assert "abc.def" not in mask(text)


def test_long_opaque_runs_are_told_by_their_length() -> None:
    assert mask(f'{{"pdf_base64": "{"QUJD" * 100}"}}') == '{"pdf_base64": "[400 caracteres]"}'


def test_what_is_neither_secret_nor_document_stays_readable() -> None:
    text = '{"contrato": "FAT-2026-1", "vencimento": "2026-01-05", "valor": "119.90", "em": "2026-10-17T12:00:00Z"}'
    assert mask(text) == text


def test_a_secret_that_can_not_be_hidden_suppresses_the_transcript() -> None:
    assert mask("anything at all", ["[oculto]"]) != ""
    assert mask("[oculto] x", ["[oculto]"]) == SUPPRESSED


@pytest.mark.parametrize("document", [Cpf(CPF), Cnpj(CNPJ), parse_document("12.345.678/0001-95")])
def test_a_sentence_keeps_its_sense_without_the_document(document: Document) -> None:
    shown = mask(f"O documento {document.formatted} não existe.")
    assert shown.startswith("O documento ")
    assert shown.endswith(" não existe.")
    assert document.formatted not in shown
