//! `--set KEY=VALUE [where CONDITION]` as the text of a scenario.
//!
//! Rule **quick-change** of docs/spec.

use toml::de::DeValue;

/// What a key of a quick change begins with if it is no column of the inventory.
const TABLES: [&str; 2] = ["book.", "profile."];
/// What the keys of `[[prices]]` and `[[topups]]` begin with.
const PRICES: &str = "prices.";
const TOPUPS: &str = "topups.";
/// Stands before the condition.
pub(super) const WHERE: &str = " where ";

/// The scenario that makes these changes: keys of the book and of profiles, and one block for each change of a column, of
/// prices or of top-ups.
///
/// # Errors
/// The first change that has no `=`, or a condition where none can be.
pub fn toml<T: AsRef<str>>(changes: &[T]) -> Result<String, String> {
    let (mut keys, mut blocks) = (String::new(), String::new());
    for change in changes.iter().map(AsRef::as_ref) {
        let (key, rest) = change
            .split_once('=')
            .ok_or_else(|| format!("`{change}` has no `=`"))?;
        let at = rest.to_ascii_lowercase().find(WHERE);
        let (value, condition) = at.map_or((rest, None), |at| {
            (&rest[..at], Some(&rest[at + WHERE.len()..]))
        });
        let (key, value) = (key.trim(), value.trim());
        let condition = condition.map(str::trim);
        if !TABLES.iter().any(|table| key.starts_with(table)) {
            blocks.push_str(&block(key, value, condition)?);
        } else if condition.is_some() {
            return Err(format!(
                "`{key}` holds for the whole book, so it takes no condition"
            ));
        } else {
            let is_value = DeValue::parse(value).is_ok();
            keys.push_str(&format!(
                "{key} = {}\n",
                if is_value {
                    value.to_owned()
                } else {
                    quoted(value)
                }
            ));
        }
    }
    Ok(keys + &blocks)
}

/// The block of one change.
fn block(key: &str, value: &str, condition: Option<&str>) -> Result<String, String> {
    if let Some(key) = key.strip_prefix(TOPUPS) {
        let account = condition.map(|condition| {
            let (column, id) = condition.split_once('=')?;
            let id = id.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            (column.trim() == "account_id").then(|| format!("account_id = {}\n", quoted(id)))
        });
        let Some(account) = account.unwrap_or_else(|| Some(String::new())) else {
            return Err(format!(
                "`{TOPUPS}{key}` takes no other condition than `where account_id = 'ID'`"
            ));
        };
        return Ok(format!(
            "[[topups]]\n{account}{} = {}\n",
            quoted(key),
            quoted(value)
        ));
    }
    let (name, key) = key
        .strip_prefix(PRICES)
        .map_or(("set", key), |key| ("prices", key));
    let condition = condition
        .map(|condition| format!("where = {}\n", quoted(condition)))
        .unwrap_or_default();
    Ok(format!(
        "[[{name}]]\n{condition}{} = {}\n",
        quoted(key),
        quoted(value)
    ))
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
