//! Which response a JSON value is: recognised by its members, with or without the `Response` around them.
//!
//! A failed call is an error. Responses that are known but hold nothing for a book leave a warning.
//! Of the entries of a list only the first is looked into, and only for its kind.

use super::bills;
use super::not_imported;
use crate::input::diagnostic::Code;
use crate::input::import::context::Context;
use crate::input::import::field::Fields;
use crate::input::import::inventory::pages::PageEnd;
use crate::input::import::json::Node;

/// Which list of instances a response holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
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
pub(crate) struct ResponsePage<'s> {
    pub(crate) kind: ListKind,
    pub(crate) entries: Vec<Node<'s>>,
    pub(crate) end: PageEnd<'s>,
}

/// What a value turned out to be.
#[derive(Debug)]
pub(crate) enum RecognisedResponse<'s> {
    /// A list of instances.
    Instances(ResponsePage<'s>),
    /// The vouchers of an account.
    Vouchers(Node<'s>),
    /// The balance of an account.
    Balance(Node<'s>),
    /// A bill, or what belongs to bills.
    Bill(Node<'s>),
    /// Nothing that a book holds; that has been reported.
    Nothing,
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

/// The response that a value is; a failed call and an unknown shape are reported.
pub(crate) fn recognise<'s>(node: Node<'s>, cx: &mut Context<'_>) -> RecognisedResponse<'s> {
    let Some(members) = node.members() else {
        return RecognisedResponse::Unknown(node);
    };
    let inner = members.get("Response").copied();
    let inner = inner.filter(|inner| inner.members().is_some());
    let inner = inner.unwrap_or(node);
    let Some(mut fields) = Fields::of_object(inner, cx) else {
        return RecognisedResponse::Unknown(inner);
    };
    if fields.get("Error").is_some() {
        report_failed(&mut fields);
        return RecognisedResponse::Failed;
    }
    match list(&mut fields) {
        Some(page) => RecognisedResponse::Instances(page),
        None => recognise_single(inner, &mut fields),
    }
}

fn list<'s>(fields: &mut Fields<'s, '_>) -> Option<ResponsePage<'s>> {
    let (key, ..) = LISTS.iter().find(|(key, ..)| fields.has(key))?;
    let entries = fields.list(key);
    let first = entries.first().and_then(|entry| entry.members());
    let (.., kind) = LISTS.iter().find(|(list, member, _)| {
        let first = first.as_ref();
        let is_kind = first.is_none_or(|first| first.contains_key(*member));
        list == key && is_kind
    })?;
    let next = fields.get("NextToken");
    let end = PageEnd {
        total: fields.whole("TotalCount"),
        has_tokens: *kind == ListKind::Renewals,
        next: next.filter(|token| token.raw_text() != "\"\""),
    };
    Some(ResponsePage {
        kind: *kind,
        entries,
        end,
    })
}

fn recognise_single<'s>(node: Node<'s>, fields: &mut Fields<'s, '_>) -> RecognisedResponse<'s> {
    if bills::is_bill(fields) {
        return RecognisedResponse::Bill(node);
    }
    if fields.has("CashAccountBalance") {
        return RecognisedResponse::Balance(node);
    }
    if fields.has("VoucherInfos") {
        return RecognisedResponse::Vouchers(node);
    }
    if fields.has("Price") {
        not_imported::note_price(fields);
        return RecognisedResponse::Nothing;
    }
    let what = if fields.has("InstanceRefundsSet") {
        "the response of `cvm InquiryPriceTerminateInstances`: refunds are not part of a book"
    } else if fields.is_only("RequestId") {
        "a response that holds a `RequestId` only, as `cvm RenewInstances` gives it"
    } else {
        return RecognisedResponse::Unknown(node);
    };
    let help = "nothing to type: the other responses are imported";
    node.report(Code::LeftOut, what, help, &mut fields.cx);
    RecognisedResponse::Nothing
}

fn report_failed(fields: &mut Fields<'_, '_>) {
    let node = fields.get("Error").unwrap_or(fields.node);
    let [code, message] = ["Code", "Message"].map(|key| fields.nested("Error")?.plain_text(key));
    let code = code.unwrap_or_else(|| "an unnamed code".to_owned());
    let message = message.unwrap_or_else(|| "no message".to_owned());
    let text = format!("the call failed with `{code}`: {message}");
    let help = "repeat the call and import what it gives then";
    node.report(Code::UnknownAnswer, &text, help, &mut fields.cx);
}
