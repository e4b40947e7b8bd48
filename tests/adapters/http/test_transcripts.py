"""Transcripts contain no secrets, tokens or whole documents in any notation."""

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


NOTATIONS: dict[str, Callable[[str], str]] = {
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


@given(documents(), st.sampled_from(sorted(NOTATIONS)), st.booleans(), st.text(max_size=30), st.text(max_size=30))
def test_mask_leaves_no_whole_document(
    document: Document, notation: str, formatted: bool, before: str, after: str
) -> None:
    text = before + NOTATIONS[notation](document.formatted if formatted else document.value) + after
    masked = mask(text)
    for form in (document.value, document.formatted):
        assert form.lower() not in masked.lower()
        assert form.replace("/", "\\/").lower() not in masked.lower()
        assert quote(form, safe="").lower() not in masked.lower()


@given(SECRETS, st.sampled_from(sorted(NOTATIONS)), st.text(max_size=30), st.text(max_size=30))
def test_mask_leaves_no_secret(secret: str, notation: str, before: str, after: str) -> None:
    text = before + NOTATIONS[notation](secret) + after
    masked = mask(text, [secret])
    assert secret not in masked


@given(
    documents(),
    SECRETS,
    st.integers(0, 2 * BODY_LIMIT),
    st.sampled_from(["documento", "client_secret", "mensagem"]),
)
def test_transcript_of_any_part_contains_no_secret_or_document(
    document: Document, secret: str, place: int, name: str
) -> None:
    body = b"x " * (place // 2) + json.dumps({name: f"{document.value} {secret}"}).encode()
    call = HttpCall("GET", f"/v1/{document.value}", query={"documento": document.formatted, "token": secret})
    text = transcript(
        call,
        reply(body, x_echo=f"{document.value};{secret}", authorization=f"Bearer {secret}"),
        cause=f"about {document.formatted} {secret}",
        secrets=[secret],
    )
    assert document.value not in text
    assert document.formatted not in text
    assert secret not in text


@given(st.binary(max_size=300), st.text(max_size=50), st.lists(SECRETS, max_size=2))
def test_transcript_of_any_bytes_can_be_stored(content: bytes, cause: str, secrets: list[str]) -> None:
    text = transcript(HttpCall("GET", "/x"), reply(content), cause=cause, secrets=secrets)
    assert text.encode("utf-8")
    assert "\x00" not in text
    assert len(text) <= 2 * BODY_LIMIT


def test_transcript_has_method_address_status_headers_and_body() -> None:
    text = transcript(
        HttpCall("DELETE", "/v1/negativacoes/NEG1", query={"motivo": "PAGAMENTO"}, json={"nome": "FULANO"}),
        reply(b'{"codigo": "ESTRANHO"}', 418, content_type="application/json", set_cookie="id=1"),
    )
    assert text == (
        "> DELETE /v1/negativacoes/NEG1?motivo=PAGAMENTO\n< HTTP 418\n< content-type: application/json\n"
        '< set-cookie: [oculto]\n\n{"codigo": "ESTRANHO"}'
    )


def test_transcript_without_reply_has_the_cause() -> None:
    assert transcript(HttpCall("GET", "/x"), None, cause="ReadTimeout") == "> GET /x\n! ReadTimeout"


def test_transcript_keeps_only_the_beginning_of_a_body() -> None:
    text = transcript(HttpCall("GET", "/x"), reply(b"palavra " * 5000))
    assert "[mais " in text
    assert len(text) < BODY_LIMIT + 300


def test_transcript_of_a_pdf_has_only_its_size() -> None:
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
def test_named_secrets_with_unknown_values_are_masked(text: str) -> None:
    assert "abc.def" not in mask(text)


def test_long_opaque_text_is_replaced_by_its_length() -> None:
    assert mask(f'{{"pdf_base64": "{"QUJD" * 100}"}}') == '{"pdf_base64": "[400 caracteres]"}'


def test_other_text_stays_readable() -> None:
    text = '{"contrato": "FAT-2026-1", "vencimento": "2026-01-05", "valor": "119.90", "em": "2026-10-17T12:00:00Z"}'
    assert mask(text) == text


def test_unmaskable_secret_suppresses_the_transcript() -> None:
    assert mask("anything at all", ["[oculto]"]) != ""
    assert mask("[oculto] x", ["[oculto]"]) == SUPPRESSED


@pytest.mark.parametrize("document", [Cpf(CPF), Cnpj(CNPJ), parse_document("12.345.678/0001-95")])
def test_masked_sentence_stays_readable(document: Document) -> None:
    masked = mask(f"O documento {document.formatted} não existe.")
    assert masked.startswith("O documento ")
    assert masked.endswith(" não existe.")
    assert document.formatted not in masked
