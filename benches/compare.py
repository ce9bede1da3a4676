#!/usr/bin/env python3
"""Times renewcast on the peers' workload, beside the peers and beside copying its own ledger.

usage: compare.py [SIZE...] [--peers FOLDER] [--times N] [--book-only]

FOLDER holds gen.py, which draws the workload, and py/, the programs that users would pick instead. A book with the
nearest profile is made of the workload: nothing overdue, seven days in the recycle bin, auto-renewal there too, month ends
that stick, a year at 0.83. Times are medians of N runs of the whole process, memory is the
most of them; peers whose libraries are missing are left out, slow ones are run once.
"""
import argparse, os, shutil, statistics, subprocess, sys, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target/release/renewcast"
WORK = ROOT / "target/compare"
# For each peer what a user knows it as, and the library that it needs.
PEERS = {
    "a1_decimal_daily": ("Python, Decimal", None),
    "a3_buckets_cents": ("Python, tuned, cents", None),
    "b3_numba_polars": ("numba and polars", "numba"),
    "d_simpy": ("SimPy", "simpy"),
    "b1_pandas": ("pandas, renewals only", "pandas"),
    "b2_polars_tuned": ("polars, renewals only", "polars"),
    "e_duckdb": ("DuckDB, renewals only", "duckdb"),
}
NOTE = """copies: how many times as long as cp of renewcast's own ledger, which has more columns and rows than the peers' files.
renewals only: no balances, no top-ups, nothing fails for want of money; all else does what the workload says."""
# A peer that takes longer than this is run once.
PATIENCE = 10.0
BOOK = """name = "Workload"
from = 2026-01-01
to = 2026-12-31
profile = "workload"
"""
PROFILE = """[workload]
month_end = "sticky"
renew_periods = [1, 3, 12]
discounts = { 12 = "0.83" }
auto_renew_while_reclaimed = true
suspend_after_days = 0
retention_days = 7
remind_days = []
"""
INSTANCES = "instance_id,account_id,region,project,charge_type,renew_flag,renew_months,monthly_price,expires_on\n"


def convert(workload, book):
    """The workload as a book."""
    book.mkdir(parents=True, exist_ok=True)
    (book / "book.toml").write_text(BOOK)
    (book / "profiles.toml").write_text(PROFILE)
    with open(workload / "instances.csv") as rows, open(book / "instances.csv", "w") as out:
        next(rows)
        out.write(INSTANCES)
        for row in rows:
            account, instance, region, project, months, price, expiry, auto = row.rstrip("\n").split(",")
            flag = "auto" if auto == "true" else "none"
            out.write(f"{instance},{account},{region},{project},PREPAID,{flag},{months},{price},{expiry}\n")
    with open(workload / "accounts.csv") as rows, open(book / "accounts.csv", "w") as out:
        next(rows)
        out.write("account_id,cash\n")
        out.writelines(rows)
    with open(workload / "topups.csv") as rows, open(book / "actions.csv", "w") as out:
        next(rows)
        out.write("date,action,account_id,amount\n")
        for row in rows:
            day, account, amount = row.split(",")
            out.write(f"{day},topup,{account},{amount}")


def run(command):
    """Seconds and MiB of one process."""
    start = time.perf_counter()
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        sys.exit(f"{command[0]} failed with {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def median(times, command, before=lambda: None):
    runs = []
    while len(runs) < times and (not runs or runs[0][0] < PATIENCE):
        before()
        runs.append(run(command))
    return statistics.median(seconds for seconds, _ in runs), max(memory for _, memory in runs)


def has(library):
    imported = [sys.executable, "-c", f"import {library}"]
    return library is None or subprocess.run(imported, capture_output=True).returncode == 0


def beside(seconds, ours):
    """What a user wants to know of two times."""
    return f"{seconds / ours:.1f} times as fast" if seconds > ours else f"{ours / seconds:.1f} times as slow"


def compare(size, peers, times, book_only):
    workload, book, out, copy = (WORK / f"{name}-{size}" for name in ("workload", "book", "out", "copy"))
    if not book.exists():
        run([sys.executable, peers / "gen.py", size, workload])
        convert(workload, book)
    if book_only:
        return
    # An older result is gone before either begins.
    clean = lambda: shutil.rmtree(out, ignore_errors=True)
    ours, memory = median(times, [PROGRAM, "run", book, "--out", out, "--no-charts"], clean)
    ledger = out / "ledger.csv"
    limit, of_cp = median(times, ["cp", ledger, copy], lambda: copy.unlink(missing_ok=True))
    written = lambda file: file.stat().st_size / 1e6
    rows = [("cp of that ledger", limit, of_cp, written(copy)), ("renewcast run", ours, memory, written(ledger))]
    for peer, (name, library) in PEERS.items():
        if not has(library):
            print(f"left out: {name}; there is no {library} for {sys.executable}")
            continue
        copy.unlink(missing_ok=True)
        measured = median(times, [sys.executable, peers / f"py/{peer}.py", workload, copy])
        rows.append((name, *measured, written(copy)))
    print(f"\n{size:,} instances, one year")
    print(f"{'':24}{'seconds':>9}{'MiB':>8}{'ledger MB':>11}{'copies':>8}{'renewcast is':>20}")
    for name, seconds, mebibytes, megabytes in rows:
        verdict = "" if name == "renewcast run" else beside(seconds, ours)
        print(f"{name:24}{seconds:9.3f}{mebibytes:8.0f}{megabytes:11.1f}{seconds / limit:8.1f}{verdict:>20}")
    print(NOTE)
    copy.unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--peers", type=Path, default=Path(os.environ.get("PEERS", ROOT / "../shared/peers")))
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--book-only", action="store_true", help="make the books, measure nothing")
    arguments = parser.parse_args()
    if not (arguments.peers / "gen.py").exists():
        sys.exit(f"there is no gen.py in {arguments.peers}; name the folder of the peers with --peers")
    if not PROGRAM.exists():
        sys.exit("build the program first: cargo build --release")
    WORK.mkdir(parents=True, exist_ok=True)
    for size in arguments.sizes:
        compare(size, arguments.peers, arguments.times, arguments.book_only)


main()
