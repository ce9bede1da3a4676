//! Which answer a JSON value is: recognised by its members, with or without the `Response` around them.
//!
//! A failed call is an error; what an unknown shape may be is said by its file. Answers that are known but hold nothing for a book leave a warning.
//! Of the entries of a list only the first is looked into, and only for its kind.

use super::not_imported;
use crate::input::diagnostic::{Code, Diagnostics};
use crate::input::import::bills::Bills;
use crate::input::import::field::{Fields, SourcedValue};
use crate::input::import::json::{Node, one_line};

/// Which list of instances an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::input::import) enum ListKind {
    /// `InstanceSet` of cvm.
    Cvm,
    /// `InstanceSet` of lighthouse.
    Lighthouse,
    /// `DiskSet` of cbs.
    Disks,
    /// `InstanceList` of billing.
    Renewals,
}

/// A list of instances: one page of it.
#[derive(Debug)]
pub(in crate::input::import) struct ResponsePage<'s> {
    /// Which.
    pub(in crate::input::import) kind: ListKind,
    /// Its entries.
    pub(in crate::input::import) entries: Vec<Node<'s>>,
    /// How many entries all pages have together.
    pub(in crate::input::import) total: Option<SourcedValue<'s, usize>>,
    /// Where it says that a further page follows, `Some(None)` on the last page.
    pub(in crate::input::import) next: Option<Option<Node<'s>>>,
}

/// An answer that was recognised.
#[derive(Debug)]
pub(in crate::input::import) enum ResponseList<'s> {
    /// A list of instances.
    Entries(ResponsePage<'s>),
    /// The vouchers of an account.
    Vouchers(Node<'s>),
    /// The balance of an account.
    Balance(Node<'s>),
    /// A bill, or what belongs to bills.
    Bill(Node<'s>),
    /// Nothing that a book holds.
    Nothing,
}

/// What a value turned out to be.
#[derive(Debug)]
pub(in crate::input::import) enum RecognisedResponse<'s> {
    /// An answer.
    Answer(ResponseList<'s>),
    /// A call that failed; that has been reported.
    Failed,
    /// Something else.
    Unknown(Node<'s>),
}

/// The member that is the list, a member that only entries of the kind have, the kind.
const LISTS: &[(&str, &str, ListKind)] = &[
    ("InstanceSet", "BundleId", ListKind::Lighthouse),
    ("InstanceSet", "InstanceType", ListKind::Cvm),
    ("DiskSet", "DiskId", ListKind::Disks),
    ("InstanceList", "ProductCode", ListKind::Renewals),
];

/// Answers that hold nothing for a book: a member that only they have, the call, the reason.
const USELESS: &[(&str, &str, &str)] = &[(
    "InstanceRefundsSet",
    "cvm InquiryPriceTerminateInstances",
    "refunds are not part of a book",
)];

impl<'s> ResponseList<'s> {
    /// The answer that a value is; a failed call and an unknown shape are reported.
    pub(in crate::input::import) fn recognise(
        node: Node<'s>,
        found: &mut Diagnostics,
    ) -> RecognisedResponse<'s> {
        let Some(members) = node.members() else {
            return RecognisedResponse::Unknown(node);
        };
        let inner = members
            .get("Response")
            .copied()
            .filter(|inner| inner.members().is_some())
            .unwrap_or(node);
        let Some(mut fields) = Fields::fields_of(inner, found) else {
            return RecognisedResponse::Unknown(inner);
        };
        if fields.get("Error").is_some() {
            failed(&mut fields);
            return RecognisedResponse::Failed;
        }
        let answer = list(&mut fields).or_else(|| single(inner, &mut fields));
        answer.map_or(
            RecognisedResponse::Unknown(inner),
            RecognisedResponse::Answer,
        )
    }
}

fn list<'s>(fields: &mut Fields<'s, '_>) -> Option<ResponseList<'s>> {
    let (key, ..) = LISTS.iter().find(|(key, ..)| fields.has(key))?;
    let entries = fields.list(key);
    let first = entries.first().and_then(|entry| entry.members());
    let fits = |member: &str| {
        first
            .as_ref()
            .is_none_or(|members| members.contains_key(member))
    };
    let (.., kind) = LISTS
        .iter()
        .find(|(list, member, _)| list == key && fits(member))?;
    let next = fields.has("NextToken").then(|| {
        fields
            .get("NextToken")
            .filter(|token| token.raw_text() != "\"\"")
    });
    let total = fields.whole("TotalCount");
    Some(ResponseList::Entries(ResponsePage {
        kind: *kind,
        entries,
        total,
        next,
    }))
}

fn single<'s>(node: Node<'s>, fields: &mut Fields<'s, '_>) -> Option<ResponseList<'s>> {
    if Bills::is_one(fields) {
        Some(ResponseList::Bill(node))
    } else if fields.has("CashAccountBalance") {
        Some(ResponseList::Balance(node))
    } else if fields.has("VoucherInfos") {
        Some(ResponseList::Vouchers(node))
    } else if fields.has("Price") {
        not_imported::price(fields);
        Some(ResponseList::Nothing)
    } else if let Some((_, call, reason)) = USELESS.iter().find(|(key, ..)| fields.has(key)) {
        useless(
            node,
            &format!("the answer of `{call}`: {reason}"),
            fields.found,
        );
        Some(ResponseList::Nothing)
    } else if fields.is_only("RequestId") {
        useless(
            node,
            "an answer that holds a `RequestId` only, as `cvm RenewInstances` gives it",
            fields.found,
        );
        Some(ResponseList::Nothing)
    } else {
        None
    }
}

fn useless(node: Node<'_>, what: &str, found: &mut Diagnostics) {
    let help = "nothing to type: the other answers are imported";
    found.push_with(Code::LeftOut, || {
        (node.place(), what.to_owned(), help.to_owned())
    });
}

fn failed(fields: &mut Fields<'_, '_>) {
    let place = fields.get("Error").unwrap_or(fields.node).place();
    let mut said = |key| {
        fields
            .nested("Error")
            .and_then(|mut error| error.take_text(key))
            .map(|said| said.value)
    };
    let code = said("Code").unwrap_or_else(|| "an unnamed code".to_owned());
    let message = said("Message").unwrap_or_else(|| "no message".to_owned());
    let text = format!("the call failed with `{code}`: {message}");
    fields.found.push(
        Code::UnknownAnswer,
        place,
        one_line(&text),
        "repeat the call and import what it gives then",
    );
}
