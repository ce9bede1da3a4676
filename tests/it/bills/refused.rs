//! Files that are no bill, or no whole one: each has one message that says what it is, and what helps.

use std::path::Path;

use self::Content::{Edited, Text};
use super::text;
use crate::program::Place;

/// What a refused file holds.
#[derive(Clone, Copy)]
enum Content {
    Text(&'static str),
    /// A file of `data/bills`, in which each first text is replaced by its second.
    Edited(&'static str, &'static [[&'static str; 2]]),
}

impl Content {
    fn text(self) -> String {
        let (base, edits) = match self {
            Text(text) => return text.to_owned(),
            Edited(base, edits) => (base, edits),
        };
        edits.iter().fold(text(base), |text, [from, to]| {
            assert!(text.contains(from), "{base}: `{from}` is not there");
            text.replace(from, to)
        })
    }
}

/// Files that are refused together.
struct Refused {
    files: &'static [(&'static str, Content)],
    /// What the one message for all of them says.
    says: &'static str,
    help: &'static str,
}

impl Refused {
    fn assert(&self) {
        let Self { files, says, help } = self;
        let place = Place::new();
        for (name, content) in *files {
            place.write(Path::new(name), content.text().as_bytes());
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

const PAGE: &str = "overlapping-pages/p1.json";
const LEDGER: &str = "fen-and-voucher/ledger.json";
const DETAIL: &str = "fen-and-voucher/detail.json";
const ROWS: &str = "rounding/L3.csv";
const TOTALS: &str = "rounding/by-pay-mode.json";
const FOCUS: &str = "months-in-utc/focus.csv";

/// Makes [`PAGE`] the only one of its bill.
const WHOLE: [&str; 2] = ["\"Total\": 3", "\"Total\": 2"];

/// Bills that are not whole, or whose files do not come to the same.
const CONTRADICTORY: &[Refused] = &[
    Refused {
        files: &[("p.json", Edited(PAGE, &[]))],
        says: "found 2 of 3 rows of the bill of 2026-10: 1 is missing",
        help: "call again for the further pages",
    },
    Refused {
        files: &[
            ("a.csv", Edited(ROWS, &[])),
            ("t.json", Edited(TOTALS, &[["1.53000000", "1.54000000"]])),
        ],
        says: "the total of postPay of 2026-10 is 1.54000000 in this file, but the charges come to 1.53000000: a difference of 0.01000000",
        help: "of the same months",
    },
    Refused {
        files: &[
            ("a.csv", Edited(ROWS, &[])),
            ("t.json", Edited(TOTALS, &[["1.53000000", "153.00000000"]])),
        ],
        says: "is 153.00000000 in this file, but the charges come to 1.53000000",
        help: "in hundredths (fen)",
    },
    Refused {
        files: &[
            (
                "l.json",
                Edited(LEDGER, &[["\"Amount\": -9000,", "\"Amount\": -9001,"]]),
            ),
            ("d.json", Edited(DETAIL, &[])),
        ],
        says: "order 20261012300000000000011 of account 300000000001 of 2026-10 is 90.01 in this file, but the charges come to 90.00",
        help: "of the same months",
    },
    Refused {
        files: &[
            ("a.json", Edited(PAGE, &[WHOLE])),
            (
                "b.json",
                Edited(
                    PAGE,
                    &[
                        WHOLE,
                        [
                            "\"RealCost\": \"60.00000000\"",
                            "\"RealCost\": \"61.00000000\"",
                        ],
                    ],
                ),
            ),
        ],
        says: "duplicate row `7100000000000000001` differs (72.00 and 73.00): in a.json:1 and in b.json:1",
        help: "--as-of",
    },
    Refused {
        files: &[("t.json", Edited(TOTALS, &[]))],
        says: "there are no charges in these files",
        help: "import the bill itself",
    },
    Refused {
        files: &[
            ("a.json", Edited(PAGE, &[WHOLE])),
            ("b.csv", Edited(ROWS, &[["nat-swift", "ins-heron"]])),
        ],
        says: "the bill of 2026-10 of account `300000000001` is there in two kinds of files",
        help: "import one of them only",
    },
];

#[test]
fn what_is_no_whole_bill_is_refused_with_one_message() {
    CONTRADICTORY.iter().for_each(Refused::assert);
}

/// Bills in which a cell or a column is not what it should be.
const UNREADABLE: &[Refused] = &[
    Refused {
        files: &[(
            "a.json",
            Edited(PAGE, &[WHOLE, ["prepay_renew", "prepay_dance"]]),
        )],
        says: "unknown transaction type `prepay_dance`",
        help: "it is new",
    },
    Refused {
        files: &[(
            "a.csv",
            Edited(ROWS, &[["2026-10-07 05:15:00", "7.10.2026"]]),
        )],
        says: "`PayTime` is `7.10.2026`: not a time",
        help: "correct the time",
    },
    Refused {
        files: &[("f.csv", Edited(FOCUS, &[["BillingCurrency", "Money"]]))],
        says: "`BillingCurrency` is ``: not a currency such as CNY (4 rows",
        help: "export",
    },
    Refused {
        files: &[(
            "f.csv",
            Edited(
                FOCUS,
                &[["0.71,300000000001,CNY", "\"$10,100.00 \",300000000001,CNY"]],
            ),
        )],
        says: "`BilledCost` is `$10,100.00`: not a plain number such as 12.5 (1 row of this file)",
        help: "nothing of it is imported",
    },
    Refused {
        files: &[(
            "f.csv",
            Edited(FOCUS, &[["2026-11-01,2026-10-01,", "6/1/26,5/1/26,"]]),
        )],
        says: "`BillingPeriodStart` is `5/1/26`: not a time such as 2026-10-31T16:00:00Z (1 row",
        help: "nothing of it is imported",
    },
    Refused {
        files: &[("f.csv", Edited(FOCUS, &[["ChargeCategory", "Category"]]))],
        says: "a FOCUS table without ChargeCategory",
        help: "all mandatory columns",
    },
];

#[test]
fn a_bill_that_cannot_be_read_is_refused_with_one_message() {
    UNREADABLE.iter().for_each(Refused::assert);
}

/// What is near to a bill.
const NO_BILLS: &[Refused] = &[
    Refused {
        files: &[(
            "azure.csv",
            Text(
                "BillingAccountId,Date,CostInBillingCurrency,ResourceId\n1,09/02/2026,1.5,x\n2,09/02/2026,1.5,x\n",
            ),
        )],
        says: "`azure.csv` is a cost export of Azure that is not FOCUS",
        help: "`import focus`",
    },
    Refused {
        files: &[(
            "cur.csv",
            Text("identity/LineItemId,bill/PayerAccountId,lineItem/UnblendedCost\na,1,2\nb,1,2\n"),
        )],
        says: "`cur.csv` is a cost and usage report of AWS that is not FOCUS",
        help: "Data Exports",
    },
    Refused {
        files: &[(
            "list.csv",
            Text("实例ID,实例名,到期时间\nins-1,web,2026-12-31\n"),
        )],
        says: "`list.csv` is a list of instances",
        help: "`instances.csv`",
    },
    Refused {
        files: &[(
            "pay.csv",
            Text("交易时间,交易渠道,金额\n2026-10-01,微信,5\n"),
        )],
        says: "`pay.csv` is the list of payments",
        help: "DescribeBillList",
    },
    Refused {
        files: &[("x.csv", Text("a,b,c\n1,2,3\n"))],
        says: "`x.csv` is a table whose heading is not that of a bill",
        help: "detailed bill",
    },
    Refused {
        files: &[(
            "tool.json",
            Text("{\"code\": 0, \"message\": \"ok\", \"data\": {\"details\": [{\"cost\": 1}]}}"),
        )],
        says: "in the envelope of another tool",
        help: "the cloud's own command line",
    },
];

#[test]
fn what_is_near_to_a_bill_is_refused_with_one_message() {
    NO_BILLS.iter().for_each(Refused::assert);
}
