//! `renewcast explain`: each sentence names the key of the profile that decided, and no other.

use super::program::Place;

const INVENTORY: &str = "instance_id,account_id,charge_type,renew_flag,renew_months,monthly_price,hourly_price,starts_on,expires_on\n";
const ACTIONS: &str = "date,action,instance_id,months,price\n";

/// What is told of instance `web` of a book whose profile is `own`.
fn told(keys: &str, cash: &str, instances: &str, actions: &str) -> String {
    let book = "from = 2027-01-01\nto = 2027-02-28\ncurrency = \"CNY\"\nprofile = \"own\"\n";
    let place = Place::new()
        .file("book/book.toml", book)
        .file(
            "book/profiles.toml",
            &format!("[own]\nextends = \"tencent-cvm\"\n{keys}"),
        )
        .file(
            "book/accounts.csv",
            &format!("account_id,cash\nmain,{cash}\n"),
        )
        .file("book/instances.csv", &format!("{INVENTORY}{instances}"))
        .file("book/actions.csv", &format!("{ACTIONS}{actions}"));
    place.run("explain book web").done().out
}

/// The line of the rule below the first sentence with these words; nothing where it has none.
fn rule<'s>(story: &'s str, words: &str) -> &'s str {
    let mut lines = story.lines().skip_while(|line| !line.contains(words));
    assert!(lines.next().is_some(), "nothing says `{words}`:\n{story}");
    lines
        .next()
        .and_then(|line| line.trim().strip_prefix("rule of own: "))
        .unwrap_or_default()
}

const BOUGHT: &str = "web,main,PREPAID,none,1,60,0.3,2027-01-01,\n";
const HOURLY: &str = "web,main,POSTPAID_BY_HOUR,,,60,1,,\n";

#[test]
fn a_return_in_full_is_told_by_its_own_keys_and_its_recovery_by_none() {
    let story = told(
        "",
        "200.00",
        BOUGHT,
        "2027-01-04,terminate,web,,\n2027-01-06,renew,web,1,\n",
    );
    assert_eq!(
        rule(&story, "60.00 CNY is refunded in full"),
        "full_refund_days = 5, full_refunds = 1, a purchase that young comes back in full"
    );
    assert_eq!(rule(&story, "is recovered from the bin"), "");
    assert!(
        story.contains("It was returned, so its new term starts on the day of recovery."),
        "{story}"
    );
    let story = told(
        "full_refunds = 0\n",
        "200.00",
        BOUGHT,
        "2027-01-04,terminate,web,,\n",
    );
    assert_eq!(
        rule(&story, "60.00 paid, 21.60 consumed"),
        "refund = \"hourly\""
    );
}

#[test]
fn what_was_not_paid_for_is_told_by_no_key() {
    let known = "web,main,PREPAID,none,1,60,0.3,,2027-01-20\n";
    let story = told("", "0.00", known, "2027-01-04,terminate,web,,\n");
    assert_eq!(rule(&story, "no payment is known"), "");
    let story = told("", "0.00", known, "2027-01-21,terminate,web,,\n");
    assert_eq!(rule(&story, "nothing is refunded: its term is over"), "");
}

#[test]
fn a_release_is_told_by_what_its_retention_counts_from() {
    let returned = told(
        "retention_from = \"expiry\"\n",
        "60.00",
        BOUGHT,
        "2027-01-10,terminate,web,,\n",
    );
    assert_eq!(
        rule(&returned, "is gone for good"),
        "retention_days = 7, counted from the day of return"
    );
    let let_go = told("", "60.00", BOUGHT, "");
    assert_eq!(rule(&let_go, "is gone for good"), "retention_days = 7");
    let from_expiry = told("retention_from = \"expiry\"\n", "60.00", BOUGHT, "");
    assert_eq!(
        rule(&from_expiry, "is gone for good"),
        "retention_days = 7, counted from the expiry"
    );
    let keys = "retention_from = \"expiry\"\nretention_days = 0\nsuspend_after_days = 5\n";
    let at_once = told(keys, "60.00", BOUGHT, "");
    let words = "retention_days = 0, counted from the expiry, but gone on the day after reclaiming at the earliest";
    assert_eq!(rule(&at_once, "is gone for good"), words);
    let converted = "2027-01-02,to_postpaid,web,,30\n";
    let stopped = told(
        "full_refund_days = 0\npostpaid_retention_days = 3\n",
        "60.00",
        BOUGHT,
        converted,
    );
    assert_eq!(
        rule(&stopped, "web is stopped for arrears"),
        "arrears_grace_hours = 2"
    );
    assert_eq!(
        rule(&stopped, "is gone for good"),
        "postpaid_retention_days = 3"
    );
}

#[test]
fn a_resize_is_told_by_the_months_that_it_counts() {
    let resize = |price: &str| format!("2027-01-11,resize,web,,{price}\n");
    let dearer = told("", "200.00", BOUGHT, &resize("90"));
    assert_eq!(rule(&dearer, "is resized"), "upgrade_months = \"average\"");
    let cheaper = told("", "200.00", BOUGHT, &resize("6"));
    let words = "refund = \"hourly\" of what is used, downgrade_months = \"months_or_days30\" of what is left";
    assert_eq!(rule(&cheaper, "is resized"), words);
    let shared = told("refund = \"share\"\n", "200.00", BOUGHT, &resize("6"));
    assert_eq!(
        rule(&shared, "is resized"),
        "downgrade_months = \"months_or_days30\""
    );
    let kept = told("downgrade_refund = false\n", "200.00", BOUGHT, &resize("6"));
    assert_eq!(rule(&kept, "is resized"), "downgrade_refund = false");
    let same = told("", "200.00", BOUGHT, &resize("60"));
    assert_eq!(rule(&same, "is resized"), "");
    let none_left = told("downgrades = 0\n", "200.00", BOUGHT, &resize("6"));
    assert_eq!(rule(&none_left, "is rejected"), "downgrades = 0");
}

#[test]
fn a_renewal_that_waits_for_another_says_so() {
    let due =
        "aaa,main,PREPAID,auto,1,90,0.3,,2027-01-05\nweb,main,PREPAID,auto,1,60,0.3,,2027-01-05\n";
    let story = told("when_short = \"stop\"\n", "70.00", due, "");
    assert_eq!(
        rule(&story, "an earlier renewal failed"),
        "when_short = \"stop\""
    );
    let story = told("", "50.00", due, "");
    assert_eq!(
        rule(&story, "10.00 short"),
        "auto_renew_first = 0, tried daily until reclaimed"
    );
}

#[test]
fn hours_are_told_by_tiers_and_by_what_is_billed_while_stopped() {
    let keys = "hourly_tiers = { 96 = \"0.5\" }\nbill_while_stopped = true\n";
    let story = told(keys, "30.00", HOURLY, "");
    assert_eq!(rule(&story, "hours of use"), "hourly_tiers = { 96 = 0.5 }");
    assert_eq!(
        rule(&story, "while it is stopped"),
        "bill_while_stopped = true, hourly_tiers = { 96 = 0.5 }"
    );
    let plain = told("", "30.00", HOURLY, "");
    assert_eq!(rule(&plain, "hours of use"), "");
}
