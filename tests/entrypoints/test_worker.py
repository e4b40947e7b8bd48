"""The worker process and the signals that stop it."""

import subprocess
import sys

# The kernel may run a signal's handler in any thread. This one lets a thread that is not the main one receive SIGTERM.
PROGRAM = """
import signal, threading, time
from types import SimpleNamespace
from credit_protection.entrypoints.worker import run_worker

def send() -> None:
    time.sleep(0.3)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

worker = SimpleNamespace(
    start=threading.Thread(target=send, daemon=True).start,
    stop=lambda: None,
    wake=lambda: None,
    capabilities=SimpleNamespace(distributed=True),
)
print(run_worker(SimpleNamespace(worker=worker), announce=print).name)
"""


def test_worker_stops_where_another_thread_receives_the_signal() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=True)
    assert run.stdout.splitlines()[-1] == "TERMINATED"
