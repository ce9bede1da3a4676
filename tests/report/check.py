#!/usr/bin/env python3
"""Opens a report with the programs of its readers: Chromium, LibreOffice, openpyxl.

Usage: tests/report/check.py REPORT_FOLDER [PICTURES]

The page is opened without a network at three widths and on paper; a header is clicked, a word searched. The workbook is
recalculated by LibreOffice, and every formula must give the value that the program wrote beside it. Where a program is not
there, a line says WITHOUT and the rest goes on. Pictures are kept in the second folder, if one is named.
"""

import csv
import datetime
import decimal
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

FAILURES = []


def check(holds, what):
    """Notes what does not hold."""
    if not holds:
        FAILURES.append(what)
        print(f"  FAILED {what}")


def without(what, why):
    print(f"WITHOUT {what}: {why}")


# The page.


def first_cells(page, section):
    return page.eval_on_selector_all(
        f"#t-{section} tbody tr:not([hidden]) > :first-child", "cells => cells.map(cell => cell.textContent)"
    )


def sorts_and_searches(page, section):
    before = first_cells(page, section)
    if len(before) < 2:
        return
    head = page.locator(f"#t-{section} thead [role=button]").first
    head.click()
    up = first_cells(page, section)
    head.press("Enter")
    down = first_cells(page, section)
    check(sorted(up) == sorted(before), f"{section}: sorting loses rows")
    check(page.locator(f"#t-{section} th[aria-sort=descending]").count() == 1, f"{section}: no direction is shown")
    check(up != down or len(set(up)) == 1, f"{section}: a second click does not turn the order")
    amounts = page.locator(f"#t-{section} thead th.n")
    if amounts.count():
        at = amounts.first.evaluate("head => head.cellIndex")
        amounts.first.locator("[role=button]").click()
        values = page.eval_on_selector_all(
            f"#t-{section} tbody tr", f"rows => rows.map(row => row.cells[{at}].dataset.v ?? row.cells[{at}].textContent)"
        )
        numbers = [float(value) for value in values if value]
        check(numbers == sorted(numbers), f"{section}: numbers are sorted as texts")
    search = page.locator(f"#t-{section} input[type=search]")
    if search.count():
        search.fill(before[0])
        found = first_cells(page, section)
        check(0 < len(found) <= len(before), f"{section}: search finds nothing")
        search.fill("no such row")
        check(not first_cells(page, section), f"{section}: search finds what is not there")
        search.fill("")


def check_page(report, pictures):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return without("the page in a browser", "no playwright, `pip install playwright` gives it")
    if chromium is None:
        return without("the page in a browser", "no chromium")
    address = (report / "report.html").resolve().as_uri()
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, width, height, scheme in [
            ("desktop", 1280, 1000, "light"),
            ("phone", 390, 844, "light"),
            ("dark", 1280, 1000, "dark"),
        ]:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            said, asked = [], []
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("request", lambda request: asked.append(request.url))
            start = time.monotonic()
            page.goto(address)
            seconds = time.monotonic() - start
            page.screenshot(path=pictures / f"{name}.png")
            wide = page.evaluate("document.documentElement.scrollWidth")
            check(wide <= width, f"{name}: the page is {wide} wide")
            if name == "desktop":
                paper = browser.new_page()
                paper.goto(address)
                paper.pdf(path=pictures / "paper.pdf", prefer_css_page_size=True, print_background=True)
                paper.close()
            sections = page.eval_on_selector_all("section.table:has(table)", "all => all.map(one => one.id.slice(2))")
            for section in sections:
                sorts_and_searches(page, section)
            check(said == [], f"{name}: the browser complains: {said}")
            check(asked == [address], f"{name}: the page asks for {asked[1:]}")
            size = (report / "report.html").stat().st_size
            print(f"  page, {name}: {len(sections)} tables sorted and searched, {size:,} bytes open in {seconds:.2f} s")
            if name == "desktop":
                accessible(page)
            page.close()
        browser.close()


def accessible(page):
    """Headings in order, names for tables, fields and charts, a row or column for each head, links that lead somewhere."""
    faults = page.evaluate(
        """() => {
            const faults = [];
            const levels = [...document.querySelectorAll("h1,h2,h3,h4")].map((head) => Number(head.tagName[1]));
            if (levels[0] !== 1 || levels.some((level, at) => at > 0 && level > levels[at - 1] + 1)) faults.push("headings");
            if (!document.documentElement.lang) faults.push("language");
            for (const table of document.querySelectorAll("table")) if (!table.caption) faults.push("caption");
            for (const head of document.querySelectorAll("th")) if (!head.scope && !head.closest("tfoot")) faults.push("scope");
            for (const field of document.querySelectorAll("input")) if (!field.ariaLabel) faults.push("field");
            for (const chart of document.querySelectorAll("svg")) if (!chart.ariaLabel || chart.role !== "img") faults.push("chart");
            for (const link of document.querySelectorAll("a[href^='#']"))
                if (!document.getElementById(link.hash.slice(1))) faults.push(link.hash);
            const light = (colour) => {
                const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => {
                    const share = part / 255;
                    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
                });
                return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
            };
            const paper = light(getComputedStyle(document.body).backgroundColor);
            for (const one of document.querySelectorAll(".soft, .bad, .good, a, td")) {
                const ink = light(getComputedStyle(one).color);
                const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
                if (contrast < 4.5) faults.push(`contrast ${contrast.toFixed(1)} of ${one.textContent}`);
            }
            return [...new Set(faults)];
        }"""
    )
    check(faults == [], f"accessibility: {faults}")


# The workbook.


def cells(path, values):
    import openpyxl

    book = openpyxl.load_workbook(path, data_only=values)
    return {
        (sheet.title, cell.coordinate): cell.value for sheet in book for row in sheet.iter_rows() for cell in row
    }, book


def same(left, right):
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return abs(left - right) < 0.005
    return left == right


def check_workbook(report, scratch):
    try:
        import openpyxl  # noqa: F401
    except ImportError:
        return without("the workbook", "no openpyxl, `pip install openpyxl` gives it")
    path = report / "report.xlsx"
    written, book = cells(path, True)
    formulas, bare = cells(path, False)
    formulas = {at: text for at, text in formulas.items() if isinstance(text, str) and text.startswith("=")}
    tables = [table for sheet in book for table in sheet.tables.values()]
    check(len(tables) > 5 and len(formulas) > 5, f"{len(tables)} tables, {len(formulas)} formulas")
    charts = sum(len(sheet._charts) for sheet in book)
    for sheet in book.worksheets[1:]:
        check(sheet.freeze_panes is not None, f"{sheet.title}: the header is not frozen")
    for file in sorted((report / "report").glob("*.csv")):
        check_sheet(file, book)
    print(f"  workbook: {len(book.worksheets)} sheets, {len(tables)} tables, {len(formulas)} formulas, {charts} charts read back")
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        return without("recalculating the workbook", "no LibreOffice")
    # What openpyxl saves has formulas without values, so that nothing is left but to calculate them.
    bare.save(scratch / "bare.xlsx")
    recalculated = convert(office, scratch / "bare.xlsx", "xlsx:Calc MS Excel 2007 XML", scratch)
    convert(office, path, "pdf", scratch)
    if recalculated is None:
        return
    again, _ = cells(recalculated, True)
    wrong = [(at, text, written[at], again.get(at)) for at, text in formulas.items() if not same(written[at], again.get(at))]
    check(wrong == [], f"recalculated otherwise: {wrong[:5]}")
    print(f"  workbook: {len(formulas)} formulas recalculated by LibreOffice give what was written")


def check_sheet(file, book):
    """Each cell of a CSV file stands on its sheet, typed."""
    name = file.stem.replace("_", "-")[:31]
    if name not in book.sheetnames:
        return check(False, f"{name}: no such sheet")
    sheet = book[name]
    with file.open(newline="", encoding="utf-8") as lines:
        for number, row in enumerate(list(csv.reader(lines))[1:], start=2):
            for at, text in enumerate(row, start=1):
                value = sheet.cell(number, at).value
                check(equal(value, text), f"{name} row {number} column {at}: {value!r} for {text!r}")


def equal(value, text):
    if value is None:
        return text == ""
    if isinstance(value, datetime.datetime):
        return text in (value.strftime("%Y-%m-%d"), value.strftime("%Y-%m"))
    if isinstance(value, (int, float)):
        return abs(decimal.Decimal(str(value)) - decimal.Decimal(text)) < decimal.Decimal("0.005")
    return text in (value, "'" + value)


def convert(office, path, kind, folder):
    ending = kind.split(":")[0]
    out = folder / "recalculated"
    out.mkdir(exist_ok=True)
    profile = f"-env:UserInstallation={(folder / 'profile').resolve().as_uri()}"
    command = [office, profile, "--headless", "--convert-to", kind, "--outdir", str(out), str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    made = out / f"{path.stem}.{ending}"
    check(made.exists(), f"LibreOffice does not open the workbook: {ran.stderr}")
    return made if made.exists() else None


def main():
    report = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        pictures = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else scratch
        pictures.mkdir(parents=True, exist_ok=True)
        check_page(report, pictures)
        check_workbook(report, scratch)
        if len(sys.argv) > 2 and (scratch / "recalculated/report.pdf").exists():
            shutil.copy(scratch / "recalculated/report.pdf", pictures / "workbook.pdf")
    print(f"{len(FAILURES)} failed" if FAILURES else "the report opens, and its sums hold")
    sys.exit(1 if FAILURES else 0)


if __name__ == "__main__":
    main()
