"""The same pipeline as a chain of four Celery tasks, each one UPDATE: what a script of an afternoon
would be, without outbox, lease, token or dead letters, on a classic queue.

    celery_chain.py REPORTS PROCESSES      with BENCH_AMQP and BENCH_POSTGRES set

Prints chains per second, from the first one sent to the last row updated.
"""

import os
import subprocess
import sys
import time

import psycopg
from celery import Celery, chain

app = Celery("celery_chain", broker=os.environ["BENCH_AMQP"])
app.conf.update(task_ignore_result=True, task_default_queue="celery-chain", worker_hijack_root_logger=False)

connection = None


def database():
    """One connection a process."""
    global connection
    if connection is None:
        connection = psycopg.connect(os.environ["BENCH_POSTGRES"], autocommit=True)
    return connection


@app.task
def stage(report, number):
    database().execute("UPDATE celery_chain SET stage = %s WHERE id = %s", (number, report))


def main(reports, processes):
    table = psycopg.connect(os.environ["BENCH_POSTGRES"], autocommit=True)
    table.execute("DROP TABLE IF EXISTS celery_chain")
    table.execute("CREATE TABLE celery_chain (id integer PRIMARY KEY, stage integer NOT NULL)")
    table.execute("INSERT INTO celery_chain SELECT i, 0 FROM generate_series(1, %s) i", (reports,))
    here = os.path.dirname(os.path.abspath(__file__))
    command = [sys.executable, "-m", "celery", "-A", "celery_chain", "worker", "-c", str(processes)]
    worker = subprocess.Popen([*command, "-l", "WARNING", "--without-gossip", "--without-mingle"], cwd=here,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not app.control.ping(timeout=1):
            if worker.poll() is not None:
                sys.exit("the Celery worker ended")
        began = time.monotonic()
        for report in range(1, reports + 1):
            chain(*(stage.si(report, number) for number in (1, 2, 3, 4))).apply_async()
        left = "SELECT count(*) FROM celery_chain WHERE stage < 4"
        while table.execute(left).fetchone()[0]:
            time.sleep(0.05)
        print(f"{reports / (time.monotonic() - began):.1f}")
    finally:
        worker.terminate()
        worker.wait()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(int(sys.argv[1]), int(sys.argv[2]))
