//! What comes close to a response of Tencent Cloud: what other tools leave of one, what failed calls print, other
//! products, other clouds. Each is named once for its file, with the way to what can be imported.
//!
//! Rule **near-miss** of docs/spec.

use super::response::{ListKind, ResponsePage};
use crate::input::diagnostic::Code;
use crate::input::import::context::Context;
use crate::input::import::inventory::pages::PageEnd;
use crate::input::import::json::{Members, Node};

/// What is there instead of a response, and what to do.
struct NearMiss {
    what: String,
    help: String,
}

impl NearMiss {
    fn with_help(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            help: help.into(),
        }
    }
}

/// The members that an entry of a list of this kind has, on its own as within its response.
const ENTRIES: &[(&str, ListKind)] = &[
    (
        "InstanceId BundleId InstanceChargeType",
        ListKind::Lighthouse,
    ),
    (
        "InstanceId InstanceType InstanceChargeType Placement",
        ListKind::Cvm,
    ),
    ("DiskId DiskType DiskChargeType", ListKind::Disks),
    ("InstanceId ProductCode ExpireTime", ListKind::Renewals),
];

/// What responses of other clouds have: members, one in the other or side by side; the cloud; the built-in profile of its
/// instances, or none.
const OTHER_CLOUDS: &[(&str, &str, &str)] = &[
    ("Instances Instance", "Alibaba Cloud", "aliyun-ecs"),
    ("Disks Disk", "Alibaba Cloud", "aliyun-ecs"),
    ("Items DBInstance", "Alibaba Cloud", "aliyun-ecs"),
    ("Data InstanceList", "Alibaba Cloud", "aliyun-ecs"),
    (
        "SerialNumber InstanceChargeType",
        "Alibaba Cloud",
        "aliyun-ecs",
    ),
    ("servers", "Huawei Cloud", "huawei-ecs"),
    ("OS-EXT-STS:vm_state", "Huawei Cloud", "huawei-ecs"),
    ("ResponseMetadata Action", "Volcengine", "volcengine-ecs"),
    ("Reservations", "Amazon Web Services", ""),
    ("hardwareProfile", "Microsoft Azure", ""),
    ("machineType selfLink", "Google Cloud", ""),
    ("UHostSet", "UCloud", ""),
];

const WHOLE: &str = "save the whole response, without `jq` or `--filter`, and import that";
const RENEWALS: &str = "import the response of billing `DescribeRenewInstances`: it lists the prepaid instances of all products";
const KNOWN: &str = "leave it out; known are cvm and lighthouse `DescribeInstances`, cbs `DescribeDisks`, billing \
                     `DescribeRenewInstances`, which lists prepaid instances of all products, `DescribeAccountBalance` and \
                     `DescribeBillDetail`";

/// Takes out the entries that are instances by themselves, as lists.
pub(crate) fn bare_entries<'s>(nodes: &mut Vec<Node<'s>>) -> Vec<ResponsePage<'s>> {
    let mut lists: Vec<ResponsePage<'s>> = Vec::new();
    nodes.retain(|node| {
        let Some(kind) = node.members().and_then(|members| entry_kind(&members)) else {
            return true;
        };
        match lists.iter_mut().find(|list| list.kind == kind) {
            Some(list) => list.entries.push(*node),
            None => lists.push(ResponsePage {
                kind,
                entries: vec![*node],
                end: PageEnd {
                    has_tokens: kind == ListKind::Renewals,
                    ..PageEnd::default()
                },
            }),
        }
        false
    });
    lists
}

fn entry_kind(members: &Members<'_>) -> Option<ListKind> {
    let mut kinds = ENTRIES.iter();
    let (_, kind) = kinds.find(|(names, _)| has_all(members, names))?;
    Some(*kind)
}

/// Whether all of these names, which blanks separate, are members.
fn has_all(members: &Members<'_>, names: &str) -> bool {
    names.split(' ').all(|name| members.contains_key(name))
}

/// Notes that entries were taken without their response: whether there are more is unknown then.
pub(crate) fn note_bare(lists: &[ResponsePage<'_>], cx: &mut Context<'_>) {
    let entries: usize = lists.iter().map(|list| list.entries.len()).sum();
    let Some(first) = lists.first().and_then(|list| list.entries.first()) else {
        return;
    };
    let message = format!(
        "{entries} instances without the response around them are taken: whether some are missing is unknown"
    );
    let help =
        "save the whole response, without `jq` or `--filter`, so that missing pages are found";
    first.report(Code::LeftOut, &message, help, cx);
}

/// Reports what is not a response, once for all of a file.
pub(crate) fn report_unknown(nodes: &[Node<'_>], cx: &mut Context<'_>) {
    let Some(first) = nodes.first() else { return };
    let NearMiss { what, help } = near_miss(*first, nodes.len() > 1);
    let more = match nodes.len() {
        1 => String::new(),
        2 => "; so is another value of this file".to_owned(),
        count => format!("; so are {} other values of this file", count - 1),
    };
    first.report(Code::UnknownAnswer, &format!("{what}{more}"), &help, cx);
}

fn near_miss(node: Node<'_>, is_one_of_many: bool) -> NearMiss {
    let Some(members) = node.members() else {
        return NearMiss::with_help("values without the response around them", WHOLE);
    };
    if let Some(miss) = other_cloud(node, &members).or_else(|| failed_call(&members)) {
        return miss;
    }
    let is_response = members.contains_key("RequestId") || members.contains_key("TotalCount");
    let list = members.iter().find(|(_, value)| holds_objects(**value));
    if let Some((name, _)) = list.filter(|_| is_response) {
        let what =
            format!("a response of another call (its list is `{name}`), which cannot be imported");
        return NearMiss::with_help(what, RENEWALS);
    }
    let mut names = members.keys();
    if is_one_of_many
        || names.any(|name| name != "RequestId" && name.to_ascii_lowercase().ends_with("id"))
    {
        let what = "entries without the response around them, or with some of their members only";
        return NearMiss::with_help(what, WHOLE);
    }
    let data = members.get("data");
    if data.is_some_and(|data| data.members().is_some() || data.elements().is_some()) {
        return NearMiss::with_help(
            "a response in the envelope of another tool (its content is in `data`)",
            "save what the cloud's own command line prints, and import that",
        );
    }
    NearMiss::with_help("unrecognised API response", KNOWN)
}

fn other_cloud(node: Node<'_>, members: &Members<'_>) -> Option<NearMiss> {
    let mut clouds = OTHER_CLOUDS.iter();
    let (_, cloud, profile) =
        clouds.find(|(names, ..)| has_path(node, names) || has_all(members, names))?;
    let what = format!("a response of {cloud}: only those of Tencent Cloud can be imported");
    let rules = if profile.is_empty() {
        String::new()
    } else {
        format!("; `profile = \"{profile}\"` in book.toml has its rules")
    };
    let help = format!(
        "write its instances into `instances.csv` by hand: id, account, charge type, price, renew flag, and the date on \
         which each expires in the zone of the book{rules}"
    );
    Some(NearMiss { what, help })
}

fn failed_call(members: &Members<'_>) -> Option<NearMiss> {
    let [code, message] = [["Code", "code"], ["Message", "message"]].map(|names| {
        let mut texts = names.iter().filter_map(|name| members.get(*name)?.string());
        texts.next()
    });
    let what = format!("the call failed with `{}`: {}", code?, message?);
    let help = "repeat the call and import what it gives then";
    Some(NearMiss::with_help(what, help))
}

/// Whether a value is a list of objects.
fn holds_objects(value: Node<'_>) -> bool {
    let elements = value.elements().unwrap_or_default();
    elements
        .first()
        .is_some_and(|first| first.members().is_some())
}

/// Whether members lead one into the other: `Instances`, in that `Instance`.
fn has_path(node: Node<'_>, path: &str) -> bool {
    let mut names = path.split(' ');
    let last = names.try_fold(node, |node, name| node.members()?.get(name).copied());
    last.is_some()
}
