//! Headings of exported bills → names of the interface.
//!
//! Headings are matched without blanks and case, Chinese and English, old and new. No real file of the console is
//! public; the headings are those of its field lists (账单字段说明; Bill Fields, 2026-03-13).

/// The headings of a detailed bill: each without blanks and in small letters, and the name that it is.
const HEADINGS: &[(&str, &str)] = &[
    ("支付者uin", "PayerUin"),
    ("使用者uin", "OwnerUin"),
    ("操作者uin", "OperateUin"),
    ("产品名称", "BusinessCodeName"),
    ("子产品名称", "ProductCodeName"),
    ("计费模式", "PayModeName"),
    ("项目名称", "ProjectName"),
    ("地域", "RegionName"),
    ("地域编码", "RegionCode"),
    ("可用区", "ZoneName"),
    ("资源id", "ResourceId"),
    ("实例id", "ResourceId"),
    ("实例名称", "ResourceName"),
    ("交易类型", "ActionTypeName"),
    ("订单id", "OrderId"),
    ("交易id", "BillId"),
    ("扣费时间", "PayTime"),
    ("开始使用时间", "FeeBeginTime"),
    ("结束使用时间", "FeeEndTime"),
    ("组件类型", "ComponentCodeName"),
    ("组件名称", "ItemCodeName"),
    ("组件用量", "UsedAmount"),
    ("组件用量单位", "UsedAmountUnit"),
    ("使用时长", "TimeSpan"),
    ("时长单位", "TimeUnitName"),
    ("组件原价", "Cost"),
    ("原价", "Cost"),
    ("优惠后总价", "RealCost"),
    ("代金券支出", "VoucherPayAmount"),
    ("代金券支付", "VoucherPayAmount"),
    ("优惠券支出", "VoucherPayAmount"),
    ("优惠券支付", "VoucherPayAmount"),
    ("赠送账户支出", "IncentivePayAmount"),
    ("赠送账户支付", "IncentivePayAmount"),
    ("分成金账户支出", "TransferPayAmount"),
    ("分成账户支付", "TransferPayAmount"),
    ("现金账户支出", "CashPayAmount"),
    ("现金账户支付", "CashPayAmount"),
    ("账单月份", "BillMonth"),
    ("税金", "TaxAmount"),
    ("币种", "Currency"),
    ("节省计划抵扣金额", "SPDeduction"),
    ("payeraccountid", "PayerUin"),
    ("payeruin", "PayerUin"),
    ("owneraccountid", "OwnerUin"),
    ("owneruin", "OwnerUin"),
    ("operatoraccountid", "OperateUin"),
    ("productname", "BusinessCodeName"),
    ("subproductname", "ProductCodeName"),
    ("billingmode", "PayModeName"),
    ("projectname", "ProjectName"),
    ("region", "RegionName"),
    ("regioncode", "RegionCode"),
    ("availabilityzone", "ZoneName"),
    ("instanceid", "ResourceId"),
    ("resourceid", "ResourceId"),
    ("instancename", "ResourceName"),
    ("transactiontype", "ActionTypeName"),
    ("orderid", "OrderId"),
    ("transactionid", "BillId"),
    ("transactiontime", "PayTime"),
    ("deductiontime", "PayTime"),
    ("usagestarttime", "FeeBeginTime"),
    ("usageendtime", "FeeEndTime"),
    ("componenttype", "ComponentCodeName"),
    ("componentname", "ItemCodeName"),
    ("componentusage", "UsedAmount"),
    ("componentusageunit", "UsedAmountUnit"),
    ("usageduration", "TimeSpan"),
    ("durationunit", "TimeUnitName"),
    ("originalcost", "Cost"),
    ("totalcost", "Cost"),
    ("totalamountafterdiscount(excludingtax)", "RealCost"),
    ("totalamountafterdiscount", "RealCost"),
    ("discountedtotalcost", "RealCost"),
    ("voucherdeduction", "VoucherPayAmount"),
    ("freecreditdeduction", "IncentivePayAmount"),
    ("cashdeduction", "CashPayAmount"),
    ("billmonth", "BillMonth"),
    ("taxrate", "TaxRate"),
    ("taxamount", "TaxAmount"),
    ("currency", "Currency"),
    ("savingsplandeduction", "SPDeduction"),
];

/// Names without which a table is no detailed bill.
pub(super) const NEEDED: &[&str] = &["ActionTypeName", "PayTime", "RealCost"];

/// Names that hold ids, which a number of a workbook can have destroyed.
pub(super) const IDS: &[&str] = &[
    "PayerUin",
    "OwnerUin",
    "OperateUin",
    "ResourceId",
    "OrderId",
    "BillId",
];

/// The name that a heading is.
pub(super) fn name_of(heading: &str) -> Option<&'static str> {
    let plain = plain(heading);
    HEADINGS
        .iter()
        .find(|(known, _)| *known == plain)
        .map(|(_, name)| *name)
}

/// The heading of a tag: its key.
pub(super) fn tag_of(heading: &str) -> Option<&str> {
    let (front, key) = heading.split_once([':', '：'])?;
    matches!(
        plain(front).as_str(),
        "标签" | "tag" | "tags" | "标签键" | "tagkey"
    )
    .then(|| key.trim())
    .filter(|key| !key.is_empty())
}

/// A heading without blanks, invisible characters, units in brackets of money, and case.
fn plain(heading: &str) -> String {
    let is_seen = |c: &char| {
        !c.is_whitespace()
            && !matches!(
                c,
                '\u{feff}' | '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{2060}'
            )
    };
    let text: String = heading
        .chars()
        .filter(is_seen)
        .flat_map(char::to_lowercase)
        .collect();
    let text = text.replace('（', "(").replace('）', ")");
    ["(元)", "(cny)", "(usd)"]
        .iter()
        .fold(text, |text, unit| text.replace(unit, ""))
}
