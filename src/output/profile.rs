//! A resolved profile as TOML, every key written out. Which keys there are is said in `model::profile`.

use crate::model::profile::Profile;

/// The table of a profile; equal rules give equal bytes.
pub fn toml(profile: &Profile) -> String {
    let header = format!("[{}]\n", toml::Value::from(&*profile.name));
    let keys = profile.key_texts().into_iter();
    keys.fold(header, |text, (key, value)| {
        format!("{text}{key} = {value}\n")
    })
}
