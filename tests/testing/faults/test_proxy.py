"""The proxy: what it does to real sockets, to the gateway over HTTP, and to PostgreSQL."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedidaGateway
from credit_protection.domain.bureau_answers import Accepted
from credit_protection.domain.errors import BureauUnavailable, OutcomeUnknown
from credit_protection.testing.faults import FaultyProxy, Way
from credit_protection.testing.simulator import BureauSimulator
from tests.postgresql import postgresql_server
from tests.testing.faults.account import gateway, inclusion, removal

__all__ = ["postgresql_server"]

INCLUDE, REMOVE = b"POST /v1/negativacoes", b"DELETE /v1/negativacoes"


class Echo:
    """Answers each line with itself; remembers what it got, and says goodbye when the client does."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=(line,), daemon=True))
            self._threads[-1].start()

    def _serve(self, line: socket.socket) -> None:
        with line:
            try:
                while data := line.recv(65536):
                    self.got.append(data)
                    line.sendall(data)
            except OSError:
                self.got.append(b"<reset>")


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.stop()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[FaultyProxy]:
    with FaultyProxy("127.0.0.1", echo.port) as started:
        yield started


def connect(proxy: FaultyProxy) -> socket.socket:
    return socket.create_connection((proxy.host, proxy.port), timeout=5)


def read(line: socket.socket, size: int) -> bytes:
    """So many bytes, however they come."""
    data = b""
    while len(data) < size and (piece := line.recv(size - len(data))):
        data += piece
    return data


def is_reset(proxy: FaultyProxy) -> bool:
    """Whether a new connection is reset: some already while they are being made."""
    try:
        with connect(proxy) as line:
            line.sendall(b"x")
            return line.recv(1) != b"x"
    except (ConnectionResetError, BrokenPipeError):
        return True


def rest(line: socket.socket) -> bytes:
    """All that comes until the other end says goodbye."""
    return b"".join(iter(lambda: line.recv(65536), b""))


# ------------------------------------------------------------------------------------------------ bytes


def test_without_rules_everything_passes_both_ways(proxy: FaultyProxy) -> None:
    text = bytes(range(256)) * 4096
    with connect(proxy) as line, ThreadPoolExecutor(1) as reader:
        answer = reader.submit(rest, line)
        line.sendall(text)
        line.shutdown(socket.SHUT_WR)
        assert answer.result() == text
    counts = proxy.counts()
    assert (counts["connections"], counts["request"], counts["answer"]) == (1, len(text), len(text))


def test_a_reset_after_some_bytes_of_the_answer(proxy: FaultyProxy, echo: Echo) -> None:
    proxy.reset(Way.ANSWER, after=3)
    with connect(proxy) as line:
        line.sendall(b"hello")
        assert read(line, 3) == b"hel"
        with pytest.raises(ConnectionResetError):
            line.recv(1)
    assert echo.got[0] == b"hello"
    assert proxy.counts()["reset"] == 1


def test_a_reset_before_the_request_lets_nothing_through(proxy: FaultyProxy, echo: Echo) -> None:
    proxy.reset(Way.REQUEST)
    with connect(proxy) as line:
        line.sendall(b"hello")
        with pytest.raises(ConnectionResetError):
            line.recv(1)
    proxy.wait_for("reset")
    assert b"hello" not in echo.got
    assert proxy.counts()["request"] == 0


def test_a_reset_after_some_bytes_of_the_request(proxy: FaultyProxy, echo: Echo) -> None:
    proxy.reset(Way.REQUEST, after=2)
    with connect(proxy) as line:
        line.sendall(b"hello")
        with pytest.raises(ConnectionResetError):
            rest(line)
    _until(lambda: echo.got == [b"he", b"<reset>"])


def test_a_cut_is_polite_and_what_was_passed_arrives(proxy: FaultyProxy) -> None:
    proxy.cut(Way.ANSWER, after=3)
    with connect(proxy) as line:
        line.sendall(b"hello" * 1000)
        assert rest(line) == b"hel"
    assert proxy.counts()["cut"] == 1


def test_a_rule_acts_as_soon_as_its_bytes_have_passed(proxy: FaultyProxy) -> None:
    proxy.cut(Way.ANSWER, after=5)
    with connect(proxy) as line:
        line.sendall(b"hello")
        assert rest(line) == b"hello"


def test_what_is_held_passes_once_released(proxy: FaultyProxy) -> None:
    proxy.stall(Way.ANSWER, after=1)
    with connect(proxy) as line:
        line.sendall(b"hello")
        proxy.wait_for("stall")
        line.settimeout(0.1)
        assert line.recv(5) == b"h"
        with pytest.raises(TimeoutError):
            line.recv(1)
        line.settimeout(5)
        proxy.release()
        assert read(line, 4) == b"ello"


def test_what_is_held_for_a_time_passes_by_itself(proxy: FaultyProxy) -> None:
    proxy.stall(Way.REQUEST, seconds=0.2)
    began = time.monotonic()
    with connect(proxy) as line:
        line.sendall(b"hello")
        assert read(line, 5) == b"hello"
    assert 0.2 <= time.monotonic() - began < 1


def test_a_request_that_is_held_reaches_the_server_after_its_client_has_gone(proxy: FaultyProxy, echo: Echo) -> None:
    proxy.stall(Way.REQUEST)
    with connect(proxy) as line:
        line.sendall(b"hello")
        proxy.wait_for("stall")
    assert echo.got == []
    proxy.release()
    proxy.wait_for("request", 5)
    _until(lambda: echo.got[:1] == [b"hello"])


def test_a_drip_and_a_delay_take_their_time_and_lose_nothing(proxy: FaultyProxy) -> None:
    proxy.drip(Way.ANSWER, size=2, interval=0.05)
    proxy.delay(Way.REQUEST, seconds=0.1)
    began = time.monotonic()
    with connect(proxy) as line:
        line.sendall(b"hello")
        assert read(line, 5) == b"hello"
    assert 0.25 <= time.monotonic() - began < 1


def test_a_refused_connection_is_reset_at_once(proxy: FaultyProxy, echo: Echo) -> None:
    proxy.refuse(times=1)
    assert is_reset(proxy)
    assert not is_reset(proxy)
    assert (proxy.counts()["refuse"], echo.got) == (1, [b"x"])


def test_a_proxy_that_does_not_listen_refuses_until_it_listens_again(proxy: FaultyProxy) -> None:
    with connect(proxy) as line:
        proxy.stop_listening()
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)
        line.sendall(b"still here")
        assert read(line, 10) == b"still here"
    proxy.listen_again()
    connect(proxy).close()


def test_a_server_that_is_down_is_a_line_that_is_reset() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with FaultyProxy("127.0.0.1", port) as proxy:
        assert is_reset(proxy)


def test_words_pick_one_request_out_of_a_connection_that_is_kept_alive(proxy: FaultyProxy) -> None:
    proxy.reset(Way.ANSWER, when=b"COMMIT", after=2)
    with connect(proxy) as line:
        for words in (b"BEGIN", b"INSERT"):
            line.sendall(words)
            assert read(line, len(words)) == words
        line.sendall(b"..COM")
        assert read(line, 5) == b"..COM"
        line.sendall(b"MIT")
        assert read(line, 2) == b"MI"
        with pytest.raises(ConnectionResetError):
            line.recv(1)


def test_bytes_of_a_request_count_from_its_words(proxy: FaultyProxy, echo: Echo) -> None:
    proxy.stall(Way.REQUEST, when=b"DELETE", after=3)
    with connect(proxy) as line:
        line.sendall(b"GET DELETE")
        proxy.wait_for("stall")
        _until(lambda: b"".join(echo.got) == b"GET DEL")
        proxy.release()
        _until(lambda: b"".join(echo.got) == b"GET DELETE")


def test_a_rule_told_later_acts_on_a_connection_that_is_open(proxy: FaultyProxy) -> None:
    with connect(proxy) as line:
        line.sendall(b"hello")
        assert read(line, 5) == b"hello"
        proxy.cut(Way.ANSWER, after=1)
        line.sendall(b"world")
        assert rest(line) == b"w"


def test_rules_that_were_cleared_act_no_more(proxy: FaultyProxy) -> None:
    proxy.reset(Way.ANSWER, after=7)
    with connect(proxy) as line:
        line.sendall(b"hello")
        assert read(line, 5) == b"hello"
        proxy.clear()
        line.sendall(b"world")
        assert read(line, 5) == b"world"


def test_the_same_seed_draws_the_same_lot(echo: Echo) -> None:
    def lot(seed: int) -> list[bool]:
        with FaultyProxy("127.0.0.1", echo.port, seed=seed) as proxy:
            proxy.refuse(probability=0.5)
            return [is_reset(proxy) for _ in range(24)]

    assert lot(1) == lot(1)
    assert lot(1) != lot(2)
    assert 4 <= sum(lot(1)) <= 20


def test_it_ends_cleanly_whatever_is_open_or_held(echo: Echo) -> None:
    before = set(threading.enumerate())
    with FaultyProxy("127.0.0.1", echo.port) as proxy:
        proxy.stall(Way.ANSWER)
        lines = [connect(proxy) for _ in range(5)]
        for line in lines:
            line.sendall(b"x")
        proxy.wait_for("stall", 5)
        began = time.monotonic()
    assert time.monotonic() - began < 1
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name == "faulty-proxy"]
    for line in lines:
        with line, pytest.raises(ConnectionResetError):
            line.recv(1)
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    with pytest.raises(RuntimeError, match="not started"):
        proxy.release()


def test_a_proxy_that_was_stopped_can_be_started_again_on_its_port(echo: Echo) -> None:
    proxy = FaultyProxy("127.0.0.1", echo.port)
    ports = []
    for _ in range(2):
        with proxy:
            ports.append(proxy.port)
            with pytest.raises(RuntimeError, match="already started"):
                proxy.start()
            assert not is_reset(proxy)
    assert ports[0] == ports[1]


def test_what_can_not_be_is_refused(proxy: FaultyProxy) -> None:
    with pytest.raises(ValueError, match="negative"):
        proxy.reset(after=-1)
    with pytest.raises(ValueError, match="at least one byte"):
        proxy.drip(size=0)
    with pytest.raises(TimeoutError, match="stall: 0 of 1"):
        proxy.wait_for("stall", timeout=0.01)


# ------------------------------------------------------------------------------------------------ the gateway


@pytest.fixture
def simulator() -> Iterator[BureauSimulator]:
    with BureauSimulator(processing_seconds=60) as started:
        yield started


@pytest.fixture
def line(simulator: BureauSimulator) -> Iterator[FaultyProxy]:
    with FaultyProxy("127.0.0.1", int(simulator.url.rpartition(":")[2])) as started:
        yield started


@pytest.fixture
def account(line: FaultyProxy) -> Iterator[CreditoNaMedidaGateway]:
    with closing(gateway(line.url, seconds=2)) as opened:
        opened.check()
        yield opened


@pytest.fixture
def hasty(line: FaultyProxy) -> Iterator[CreditoNaMedidaGateway]:
    """An account that waits half a second."""
    with closing(gateway(line.url, seconds=0.5)) as opened:
        opened.check()
        yield opened


def test_an_inclusion_whose_answer_is_lost_stands_and_is_unknown(
    simulator: BureauSimulator, line: FaultyProxy, account: CreditoNaMedidaGateway
) -> None:
    for spoil in (line.reset, line.cut):
        spoil(Way.ANSWER, when=INCLUDE, times=1)
        with pytest.raises(OutcomeUnknown):
            account.include(inclusion())
        assert simulator.counts()["records"] == 1
        line.clear()
        simulator.clear_ledger()


def test_an_answer_cut_in_its_middle_is_unknown(
    simulator: BureauSimulator, line: FaultyProxy, account: CreditoNaMedidaGateway
) -> None:
    line.cut(Way.ANSWER, when=INCLUDE, after=300, times=1)
    with pytest.raises(OutcomeUnknown):
        account.include(inclusion())
    assert simulator.counts()["records"] == 1


def test_a_request_that_is_lost_is_unknown_and_nothing_stands(
    simulator: BureauSimulator, line: FaultyProxy, account: CreditoNaMedidaGateway
) -> None:
    line.reset(Way.REQUEST, when=INCLUDE, times=1)
    with pytest.raises(OutcomeUnknown):
        account.include(inclusion())
    line.cut(Way.REQUEST, when=INCLUDE, after=300, times=1)
    with pytest.raises(OutcomeUnknown):
        account.include(inclusion())
    assert simulator.counts()["records"] == 0
    assert isinstance(account.include(inclusion()), Accepted)


def test_an_answer_that_drips_is_unknown_at_the_total_deadline(
    simulator: BureauSimulator, line: FaultyProxy, hasty: CreditoNaMedidaGateway
) -> None:
    line.drip(Way.ANSWER, size=4, interval=0.05, when=INCLUDE)
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        hasty.include(inclusion())
    assert 0.4 < time.monotonic() - began < 1
    assert simulator.counts()["records"] == 1


def test_a_removal_that_is_held_lands_late(
    simulator: BureauSimulator, line: FaultyProxy, hasty: CreditoNaMedidaGateway
) -> None:
    hasty.include(inclusion())
    simulator.advance(61)
    line.stall(Way.REQUEST, when=REMOVE, times=1)
    with pytest.raises(OutcomeUnknown):
        hasty.remove(removal())
    assert simulator.ledger()["records"][0]["operacao"] == "INCLUSAO"
    line.release()
    _until(lambda: simulator.ledger()["records"][0]["operacao"] == "EXCLUSAO")


def test_a_bureau_that_does_not_listen_was_sent_nothing(line: FaultyProxy) -> None:
    line.stop_listening()
    with closing(gateway(line.url)) as account:
        with pytest.raises(BureauUnavailable) as caught:
            account.include(inclusion())
        assert type(caught.value) is BureauUnavailable
        line.listen_again()
        assert isinstance(account.include(inclusion()), Accepted)


def test_under_many_faults_what_is_told_is_true(
    simulator: BureauSimulator, line: FaultyProxy, account: CreditoNaMedidaGateway
) -> None:
    line.reset(Way.ANSWER, when=INCLUDE, probability=0.2)
    line.reset(Way.REQUEST, when=INCLUDE, probability=0.2)
    line.cut(Way.ANSWER, when=INCLUDE, after=100, probability=0.2)
    line.delay(Way.ANSWER, seconds=0.01, when=INCLUDE, probability=0.2)

    def include(number: int) -> tuple[str, bool | None]:
        reference = f"REF-{number}"
        try:
            return reference, isinstance(account.include(inclusion(reference)), Accepted)
        except OutcomeUnknown:
            return reference, None

    with ThreadPoolExecutor(8) as threads:
        told = dict(threads.map(include, range(120)))
    standing = {record["contrato"] for record in simulator.ledger()["records"]}
    assert {reference for reference, accepted in told.items() if accepted} <= standing
    assert {None, True} == set(told.values())
    assert simulator.counts()["repeated"] == 0


# ------------------------------------------------------------------------------------------------ PostgreSQL


@pytest.mark.postgresql
def test_a_commit_whose_answer_is_lost_stands(postgresql_server: str) -> None:
    own = psycopg.conninfo.conninfo_to_dict(postgresql_server)
    path = f"{own['host']}/.s.PGSQL.{own.get('port', 5432)}"
    with psycopg.connect(postgresql_server, autocommit=True) as direct, FaultyProxy(path) as proxy:
        direct.execute("DROP TABLE IF EXISTS fault_proof")
        direct.execute("CREATE TABLE fault_proof (n integer)")
        proxy.reset(Way.ANSWER, when=b"COMMIT", times=1)
        through = psycopg.conninfo.make_conninfo(
            postgresql_server, host=proxy.host, port=proxy.port, sslmode="disable", gssencmode="disable"
        )
        connection = psycopg.connect(through)
        connection.execute("INSERT INTO fault_proof VALUES (1)")
        with pytest.raises(psycopg.OperationalError):
            connection.commit()
        connection.close()
        _until(lambda: direct.execute("SELECT count(*) FROM fault_proof").fetchone() == (1,))
        with psycopg.connect(through) as again:
            again.execute("INSERT INTO fault_proof VALUES (2)")
        assert direct.execute("SELECT count(*) FROM fault_proof").fetchone() == (2,)
        direct.execute("DROP TABLE fault_proof")


def _until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
