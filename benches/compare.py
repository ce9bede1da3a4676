#!/usr/bin/env python3
"""Times renewcast on the peers' workload, beside the peers and beside copying its own ledger.

usage: compare.py [SIZE...] [--peers FOLDER] [--times N] [--book-only]

FOLDER holds gen.py, which draws the workload, and py/, the programs that users would pick instead. A book with the
nearest profile is made of the workload: nothing overdue, seven days in the recycle bin, auto-renewal there too, month ends
that stick, a year at 0.83. Times are medians of N runs of the whole process; peers whose libraries are missing are left out.
"""
import argparse, os, statistics, subprocess, sys, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target/release/renewcast"
WORK = ROOT / "target/compare"
# What each peer imports; the first two need nothing but Python.
PEERS = {
    "a1_decimal_daily": None,
    "a3_buckets_cents": None,
    "b2_polars_tuned": "polars",
    "b3_numba_polars": "numba",
    "e_duckdb": "duckdb",
}
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
    for _ in range(times):
        before()
        runs.append(run(command))
    return statistics.median(seconds for seconds, _ in runs), max(memory for _, memory in runs)


def compare(size, peers, times, book_only):
    workload, book, out, copy = (WORK / f"{name}-{size}" for name in ("workload", "book", "out", "copy"))
    if not book.exists():
        run([sys.executable, peers / "gen.py", size, workload])
        convert(workload, book)
    if book_only:
        return
    ours, memory = median(times, [PROGRAM, "run", book, "--out", out, "--no-charts"])
    ledger = out / "ledger.csv"
    limit, _ = median(times, ["cp", ledger, copy], lambda: copy.unlink(missing_ok=True))
    rows = [(f"cp of its ledger ({ledger.stat().st_size / 1e6:.0f} MB)", limit, 0), ("renewcast run", ours, memory)]
    for peer, library in PEERS.items():
        if library is None or subprocess.run([sys.executable, "-c", f"import {library}"], capture_output=True).returncode == 0:
            # The slow ones are not worth waiting for five times.
            rows.append((peer, *median(1, [sys.executable, peers / f"py/{peer}.py", workload, copy])))
    print(f"\n{size} instances, one year")
    print(f"{'':32}{'seconds':>10}{'MiB':>8}{'copies':>8}{'renewcast is':>18}")
    for name, seconds, mebibytes in rows:
        faster = f"{seconds / ours:.1f} times faster" if seconds > ours else ""
        print(f"{name:32}{seconds:10.3f}{mebibytes:8.0f}{seconds / limit:8.1f}{faster:>18}")
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
