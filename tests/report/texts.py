#!/usr/bin/env python3
"""Opens what the program makes of texts that anybody may have written with the programs of its readers.

Usage: tests/report/texts.py PROGRAM [PICTURES]

A book has each text of `texts.json` as an id, a name, a note, a key and a value of tags and, where files may have such a
name, of a scenario. Every verb works on it; a terminal, an XML parser, Chromium, openpyxl, LibreOffice and a reader of
calendars look at what comes out. Where one of them is not there, a line says WITHOUT and the rest goes on. Pictures are kept
in the second folder, if one is named.
"""

import csv
import io
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.dom.minidom
import xml.parsers.expat
import zipfile

from check import FAILURES, cells, check, convert, without

TEXTS = json.loads((pathlib.Path(__file__).parent / "texts.json").read_text(encoding="utf-8"))
AMOUNT = re.compile(r"-?\d[\d,]*\.\d\d(?!\d)")
# What the book of the pictures has as ids: words from right to left, and characters that turn what stands beside them.
TURNING = ["sh\u202eop", "lab\u202e", "\u05e9\u05e8\u05ea-12", "\u0639\u0631\u0628\u064a", "iso\u2067late", "\u202e"]


def write_csv(path, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    path.write_bytes(text.getvalue().encode())


def make_book(folder, texts):
    (folder / "scenarios").mkdir(parents=True)
    name = json.dumps("evil \u202e \u001b[31m " + texts[0])
    (folder / "book.toml").write_text(f"name = {name}\nfrom = 2026-12-01\nto = 2027-03-31\n", encoding="utf-8")
    write_csv(folder / "accounts.csv", [["account_id", "name", "cash"]] + [[text, text, "80.00"] for text in texts])
    head = ["instance_id", "account_id", "name", "project", "charge_type", "renew_flag", "monthly_price", "expires_on"]
    rows = [head + [f"tag:{text}" for text in texts]]
    for number, text in enumerate(texts):
        flag = "manual" if number % 2 else "auto"
        tags = [text if at == number else "other" for at in range(len(texts))]
        rows.append([text, text, text, text, "PREPAID", flag, "59.00", "2026-12-12"] + tags)
    write_csv(folder / "instances.csv", rows)
    actions = [["2026-12-02", "topup", text, "10.00", text] for text in texts]
    write_csv(folder / "actions.csv", [["date", "action", "account_id", "amount", "note"]] + actions)
    write_csv(folder / "budget.csv", [["month", "key", "amount"]] + [["2026-12", text, "50.00"] for text in texts])
    for text in texts:
        if len(text.encode()) < 200 and "/" not in text and ".." not in text:
            change = '[[set]]\nrenew_flag = "auto"\n'
            (folder / "scenarios" / f"{text}.toml").write_text(change, encoding="utf-8")
    axis = json.dumps("\u001b]0;title\u0007 \u202e \n" + texts[-1])
    (folder / "sweep.toml").write_text(f'[[axis]]\nname = {axis}\nkey = "renew_months"\nvalues = [1, 3]\n', encoding="utf-8")


# The terminal.


def run(program, folder, *arguments, colours=True):
    environment = {"CLICOLOR_FORCE": "1"} if colours else {}
    ran = subprocess.run(
        [program, *arguments], cwd=folder, env=environment, capture_output=True, timeout=120, check=False
    )
    check(ran.returncode in (0, 1, 2) and b"panicked" not in ran.stderr, f"{arguments}: {ran.returncode} {ran.stderr[:500]}")
    return ran


def terminal(printed, name):
    """What an emulator shows; nothing of its state may have changed."""
    import pyte

    told = []

    class Screen(pyte.Screen):
        def bell(self, *arguments):
            told.append("bell")

        def set_title(self, title):
            told.append(f"title {title!r}")

        def set_icon_name(self, title):
            told.append(f"icon {title!r}")

        def set_mode(self, *modes, **options):
            told.append(f"mode {modes}")

        def reset_mode(self, *modes, **options):
            told.append(f"mode off {modes}")

        def cursor_position(self, *arguments):
            told.append("cursor")

        def erase_in_display(self, *arguments, **options):
            told.append("erased")

        def define_charset(self, *arguments):
            told.append("charset")

    text = printed.decode()
    lines = text.split("\n")
    screen = Screen(3_000, len(lines) + 1)
    told.clear()
    stream = pyte.Stream(screen)
    stream.feed(text.replace("\n", "\r\n"))
    shown = [line.rstrip() for line in screen.display]
    check(told == [], f"{name}: the terminal was told {told[:5]}")
    check(screen.cursor.attrs == pyte.screens.Char(" ")._replace(data=screen.cursor.attrs.data), f"{name}: a style stays")
    check(screen.cursor.y == len(lines) - 1, f"{name}: {len(lines)} lines, and the cursor is on {screen.cursor.y + 1}")
    for line, seen in zip(lines, shown):
        plain = re.sub(r"\x1b\[[\d;]*m", "", line)
        check(AMOUNT.findall(plain) == AMOUNT.findall(seen), f"{name}: {plain!r} is shown as {seen!r}")
    return shown


def check_terminal(program, folder):
    verbs = [
        ["run", "book", "--out", "out"],
        ["check", "book"],
        ["report", "book", "--out", "out"],
        ["compare", "book", "--out", "compare"],
        ["compare", "book", "--rules", "--out", "rules"],
        ["plan", "book", "--out", "plan"],
        ["terms", "book", "--out", "terms"],
        ["calendar", "book", "--out", "out"],
        ["calendar", "book", "--by", "project", "--out", "projects"],
        ["sweep", "book", "sweep.toml", "--out", "sweep"],
        ["verify", "out"],
        ["verify", "out", "--book", "book"],
        ["diff", "out", "out", "--out", "diff"],
    ]
    shutil.copy(folder / "book/sweep.toml", folder / "sweep.toml")
    for text in TEXTS:
        if "\0" not in text and not text.startswith("-"):
            verbs.append(["explain", "book", text])
            verbs.append(["run", "book", "--set", text])
            verbs.append(["report", "book", "--month", text])
            verbs.append(["run", "book", "--fail-on", text])
            verbs.append([text])
            verbs.append(["run", "book", "--scenario", text, "--no-charts", "--out", "scenario"])
    looks = True
    try:
        import pyte  # noqa: F401
    except ImportError:
        looks = without("a terminal", "no pyte, `pip install pyte` gives it")
    for verb in verbs:
        ran = run(program, folder, *verb)
        if looks is not None:
            terminal(ran.stdout, verb)
            terminal(ran.stderr, verb)
    print(f"  terminal: {len(verbs)} command lines")


# The calendars, and XML.


def check_calendars(folder):
    try:
        import icalendar
    except ImportError:
        return without("the calendars", "no icalendar, `pip install icalendar` gives it")
    files = sorted(folder.glob("*/calendar/*.ics"))
    entries = 0
    for file in files:
        calendar = icalendar.Calendar.from_ical(file.read_bytes())
        for event in calendar.walk("VEVENT"):
            entries += 1
            summary, start = str(event["summary"]), event.decoded("dtstart")
            check(": " in summary and "\n" not in summary and start.year >= 2026, f"{file.name}: {summary!r}")
            check(not re.search("[\0-\x1f\x7f-\x9f\u202a-\u202e\u200e\u200f\u061c]", summary), f"{file.name}: {summary!r}")
        check(calendar.errors == [], f"{file.name}: {calendar.errors}")
    check(len(files) > len(TEXTS) and entries > len(TEXTS), f"{len(files)} calendars")
    print(f"  calendars: {entries} entries in {len(files)} files")


def check_xml(folder):
    parts = 0
    for path in sorted(folder.rglob("*.xlsx")):
        book = zipfile.ZipFile(path)
        check(book.testzip() is None, f"{path}: a broken archive")
        for name in book.namelist():
            parts += 1
            try:
                xml.dom.minidom.parseString(book.read(name))
            except xml.parsers.expat.ExpatError as error:
                check(False, f"{path.name}, {name}: {error}")
    pictures = sorted(folder.rglob("*.svg"))
    for path in pictures:
        try:
            xml.dom.minidom.parseString(path.read_bytes())
        except xml.parsers.expat.ExpatError as error:
            check(False, f"{path.name}: {error}")
    check(parts > len(TEXTS) and len(pictures) > 5, f"{parts} parts, {len(pictures)} pictures")
    print(f"  XML: {parts} parts of workbooks and {len(pictures)} pictures are well formed")


# The page and the pictures.

IN_ORDER = """() => {
    const wrong = [];
    let seen = 0;
    const walker = document.createTreeWalker(document, NodeFilter.SHOW_TEXT);
    const amount = /-?\\d[\\d,]*\\.\\d\\d|\\d{4}-\\d\\d-\\d\\d|CNY/g;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.parentElement.closest("script, style, title")) continue;
        for (const match of node.data.matchAll(amount)) {
            let last = null;
            seen += 1;
            for (let at = match.index; at < match.index + match[0].length; at += 1) {
                const range = document.createRange();
                range.setStart(node, at);
                range.setEnd(node, at + 1);
                const box = range.getBoundingClientRect();
                if (last && Math.abs(box.top - last.top) < 2 && box.left < last.left) {
                    wrong.push(node.data);
                    break;
                }
                last = box;
            }
        }
        // What is read first stands further to the left.
        const found = [...node.data.matchAll(amount)];
        for (let at = 1; at < found.length; at += 1) {
            const boxes = [found[at - 1], found[at]].map((match) => {
                const range = document.createRange();
                range.setStart(node, match.index);
                range.setEnd(node, match.index + 1);
                return range.getBoundingClientRect();
            });
            if (Math.abs(boxes[0].top - boxes[1].top) < 2 && boxes[1].left < boxes[0].left) wrong.push(node.data);
        }
    }
    return [seen, wrong];
}"""


def check_browser(folders, pictures):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return without("texts in a browser", "no playwright, `pip install playwright` gives it")
    if chromium is None:
        return without("texts in a browser", "no chromium")
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for folder in folders:
            pages = [folder / "report.html"] + sorted((folder / "charts").glob("*.svg"))
            seen = 0
            for path in pages:
                page = browser.new_page(viewport={"width": 1280, "height": 1000})
                said = []
                page.on("console", lambda message: said.append(message.text))
                page.on("pageerror", lambda error: said.append(str(error)))
                page.on("dialog", lambda dialog: (said.append(f"dialog {dialog.message}"), dialog.dismiss()))
                page.goto(path.resolve().as_uri())
                count, wrong = page.evaluate(IN_ORDER)
                seen += count
                check(said == [], f"{path.name}: {said[:3]}")
                check(wrong == [], f"{path.name}: turned {wrong[:3]}")
                scripts = page.evaluate("document.querySelectorAll('script').length")
                check(scripts == (1 if path.suffix == ".html" else 0), f"{path.name}: {scripts} scripts")
                if path.suffix == ".html" or "balance" in path.name:
                    page.screenshot(path=pictures / f"{folder.parent.name}-{path.stem[:20]}.png")
                page.close()
            check(seen > 100, f"{folder.name}: only {seen} amounts")
            print(f"  browser: {seen} amounts and dates in order on {len(pages)} pages and pictures")
        browser.close()


# The workbook.


def check_workbook(path, texts, scratch, pictures, keep):
    try:
        import openpyxl  # noqa: F401
    except ImportError:
        return without("texts in a workbook", "no openpyxl, `pip install openpyxl` gives it")
    written, book = cells(path, True)
    formulas, bare = cells(path, False)
    is_formula = lambda text: isinstance(text, str) and text.startswith("=")  # noqa: E731
    formulas = {at: text for at, text in formulas.items() if is_formula(text) and bare[at[0]][at[1]].data_type == "f"}
    tables = len(list((path.parent / "report").glob("*.csv")))
    check(tables > len(texts), f"{tables} tables for {len(texts)} keys of tags")
    check(len(book.sheetnames) == tables + 2, f"{len(book.sheetnames)} sheets, {tables} tables")
    for sheet, at in formulas:
        check(isinstance(written[sheet, at], (int, float)), f"{sheet} {at}: {formulas[sheet, at]} for no amount")
    print(f"  workbook: {len(book.sheetnames)} sheets, {len(formulas)} formulas read back")
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        return without("texts in LibreOffice", "no LibreOffice")
    # What openpyxl saves has formulas without values, so that nothing is left but to calculate them.
    bare.save(scratch / f"{keep}.xlsx")
    recalculated = convert(office, scratch / f"{keep}.xlsx", "xlsx:Calc MS Excel 2007 XML", scratch)
    if recalculated is not None:
        again, other = cells(recalculated, True)
        check(other.sheetnames == book.sheetnames, f"LibreOffice finds the sheets {other.sheetnames[:9]}")
        near = lambda left, right: isinstance(right, (int, float)) and abs(left - right) < 0.005  # noqa: E731
        wrong = [(at, text, written[at], again.get(at)) for at, text in formulas.items() if not near(written[at], again.get(at))]
        check(wrong == [], f"recalculated otherwise: {wrong[:3]}")
        print(f"  workbook: {len(formulas)} formulas recalculated by LibreOffice give what was written")
    if len(sys.argv) > 2:
        paper = convert(office, path, "pdf", scratch)
        if paper is not None:
            shutil.copy(paper, pictures / f"{keep}.pdf")


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        pictures = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else scratch
        pictures.mkdir(parents=True, exist_ok=True)
        for name, texts in [("all", TEXTS), ("turning", TURNING)]:
            (scratch / name).mkdir()
            make_book(scratch / name / "book", texts)
        check_terminal(program, scratch / "all")
        for verb in ("run", "report", "calendar"):
            run(program, scratch / "turning", verb, "book", "--out", "out", colours=False)
        check_calendars(scratch / "all")
        check_xml(scratch)
        check_browser([scratch / name / "out" for name in ("all", "turning")], pictures)
        for name, texts in [("all", TEXTS), ("turning", TURNING)]:
            check_workbook(scratch / name / "out/report.xlsx", texts, scratch, pictures, name)
    print(f"{len(FAILURES)} failed" if FAILURES else "texts are shown, and nothing else")
    sys.exit(1 if FAILURES else 0)


if __name__ == "__main__":
    main()
