//! Tencent Cloud: the responses of its interface, told apart by their shape, and the bills of its console. All that is
//! spelled as Tencent Cloud spells it is in this folder.
//!
//! | response | what it gives |
//! |---|---|
//! | cvm `DescribeInstances` | instances: type, zone, project, tags, charge type, flag, expiry, isolation |
//! | lighthouse `DescribeInstances` | the same, with bundles as types and the day of isolation |
//! | cbs `DescribeDisks` | elastic disks as instances of their own; other disks follow their instance and are left out |
//! | billing `DescribeRenewInstances` | prepaid instances of all products: flag and renewal period |
//! | billing `DescribeAccountBalance` | accounts |
//! | bills, of the interface or the console | see [`bills`] |
//! | billing `DescribeVoucherInfo`, cvm `InquiryPriceRenewInstances` | warnings that say what was in them |

mod balance;
pub(crate) mod bills;
mod instances;
mod near_miss;
mod not_imported;
pub(crate) mod profiles;
mod response;
pub(crate) mod words;

use super::context::Context;
use super::field::Fields;
use super::inventory::listing::CloudCalls;
use super::json::Node;
use super::responses::ReadResponses;
use not_imported::FileVouchers;
use response::{RecognisedResponse, ResponsePage};

/// The calls that help out where others say too little.
pub(crate) const CALLS: CloudCalls = CloudCalls {
    expiries: "billing `DescribeRenewInstances`",
    disks: "cbs DescribeDisks",
    uncharged: "STOP_CHARGING",
};

/// Adds the responses of one file; values that are not responses are reported.
pub(crate) fn add_responses<'s>(
    nodes: Vec<Node<'s>>,
    responses: &mut ReadResponses<'s>,
    cx: &mut Context<'_>,
) {
    let mut vouchers = FileVouchers::default();
    let mut unknown = Vec::new();
    for node in nodes {
        responses.count += 1;
        match response::recognise(node, cx) {
            RecognisedResponse::Instances(page) => add_page(&page, responses, cx),
            RecognisedResponse::Vouchers(node) => vouchers.add_page(node, cx),
            RecognisedResponse::Balance(node) => {
                let fields = Fields::of_object(node, cx);
                let balance = fields.and_then(|mut fields| balance::read_balance(&mut fields));
                responses.balances.extend(balance);
            }
            RecognisedResponse::Bill(node) => {
                bills::add_response(&mut responses.bills, node, cx);
            }
            RecognisedResponse::Nothing => {}
            RecognisedResponse::Failed => responses.count -= 1,
            RecognisedResponse::Unknown(node) => {
                responses.count -= 1;
                unknown.push(node);
            }
        }
    }
    let lists = near_miss::bare_entries(&mut unknown);
    responses.count += lists.len();
    near_miss::note_bare(&lists, cx);
    lists.iter().for_each(|page| add_page(page, responses, cx));
    near_miss::report_unknown(&unknown, cx);
    vouchers.note(cx);
}

fn add_page<'s>(page: &ResponsePage<'s>, responses: &mut ReadResponses<'s>, cx: &mut Context<'_>) {
    let entries = page.entries.iter();
    let records = entries.filter_map(|entry| instances::read_record(page.kind, *entry, cx));
    let records: Vec<_> = records.collect();
    responses.pages.see_page(&page.end, &records);
    responses.records.extend(records);
}
