//! Plans that once promised too much or did too little, each as a small book, put into effect by the program.

use super::{Cells, rows};
use crate::program::Place;

/// A book of one account in which `data` and what people do stand, and its plan put into effect.
fn place(cash: &str, profile: &str, instances: &str, actions: &str) -> Place {
    Place::new()
        .file(
            "book/book.toml",
            "from = 2026-12-01\nto = 2027-03-31\nprofile = \"own\"\n",
        )
        .file(
            "book/profiles.toml",
            &format!("[own]\nextends = \"tencent-cvm\"\n{profile}"),
        )
        .file(
            "book/accounts.csv",
            &format!("account_id,cash\nshop,{cash}\n"),
        )
        .file("book/instances.csv", instances)
        .file("book/actions.csv", actions)
}

/// The rows of the run that puts a plan into effect.
fn rows_with_plan(place: &Place) -> Vec<Cells> {
    let scenario = place.text("plan/scenarios/plan.toml");
    place.write("book/scenarios/plan.toml".as_ref(), scenario.as_bytes());
    place
        .run("run book --scenario plan --no-charts --out run")
        .done();
    rows(&place.text("run/ledger.csv"))
}

/// The days of an event.
fn days_of<'r>(rows: &'r [Cells], event: &str) -> Vec<&'r str> {
    rows.iter()
        .filter(|row| row["event"] == event)
        .map(|row| &*row["date"])
        .collect()
}

const ONE: &str =
    "instance_id,account_id,charge_type,renew_flag,renew_months,monthly_price,expires_on,tag:env\n";

/// What is unavoidable is one lapse: the instance is in the bin once whatever is paid, since people renew it late.
#[test]
fn a_lapse_that_nothing_prevents_allows_no_other_one() {
    let place = place(
        "0.00",
        "auto_renew_while_reclaimed = true\nretention_days = 15\n",
        &format!("{ONE}db,shop,PREPAID,manual,1,100,2026-12-20,\n"),
        "date,action,instance_id,months,flag\n2026-12-25,renew,db,1,\n2026-12-26,set_flag,db,,auto\n",
    );
    place
        .run("plan book --due-only --tolerate overdue --no-charts --out plan")
        .done();
    let run = rows_with_plan(&place);
    assert_eq!(days_of(&run, "reclaimed"), ["2026-12-22"]);
    assert_eq!(days_of(&run, "renewed").len(), 3);
}

/// A renewal by people before any money is there does not excuse the one after it.
#[test]
fn a_payment_that_is_refused_before_money_excuses_no_other_one() {
    let place = place(
        "0.00",
        "",
        &format!("{ONE}web,shop,PREPAID,manual,1,100,2027-06-20,\n"),
        "date,action,instance_id,months\n2026-12-01,renew,web,1\n2026-12-15,renew,web,1\n",
    );
    for late in ["overdue", "reclaimed"] {
        let answer = place
            .run(&format!(
                "plan book --due-only --tolerate {late} --no-charts --out plan"
            ))
            .found();
        answer
            .says("the change of web on 2026-12-01")
            .says("CNY 100.00 in 1 top-up");
        assert_eq!(
            days_of(&rows_with_plan(&place), "rejected"),
            ["2026-12-01"],
            "{late}"
        );
    }
}

/// People come too late with their own renewal; a kept instance does not go to the bin meanwhile.
#[test]
fn a_kept_instance_is_renewed_by_hand_although_people_recover_it_later() {
    let place = place(
        "1000.00",
        "",
        &format!("{ONE}web,shop,PREPAID,manual,1,100,2026-12-20,prod\n"),
        "date,action,instance_id,months,flag\n2026-12-05,set_flag,web,,manual\n2026-12-26,renew,web,1,\n2026-12-27,set_flag,web,,auto\n",
    );
    place
        .run("plan book --keep renew_months=1 --no-charts --out plan")
        .done()
        .says("2026-12-20 renew web for 1 month");
    let run = rows_with_plan(&place);
    assert!(days_of(&run, "reclaimed").is_empty(), "{run:?}");
}

/// What arrears stopped before the run and waits for people is started, not renewed.
#[test]
fn a_kept_instance_that_is_stopped_is_started() {
    for (restart, starts) in [("manual", 1), ("automatic", 0)] {
        let place = place(
            "-1.00",
            &format!("restart = \"{restart}\"\n"),
            "instance_id,account_id,charge_type,hourly_price,state,since\nh,shop,POSTPAID_BY_HOUR,0.01,stopped,2026-11-29\n",
            "date,action,account_id,amount\n2026-12-02,credit,shop,0.50\n",
        );
        place
            .run("plan book --keep instance_id='h' --no-charts --out plan")
            .done();
        let actions = rows(&place.text("plan/actions.csv"));
        assert_eq!(
            actions
                .iter()
                .filter(|row| row["action"] == "start")
                .count(),
            starts,
            "{restart}"
        );
        let run = rows_with_plan(&place);
        assert_eq!(days_of(&run, "restored"), ["2026-12-01"], "{restart}");
        assert!(
            days_of(&run, "rejected").is_empty() && days_of(&run, "stopped").is_empty(),
            "{restart}"
        );
    }
}

/// A budget that keeps one instance if the other, stopped before the run, is stopped again once the money brought it back.
#[test]
fn a_budget_lets_go_what_was_stopped_and_comes_back() {
    let place = Place::new()
        .file("book/book.toml", "from = 2027-03-01\nto = 2027-03-31\n")
        .file("book/accounts.csv", "account_id,cash\nshop,-1.00\n")
        .file(
            "book/instances.csv",
            "instance_id,account_id,charge_type,renew_flag,monthly_price,hourly_price,expires_on,state,since\n\
             hours,shop,POSTPAID_BY_HOUR,,,0.1,,stopped,2027-02-27\nmonth,shop,PREPAID,auto,20,,2027-03-05,,\n",
        );
    // -1.00 + 23.40 - 24 hours at 0.10 leave the 20.00 of the renewal.
    let answer = place
        .run("plan book --budget 23.40 --worth count --no-charts --out plan")
        .found();
    assert!(
        !answer.out.contains("No top-up is needed"),
        "{}",
        answer.out
    );
    answer
        .says("CNY 23.40 pays for 1 of 2 instances (proven best); give up hours")
        .says("2027-03-02 stop hours");
    let run = rows_with_plan(&place);
    assert_eq!(days_of(&run, "renewed"), ["2027-03-05"]);
    assert_eq!(run.last().map(|row| &*row["balance"]), Some("0.00"));
    // A cent less keeps nothing, and what is impossible needs no such comfort as that nothing is needed.
    let answer = place
        .run("plan book --budget 23.39 --worth count --no-charts --out plan")
        .found();
    assert!(
        !answer.out.contains("No top-up is needed"),
        "{}",
        answer.out
    );
}

/// The money of a budget comes even if nothing fails without it but what is stopped waits for it.
#[test]
fn a_budget_is_sent_to_what_only_waits_for_it() {
    let place = Place::new()
        .file("book/book.toml", "from = 2027-03-01\nto = 2027-03-31\n")
        .file("book/accounts.csv", "account_id,cash\nshop,-1.00\n")
        .file(
            "book/instances.csv",
            "instance_id,account_id,charge_type,renew_flag,monthly_price,hourly_price,expires_on,state,since\n\
             hours,shop,POSTPAID_BY_HOUR,,,0.01,,stopped,2027-02-27\nmonth,shop,PREPAID,auto,20,,2027-03-05,,\n",
        );
    // -1.00 + 10.00 - 31 days of 24 hours at 0.01 leave 1.56, too little for 20.00.
    let answer = place
        .run("plan book --budget 10 --worth count --no-charts --out plan")
        .found();
    answer
        .says("CNY 10.00 pays for 1 of 2 instances (proven best); give up month")
        .says("for the restart of hours");
    let run = rows_with_plan(&place);
    assert_eq!(days_of(&run, "restored"), ["2027-03-01"]);
    assert_eq!(run.last().map(|row| &*row["balance"]), Some("1.56"));
}
