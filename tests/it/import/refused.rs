//! Answers that are refused: each at its place, with what to do.

use renewcast::input::diagnostic::Code;
use renewcast::input::import::{Source, tencent};

use super::{import_text, messages, options, sources, table, text};

#[test]
fn wrong_answers_are_refused_at_their_place() {
    for [files, code, line, column, message] in table(include_str!("wrong.csv")) {
        let names: Vec<String> = files
            .split(' ')
            .map(|name| format!("wrong/{name}"))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let found = tencent(&sources(&names), &options()).expect_err(names[0]);
        let place = format!("{code}:{line}:{column}");
        let fits = found.iter().any(|one| {
            format!(
                "{}:{}:{}",
                one.code.as_str(),
                one.place.line,
                one.place.column
            ) == place
                && one.message.starts_with(&message)
        });
        assert!(fits, "{names:?}: {place}: {message}\n{found:#?}");
        assert!(found.iter().all(|one| !one.help.is_empty()));
    }
}

/// A text, what the one message for its file says, and what helps.
type NearMiss<'t> = (&'t str, &'t str, &'t str);

/// What people save instead of an answer.
const NEAR_MISSES: &[NearMiss<'_>] = &[
    // What filters leave.
    (
        "\"ins-1\"\n\"ins-2\"\n",
        "values without the response around them",
        "without `jq` or `--filter`",
    ),
    (
        r#"{"InstanceId": "ins-1"}"#,
        "some of their members only",
        "without `jq` or `--filter`",
    ),
    // What failed calls print.
    (
        "usage: tccli [options] <service>\n",
        "the command was refused: usage: tccli",
        "correct the command",
    ),
    (
        "tccli: error: unrecognized arguments\n",
        "the command was refused",
        "correct the command",
    ),
    (
        "Traceback (most recent call last):\n  File",
        "the call failed",
        "repeat the call",
    ),
    (
        r#"{"Code": "InvalidAccessKeyId.NotFound", "Message": "no such key"}"#,
        "failed with `Inv",
        "repeat",
    ),
    // What is no JSON.
    (
        "<!DOCTYPE html><title>Sign in</title>",
        "a web page",
        "prints as JSON",
    ),
    (
        "+------+------+\n| ID   | Zone |\n",
        "printed as a table",
        "`--output json`",
    ),
    (
        "ID,实例名,到期时间\nins-1,web,2026-12-31\n",
        "a list of instances, not a bill",
        "`instances.csv`",
    ),
    // Other products.
    (
        r#"{"TotalCount": 1, "Items": [{"InstanceId": "cdb-1"}]}"#,
        "its list is `Items`",
        "RenewInstances",
    ),
    (
        r#"{"DBInstanceSet": [{"DBInstanceId": "pg-1"}], "RequestId": ""}"#,
        "`DBInstanceSet`",
        "RenewInstances",
    ),
    (
        r#"{"Response": {"TotalCount": 1, "InstanceDetails": [{"a": 1}]}}"#,
        "`InstanceDetails`",
        "RenewInst",
    ),
    // Other clouds.
    (
        r#"{"Instances": {"Instance": []}, "RequestId": "0"}"#,
        "Alibaba Cloud",
        "`profile = \"aliyun-ecs\"`",
    ),
    (
        r#"{"Items": {"DBInstance": [{"a": 1}]}, "RequestId": "0"}"#,
        "Alibaba Cloud",
        "by hand",
    ),
    (
        r#"{"servers": [{"id": "1"}], "count": 1}"#,
        "Huawei Cloud",
        "`profile = \"huawei-ecs\"`",
    ),
    (
        r#"{"ResponseMetadata": {"Action": "DescribeInstances"}, "Result": {}}"#,
        "Volcengine",
        "`profile = \"volcengine-ecs\"`",
    ),
    (
        r#"{"Reservations": [{"Instances": []}]}"#,
        "Amazon Web Services",
        "by hand",
    ),
    (
        r#"[{"id": "/x", "hardwareProfile": {"vmSize": "B1"}}]"#,
        "Microsoft Azure",
        "by hand",
    ),
];

/// What filters leave of many instances.
const REPEATED: &[(usize, NearMiss<'_>)] = &[
    (
        100,
        (
            r#"{"ID": "ins-1", "Expire": "2026-12-20"}"#,
            "so are 99 other values",
            "without `jq` or `--filter`",
        ),
    ),
    (
        3,
        (
            r#""ins-1""#,
            "values without the response around them",
            "without `jq` or `--filter`",
        ),
    ),
];

/// The file has one message, which says what it is, and what to do.
fn assert_near_miss(text: &str, says: &str, help: &str) {
    let found = import_text(text).expect_err(says);
    let errors: Vec<_> = found
        .iter()
        .filter(|one| one.code == Code::UnknownAnswer)
        .collect();
    let [only] = errors[..] else {
        panic!("{text}: {found:#?}")
    };
    assert!(
        only.message.contains(says) && only.help.contains(help),
        "{text}: {only:#?}"
    );
}

#[test]
fn a_near_miss_is_named_once_for_its_file() {
    for (text, says, help) in NEAR_MISSES {
        assert_near_miss(text, says, help);
    }
    for (count, (entry, says, help)) in REPEATED {
        let list = format!("[{}]", vec![*entry; *count].join(","));
        assert_near_miss(&list, says, help);
    }
}

#[test]
fn every_contradiction_is_reported_with_both_values() {
    let found = tencent(
        &sources(&["wrong/conflict-cvm.json", "wrong/conflict-renewals.json"]),
        &options(),
    );
    let found = messages(&found.expect_err("they contradict each other"));
    let starts = [
        "conflicting-answers: region of `ins-a1` is `ap-guangzhou` in",
        "conflicting-answers: renew_flag of `ins-a1` is `manual` in",
        "conflicting-answers: expires_on of `ins-a1` is `2026-11-30` in",
        "conflicting-answers: state of `ins-a1` is `in the recycle bin, expired` in",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found}");
    }
}

#[test]
fn broken_files_are_refused_and_never_panic() {
    let deep_lists = "[".repeat(1_000_000);
    let deep_objects = "{\"Response\":".repeat(1_000_000);
    let closed = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let hidden = format!("{{\"RequestId\": \"1\", \"Extra\": {closed}}}");
    for text in [&deep_lists, &deep_objects, &closed, &hidden] {
        let found = import_text(text).expect_err("nested too deep, or cut");
        assert!(found.iter().all(|one| one.code == Code::BadJson));
    }
    let bytes = [&b"\xff\xfe{\0}\0"[..], b"{\"a\": \"\xc3\x28\"}"];
    for bytes in bytes {
        let source = Source {
            name: "answer.json".to_owned(),
            bytes: bytes.to_vec(),
        };
        let found = tencent(&[source], &options()).expect_err("not UTF-8");
        assert_eq!(
            found.iter().map(|one| one.code).collect::<Vec<_>>(),
            [Code::NotUtf8]
        );
    }
    let whole = text("fleet/renewals.json");
    for end in 0..whole.len() {
        if let Err(found) = import_text(&whole[..end]) {
            assert!(
                found
                    .iter()
                    .all(|one| one.place.line > 0 && !one.message.is_empty())
            );
        }
    }
}

/// A reader that counts from the top for each of them takes minutes.
#[test]
fn many_problems_late_in_a_file_have_their_places_be_it_one_line_or_many() {
    for between in [" ", "\n"] {
        let entry = |flag: &str| {
            format!(
                "{{\"InstanceId\": \"网站\", \"ProductCode\": \"p_cvm\",{between}\"RenewFlag\": {flag}}}"
            )
        };
        let good = vec![entry("\"NOTIFY_AND_MANUAL_RENEW\""); 20_000].join(", ");
        let text = format!(
            "{{\"InstanceList\": [{good}, {}]}}",
            vec![entry("7"); 2_000].join(", ")
        );
        let found = import_text(&text).expect_err("a flag is no number");
        let places: Vec<_> = found
            .iter()
            .filter(|one| one.code == Code::BadValue)
            .map(|one| &one.place)
            .collect();
        let ends: Vec<usize> = text.match_indices(": 7}").map(|(at, _)| at + 2).collect();
        assert_eq!(places.len(), 1_000);
        for (place, at) in places.into_iter().zip(ends) {
            let line = text[..at].rsplit('\n').next().expect("the text before it");
            let lines = if between == "\n" {
                text[..at].split('\n').count()
            } else {
                1
            };
            assert_eq!(
                (place.line, place.column),
                (lines, line.chars().count() + 1)
            );
        }
    }
}

#[test]
fn a_mark_at_the_beginning_and_a_nul_are_handled() {
    assert!(import_text("\u{feff}{\"RequestId\": \"1\"}").is_ok());
    let found = import_text(
        "{\"InstanceList\": [{\"InstanceId\": \"a\\u0000\", \"ProductCode\": \"p_cvm\"}]}",
    );
    assert_eq!(
        messages(&found.expect_err("a book cannot hold it"))[0],
        "bad-value: `InstanceId` is `a\\u0000`: a text with a NUL character"
    );
}
