//! The columns of the files of a ledger: one list for whoever writes them, reads them again, or checks them. A new column is
//! one line here and a cell in the writer, `output::csv`.

/// The names, places and header line of a file's columns, from left to right.
macro_rules! columns {
    ($first:ident = $first_name:literal, $($column:ident = $name:literal,)+) => {
        /// The names, from left to right.
        pub const NAMES: &[&str] = &[$first_name, $($name),+];

        /// The first line of the file.
        pub const HEADER: &str = concat!($first_name, $(",", $name,)+ "\n");

        #[doc = concat!("The place of `", $first_name, "`.")]
        pub const $first: usize = 0;
        $(
            #[doc = concat!("The place of `", $name, "`.")]
            pub const $column: usize = crate::engine::ledger::columns::place(NAMES, $name);
        )+
    };
}

/// The place of a name in a list that holds it.
const fn place(names: &[&str], name: &str) -> usize {
    let mut at = 0;
    while !equal(names[at].as_bytes(), name.as_bytes()) {
        at += 1;
    }
    at
}

const fn equal(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// `ledger.csv`.
pub mod ledger_csv {
    columns! {
        SEQ = "seq",
        DATE = "date",
        ACCOUNT = "account_id",
        INSTANCE = "instance_id",
        EVENT = "event",
        STATE = "state",
        TERM_START = "term_start",
        TERM_END = "term_end",
        MONTHS = "months",
        HOURS = "hours",
        AMOUNT = "amount",
        VOUCHER = "voucher",
        FREE_CREDIT = "free_credit",
        CASH = "cash",
        BALANCE = "balance",
        REASON = "reason",
        DETAIL = "detail",
    }
}

/// `balances.csv`.
pub mod balances_csv {
    columns! {
        DATE = "date",
        ACCOUNT = "account_id",
        CASH = "cash",
        FREE_CREDIT = "free_credit",
        AVAILABLE = "available",
    }
}
