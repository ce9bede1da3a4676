//! What comes close to an answer and is none: what other tools leave of one, what failed calls print, other products, other
//! clouds. Each is named once for its file, with the way to what can be imported.
//!
//! Rule **near-miss** of docs/spec.

use super::response::{ListKind, ResponsePage};
use crate::input::diagnostic::{Code, Diagnostics};
use crate::input::import::json::{Node, one_line};

/// What is there instead of an answer, and what to do.
pub(in crate::input::import) struct NearMiss {
    what: String,
    help: String,
}

impl NearMiss {
    fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            help: help.into(),
        }
    }
}

/// The members that an entry of a list of this kind has, on its own as within its answer.
const ENTRIES: &[(&[&str], ListKind)] = &[
    (
        &["InstanceId", "BundleId", "InstanceChargeType"],
        ListKind::Lighthouse,
    ),
    (
        &[
            "InstanceId",
            "InstanceType",
            "InstanceChargeType",
            "Placement",
        ],
        ListKind::Cvm,
    ),
    (&["DiskId", "DiskType", "DiskChargeType"], ListKind::Disks),
    (
        &["InstanceId", "ProductCode", "ExpireTime"],
        ListKind::Renewals,
    ),
];

/// What answers of other clouds have: members one in the other, the cloud, the built-in profile of its instances.
const CLOUDS: &[(&[&str], &str, Option<&str>)] = &[
    (
        &["Instances", "Instance"],
        "Alibaba Cloud",
        Some("aliyun-ecs"),
    ),
    (&["Disks", "Disk"], "Alibaba Cloud", Some("aliyun-ecs")),
    (
        &["Items", "DBInstance"],
        "Alibaba Cloud",
        Some("aliyun-ecs"),
    ),
    (
        &["Data", "InstanceList"],
        "Alibaba Cloud",
        Some("aliyun-ecs"),
    ),
    (
        &["SerialNumber", "InstanceChargeType"],
        "Alibaba Cloud",
        Some("aliyun-ecs"),
    ),
    (&["servers"], "Huawei Cloud", Some("huawei-ecs")),
    (&["OS-EXT-STS:vm_state"], "Huawei Cloud", Some("huawei-ecs")),
    (
        &["ResponseMetadata", "Action"],
        "Volcengine",
        Some("volcengine-ecs"),
    ),
    (&["Reservations"], "Amazon Web Services", None),
    (&["hardwareProfile"], "Microsoft Azure", None),
    (&["machineType", "selfLink"], "Google Cloud", None),
    (&["UHostSet"], "UCloud", None),
];

const WHOLE: &str = "save the whole answer, without `jq` or `--filter`, and import that";
const RENEWALS: &str = "import the answer of billing `DescribeRenewInstances`: it lists the prepaid instances of all products";

/// The entries that are instances by themselves, as lists; and what is left.
pub(in crate::input::import) fn bare_entries<'s>(
    nodes: Vec<Node<'s>>,
) -> (Vec<ResponsePage<'s>>, Vec<Node<'s>>) {
    let mut lists: Vec<ResponsePage<'s>> = Vec::new();
    let mut rest = Vec::new();
    for node in nodes {
        let Some(kind) = kind_of(node) else {
            rest.push(node);
            continue;
        };
        match lists.iter_mut().find(|list| list.kind == kind) {
            Some(list) => list.entries.push(node),
            None => lists.push(ResponsePage {
                kind,
                entries: vec![node],
                total: None,
                next: None,
            }),
        }
    }
    (lists, rest)
}

fn kind_of(node: Node<'_>) -> Option<ListKind> {
    let members = node.members()?;
    let has_all = |names: &[&str]| names.iter().all(|name| members.contains_key(*name));
    ENTRIES
        .iter()
        .find(|(names, _)| has_all(names))
        .map(|(_, kind)| *kind)
}

/// Notes that entries were taken without their answer: nothing says then whether there are more.
pub(in crate::input::import) fn note_bare(lists: &[ResponsePage<'_>], found: &mut Diagnostics) {
    let entries = lists.iter().map(|list| list.entries.len()).sum::<usize>();
    let Some(first) = lists.first().and_then(|list| list.entries.first()) else {
        return;
    };
    let message = format!(
        "instances without the answer around them are taken ({entries}): whether some are missing is not said"
    );
    let help = "save the whole answer, without `jq` or `--filter`, so that missing pages are found";
    found.push(Code::LeftOut, first.place(), message, help);
}

/// Reports what is no answer, once for all of a file.
pub(in crate::input::import) fn report(nodes: &[Node<'_>], found: &mut Diagnostics) {
    let Some(first) = nodes.first() else { return };
    let NearMiss { what, help } = of_value(*first, nodes.len() > 1);
    let more = match nodes.len() {
        1 => String::new(),
        2 => "; so is another value of this file".to_owned(),
        count => format!("; so are {} other values of this file", count - 1),
    };
    found.push(
        Code::UnknownAnswer,
        first.place(),
        one_line(&format!("{what}{more}")),
        help,
    );
}

fn of_value(node: Node<'_>, is_one_of_many: bool) -> NearMiss {
    let Some(members) = node.members() else {
        return NearMiss::new("values without the answer around them", WHOLE);
    };
    let cloud = CLOUDS.iter().find(|(path, ..)| {
        leads(node, path) || path.iter().all(|name| members.contains_key(*name))
    });
    if let Some((_, cloud, profile)) = cloud {
        let what = format!("an answer of {cloud}: only those of Tencent Cloud can be imported");
        let rules = profile
            .map(|name| format!("; `profile = \"{name}\"` in book.toml has its rules"))
            .unwrap_or_default();
        let help = format!(
            "write its instances into `instances.csv` by hand: id, account, charge type, price, renew flag, and the date on \
             which each expires in the zone of the book{rules}"
        );
        return NearMiss::new(what, help);
    }
    let text = |key: &str| members.get(key).copied().and_then(Node::string);
    if let (Some(code), Some(message)) = (
        text("Code").or_else(|| text("code")),
        text("Message").or_else(|| text("message")),
    ) {
        let what = format!("the call failed with `{code}`: {message}");
        return NearMiss::new(what, "repeat the call and import what it gives then");
    }
    let list = members.iter().find(|(_, value)| {
        let first = value
            .elements()
            .and_then(|elements| elements.into_iter().next());
        first.is_some_and(|first| first.members().is_some())
    });
    if let Some((name, _)) =
        list.filter(|_| members.contains_key("RequestId") || members.contains_key("TotalCount"))
    {
        return NearMiss::new(
            format!("an answer of another call (its list is `{name}`), which cannot be imported"),
            RENEWALS,
        );
    }
    if is_one_of_many
        || members
            .keys()
            .any(|name| name != "RequestId" && name.to_ascii_lowercase().ends_with("id"))
    {
        return NearMiss::new(
            "entries without the answer around them, or with some of their members only",
            WHOLE,
        );
    }
    if members
        .get("data")
        .is_some_and(|data| data.members().is_some() || data.elements().is_some())
    {
        return NearMiss::new(
            "an answer in the envelope of another tool (its content is in `data`)",
            "save what the cloud's own command line prints, and import that",
        );
    }
    let help = "leave it out; known are cvm and lighthouse `DescribeInstances`, cbs `DescribeDisks`, billing \
                `DescribeRenewInstances`, which lists prepaid instances of all products, `DescribeAccountBalance` and \
                `DescribeBillDetail`";
    NearMiss::new("an answer of a shape that is not known", help)
}

/// Whether members lead one into the other: `Instances`, in that `Instance`.
fn leads(node: Node<'_>, path: &[&str]) -> bool {
    let mut node = Some(node);
    for name in path {
        node = node
            .and_then(Node::members)
            .and_then(|members| members.get(*name).copied());
    }
    node.is_some()
}
