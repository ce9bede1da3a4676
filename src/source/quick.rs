//! `--set KEY=VALUE [where CONDITION]` as the text of a scenario.

use toml::de::DeValue;

/// What a key of a quick change begins with if it is no column of the inventory.
const TABLES: [&str; 2] = ["book.", "profile."];
/// Stands before the condition.
const WHERE: &str = " where ";

/// The scenario that makes these changes: keys of the book and of profiles, and one `[[set]]` block for each column.
///
/// # Errors
/// The first change that has no `=`, or a condition where none can be.
pub fn toml(changes: &[String]) -> Result<String, String> {
    let (mut keys, mut blocks) = (String::new(), String::new());
    for change in changes {
        let (key, rest) = change.split_once('=').ok_or_else(|| format!("`{change}` has no `=`"))?;
        let at = rest.to_ascii_lowercase().find(WHERE);
        let (value, condition) = at.map_or((rest, None), |at| (&rest[..at], Some(&rest[at + WHERE.len()..])));
        let (key, value) = (key.trim(), value.trim());
        if !TABLES.iter().any(|table| key.starts_with(table)) {
            blocks.push_str("[[set]]\n");
            if let Some(condition) = condition {
                blocks.push_str(&format!("where = {}\n", quoted(condition.trim())));
            }
            blocks.push_str(&format!("{} = {}\n", quoted(key), quoted(value)));
        } else if condition.is_some() {
            return Err(format!("`{key}` holds for the whole book, so it takes no condition"));
        } else {
            let is_value = DeValue::parse(value).is_ok();
            keys.push_str(&format!("{key} = {}\n", if is_value { value.to_owned() } else { quoted(value) }));
        }
    }
    Ok(keys + &blocks)
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
