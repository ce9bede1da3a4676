//! The program from outside: what it answers, with which exit code, and what is on the disk afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Paths and contents of all files below a folder.
type Tree = BTreeMap<PathBuf, Vec<u8>>;

/// A folder of its own, in which the program runs without any environment.
struct Place {
    folder: TempDir,
    variables: Vec<(&'static str, &'static str)>,
}

/// What a run of the program left.
struct Answer {
    command: String,
    code: Option<i32>,
    out: String,
    err: String,
}

impl Place {
    fn new() -> Self {
        Self { folder: TempDir::new().expect("there is room for a temporary folder"), variables: Vec::new() }
    }

    /// With a book in `book`: one instance that is renewed, one that nobody renews.
    fn with_book() -> Self {
        Self::new()
            .file("book/book.toml", "name = \"Two\"\nfrom = 2026-12-01\nto = 2026-12-31\n")
            .file("book/accounts.csv", "account_id,cash\nshop,100.00\n")
            .file(
                "book/instances.csv",
                "instance_id,account_id,charge_type,renew_flag,monthly_price,expires_on\n\
                 kept,shop,PREPAID,auto,59.00,2026-12-12\n\
                 lost,shop,PREPAID,manual,59.00,2026-12-05\n",
            )
    }

    fn with_example() -> Self {
        let place = Self::new();
        for (name, bytes) in tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data/example")) {
            place.write(&Path::new("book").join(name), &bytes);
        }
        place
    }

    fn file(self, name: &str, text: &str) -> Self {
        self.write(Path::new(name), text.as_bytes());
        self
    }

    fn variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    fn write(&self, name: &Path, bytes: &[u8]) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a file stands in a folder")).expect("a folder can be made");
        fs::write(path, bytes).expect("a file can be written");
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn files(&self) -> Tree {
        tree(self.folder.path())
    }

    /// Runs the program; blanks separate its arguments.
    fn run(&self, arguments: &str) -> Answer {
        let mut program = Command::new(env!("CARGO_BIN_EXE_renewcast"));
        program.args(arguments.split_whitespace()).current_dir(&self.folder).env_clear();
        let output = program.envs(self.variables.iter().copied()).output().expect("the program starts");
        Answer {
            command: arguments.to_owned(),
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("answers are UTF-8"),
            err: String::from_utf8(output.stderr).expect("complaints are UTF-8"),
        }
    }

    /// Imports the fleet of `data/imports` into `book`.
    fn import_fleet(&self) -> Answer {
        let fleet = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/imports/fleet");
        let answers =
            tree(&fleet).into_iter().filter(|(name, _)| name.extension().is_some_and(|ending| ending == "json"));
        let mut names = String::new();
        for (name, bytes) in answers {
            self.write(&name, &bytes);
            names += &format!(" {}", name.display());
        }
        self.run(&format!("import tencent{names} --from 2026-12-01 --out book"))
    }
}

impl Answer {
    #[track_caller]
    fn exits_with(self, code: i32) -> Self {
        let Self { command, out, err, .. } = &self;
        assert_eq!(self.code, Some(code), "renewcast {command}\n{out}{err}");
        self
    }

    #[track_caller]
    fn done(self) -> Self {
        self.exits_with(0)
    }

    #[track_caller]
    fn found(self) -> Self {
        self.exits_with(1)
    }

    /// Refusals say what to do about them.
    #[track_caller]
    fn refused(self) -> Self {
        let answer = self.exits_with(2);
        assert_eq!(answer.out, "", "renewcast {}", answer.command);
        answer.complains("error").complains("help")
    }

    #[track_caller]
    fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text), "renewcast {}: `{text}` is not in\n{}", self.command, self.out);
        self
    }

    #[track_caller]
    fn complains(self, text: &str) -> Self {
        assert!(self.err.contains(text), "renewcast {}: `{text}` is not in\n{}", self.command, self.err);
        self
    }

    fn has_colours(&self) -> bool {
        format!("{}{}", self.out, self.err).contains('\u{1b}')
    }
}

fn tree(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(inner) = waiting.pop() {
        for path in fs::read_dir(inner).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below the folder").to_owned();
                tree.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    tree
}

// Exit codes.

#[test]
fn a_run_that_loses_an_instance_is_still_done() {
    Place::with_book().run("run book --no-charts").done().says("lost on 2026-12-15");
}

#[test]
fn an_alert_that_is_raised_exits_with_one_and_the_reports_are_there() {
    let place = Place::with_book();
    place.run("run book --no-charts --out out --fail-on terminated").found();
    assert!(place.text("out/ledger.csv").contains("2026-12-15,shop,lost,terminated"));
}

#[test]
fn an_alert_that_is_not_raised_exits_with_zero() {
    Place::with_book().run("run book --no-charts --fail-on failed,rejected").done();
}

#[test]
fn one_of_several_alerts_is_enough() {
    Place::with_book().run("run book --no-charts --fail-on failed,terminated").found();
}

#[test]
fn a_book_without_a_fault_checks_with_zero() {
    Place::with_example().run("check book").done().says("nothing wrong");
}

#[test]
fn a_book_with_warnings_only_checks_with_one() {
    let place = Place::with_book().file("book/accounts.csv", "account_id,cash,colour\nshop,100.00,red\n");
    place.run("check book").found().says("warning[unknown-column]").says("accounts.csv:1:17");
}

#[test]
fn a_book_with_errors_is_refused_by_every_verb_that_reads_it() {
    let place = Place::with_book().file("book/accounts.csv", "account_id,cash\nshop,1e3\n");
    for command in ["check book", "run book", "explain book kept"] {
        place.run(command).refused().complains("error[bad-amount]").complains("accounts.csv:2:6");
    }
}

#[test]
fn a_wrong_command_line_is_refused() {
    for command in
        ["", "walk", "run", "run book --fast", "import", "import mars x.json", "generate --instances 0 --out b"]
    {
        Place::with_book().run(command).exits_with(2);
    }
}

// What a refusal leaves.

#[test]
fn a_refused_run_leaves_no_trace() {
    let place = Place::with_book().file("book/accounts.csv", "account_id,cash\nshop,-\n");
    let before = place.files();
    place.run("run book").refused();
    place.run("run book --out out").refused();
    assert_eq!(place.files(), before);
    assert!(!place.folder.path().join("out").exists() && !place.folder.path().join("reports").exists());
}

#[test]
fn a_refused_run_keeps_the_reports_of_the_last_one() {
    let place = Place::with_book();
    place.run("run book --out out").done();
    let place = place.file("book/accounts.csv", "account_id,cash\nshop,-\n");
    let before = place.files();
    place.run("run book --out out").refused();
    assert_eq!(place.files(), before);
}

#[test]
fn a_run_replaces_the_reports_of_the_last_one_and_leaves_nothing_half_made() {
    let place = Place::with_book();
    place.run("run book --out out").done();
    let names: Vec<PathBuf> = place.files().into_keys().collect();
    place.run("run book --out out").done();
    assert_eq!(place.files().into_keys().collect::<Vec<_>>(), names);
    assert!(names.iter().all(|name| !name.to_string_lossy().contains("/.")), "{names:?}");
}

#[test]
fn verbs_that_only_look_write_nothing() {
    let place = Place::with_book();
    let before = place.files();
    for command in ["check book", "explain book kept", "explain book shop", "profiles", "completions bash"] {
        place.run(command);
    }
    assert_eq!(place.files(), before);
}

#[test]
fn a_refused_import_writes_nothing() {
    let place = Place::new().file("cvm.json", "{\"TotalCount\": 1, \"InstanceSet\": [");
    place.run("import tencent cvm.json --out book").refused().complains("cvm.json:1:");
    assert!(!place.folder.path().join("book").exists());
}

#[test]
fn a_book_is_overwritten_by_force_only() {
    let place = Place::with_book();
    let before = place.files();
    place.run("generate --out book").refused().complains("--force");
    place.import_fleet().refused().complains("--force");
    assert_eq!(place.text("book/book.toml").as_bytes(), before[Path::new("book/book.toml")]);
    place.run("generate --out book --force").done();
    assert!(place.text("book/book.toml").contains("Generated"));
}

// Names that lead nowhere.

#[test]
fn an_unknown_name_is_refused_with_the_known_ones() {
    for (command, complaint) in [
        ("run nowhere", "there is no folder `nowhere`"),
        ("run book/book.toml", "there is no folder `book/book.toml`"),
        ("run book --by colour", "--by takes one of instance_id, "),
        ("run book --by tag:team", "there is no column `tag:team`"),
        ("run book --scenario yearly", "unknown-scenario"),
        ("check book --scenario yearly", "unknown-scenario"),
        ("explain book nobody", "no instance and no account `nobody`"),
        ("profiles mars-vm", "`renewcast profiles` lists them"),
        ("import tencent nowhere.json --out other", "cannot read `nowhere.json`"),
        ("import tencent book --out other", "cannot read `book`"),
    ] {
        Place::with_book().run(command).refused().complains(complaint);
    }
}

#[test]
fn a_place_that_cannot_be_written_is_refused() {
    let place = Place::with_book().file("file", "in the way");
    for command in
        ["run book --out file", "run book --out file/below", "generate --out file", "generate --out file/below"]
    {
        place.run(command).refused().complains("cannot write `file");
    }
    assert_eq!(place.text("file"), "in the way");
}

// Help, completions, colours.

#[test]
fn the_help_of_every_verb_has_examples() {
    for verb in ["run", "check", "explain", "import", "import tencent", "generate", "profiles", "completions"] {
        let help = Place::new().run(&format!("{verb} --help")).done().says("Examples:\n");
        assert!(help.out.contains(&format!("  renewcast {verb}")), "{}", help.out);
    }
}

#[test]
fn the_help_of_the_program_tells_the_exit_codes() {
    Place::new().run("--help").done().says("Exit codes: 0 done; 1 done, and").says("renewcast run data/example");
}

#[test]
fn completions_know_every_verb() {
    for shell in ["bash", "zsh", "fish"] {
        let script = Place::new().run(&format!("completions {shell}")).done();
        for verb in ["run", "check", "explain", "import", "generate", "profiles", "completions"] {
            assert!(script.out.contains(verb), "{shell}: {verb}");
        }
    }
}

#[test]
fn what_goes_into_a_pipe_has_no_colours() {
    let place = Place::with_book();
    for command in ["run book --no-charts", "explain book kept", "run nowhere", "--help"] {
        assert!(!place.run(command).has_colours(), "{command}");
    }
}

#[test]
fn colours_that_are_forced_yield_to_those_that_are_unwanted() {
    let forced = Place::with_book().variable("CLICOLOR_FORCE", "1");
    assert!(forced.run("run book --no-charts").has_colours());
    assert!(!forced.variable("NO_COLOR", "1").run("run book --no-charts").has_colours());
}

// Profiles, import, generate, explain.

#[test]
fn every_profile_that_is_listed_can_be_copied_into_a_book() {
    let place = Place::with_book();
    let list = place.run("profiles").done().out;
    let names: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(["tencent-cvm", "tencent-cvm-2016", "aliyun-ecs", "huawei-ecs"].iter().all(|name| names.contains(name)));
    let copies = names.iter().map(|name| place.run(&format!("profiles {name}")).done().says(&format!("\n[{name}]\n")));
    let profiles: String = copies.map(|copy| copy.out + "\n").collect();
    let place = place.file("book/profiles.toml", &profiles);
    assert!(!place.run("check book").err.contains("error"));
}

#[test]
fn an_import_lacks_prices_and_nothing_else() {
    let place = Place::new();
    place.import_fleet().done().says("To do:").says("in prices.csv");
    let complaints = place.run("check book").refused().err;
    let errors: Vec<&str> = complaints.lines().filter(|line| line.starts_with("error")).collect();
    assert!(!errors.is_empty() && errors.iter().all(|line| line.starts_with("error[missing-price]")), "{errors:#?}");
}

#[test]
fn an_import_with_prices_runs() {
    let place = Place::new();
    place.import_fleet().done();
    let prices = place.text("book/prices.csv").replace(",,\n", ",100.00,0.50\n");
    let place = place.file("book/prices.csv", &prices);
    assert_ne!(place.run("check book").code, Some(2));
    place.run("run book --out out").done();
    assert!(place.text("out/ledger.csv").contains(",ins-web1,renewed,"));
}

#[test]
fn a_seed_is_a_book_and_another_seed_is_another() {
    let places = ["1", "1", "2"].map(|seed| {
        let place = Place::new();
        place.run(&format!("generate --accounts 3 --instances 40 --seed {seed} --out book")).done();
        place.files()
    });
    assert_eq!(places[0], places[1]);
    assert_ne!(places[0], places[2]);
}

#[test]
fn a_generated_book_has_no_errors_and_can_be_explained() {
    let place = Place::new();
    place.run("generate --accounts 3 --instances 40 --seed 7 --out book").done().says("renewcast run book");
    assert_ne!(place.run("check book").code, Some(2));
    place.run("run book --out out --threads 1").done();
    let instances = place.text("book/instances.csv");
    let id = instances.lines().nth(1).and_then(|row| row.split(',').next()).expect("an instance");
    place.run(&format!("explain book {id}")).done().says(id);
    place.run("explain book a-0001").done().says("a-0001");
}

#[test]
fn the_number_of_threads_and_the_process_change_no_byte() {
    let place = Place::new();
    place.run("generate --accounts 9 --instances 90 --seed 5 --out book").done();
    let runs = ["--threads 1", "--threads 2", ""].map(|threads| {
        place.run(&format!("run book --out out {threads}")).done();
        place.files()
    });
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[1], runs[2]);
}

#[test]
fn a_number_of_threads_that_no_machine_has_is_refused() {
    for threads in ["0", "1000"] {
        Place::with_book().run(&format!("run book --threads {threads}")).refused();
    }
}

/// `renewcast profiles | head -1`, and a disk that is full: the answer is cut short, the program does not panic.
#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_nobody_takes_is_no_panic() {
    for command in ["profiles tencent-cvm", "check book", "run book --no-charts", "completions bash"] {
        let place = Place::with_book();
        let full = fs::File::options().write(true).open("/dev/full").expect("a device of Linux");
        let mut program = Command::new(env!("CARGO_BIN_EXE_renewcast"));
        program.args(command.split_whitespace()).current_dir(&place.folder).env_clear().stdout(full);
        let output = program.output().expect("the program starts");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(!complaint.contains("panicked"), "renewcast {command}\n{complaint}");
    }
}
