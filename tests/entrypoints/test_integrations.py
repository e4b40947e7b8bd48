"""`integration`, `products`, `natures`."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from credit_protection.testing.simulator import BureauSimulator
from tests.entrypoints.command_line import SECRET, Cli, StoredData

ENVIRONMENT_SECRET = "CREDIT_PROTECTION_PARAM_CLIENT_SECRET"


def add(cli: Cli, url: str, *further: str, expect: int = 0, answers: str | None = None) -> str:
    given = ("--gateway", "credito_na_medida", "--description", "Segunda", "--param", "client_id=demo-client")
    result = cli.run(
        "integration", "add", *given, "--param", f"base_url={url}", *further, expect=expect, answers=answers
    )
    return result.stdout + result.stderr


def test_add_asks_nothing_where_everything_is_given(
    cli: Cli, bureau: BureauSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT_SECRET, SECRET)
    add(cli, bureau.url, "--set", "reuse_days=30", "--set", "fine_percent=2,5")
    rows = cli.json("integration", "list").document["integrations"]
    assert [row["description"] for row in rows] == ["Birô", "Segunda"]
    assert rows[1]["secrets"] == ["client_secret"]
    assert rows[1]["settings"]["reuse_days"] == 30
    assert rows[1]["settings"]["fine_percent"] == "2.5"
    cli.run("integration", "test", "Segunda")


def test_add_asks_for_what_is_missing_and_hides_a_secret(cli: Cli, bureau: BureauSimulator) -> None:
    text = add(cli, bureau.url, answers=f"{SECRET}\n")
    assert "Client secret" in text
    assert SECRET not in text
    cli.run("integration", "test", "Segunda")


def test_add_asks_for_a_description_too(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT_SECRET, SECRET)
    cli.run("integration", "add", answers="Terceira\nmy-id\nhttps://api.exemplo.com.br\n")
    rows = cli.json("integration", "list").document["integrations"]
    assert rows[1]["description"] == "Terceira"
    assert rows[1]["parameters"]["client_id"] == "my-id"


def test_unanswered_prompt_aborts_and_stores_nothing(cli: Cli, bureau: BureauSimulator, stored: StoredData) -> None:
    add(cli, bureau.url, answers="", expect=130)
    assert stored.count("cp_integration") == 1


def test_secret_on_the_command_line_is_refused(cli: Cli, bureau: BureauSimulator, stored: StoredData) -> None:
    text = add(cli, bureau.url, "--param", "client_secret=visible", expect=2)
    assert "[segredo_na_linha_de_comando]" in text
    assert stored.count("cp_integration") == 1


@pytest.mark.parametrize(
    ("further", "code"),
    [
        (("--param", "colour=blue"), "parametro_desconhecido"),
        (("--param", "credenciais=telegram"), "parametro_invalido"),
        (("--set", "colour=blue"), "ajuste_desconhecido"),
        (("--set", "reuse_days=often"), "ajuste_invalido"),
        (("--set", "telecom=maybe"), "ajuste_invalido"),
        (("--set", "grouped=perhaps"), "ajuste_invalido"),
        (("--set", "fine_percent=-1"), "ajuste_invalido"),
        (("--set", "removal_tolerance=1.23"), "valor_ambiguo"),
        (("--set", "removal_tolerance=1,234"), "valor_formato"),
        (("--set", "removal_tolerance=-1"), "valor_negativo"),
        (("--set", "rate_per_second=inf"), "ajuste_invalido"),
        (("--set", "rate_per_second=nan"), "ajuste_invalido"),
        (("--set", "minimum_days_late=999999999"), "ajuste_invalido"),
        (("--set", "minimum_days_late=1796"), "ajuste_invalido"),
        (("--creditor", "unknown"), "empresa_desconhecida"),
        (("--set", "no-equals-sign"), "uso"),
    ],
)
def test_invalid_option_is_refused_and_nothing_is_stored(
    cli: Cli,
    stored: StoredData,
    bureau: BureauSimulator,
    monkeypatch: pytest.MonkeyPatch,
    further: tuple[str, ...],
    code: str,
) -> None:
    monkeypatch.setenv(ENVIRONMENT_SECRET, SECRET)
    assert f"[{code}]" in add(cli, bureau.url, *further, expect=2)
    assert stored.count("cp_integration") == 1


def test_unknown_gateway_is_refused(cli: Cli) -> None:
    result = cli.json("integration", "add", "--gateway", "oracle", expect=2)
    assert result.error["code"] == "gateway_desconhecido"


def test_integration_needs_a_company_of_the_erp(bare: Cli) -> None:
    assert bare.json("integration", "add", expect=2).error["code"] == "sem_empresa"


def test_integration_is_found_by_id_prefix_or_description(cli: Cli) -> None:
    (row,) = cli.json("integration", "list").document["integrations"]
    for named in ((), (row["id"],), (row["id"][:6],), ("birô",)):
        cli.run("natures", "list", *named)
    assert cli.json("natures", "list", "nenhuma", expect=6).error["code"] == "integracao_desconhecida"


def test_unnamed_integration_is_ambiguous_among_several(
    cli: Cli, bureau: BureauSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT_SECRET, SECRET)
    add(cli, bureau.url)
    assert cli.json("natures", "list", expect=2).error["code"] == "integracao_ambigua"


def test_test_reports_what_failed(cli: Cli, bureau: BureauSimulator) -> None:
    assert cli.json("integration", "test").document["result"] == "ok"
    bureau.set_options(client_secret="another")
    bureau.expire_tokens()
    result = cli.run("integration", "test", expect=4)
    assert result.stderr.startswith("Erro [credenciais_recusadas]: ")
    bureau.add_fault("any", "unavailable")
    assert cli.json("integration", "test", expect=3).error["retryable"] is True


def test_show_and_list_report_whether_the_bureau_is_called(cli: Cli, stored: StoredData) -> None:
    assert cli.json("integration", "show").document["calls"] == "closed"
    assert "normais" in cli.run("integration", "list").stdout
    stored.pause((datetime.now(UTC) + timedelta(hours=1)).isoformat(), "O birô não responde.")
    assert cli.json("integration", "show").document["calls"] == "open"
    for command in ("show", "list"):
        said = cli.run("integration", command).stdout
        assert "em pausa" in said
        assert "O birô não responde." in said
    stored.pause("2020-01-01T00:00:00+00:00", "O birô não responde.")
    assert cli.json("integration", "list").document["integrations"][0]["calls"] == "half_open"
    assert "uma por vez" in cli.run("integration", "show").stdout
    cli.run("integration", "test")
    assert cli.json("integration", "show").document["calls"] == "closed"


def test_edit_keeps_what_is_not_given(cli: Cli, bureau: BureauSimulator) -> None:
    cli.run("integration", "edit", "--description", "Novo nome", "--set", "telecom=block")
    (row,) = cli.json("integration", "list").document["integrations"]
    assert row["description"] == "Novo nome"
    assert row["settings"]["telecom"] == "block"
    assert row["settings"]["reuse_mode"] == "warn"
    assert row["parameters"]["base_url"] == bureau.url
    cli.run("integration", "test")


def test_settings_are_shown_as_they_can_be_typed(cli: Cli) -> None:
    before = cli.json("integration", "show").document["settings"]
    said = cli.run("integration", "show").stdout
    typed = {}
    for name in before:
        (line,) = [line for line in said.splitlines() if line.split()[:1] == [name]]
        typed[name] = re.split(r" {2,}", line.strip())[-1]
    assert (typed["removal_tolerance"], typed["environment"]) == ("R$ 0,00", "produção")
    further = [part for name, value in typed.items() for part in ("--set", f"{name}={value}")]
    cli.run("integration", "edit", "--set", "removal_tolerance=5", "--set", "environment=Teste", "--set", "telecom=off")
    cli.run("integration", "edit", *further)
    assert cli.json("integration", "show").document["settings"] == before


def test_edit_asks_for_the_named_secret(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    result = cli.run("integration", "edit", "--secret", "client_secret", answers="wrong\n")
    assert "wrong" not in result.stdout + result.stderr
    cli.run("integration", "test", expect=4)
    monkeypatch.setenv(ENVIRONMENT_SECRET, SECRET)
    cli.run("integration", "edit", "--secret", "client_secret")
    cli.run("integration", "test")
    assert cli.json("integration", "edit", "--secret", "client_id", expect=2).error["code"] == "parametro_desconhecido"


def test_inactive_integration_blocks_queries_and_inclusions(cli: Cli, bureau: BureauSimulator) -> None:
    assert cli.json("integration", "deactivate").document["active"] is False
    assert cli.json("query", "--customer", "9001", "-p", "ESSENCIAL", expect=1).error["code"] == "integracao_inativa"
    assert cli.negativate("9001", "60003", "DEV", expect=1).error["code"] == "integracao_inativa"
    assert bureau.counts()["requests"] == 0
    assert cli.json("integration", "activate").document["active"] is True


def test_delete_asks_and_is_refused_while_negativations_are_open(cli: Cli) -> None:
    assert "Cancelado" in cli.run("integration", "delete", answers="n\n", expect=130).stderr
    (made,) = cli.negativate("9001", "60003", "DEV").document["negativations"]
    assert cli.json("integration", "delete", "--yes", expect=1).error["code"] == "integracao_com_negativacoes"
    cli.run("negativations", "delete", made["id"], "--yes")
    cli.run("integration", "delete", answers="sim\n")
    assert cli.json("integration", "list").document["integrations"] == []


def test_products_are_synchronised_listed_and_removed(cli: Cli, bureau: BureauSimulator) -> None:
    before = bureau.catalogue()["produtos"]
    bureau.remove_product("MEDIDA-PJ")
    synchronised = cli.json("products", "sync").document
    bureau.set_catalogue(produtos=before)
    assert synchronised["gone"] == ["MEDIDA-PJ"]
    assert cli.json("products", "remove", "SCORE", "MEDIDA-PF").document["removed"] == 2
    offered = [row["code"] for row in cli.json("products", "list").document["products"]]
    assert offered == ["ESSENCIAL", "NEG-INC", "NEG-EXC"]
    everything = cli.json("products", "list", "--all").document["products"]
    assert {row["code"] for row in everything if row["hidden"]} == {"SCORE", "MEDIDA-PF"}
    assert {row["code"] for row in everything if row["gone_at"]} == {"MEDIDA-PJ"}
    assert cli.json("products", "remove", "SCORE", "NADA", expect=6).error["code"] == "produto_desconhecido"
    assert "modelo_score*" in cli.run("products", "list", "--all").stdout


def test_natures_list_the_person_types(cli: Cli) -> None:
    natures = {row["code"]: row["person_types"] for row in cli.json("natures", "list").document["natures"]}
    assert natures == {"DEV": ["PF"], "DUP": ["PJ"], "MEN": ["PF", "PJ"], "OUT": None}
