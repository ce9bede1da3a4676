//! Bills: each folder of `data/bills` has files as clouds give them, the commands that import them, and what must come of it,
//! worked out by hand in its README. Below it: files that are made here; files that are refused are in `bills/refused.rs`.

mod refused;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use renewcast::input::bills;
use renewcast::input::diagnostic::Diagnostics;
use renewcast::model::bill::{self, BilledSpan, Charge, ChargeKind, PaymentParts, StatementMonth};
use renewcast::model::calendar::Day;
use renewcast::model::id::AccountId;
use renewcast::model::money::Currency;
use rust_decimal::Decimal;
use rust_xlsxwriter::Workbook;

use crate::cells;
use crate::program::{Answer, Place};

/// What a folder may expect of the book, and which file of it that is.
const EXPECTED: &[(&str, &str)] = &[
    ("expected-bills.csv", "bills.csv"),
    ("expected-orders.csv", "orders.csv"),
    ("expected-accounts.csv", "accounts.csv"),
    ("expected-instances.csv", "instances.csv"),
    ("expected-prices.csv", "prices.csv"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/bills")
}

fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A place with the files of a folder.
fn place(folder: &str) -> Place {
    let place = Place::new();
    for entry in fs::read_dir(root().join(folder)).expect("a folder of bills") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_owned();
        place.write(Path::new(&name), &fs::read(&path).expect("a file of bills"));
    }
    place
}

/// Both outputs of a command that did what it was asked for.
fn said(answer: &Answer) -> String {
    assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.err);
    format!("{}{}", answer.out, answer.err)
}

/// The rows of a table in the columns that `expected` names.
fn projected(table: &str, expected: &str) -> Vec<Vec<String>> {
    let table = cells::projected(table, expected);
    csv::Reader::from_reader(table.as_bytes())
        .records()
        .map(|row| row.expect("a row").iter().map(str::to_owned).collect())
        .collect()
}

#[test]
fn bills_come_to_what_is_worked_out_by_hand() {
    let mut folders: Vec<PathBuf> = fs::read_dir(root())
        .expect("bills")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    folders.sort();
    assert!(folders.len() >= 8);
    for folder in folders {
        let name = folder
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let place = place(&name);
        let all: String = place
            .text("commands")
            .lines()
            .map(|command| said(&place.run(command)))
            .collect();
        for line in place.text("expected-said.txt").lines() {
            assert!(all.contains(line), "{name}: nobody says `{line}`:\n{all}");
        }
        for (expected, made) in EXPECTED
            .iter()
            .filter(|(expected, _)| folder.join(expected).exists())
        {
            let (expected, made) = (place.text(expected), place.text(&format!("book/{made}")));
            assert_eq!(
                projected(&made, &expected),
                projected(&expected, &expected),
                "{name}\n{made}"
            );
        }
        if !folder.join("expected-orders.csv").exists() {
            assert!(
                !place.folder.path().join("book/orders.csv").exists(),
                "{name} has orders"
            );
        }
        let checked = place.run("check book");
        assert!(
            !checked.err.contains("unknown-column"),
            "{name}: {}",
            checked.err
        );
    }
}

/// What people wrote stays: other files, other columns, filled cells, and every byte of a file that bills do not change.
#[test]
fn bills_are_added_without_losing_anything() {
    let place = place("overlapping-pages");
    let instances = "instance_id,account_id,product,instance_type,region,charge_type,renew_flag,monthly_price,expires_on,tag:team\r\n\
                     ins-finch,300000000001,cvm,S5.SMALL,ap-shanghai,PREPAID,auto,,2027-11-09,web\r\n\
                     ins-other,300000000001,cvm,S5.SMALL,ap-shanghai,PREPAID,auto,12.00,2027-01-09,\"a, b\"\r\n";
    place.write(
        Path::new("book/book.toml"),
        b"from = 2026-12-01\nto = 2027-11-30\n# mine\n",
    );
    place.write(
        Path::new("book/accounts.csv"),
        b"account_id,cash,name\n300000000001,5000.00,Main\n",
    );
    place.write(Path::new("book/instances.csv"), instances.as_bytes());
    place.write(Path::new("book/notes.txt"), b"mine");
    said(&place.run("import tencent again.json --out book --add --as-of 2026-11-06"));
    assert_eq!(place.text("book/notes.txt"), "mine");
    assert_eq!(
        place.text("book/book.toml"),
        "from = 2026-12-01\nto = 2027-11-30\n# mine\n"
    );
    assert_eq!(
        place.text("book/accounts.csv"),
        "account_id,cash,name\n300000000001,5000.00,Main\n"
    );
    assert_eq!(
        place.text("book/instances.csv"),
        instances,
        "the type's price is in prices.csv"
    );
    let prices = place.text("book/prices.csv");
    assert_eq!(
        projected(&prices, "product,instance_type,region,monthly_price\n"),
        [["cvm", "S5.SMALL", "ap-shanghai", "85.00"]]
    );
    let before = place.files();
    said(&place.run("import tencent again.json --out book --add --as-of 2026-11-07"));
    assert_eq!(place.files(), before, "the same bill again changes nothing");
    assert_ne!(place.run("check book").code, Some(2));

    let refused = place.run("import tencent again.json --out elsewhere --add");
    assert!(
        refused.code == Some(2) && refused.err.contains("there is no book in `elsewhere`"),
        "{}",
        refused.err
    );
    place.write(
        Path::new("book/instances.csv"),
        instances.replace("web\r", "web,,\r").as_bytes(),
    );
    let refused = place.run("import tencent p2.json p1.json --out book --add");
    assert!(
        refused.code == Some(2) && refused.err.contains("cannot be added to"),
        "{}",
        refused.err
    );
    place.write(
        Path::new("book/instances.csv"),
        instances.replace(',', ";").as_bytes(),
    );
    assert_eq!(
        place
            .run("import tencent p2.json p1.json --out book --add")
            .code,
        Some(2)
    );
}

/// A replaced book is kept with its bills.
#[test]
fn a_replaced_book_keeps_its_bills() {
    let place = place("overlapping-pages");
    said(&place.run("import tencent again.json --out book --from 2026-12-01"));
    let bills = place.text("book/bills.csv");
    said(&place.run("import tencent p1.json p2.json --out book --from 2026-12-01 --force"));
    assert_eq!(place.text("book.before/bills.csv"), bills);
}

/// A book whose products follow its own rules gets prices by these rules.
#[test]
fn prices_follow_the_rules_of_the_book() {
    let place = place("overlapping-pages");
    place.write(
        Path::new("book/book.toml"),
        b"from = 2026-12-01\nto = 2027-11-30\nprofile = \"mine\"\n",
    );
    place.write(
        Path::new("book/profiles.toml"),
        b"[mine]\nextends = \"tencent-cvm\"\ndiscounts = { 12 = \"0.5\" }\n",
    );
    place.write(
        Path::new("book/accounts.csv"),
        b"account_id,cash\n300000000001,5000.00\n",
    );
    place.write(
        Path::new("book/instances.csv"),
        b"instance_id,account_id,charge_type\n",
    );
    said(&place.run("import tencent again.json --out book --add"));
    // 846.60 / (12 × 0.5) = 141.10
    let instances = place.text("book/instances.csv");
    assert_eq!(
        projected(&instances, "instance_id,monthly_price\n"),
        [["ins-finch", "141.10"]]
    );
}

#[test]
fn a_table_of_a_chinese_spreadsheet_is_the_same_bill() {
    let place = place("rounding");
    let utf8 = place.text("L3.csv");
    let above = "账单明细,,\n导出时间：2026-11-05 10:00:00,,\n";
    let (gbk, _, lost) = encoding_rs::GBK.encode(utf8.trim_start_matches('\u{feff}'));
    let (lines, _, _) = encoding_rs::GBK.encode(above);
    assert!(!lost && String::from_utf8(gbk.to_vec()).is_err());
    place.write(Path::new("gbk.csv"), &[&*lines, &*gbk].concat());
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain(
            utf8.trim_start_matches('\u{feff}')
                .replace(',', "\t")
                .encode_utf16(),
        )
        .flat_map(u16::to_le_bytes)
        .collect();
    place.write(Path::new("utf16.txt"), &utf16);
    said(&place.run("import tencent L3.csv --from 2026-12-01 --as-of 2026-11-05 --out book"));
    let columns =
        "row_id,paid_on,account_id,instance_id,kind,product,region,amount,free_credit,cash\n";
    let expected = projected(&place.text("book/bills.csv"), columns);
    for (number, file) in ["gbk.csv", "utf16.txt"].into_iter().enumerate() {
        said(&place.run(&format!(
            "import tencent {file} --from 2026-12-01 --as-of 2026-11-05 --out other-{number}"
        )));
        assert_eq!(
            projected(&place.text(&format!("other-{number}/bills.csv")), columns),
            expected,
            "{file}"
        );
    }
}

/// The headings of an international bill with tax, and rows below them: texts, unless they are numbers.
fn workbook(rows: &[[&str; 15]], numbers: &[usize]) -> Vec<u8> {
    let headings = [
        "Payer Account ID",
        "Product Name",
        "Transaction Type",
        "Transaction ID",
        "Order ID",
        "Transaction Time",
        "Usage Start Time",
        "Usage End Time",
        "Instance ID",
        "Region",
        "Usage Duration",
        "Duration Unit",
        "Original Cost",
        "Total Amount After Discount (Excluding Tax)",
        "TaxAmount",
    ];
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, heading) in (0..).zip(headings) {
        sheet.write_string(0, column, heading).expect("a cell");
        for (row, cells) in (1..).zip(rows) {
            let cell = cells[usize::from(column)];
            if numbers.contains(&usize::from(column)) {
                sheet
                    .write_number(row, column, cell.parse::<f64>().expect("a number"))
                    .expect("a cell");
            } else {
                sheet.write_string(row, column, cell).expect("a cell");
            }
        }
    }
    book.save_to_buffer().expect("a workbook")
}

/// 4 months of 25.00 are 100.00; with 6 % of tax 106.00 are paid, and 106.00 / 4 = 26.50.
const TAXED: [&str; 15] = [
    "400000000001",
    "Cloud Virtual Machine (CVM)",
    "Monthly subscription renewal",
    "20261106400000000000051",
    "20261106400000000000051",
    "2026-11-06 11:00:00",
    "2026-11-06 11:00:00",
    "2027-03-06 11:00:00",
    "ins-taxed",
    "Asia Pacific (Singapore)",
    "4",
    "Month",
    "100",
    "100",
    "6",
];

#[test]
fn a_workbook_with_tax_is_what_is_paid() {
    let place = Place::new();
    place.write(
        Path::new("bill.xlsx"),
        &workbook(&[TAXED], &[0, 10, 12, 13, 14]),
    );
    let command =
        "import tencent bill.xlsx --currency USD --from 2026-12-01 --as-of 2026-12-02 --out book";
    assert!(said(&place.run(command)).contains("2026-11 400000000001: USD 106 (renew 106)"));
    let bills = place.text("book/bills.csv");
    let columns = "account_id,kind,region,months,amount,tax,cash,currency,order_id\n";
    assert_eq!(
        projected(&bills, columns),
        [[
            "400000000001",
            "renew",
            "ap-singapore",
            "4",
            "106.00",
            "6.00",
            "106.00",
            "USD",
            "20261106400000000000051"
        ]]
    );
    let instances = place.text("book/instances.csv");
    assert_eq!(
        projected(&instances, "monthly_price,price_note\n"),
        [[
            "26.50",
            "paid 2026-11-06, order 20261106400000000000051, 4 months, incl. tax 6%"
        ]]
    );
}

#[test]
fn a_workbook_whose_ids_are_numbers_is_refused() {
    let place = Place::new();
    place.write(
        Path::new("bill.xlsx"),
        &workbook(&[TAXED, TAXED], &[0, 3, 4]),
    );
    let answer = place.run("import tencent bill.xlsx --currency USD --out book");
    assert_eq!(answer.code, Some(2), "{}", answer.err);
    assert_eq!(answer.err.matches("error[").count(), 1, "{}", answer.err);
    for part in [
        "column `Transaction ID`, `Order ID`",
        "more than 15 digits",
        "in row 2",
    ] {
        assert!(answer.err.contains(part), "{part}: {}", answer.err);
    }
    assert!(!place.folder.path().join("book").exists());
}

#[test]
fn another_currency_is_named_with_what_to_type() {
    let place = Place::new();
    place.write(
        Path::new("bill.csv"),
        b"Transaction Type,Transaction Time,Total Amount After Discount,Currency,Instance ID\n\
        Monthly subscription renewal,2026-11-06 11:00:00,5,USD,ins-1\n",
    );
    let answer = place.run("import tencent bill.csv --out book");
    assert!(
        answer.code == Some(2) && answer.err.contains("in USD, and the book in CNY"),
        "{}",
        answer.err
    );
    assert!(answer.err.contains("--currency USD"), "{}", answer.err);
}

/// An exponent at the end of its range is a wrong number and does not stop the program.
#[test]
fn an_enormous_exponent_is_refused() {
    let place = Place::new();
    let bill =
        b"row_id,paid_on,account_id,kind,amount\n1,2026-11-01,a,topup,1e-9223372036854775808\n";
    place.write(Path::new("bill.csv"), bill);
    let answer = place.run("import tencent bill.csv --out book");
    assert_eq!(answer.code, Some(2), "{}", answer.err);
    assert!(answer.err.contains("bad-amount"), "{}", answer.err);
}

/// Equal rows of a table that names no row are two charges.
#[test]
fn equal_rows_without_an_id_are_several() {
    let place = Place::new();
    let row =
        "按量计费小时结,2026-10-07 05:15:00,0.25,eip-1,2026-10-07 04:00:00,2026-10-07 04:59:59\n";
    place.write(
        Path::new("bill.csv"),
        format!("交易类型,扣费时间,优惠后总价,资源ID,开始使用时间,结束使用时间\n{row}{row}")
            .as_bytes(),
    );
    assert!(said(&place.run("import tencent bill.csv --out book")).contains("2 rows read: 2 new"));
    assert!(
        said(&place.run("import tencent bill.csv --out book --add")).contains("0 new, 2 known")
    );
}

/// Numbers that look random, the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn flips(&mut self) -> bool {
        self.below(2) == 1
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).expect("small")].clone()
    }

    fn amount(&mut self) -> Decimal {
        let digits =
            i64::try_from(self.below(2_000_000_000_000)).expect("small") - 1_000_000_000_000;
        Decimal::new(digits, u32::try_from(self.below(10)).expect("small")).normalize()
    }

    fn day(&mut self) -> Day {
        Day::parse("2026-01-01").expect("a day") + i32::try_from(self.below(700)).expect("small")
    }

    fn text(&mut self) -> String {
        self.one_of(&[
            "",
            "a",
            "=1+1",
            "'x",
            "with, comma",
            "a \"quote\"",
            "两",
            "x-1",
        ])
        .to_owned()
    }

    fn charge(&mut self, number: u64) -> Charge {
        let (voucher, free_credit, cash) = (self.amount(), self.amount(), self.amount());
        let paid = PaymentParts {
            voucher,
            free_credit,
            cash,
        };
        let start = self.day();
        Charge {
            row_id: format!("{}{number}", self.one_of(&["", "-", "row/"])),
            paid_on: self.day(),
            account: AccountId::new(&format!("account-{}", self.below(3))).expect("not empty"),
            instance: self.flips().then(|| format!("ins-{number}")),
            kind: self.one_of(ChargeKind::NAMES).1,
            product: self.text(),
            instance_type: self.text(),
            region: self.text(),
            term: self.flips().then(|| BilledSpan {
                start,
                end: start + 31,
            }),
            months: self.flips().then_some(12),
            quantity: self.flips().then(|| self.amount()),
            unit: self.text(),
            hours: self.flips().then_some(7),
            list: self.flips().then(|| self.amount()),
            amount: paid.total(),
            tax: self.flips().then(|| self.amount()),
            paid,
            currency: Currency::from_code(self.one_of(&["CNY", "USD", "JPY"])).expect("known"),
            order: self.text(),
            reverses: if self.flips() {
                vec!["a".to_owned(), "b".to_owned()]
            } else {
                Vec::new()
            },
            bill_month: StatementMonth::month_of(self.day()),
            as_of: self.day(),
            source: format!("file.csv:{number}"),
            tags: BTreeMap::from([
                ("team".to_owned(), "web".to_owned()),
                ("owner".to_owned(), number.to_string()),
            ]),
        }
    }
}

#[test]
fn the_normal_form_reads_back_as_it_was_written() {
    let mut random = Random(7);
    for round in 0..100 {
        let charges: Vec<Charge> = (0..round % 20)
            .map(|number| random.charge(number))
            .collect();
        let written = bills::write_bills(&charges);
        let mut found = Diagnostics::default();
        let read = bills::read_bills(
            "bills.csv",
            written.as_bytes(),
            Currency::from_code("CNY").expect("known"),
            &mut found,
        );
        assert!(!found.has_errors(), "{found:#?}\n{written}");
        assert_eq!(read, charges, "{written}");
        assert_eq!(bills::write_bills(&read), written);
    }
}

#[test]
fn numbers_are_exact_or_refused() {
    let table = [
        ("12.50", Some("12.5")),
        ("-3.5e-1", Some("-0.35")),
        ("1E+3", Some("1000")),
        ("0.00000001", Some("0.00000001")),
        ("-0", Some("0")),
        ("+7", Some("7")),
        ("$1", None),
        ("1,000", None),
        ("1e40", None),
        ("", None),
        (".", None),
        ("NaN", None),
        ("12345678901234567890123456789012345", None),
    ];
    for (text, expected) in table {
        assert_eq!(
            bill::exact(text)
                .map(|number| number.to_string())
                .as_deref(),
            expected,
            "{text}"
        );
    }
}
