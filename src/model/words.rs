//! Closed lists of words: enums whose values are spelled one way in every file. Nothing here knows which lists there are.

/// A value that files spell with one word of a closed list.
pub trait Word: Copy + PartialEq + 'static {
    /// Every spelling that is read, with its value.
    const NAMES: &'static [(&'static str, Self)];

    /// The word in files.
    fn as_word(self) -> &'static str;

    /// The value that is spelled like this.
    fn from_word(text: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| *value)
    }
}

impl Word for bool {
    const NAMES: &'static [(&'static str, Self)] = &[("true", true), ("false", false)];

    fn as_word(self) -> &'static str {
        if self { "true" } else { "false" }
    }
}

/// Declares an enum whose values are words of files: the list, its spellings and its [`Word`] from one place. Further
/// spellings that are read, but never written, follow the values.
macro_rules! words {
    (
        $(#[$doc:meta])*
        $vis:vis enum $list:ident {
            $($(#[$item_doc:meta])* $name:ident = $word:literal,)+
        }
        $(also { $($other:literal => $meant:ident,)+ })?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $list { $($(#[$item_doc])* $name,)+ }

        impl $list {
            /// Every value, in the order of the list.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Every spelling that is read, with its value.
            pub const NAMES: &[(&str, Self)] = &[
                $(($word, Self::$name),)+
                $($(($other, Self::$meant),)+)?
            ];

            /// The word in files.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }

        impl $crate::model::words::Word for $list {
            const NAMES: &'static [(&'static str, Self)] = Self::NAMES;

            fn as_word(self) -> &'static str {
                self.name()
            }
        }
    };
}
pub(crate) use words;
