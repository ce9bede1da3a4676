//! The door to the program as a process: a folder of its own, a command line, an answer.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Paths and contents of all files below a folder; the content of a link is where it leads.
pub(crate) type Tree = BTreeMap<PathBuf, Vec<u8>>;

/// A folder of its own, in which the program runs without any environment.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    variables: Vec<(&'static str, &'static str)>,
}

/// What a run of the program left.
pub(crate) struct Answer {
    command: String,
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().expect("there is room for a temporary folder"),
            variables: Vec::new(),
        }
    }

    /// With a book in `book`: one instance that is renewed, one that nobody renews.
    pub(crate) fn with_book() -> Self {
        Self::new()
            .file(
                "book/book.toml",
                "name = \"Two\"\nfrom = 2026-12-01\nto = 2026-12-31\n",
            )
            .file("book/accounts.csv", "account_id,cash\nshop,100.00\n")
            .file(
                "book/instances.csv",
                "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on\n\
                 kept,shop,PREPAID,auto,59.00,2026-12-12\n\
                 lost,shop,PREPAID,manual,59.00,2026-12-05\n",
            )
    }

    pub(crate) fn with_example() -> Self {
        let place = Self::new();
        for (name, bytes) in tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data/example")) {
            place.write(&Path::new("book").join(name), &bytes);
        }
        place
    }

    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        self.write(Path::new(name), text.as_bytes());
        self
    }

    pub(crate) fn variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    pub(crate) fn write(&self, name: &Path, bytes: &[u8]) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a file stands in a folder"))
            .expect("a folder can be made");
        fs::write(path, bytes).expect("a file can be written");
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name))
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn files(&self) -> Tree {
        tree(self.folder.path())
    }

    /// Runs the program; blanks separate its arguments.
    pub(crate) fn run(&self, arguments: &str) -> Answer {
        Answer::to(&mut self.program(arguments), arguments)
    }

    /// Runs the program; the last arguments may hold blanks.
    pub(crate) fn run_with(&self, arguments: &str, last: &[&str]) -> Answer {
        Answer::to(
            self.program(arguments).args(last),
            &format!("{arguments} {last:?}"),
        )
    }

    /// Runs the program from a line of shell, in which it is `"$0" "$@"`.
    pub(crate) fn run_from(&self, line: &str, arguments: &str) -> Answer {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", line, env!("CARGO_BIN_EXE_renewcast")])
            .args(arguments.split_whitespace());
        Answer::to(
            shell.current_dir(&self.folder),
            &format!("{arguments}, from {line}"),
        )
    }

    /// The program in this place, not yet started.
    pub(crate) fn program(&self, arguments: &str) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_renewcast"));
        program
            .args(arguments.split_whitespace())
            .current_dir(&self.folder)
            .env_clear();
        program.envs(self.variables.iter().copied());
        program
    }

    /// Imports the fleet of `data/imports` into `book`.
    pub(crate) fn import_fleet(&self) -> Answer {
        let fleet = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/imports/fleet");
        let answers = tree(&fleet)
            .into_iter()
            .filter(|(name, _)| name.extension().is_some_and(|ending| ending == "json"));
        let mut names = String::new();
        for (name, bytes) in answers {
            self.write(&name, &bytes);
            names += &format!(" {}", name.display());
        }
        self.run(&format!(
            "import tencent{names} --from 2026-12-01 --out book"
        ))
    }
}

impl Answer {
    fn to(program: &mut Command, name: &str) -> Self {
        let output = program.output().expect("the program starts");
        Self {
            command: name.to_owned(),
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("answers are UTF-8"),
            err: String::from_utf8(output.stderr).expect("complaints are UTF-8"),
        }
    }

    #[track_caller]
    pub(crate) fn exits_with(self, code: i32) -> Self {
        let Self {
            command, out, err, ..
        } = &self;
        assert_eq!(self.code, Some(code), "renewcast {command}\n{out}{err}");
        self
    }

    #[track_caller]
    pub(crate) fn done(self) -> Self {
        self.exits_with(0)
    }

    #[track_caller]
    pub(crate) fn found(self) -> Self {
        self.exits_with(1)
    }

    /// Refusals say what to do about them.
    #[track_caller]
    pub(crate) fn refused(self) -> Self {
        let answer = self.exits_with(2);
        assert_eq!(answer.out, "", "renewcast {}", answer.command);
        answer.complains("error").complains("help")
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(
            self.out.contains(text),
            "renewcast {}: `{text}` is not in\n{}",
            self.command,
            self.out
        );
        self
    }

    #[track_caller]
    pub(crate) fn complains(self, text: &str) -> Self {
        assert!(
            self.err.contains(text),
            "renewcast {}: `{text}` is not in\n{}",
            self.command,
            self.err
        );
        self
    }

    pub(crate) fn has_colours(&self) -> bool {
        format!("{}{}", self.out, self.err).contains('\u{1b}')
    }
}

pub(crate) fn tree(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(inner) = waiting.pop() {
        for path in fs::read_dir(inner)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
        {
            let name = path
                .strip_prefix(folder)
                .expect("below the folder")
                .to_owned();
            if path.is_symlink() {
                tree.insert(
                    name,
                    format!("-> {}", fs::read_link(&path).expect("a link").display()).into_bytes(),
                );
            } else if path.is_dir() {
                waiting.push(path);
            } else {
                tree.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    tree
}
