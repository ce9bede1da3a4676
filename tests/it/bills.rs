//! Bills: each folder of `data/bills` has files as clouds give them, the commands that import them, and what must come of it,
//! worked out by hand in its README. Below it: files that are made here, and files that are refused.

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

/// The columns of a table that `expected` names, in its order.
fn projected(table: &str, expected: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let known = reader.headers().expect("a header").clone();
    let asked = csv::Reader::from_reader(expected.as_bytes())
        .headers()
        .expect("a header")
        .clone();
    let at = |name: &str| {
        known
            .iter()
            .position(|one| one == name)
            .unwrap_or_else(|| panic!("no column {name}"))
    };
    let columns: Vec<usize> = asked.iter().map(at).collect();
    let rows = reader.records().map(|row| row.expect("a row"));
    rows.map(|row| {
        columns
            .iter()
            .map(|column| row[*column].to_owned())
            .collect()
    })
    .collect()
}

fn cells(table: &str) -> Vec<Vec<String>> {
    projected(table, table)
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
                cells(&expected),
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

/// Names and texts of files, what is said of them, and what helps.
type Refused<'t> = (&'t [(&'t str, &'t str)], &'t str, &'t str);

/// Files that are refused: what they are called and hold, what is said once for all of them, and what helps.
#[test]
fn what_is_no_whole_bill_is_refused_with_one_message() {
    let (page, ledger, detail) = (
        text("overlapping-pages/p1.json"),
        text("fen-and-voucher/ledger.json"),
        text("fen-and-voucher/detail.json"),
    );
    let (rows, totals, focus) = (
        text("rounding/L3.csv"),
        text("rounding/by-pay-mode.json"),
        text("months-in-utc/focus.csv"),
    );
    let whole = page.replace("\"Total\": 3", "\"Total\": 2");
    let table: &[Refused<'_>] = &[
        (
            &[("p.json", &page)],
            "found 2 of 3 rows of the bill of 2026-10: 1 is missing",
            "call again for the further pages",
        ),
        (
            &[
                ("a.csv", &rows),
                ("t.json", &totals.replace("1.53000000", "1.54000000")),
            ],
            "the total of postPay of 2026-10 is 1.54000000 in this file, but the charges come to 1.53000000: a difference of 0.01000000",
            "of the same months",
        ),
        (
            &[
                ("a.csv", &rows),
                ("t.json", &totals.replace("1.53000000", "153.00000000")),
            ],
            "is 153.00000000 in this file, but the charges come to 1.53000000",
            "in hundredths (fen)",
        ),
        (
            &[
                (
                    "l.json",
                    &ledger.replace("\"Amount\": -9000,", "\"Amount\": -9001,"),
                ),
                ("d.json", &detail),
            ],
            "order 20261012300000000000011 of account 300000000001 of 2026-10 is 90.01 in this file, but the charges come to 90.00",
            "of the same months",
        ),
        (
            &[
                ("a.json", &whole),
                (
                    "b.json",
                    &whole.replace(
                        "\"RealCost\": \"60.00000000\"",
                        "\"RealCost\": \"61.00000000\"",
                    ),
                ),
            ],
            "duplicate row `7100000000000000001` differs (72.00 and 73.00): in a.json:1 and in b.json:1",
            "--as-of",
        ),
        (
            &[("a.json", &whole.replace("prepay_renew", "prepay_dance"))],
            "unknown transaction type `prepay_dance`",
            "it is new",
        ),
        (
            &[("a.csv", &rows.replace("2026-10-07 05:15:00", "7.10.2026"))],
            "`PayTime` is `7.10.2026`: not a time",
            "correct the time",
        ),
        (
            &[("t.json", &totals)],
            "there are no charges in these files",
            "import the bill itself",
        ),
        (
            &[
                ("a.json", &whole),
                ("b.csv", &rows.replace("nat-swift", "ins-heron")),
            ],
            "the bill of 2026-10 of account `300000000001` is there in two kinds of files",
            "import one of them only",
        ),
        (
            &[("f.csv", &focus.replace("BillingCurrency", "Money"))],
            "`BillingCurrency` is ``: not a currency such as CNY (4 rows",
            "export",
        ),
        (
            &[(
                "f.csv",
                &focus.replace("0.71,300000000001,CNY", "\"$10,100.00 \",300000000001,CNY"),
            )],
            "`BilledCost` is `$10,100.00`: not a plain number such as 12.5 (1 row of this file)",
            "nothing of it is imported",
        ),
        (
            &[(
                "f.csv",
                &focus.replace("2026-11-01,2026-10-01,", "6/1/26,5/1/26,"),
            )],
            "`BillingPeriodStart` is `5/1/26`: not a time such as 2026-10-31T16:00:00Z (1 row",
            "nothing of it is imported",
        ),
        (
            &[("f.csv", &focus.replace("ChargeCategory", "Category"))],
            "a FOCUS table without ChargeCategory",
            "all mandatory columns",
        ),
        // What is near to a bill.
        (
            &[(
                "azure.csv",
                "BillingAccountId,Date,CostInBillingCurrency,ResourceId\n1,09/02/2026,1.5,x\n2,09/02/2026,1.5,x\n",
            )],
            "`azure.csv` is a cost export of Azure that is not FOCUS",
            "`import focus`",
        ),
        (
            &[(
                "cur.csv",
                "identity/LineItemId,bill/PayerAccountId,lineItem/UnblendedCost\na,1,2\nb,1,2\n",
            )],
            "`cur.csv` is a cost and usage report of AWS that is not FOCUS",
            "Data Exports",
        ),
        (
            &[("list.csv", "实例ID,实例名,到期时间\nins-1,web,2026-12-31\n")],
            "`list.csv` is a list of instances",
            "`instances.csv`",
        ),
        (
            &[("pay.csv", "交易时间,交易渠道,金额\n2026-10-01,微信,5\n")],
            "`pay.csv` is the list of payments",
            "DescribeBillList",
        ),
        (
            &[("x.csv", "a,b,c\n1,2,3\n")],
            "`x.csv` is a table whose heading is not that of a bill",
            "detailed bill",
        ),
        (
            &[(
                "tool.json",
                "{\"code\": 0, \"message\": \"ok\", \"data\": {\"details\": [{\"cost\": 1}]}}",
            )],
            "in the envelope of another tool",
            "the cloud's own command line",
        ),
    ];
    for (files, says, help) in table {
        let place = Place::new();
        for (name, text) in *files {
            place.write(Path::new(name), text.as_bytes());
        }
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        let answer = place.run(&format!(
            "import tencent {} --from 2026-12-01 --out book",
            names.join(" ")
        ));
        assert_eq!(answer.code, Some(2), "{says}: {}{}", answer.out, answer.err);
        assert_eq!(
            answer.err.matches("error[").count(),
            1,
            "{says}: {}",
            answer.err
        );
        assert!(answer.err.contains(says), "{says}: {}", answer.err);
        assert!(answer.err.contains(help), "{help}: {}", answer.err);
        assert!(!place.folder.path().join("book").exists(), "{says}");
    }
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
        let is_there = |random: &mut Self| random.below(2) == 1;
        Charge {
            row_id: format!("{}{number}", self.one_of(&["", "-", "row/"])),
            paid_on: self.day(),
            account: AccountId::new(&format!("account-{}", self.below(3))).expect("not empty"),
            instance: is_there(self).then(|| format!("ins-{number}")),
            kind: self.one_of(ChargeKind::NAMES).1,
            product: self.text(),
            instance_type: self.text(),
            region: self.text(),
            term: is_there(self).then(|| BilledSpan {
                start,
                end: start + 31,
            }),
            months: is_there(self).then_some(12),
            quantity: is_there(self).then(|| self.amount()),
            unit: self.text(),
            hours: is_there(self).then_some(7),
            list: is_there(self).then(|| self.amount()),
            amount: paid.total(),
            tax: is_there(self).then(|| self.amount()),
            paid,
            currency: Currency::from_code(self.one_of(&["CNY", "USD", "JPY"])).expect("known"),
            order: self.text(),
            reverses: if is_there(self) {
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
