//! Five small books whose ledgers were worked through by hand, row by row, against the text of the specification.
//! They use no built-in profile, so that nothing but the text decides.

use std::collections::BTreeMap;

use super::replay;

const HEADER: &str = "seq,date,account_id,instance_id,event,state,term_start,term_end,months,hours,\
                      amount,voucher,free_credit,cash,balance,reason,detail\n";

/// The book's files, each a name and its text, have this ledger.
fn assert_ledger(files: &[(&str, &str)], ledger: &str) {
    let book: BTreeMap<String, String> = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    assert_eq!(replay(&book, "").ledger, format!("{HEADER}{ledger}"));
}

/// A sticky anchor, an attempt list, retention from expiry, a unified date, a purchase.
#[test]
fn sticky_months_attempt_list_and_unified_date() {
    let files = [
        (
            "accounts.csv",
            r#"account_id,cash,free_credit,credit_limit
a,60,33.33,10
"#,
        ),
        (
            "actions.csv",
            r#"date,action,account_id,instance_id,where,amount,months,day,flag,price,note
2027-02-03,renew,,i-2,,,1,,,,late
2027-02-04,topup,a,,,300,,,,,
2027-02-04,renew,,i-2,,,1,,,,"again, please"
2027-02-05,renew_until,,i-1,,,,15,,,
2027-02-06,renew_until,,i-1,,,,15,,,
"#,
        ),
        (
            "book.toml",
            r#"name = "h"
from = 2027-01-30
to = 2027-03-15
time_zone = "Asia/Shanghai"
currency = "CNY"
profile = "p"
"#,
        ),
        (
            "instances.csv",
            r#"instance_id,account_id,charge_type,renew_flag,renew_months,monthly_price,expires_on,starts_on
i-1,a,PREPAID,auto,1,33.335,2027-01-31,
i-2,a,PREPAID,auto,2,100.05,2027-01-31,
i-3,a,PREPAID,manual,,10,2027-02-01,
p-1,a,PREPAID,none,2,0.03,,2027-02-28
"#,
        ),
        (
            "profiles.toml",
            r#"[p]
month_end="sticky"
rounding="half_even"
auto_renew_days=[-1,0,1]
suspend_after_days=2
retention_days=3
retention_from="expiry"
recover_from="today"
discounts={2="0.5"}
remind_days=[-1,1]
"#,
        ),
    ];
    let ledger = r#"1,2027-01-30,a,i-1,renewed,running,2027-01-31,2027-02-28,1,,-33.34,0.00,-33.33,-0.01,59.99,auto,
2,2027-01-30,a,i-2,renewal_failed,running,,,,,,,,,59.99,insufficient_funds,"needed 100.05, available 69.99"
3,2027-01-30,a,i-2,reminder,running,,,,,,,,,59.99,funds_short,
4,2027-01-31,a,i-2,renewal_failed,running,,,,,,,,,59.99,insufficient_funds,"needed 100.05, available 69.99"
5,2027-01-31,a,i-2,expired,overdue,,,,,,,,,59.99,unpaid,
6,2027-01-31,a,i-3,reminder,running,,,,,,,,,59.99,expiring,
7,2027-02-01,a,i-2,renewal_failed,overdue,,,,,,,,,59.99,insufficient_funds,"needed 100.05, available 69.99"
8,2027-02-01,a,i-3,expired,overdue,,,,,,,,,59.99,unpaid,
9,2027-02-01,a,i-2,reminder,overdue,,,,,,,,,59.99,funds_short,
10,2027-02-02,a,i-2,reclaimed,reclaimed,,,,,,,,,59.99,unpaid,
11,2027-02-02,a,i-3,reminder,overdue,,,,,,,,,59.99,expiring,
12,2027-02-03,a,i-2,rejected,reclaimed,,,,,,,,,59.99,insufficient_funds,"renew: needed 100.05, available 69.99; late"
13,2027-02-03,a,i-3,reclaimed,reclaimed,,,,,,,,,59.99,unpaid,
14,2027-02-04,a,i-2,terminated,terminated,,,,,,,,,59.99,retention_over,
15,2027-02-04,a,,topup,,,,,,300.00,0.00,0.00,300.00,359.99,,
16,2027-02-04,a,i-2,rejected,terminated,,,,,,,,,359.99,already_terminated,"renew: terminated; again, please"
17,2027-02-05,a,i-3,terminated,terminated,,,,,,,,,359.99,retention_over,
18,2027-02-05,a,i-1,renewed,running,2027-02-28,2027-04-15,,,-51.11,0.00,0.00,-51.11,308.88,unified,
19,2027-02-06,a,i-1,rejected,running,,,,,,,,,308.88,target_too_near,renew_until: expires on day 15 already
20,2027-02-28,a,p-1,purchased,running,2027-02-28,2027-04-28,2,,-0.03,0.00,0.00,-0.03,308.85,,
"#;
    assert_ledger(&files, ledger);
}

/// Hours, the arrears clock over midnight, grace, restoring by funds and by people, alerts.
#[test]
fn hourly_usage_arrears_and_restore() {
    let files = [
        (
            "accounts.csv",
            r#"account_id,cash,free_credit,frozen,credit_limit,alert_below
b,20,2,1,0.5,10
"#,
        ),
        (
            "actions.csv",
            r#"date,action,account_id,instance_id,where,amount,months,day,flag,price,note
2026-12-30,set_flag,b,h-1,,,,,none,,
2027-01-02,start,,h-2,,,,,,,
2027-01-02,start,,h-3,,,,,,,
2027-01-02,start,,m-1,,,,,,,x
2027-01-03,topup,b,,,30,,,,,
2027-01-03,start,,,state = 'stopped',,,,,,go
2027-01-04,credit,b,,,1,,,,,
"#,
        ),
        (
            "book.toml",
            r#"name = "h"
from = 2026-12-30
to = 2027-01-09
time_zone = "Asia/Shanghai"
currency = "CNY"
profile = "p"
[product_profiles]
mysql="q"
"#,
        ),
        (
            "instances.csv",
            r#"instance_id,account_id,charge_type,product,hourly_price,monthly_price,expires_on,starts_on,state,since,renew_flag
h-1,b,POSTPAID_BY_HOUR,,0.125,,,,,,
h-2,b,POSTPAID_BY_HOUR,mysql,0.5,,,,,,
h-0,b,POSTPAID_BY_HOUR,mysql,0.5,,,2027-01-02,,,
h-3,b,POSTPAID_BY_HOUR,,1,,,,stopped,2026-12-28,
h-4,b,POSTPAID_BY_HOUR,mysql,0,,,2027-01-08,,,
m-1,b,PREPAID,mysql,,5,2027-01-01,,,,auto
"#,
        ),
        (
            "profiles.toml",
            r#"[p]
arrears_grace_hours=2
postpaid_retention_days=1
[q]
arrears_grace_hours=26
restart="manual"
restore_when="not_negative"
postpaid_retention_days=2
retention_days=0
suspend_after_days=0
"#,
        ),
    ];
    let ledger = r#"1,2026-12-30,b,h-3,terminated,terminated,,,,,,,,,22.00,retention_over,
2,2026-12-30,b,h-1,rejected,running,,,,,,,,,22.00,not_prepaid,"set_flag: needed PREPAID, was POSTPAID_BY_HOUR"
3,2026-12-30,b,h-1,usage,running,,,,24,-3.12,0.00,-2.00,-1.12,18.88,,
4,2026-12-30,b,h-2,usage,running,,,,24,-12.00,0.00,0.00,-12.00,6.88,,
5,2026-12-30,b,,balance_alert,,,,,,,,,,6.88,,
6,2026-12-30,b,,arrears_forecast,,,,,,,,,,6.88,,
7,2026-12-31,b,h-1,usage,running,,,,13,-1.69,0.00,0.00,-1.69,5.19,,
8,2026-12-31,b,h-2,usage,running,,,,24,-12.00,0.00,0.00,-12.00,-6.81,,
9,2026-12-31,b,h-1,stopped,stopped,,,,,,,,,-6.81,arrears,
10,2026-12-31,b,m-1,reminder,running,,,,,,,,,-6.81,funds_short,
11,2026-12-31,b,,balance_alert,,,,,,,,,,-6.81,,
12,2027-01-01,b,m-1,renewal_failed,running,,,,,,,,,-6.81,insufficient_funds,"needed 5.00, available -7.31"
13,2027-01-01,b,m-1,reclaimed,reclaimed,,,,,,,,,-6.81,unpaid,
14,2027-01-01,b,h-2,usage,running,,,,13,-6.50,0.00,0.00,-6.50,-13.31,,
15,2027-01-01,b,h-2,stopped,stopped,,,,,,,,,-13.31,arrears,
16,2027-01-01,b,,balance_alert,,,,,,,,,,-13.31,,
17,2027-01-02,b,h-1,terminated,terminated,,,,,,,,,-13.31,retention_over,
18,2027-01-02,b,m-1,terminated,terminated,,,,,,,,,-13.31,retention_over,
19,2027-01-02,b,h-2,rejected,stopped,,,,,,,,,-13.31,insufficient_funds,"start: needed at least 0.00, available -13.81"
20,2027-01-02,b,h-3,rejected,terminated,,,,,,,,,-13.31,already_terminated,start: terminated
21,2027-01-02,b,m-1,rejected,terminated,,,,,,,,,-13.31,already_terminated,start: terminated; x
22,2027-01-02,b,h-0,usage,running,,,,1,-0.50,0.00,0.00,-0.50,-13.81,,
23,2027-01-02,b,h-0,stopped,stopped,,,,,,,,,-13.81,arrears,
24,2027-01-02,b,,balance_alert,,,,,,,,,,-13.81,,
25,2027-01-03,b,,topup,,,,,,30.00,0.00,0.00,30.00,16.19,,
26,2027-01-03,b,h-0,restored,running,,,,,,,,,16.19,user,go
27,2027-01-03,b,h-2,restored,running,,,,,,,,,16.19,user,go
28,2027-01-03,b,h-0,usage,running,,,,24,-12.00,0.00,0.00,-12.00,4.19,,
29,2027-01-03,b,h-2,usage,running,,,,24,-12.00,0.00,0.00,-12.00,-7.81,,
30,2027-01-03,b,,balance_alert,,,,,,,,,,-7.81,,
31,2027-01-04,b,,credit,,,,,,1.00,0.00,1.00,0.00,-6.81,,
32,2027-01-04,b,h-0,usage,running,,,,18,-9.00,0.00,-1.00,-8.00,-15.81,,
33,2027-01-04,b,h-2,usage,running,,,,18,-9.00,0.00,0.00,-9.00,-24.81,,
34,2027-01-04,b,h-0,stopped,stopped,,,,,,,,,-24.81,arrears,
35,2027-01-04,b,h-2,stopped,stopped,,,,,,,,,-24.81,arrears,
36,2027-01-07,b,h-0,terminated,terminated,,,,,,,,,-24.81,retention_over,
37,2027-01-07,b,h-2,terminated,terminated,,,,,,,,,-24.81,retention_over,
38,2027-01-08,b,h-4,usage,running,,,,1,0.00,0.00,0.00,0.00,-24.81,,
39,2027-01-08,b,h-4,stopped,stopped,,,,,,,,,-24.81,arrears,
"#;
    assert_ledger(&files, ledger);
}

/// Mixed charge orders, list prices, selectors, and whose row it is.
#[test]
fn charge_order_selectors_and_homeless_rows() {
    let files = [
        (
            "accounts.csv",
            r#"account_id,cash,currency
B,250,
a,100.00,USD
ä,0,
"#,
        ),
        (
            "actions.csv",
            r#"date,action,account_id,instance_id,where,amount,months,day,flag,price,note
2028-02-29,renew,,,"""tag:env"" IS NULL OR priority >= 1",,1,,,,
2028-02-29,topup,zz,,,5,,,,,
2028-02-29,renew,,gone,,,1,,,,
2028-02-29,set_flag,a,i-1,,,,,none,,
2028-02-29,set_flag,,,product = 'nothing',,,,none,,
2028-02-29,topup,A,,,5,,,,,
2028-03-01,set_price,,,"""tag:env"" = 'prod'",,,,,7.00,
2028-03-02,set_flag,B,,"NOT (priority < 2)",,13,,auto,,
2028-03-02,renew,B,,charge_type = 'POSTPAID_BY_HOUR',,1,,,,
"#,
        ),
        (
            "book.toml",
            r#"name = "h"
from = 2028-02-28
to = 2028-03-03
time_zone = "Asia/Shanghai"
currency = "JPY"
profile = "p"
[product_profiles]
mysql="q"
"#,
        ),
        (
            "instances.csv",
            r#"instance_id,account_id,charge_type,product,instance_type,region,monthly_price,hourly_price,expires_on,renew_flag,priority,tag:env,renew_months
i-1,B,PREPAID,mysql,T,r1,,,2028-02-29,auto,2,prod,
i-2,B,PREPAID,,T,r2,,,2028-02-29,auto,1,test,6
I-3,B,PREPAID,,U,,100.9,,2028-02-28,auto,,prod,
h-1,B,POSTPAID_BY_HOUR,,U,,,0.9,,,,prod,
j-1,a,PREPAID,mysql,T,r1,10.999,,2028-03-20,none,1,,12
"#,
        ),
        (
            "prices.csv",
            r#"product,instance_type,region,monthly_price,hourly_price
,T,,50.5,1
mysql,T,,60,
mysql,T,r1,,2
,T,r2,29,
"#,
        ),
        (
            "profiles.toml",
            r#"[p]
charge_order="dearest"
when_short="stop"
remind_days=[]
rounding="down"
[q]
extends="p"
charge_order="priority"
when_short="skip"
discounts={}
"#,
        ),
    ];
    let ledger = r#"1,2028-02-28,B,I-3,renewed,running,2028-02-28,2028-03-28,1,,-100,0,0,-100,150,auto,
2,2028-02-28,B,h-1,usage,running,,,,24,0,0,0,0,150,,
3,2028-02-29,,gone,rejected,,,,,,,,,,,unknown_instance,renew: no such instance
4,2028-02-29,,,rejected,,,,,,,,,,,no_match,set_flag: no instance matches
5,2028-02-29,A,,rejected,,,,,,,,,,,unknown_account,topup: no such account
6,2028-02-29,B,i-1,renewed,running,2028-02-29,2028-03-29,1,,-60,0,0,-60,90,manual,
7,2028-02-29,B,i-2,renewed,running,2028-02-29,2028-03-29,1,,-29,0,0,-29,61,manual,
8,2028-02-29,B,h-1,usage,running,,,,24,0,0,0,0,61,,
9,2028-02-29,a,j-1,renewed,running,2028-03-20,2028-04-20,1,,-10.99,0.00,0.00,-10.99,89.01,manual,
10,2028-02-29,a,i-1,rejected,,,,,,,,,,89.01,unknown_instance,set_flag: no such instance
11,2028-02-29,zz,,rejected,,,,,,,,,,,unknown_account,topup: no such account
12,2028-03-01,B,I-3,price_set,running,,,,,,,,,61,,7
13,2028-03-01,B,i-1,price_set,running,,,,,,,,,61,,7
14,2028-03-01,B,h-1,price_set,running,,,,,,,,,61,,7
15,2028-03-01,B,h-1,usage,running,,,,11,-77,0,0,-77,-16,,
16,2028-03-01,B,h-1,stopped,stopped,,,,,,,,,-16,arrears,
17,2028-03-02,B,i-1,rejected,running,,,,,,,,,-16,period_not_offered,set_flag: 13 months not offered
18,2028-03-02,B,h-1,rejected,stopped,,,,,,,,,-16,not_prepaid,"renew: needed PREPAID, was POSTPAID_BY_HOUR"
"#;
    assert_ledger(&files, ledger);
}

/// States derived and given, terms that end in the past, a return and its recovery.
#[test]
fn bin_return_and_recovery() {
    let files = [
        (
            "accounts.csv",
            r#"account_id,cash,arrears_hours,alert_below,alert_days
a,5,3,-3,4
"#,
        ),
        (
            "actions.csv",
            r#"date,action,account_id,instance_id,where,amount,months,day,flag,price,note
2027-01-10,renew,,b-3,,,1,,,,n
2027-01-10,terminate,,b-4,,,,,,,
2027-01-10,renew_until,,b-2,,,13,20,,,
2027-01-11,renew,a,b-2,,,1,,,,
2027-01-11,topup,a,,,10,,,,,
2027-01-12,renew,a,b-2,,,1,,,,
2027-01-12,set_credit_limit,a,,,15.5,,,,,
2027-01-11,renew,a,b-2,,,1,,,,
2027-01-13,set_credit_limit,a,,,0,,,,,
2027-01-14,set_credit_limit,a,,,20,,,,,
"#,
        ),
        (
            "book.toml",
            r#"name = "h"
from = 2027-01-10
to = 2027-01-24
time_zone = "Asia/Shanghai"
currency = "CNY"
profile = "p"
[product_profiles]
mysql="q"
"#,
        ),
        (
            "instances.csv",
            r#"instance_id,account_id,charge_type,product,monthly_price,expires_on,renew_flag,state,since,returned,anchor_day,starts_on
b-1,a,PREPAID,,10,2027-01-08,auto,,,,,
b-2,a,PREPAID,,10,2027-02-20,manual,reclaimed,2027-01-09,true,,
b-3,a,PREPAID,mysql,4,2026-11-30,auto,running,,,,
b-4,a,PREPAID,mysql,1,2027-01-09,manual,overdue,,,,
b-5,a,PREPAID,,3,2027-01-31,auto,,,,31,2025-01-01
b-6,a,PREPAID,mysql,3,2027-01-31,auto,reclaimed,2026-12-01,,,
b-7,a,PREPAID,,3,2027-01-31,auto,terminated,,,,
"#,
        ),
        (
            "profiles.toml",
            r#"[p]
month_end="sticky"
recover_from="reclaim"
suspend_after_days=1
retention_days=2
auto_renew_while_reclaimed=true
auto_renew_first=3
remind_days=[]
discounts={}
[q]
extends="p"
month_end="days30"
auto_renew_days=[]
recover_from="expiry"
retention_days=0
"#,
        ),
    ];
    let ledger = r#"1,2027-01-10,a,b-6,terminated,terminated,,,,,,,,,5.00,retention_over,
2,2027-01-10,a,b-3,renewed,running,2026-11-30,2026-12-30,1,,-4.00,0.00,0.00,-4.00,1.00,manual,n
3,2027-01-10,a,b-4,returned,reclaimed,,,,,,,,,1.00,,
4,2027-01-10,a,b-2,rejected,reclaimed,,,,,,,,,1.00,in_bin,"renew_until: needed running or overdue, was reclaimed"
5,2027-01-10,a,b-3,expired,overdue,,,,,,,,,1.00,unpaid,
6,2027-01-10,a,b-3,reclaimed,reclaimed,,,,,,,,,1.00,unpaid,
7,2027-01-11,a,b-3,terminated,terminated,,,,,,,,,1.00,retention_over,
8,2027-01-11,a,b-4,terminated,terminated,,,,,,,,,1.00,retention_over,
9,2027-01-11,a,b-2,rejected,reclaimed,,,,,,,,,1.00,insufficient_funds,"renew: needed 10.00, available 1.00"
10,2027-01-11,a,,topup,,,,,,10.00,0.00,0.00,10.00,11.00,,
11,2027-01-11,a,b-2,recovered,running,2027-01-11,2027-02-11,1,,-10.00,0.00,0.00,-10.00,1.00,manual,
12,2027-01-11,a,b-1,renewal_failed,reclaimed,,,,,,,,,1.00,insufficient_funds,"needed 10.00, available 1.00"
13,2027-01-12,a,b-1,terminated,terminated,,,,,,,,,1.00,retention_over,
14,2027-01-12,a,b-2,rejected,running,,,,,,,,,1.00,insufficient_funds,"renew: needed 10.00, available 1.00"
15,2027-01-12,a,,credit_limit_set,,,,,,,,,,1.00,,15.50
16,2027-01-13,a,,credit_limit_set,,,,,,,,,,1.00,,0.00
17,2027-01-14,a,,credit_limit_set,,,,,,,,,,1.00,,20.00
"#;
    assert_ledger(&files, ledger);
}

/// A currency without decimals, halves to even, purchases refused before the top-up.
#[test]
fn yen_purchases_and_halves() {
    let files = [
        (
            "accounts.csv",
            r#"account_id,cash,free_credit,frozen
a,18,5,2
"#,
        ),
        (
            "actions.csv",
            r#"date,action,account_id,instance_id,where,amount,months,day,flag,price,note
2027-01-01,topup,a,,,16,,,,,
2027-01-02,renew,,z,,,1,,,,
2026-12-30,renew,,z,,,1,,,,
2027-01-02,renew,,w,,,2,,,,free
2027-01-02,renew,,y,,,3,,,,
2027-01-02,renew_until,,y,,,,28,,,
"#,
        ),
        (
            "book.toml",
            r#"name = "h"
from = 2026-12-31
to = 2027-02-02
time_zone = "Asia/Shanghai"
currency = "JPY"
profile = "p"
"#,
        ),
        (
            "instances.csv",
            r#"instance_id,account_id,charge_type,product,monthly_price,hourly_price,expires_on,starts_on,renew_flag,renew_months,state,since
x,a,PREPAID,,5,,,2026-12-31,auto,2,,
y,a,PREPAID,,7,,,2027-01-01,auto,2,,
z,a,PREPAID,,16,,,2027-01-01,auto,1,,
w,a,PREPAID,,0,,2026-12-31,,none,1,,
v,a,POSTPAID_BY_HOUR,,,0.5,,2027-01-03,,,,
u,a,POSTPAID_BY_HOUR,,,1.5,,,,,stopped,2026-12-30
"#,
        ),
        (
            "profiles.toml",
            r#"[tencent-cvm]
discounts={2="0.25"}
rounding="half_even"
[p]
extends="tencent-cvm"
restore_when="not_negative"
renew_periods=[1,2]
remind_days=[0]
suspend_after_days=0
retention_days=1
month_end="clamp"
"#,
        ),
    ];
    let ledger = r#"1,2026-12-31,a,x,purchased,running,2026-12-31,2027-02-28,2,,-2,0,-2,0,21,,
2,2026-12-31,a,u,restored,running,,,,,,,,,21,funds,
3,2026-12-31,a,w,reclaimed,reclaimed,,,,,,,,,21,unpaid,
4,2026-12-31,a,u,usage,running,,,,12,-24,0,-3,-21,-3,,
5,2026-12-31,a,u,stopped,stopped,,,,,,,,,-3,arrears,
6,2027-01-01,a,y,rejected,,,,,,,,,,-3,insufficient_funds,"purchase: needed 4, available -5"
7,2027-01-01,a,z,rejected,,,,,,,,,,-3,insufficient_funds,"purchase: needed 16, available -5"
8,2027-01-01,a,,topup,,,,,,16,0,0,16,13,,
9,2027-01-01,a,u,restored,running,,,,,,,,,13,funds,
10,2027-01-01,a,u,usage,running,,,,8,-16,0,0,-16,-3,,
11,2027-01-01,a,u,stopped,stopped,,,,,,,,,-3,arrears,
12,2027-01-02,,z,rejected,,,,,,,,,,,unknown_instance,renew: no such instance
13,2027-01-02,,y,rejected,,,,,,,,,,,unknown_instance,renew: no such instance
14,2027-01-02,,y,rejected,,,,,,,,,,,unknown_instance,renew_until: no such instance
15,2027-01-02,a,w,terminated,terminated,,,,,,,,,-3,retention_over,
16,2027-01-02,a,w,rejected,terminated,,,,,,,,,-3,already_terminated,renew: terminated; free
17,2027-01-03,a,v,usage,running,,,,1,0,0,0,0,-3,,
18,2027-01-03,a,v,stopped,stopped,,,,,,,,,-3,arrears,
19,2027-01-17,a,u,terminated,terminated,,,,,,,,,-3,retention_over,
20,2027-01-19,a,v,terminated,terminated,,,,,,,,,-3,retention_over,
"#;
    assert_ledger(&files, ledger);
}
