//! The built-in profiles of Tencent Cloud's products.

/// The profile of products that have none of their own.
pub const DEFAULT_PROFILE: &str = "tencent-cvm";

/// What the names of the others begin with.
const PREFIX: &str = "tencent-";

/// Products whose name in the interface is not that of their profile. What billing lists of cos are its packages.
const ALIASES: &[(&str, &str)] = &[
    ("cdb", "mysql"),
    ("cos", "cos-package"),
    ("postgres", "postgresql"),
];

/// The names that the profile of a product can have, the first that exists being its own.
pub(crate) fn profile_names(product: &str) -> Vec<String> {
    let aliases = ALIASES.iter().filter(|(known, _)| *known == product);
    let names = aliases.map(|(_, name)| *name).chain([product]);
    names.map(|name| format!("{PREFIX}{name}")).collect()
}
