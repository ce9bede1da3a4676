//! Nothing of others is lost: what stands in and beside the folders that verbs write into, whoever else writes there.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use super::program::{Place, Tree, tree};

/// A verb that writes into `out`, run from the folder around it.
struct Verb {
    command: &'static str,
    /// The code with which it ends.
    code: i32,
}

const fn verb(command: &'static str, code: i32) -> Verb {
    Verb { command, code }
}

/// Every verb that writes; the books and results that they read are two folders up.
const RESULTS: &[Verb] = &[
    verb("run ../../book --force --out out", 0),
    verb("run ../../book --no-charts --force --out out", 0),
    verb("report ../../book --force --out out", 0),
    verb("calendar ../../book --force --out out", 0),
    verb("plan ../../book --force --out out", 0),
    verb("compare ../../book less --force --out out", 0),
    verb("compare ../../book --rules --force --out out", 0),
    verb("sweep ../../book ../../sweep.toml --force --out out", 0),
    verb("terms ../../book --force --out out", 0),
    verb("diff ../../one ../../two --force --out out", 1),
];
const BOOKS: &[Verb] = &[
    verb("generate --instances 9 --accounts 2 --force --out out", 0),
    verb(
        "import tencent ../../instances.json --from 2026-12-01 --force --out out",
        0,
    ),
];

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }
}

/// A place with what all verbs need.
fn place() -> Place {
    let place = Place::with_book()
        .file(
            "book/scenarios/less.toml",
            "[[set]]\nwhere = \"product = 'other' OR product IS NULL\"\nrenew_flag = \"none\"\n",
        )
        .file(
            "sweep.toml",
            "[[axis]]\nkey = \"renew_months\"\nvalues = [1, 3]\n",
        );
    let answers = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/imports/fleet");
    let is_listing = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "json");
    let names: BTreeSet<PathBuf> = tree(&answers).into_keys().filter(is_listing).collect();
    let cvm = names
        .iter()
        .find(|name| name.to_string_lossy().contains("cvm"))
        .expect("the fleet has servers");
    place.write(
        Path::new("instances.json"),
        &fs::read(answers.join(cvm)).expect("an answer"),
    );
    place.run("run book --no-charts --out one").done();
    place
        .run("run book --set renew_flag=manual --no-charts --out two")
        .done();
    place
}

impl Verb {
    fn start(&self, place: &Place, folder: &str) -> Child {
        let mut program = place.program(self.command);
        program.current_dir(place.folder.path().join(folder));
        program
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts")
    }

    /// Runs it alone.
    #[track_caller]
    fn run(&self, place: &Place, folder: &str) -> String {
        let (code, err) = end(self.start(place, folder));
        assert_eq!(code, Some(self.code), "{}\n{err}", self.command);
        err
    }
}

fn end(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().expect("a child");
    (
        output.status.code(),
        String::from_utf8(output.stderr).expect("complaints are UTF-8"),
    )
}

/// Puts files of a person into folders that verbs write, and beside them; what they are.
fn litter(place: &Place, folder: &str, count: usize, random: &mut Random) -> Tree {
    const FOLDERS: &[&str] = &[
        "",
        "out",
        "out/charts",
        "out/closing",
        "out/report",
        "out/calendar",
        "out/scenarios",
        "out/mine/deep",
        ".out.d",
        "outer",
    ];
    let mut made = Tree::new();
    for number in 0..count {
        let name =
            Path::new(FOLDERS[random.below(FOLDERS.len())]).join(format!("mine-{number}.csv"));
        let bytes: Vec<u8> = (0..random.below(5000))
            .map(|_| u8::try_from(random.below(256)).expect("a byte"))
            .collect();
        place.write(&Path::new(folder).join(&name), &bytes);
        made.insert(name, bytes);
    }
    made
}

/// Everything but what a person put there.
fn without(mut there: Tree, litter: &Tree) -> Tree {
    for (name, bytes) in litter {
        assert_eq!(
            there.remove(name).as_ref(),
            Some(bytes),
            "{} was lost",
            name.display()
        );
    }
    there
}

fn below(place: &Place, folder: &str) -> Tree {
    tree(&place.folder.path().join(folder))
}

/// What is left of old books, which each book that takes their place adds to.
fn is_of_old_book(name: &Path) -> bool {
    name.starts_with("out.before")
        || name.starts_with("out.before-2")
        || name.starts_with("out.before-3")
}

#[test]
fn no_verb_touches_files_of_others() {
    let place = place();
    let mut random = Random(20_261_130);
    for (number, verb) in RESULTS.iter().chain(BOOKS).enumerate() {
        let folder = format!("tries/{number}");
        let others = litter(&place, &folder, 100, &mut random);
        verb.run(&place, &folder);
        let first = without(below(&place, &folder), &others);
        assert!(!first.is_empty());
        let more = litter(&place, &folder, 100, &mut random);
        let others: Tree = others.into_iter().chain(more).collect();
        verb.run(&place, &folder);
        let mut second = without(below(&place, &folder), &others);
        second.retain(|name, _| !is_of_old_book(name));
        assert_eq!(
            first.keys().collect::<Vec<_>>(),
            second.keys().collect::<Vec<_>>(),
            "{}",
            verb.command
        );
        assert_eq!(first, second, "{}", verb.command);
    }
}

#[test]
fn all_verbs_that_share_a_folder_keep_what_the_others_wrote() {
    let place = place();
    fs::create_dir_all(place.folder.path().join("tries/all")).expect("a folder");
    let sharing = [&RESULTS[0], &RESULTS[2], &RESULTS[3]];
    sharing
        .iter()
        .for_each(|verb| drop(verb.run(&place, "tries/all")));
    let all = below(&place, "tries/all");
    for verb in sharing {
        verb.run(&place, "tries/all");
        assert_eq!(below(&place, "tries/all"), all, "{}", verb.command);
    }
    place.run("verify tries/all/out").done();
}

/// How many pairs of runs are made: the variable `PAIRS`, or a few.
fn pairs() -> usize {
    env::var("PAIRS")
        .ok()
        .and_then(|pairs| pairs.parse().ok())
        .unwrap_or(60)
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the figures are for whoever asks for them with --nocapture"
)]
fn two_verbs_into_one_folder_wait_for_each_other() {
    let place = place();
    let mut random = Random(7);
    let verbs: Vec<&Verb> = RESULTS.iter().chain(BOOKS).collect();
    let alone: Vec<Tree> = (0..verbs.len())
        .map(|which| {
            let folder = format!("alone/{which}");
            fs::create_dir_all(place.folder.path().join(&folder)).expect("a folder");
            verbs[which].run(&place, &folder);
            below(&place, &folder)
        })
        .collect();
    let (mut waited, mut missing) = (0, 0);
    for pair in 0..pairs() {
        let (which, folder) = (pair % verbs.len(), format!("pairs/{pair}"));
        fs::create_dir_all(place.folder.path().join(&folder)).expect("a folder");
        // A third of the pairs find no folder at all.
        let count = if random.below(3) == 0 { 0 } else { 30 };
        missing += u32::from(count == 0);
        let others = litter(&place, &folder, count, &mut random);
        let first = verbs[which].start(&place, &folder);
        thread::sleep(Duration::from_micros(
            u64::try_from(random.below(20_000)).expect("a short time"),
        ));
        let second = verbs[which].start(&place, &folder);
        for child in [first, second] {
            let (code, err) = end(child);
            assert_eq!(
                code,
                Some(verbs[which].code),
                "{}, pair {pair}\n{err}",
                verbs[which].command
            );
            waited += u32::from(err.contains("waiting for"));
        }
        let mut there = without(below(&place, &folder), &others);
        there.retain(|name, _| !is_of_old_book(name));
        assert_eq!(
            there.keys().collect::<Vec<_>>(),
            alone[which].keys().collect::<Vec<_>>()
        );
        assert_eq!(there, alone[which], "{}, pair {pair}", verbs[which].command);
        if which < 2 && count == 0 {
            place
                .run(&format!("verify {folder}/out --book book"))
                .done();
        }
        fs::remove_dir_all(place.folder.path().join(&folder)).expect("the pair is done");
    }
    println!(
        "{} pairs, {missing} of them without a folder; {waited} said that they wait",
        pairs()
    );
}

#[test]
fn verbs_into_nested_folders_and_readers_do_not_meet_half_results() {
    let place = place();
    fs::create_dir_all(place.folder.path().join("around/pair")).expect("a folder");
    let inner = verb("run ../../book --force --out out/deep/deeper", 0);
    let within = verb("run ../../../book --no-charts --force --out .", 0);
    let read = verb("verify out --book ../../book", 0);
    RESULTS[1].run(&place, "around/pair");
    inner.run(&place, "around/pair");
    let whole = below(&place, "around/pair");
    for round in 0..pairs() / 6 {
        let mut children = vec![
            RESULTS[1].start(&place, "around/pair"),
            inner.start(&place, "around/pair"),
            read.start(&place, "around/pair"),
            within.start(&place, "around/pair/out"),
        ];
        children.rotate_left(round % 4);
        for child in children {
            let (code, err) = end(child);
            assert_eq!(code, Some(0), "{err}");
        }
        assert_eq!(below(&place, "around/pair"), whole);
    }
}

#[test]
fn who_waits_says_so() {
    let place = Place::with_book();
    let lock = File::create(place.folder.path().join(".out.renewcast-lock")).expect("a file");
    lock.lock().expect("there are locks");
    let mut program = place.program("run book --no-charts --out out");
    let child = program
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    thread::sleep(Duration::from_millis(1500));
    assert!(!place.folder.path().join("out").exists());
    drop(lock);
    let (code, err) = end(child);
    assert_eq!(code, Some(0));
    assert_eq!(
        err.matches("waiting for another renewcast that is at work in `")
            .count(),
        1,
        "{err}"
    );
    assert!(!place.folder.path().join(".out.renewcast-lock").exists());
}

#[test]
fn nothing_of_a_living_run_is_taken_for_left_over() {
    let place = Place::new();
    place
        .run("generate --accounts 20 --instances 4000 --out book")
        .done();
    let start = || {
        let mut program = place.program("run book --no-charts --out out");
        program
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts")
    };
    let children = [start(), start(), start()];
    for child in children {
        let (code, err) = end(child);
        assert_eq!(code, Some(0), "{err}");
    }
    place.run("verify out --book book").done();
}

// What is refused, and how.

/// A command that is refused with exactly this, and changes nothing.
#[track_caller]
fn refused(place: &Place, command: &str, complaint: &str) {
    let before = place.files();
    let answer = place.run(command).refused();
    assert_eq!(answer.err.trim_end(), complaint, "renewcast {command}");
    assert_eq!(place.files(), before, "renewcast {command}");
}

/// Rule **foreign-folder**.
#[test]
fn a_folder_with_files_of_others_is_no_place_for_a_result_unless_forced() {
    for verb in RESULTS {
        let place = place()
            .file("tries/x/out/charts/notes.txt", "mine")
            .file("tries/x/out/vintages/2026.csv", "old");
        let command = verb.command.replace(" --force", "").replace("../../", "");
        let command = command.replace("--out out", "--out tries/x/out");
        refused(
            &place,
            &command,
            "error: `tries/x/out` is not empty and holds no earlier result: it has `charts/notes.txt`\n  \
             = help: choose another folder with --out, or add --force: the files that are there stay as they are",
        );
        place
            .run(&format!("{command} --force"))
            .exits_with(verb.code);
        // Then it holds a result, and the next one needs no force.
        place.run(&command).exits_with(verb.code);
        assert_eq!(place.text("tries/x/out/charts/notes.txt"), "mine");
    }
}

#[test]
fn what_is_no_file_of_others_is_no_reason_to_refuse_a_folder() {
    let place = Place::with_book()
        .file("out/.DS_Store", "x")
        .file("out/Thumbs.db", "x")
        .file("out/desktop.ini", "x")
        .file("out/vintages/2026-11.csv", "x");
    place.run("run book --no-charts --out out/deep/one").done();
    place.run("run book --no-charts --out out").done();
    assert_eq!(place.text("out/desktop.ini"), "x");
}

#[test]
fn a_book_is_no_place_for_a_result_even_if_forced() {
    let place = place();
    fs::create_dir_all(place.folder.path().join("tries/x")).expect("a folder");
    for verb in RESULTS {
        let command = verb
            .command
            .replace("../../", "")
            .replace("--out out", "--out book");
        refused(
            &place,
            &command,
            "error: `book` is a book; results need a folder of their own\n  = help: choose another folder with --out",
        );
    }
    for command in [
        "generate --out one --force",
        "import tencent instances.json --out one --force",
    ] {
        refused(
            &place,
            command,
            "error: `one` holds results; a book needs a folder of its own\n  = help: choose another folder with --out",
        );
    }
}

#[test]
fn a_file_that_no_run_wrote_is_not_written_over() {
    let place = Place::with_book();
    for name in [
        "closing/actions.csv",
        "charts",
        "run.json",
        "charts/spend.svg",
    ] {
        place.write(&Path::new("out").join(name), b"mine");
        refused(
            &place,
            "run book --force --out out",
            &format!(
                "error: `out/{name}` would be overwritten, and it is not part of an earlier result\n  \
                 = help: move or rename it, or choose another folder with --out"
            ),
        );
        fs::remove_file(place.folder.path().join("out").join(name))
            .expect("the file that was written");
    }
    symlink(
        "../book/accounts.csv",
        place.folder.path().join("out/ledger.csv"),
    )
    .expect("links can be made");
    place
        .run("run book --force --out out")
        .refused()
        .complains("`out/ledger.csv` would be overwritten");
}

#[test]
fn a_file_that_has_changed_since_the_run_is_not_written_over() {
    let place = Place::with_book();
    place.run("run book --out out").done();
    for name in ["closing/actions.csv", "run.json"] {
        let bytes = place.text(&format!("out/{name}"));
        place.write(
            &Path::new("out").join(name),
            format!("{bytes}\n").as_bytes(),
        );
        refused(
            &place,
            "run book --force --out out",
            &format!(
                "error: `out/{name}` has changed since it was written\n  = help: move it to keep it, delete it to have it \
                 written again, or choose another folder with --out"
            ),
        );
        place.write(&Path::new("out").join(name), bytes.as_bytes());
    }
    // One that the new run does not write is kept.
    let chart = fs::read_dir(place.folder.path().join("out/charts"))
        .expect("charts")
        .flatten()
        .next()
        .expect("a chart");
    fs::write(chart.path(), "mine now").expect("a file");
    place.run("run book --no-charts --out out").done();
    let charts = tree(&place.folder.path().join("out/charts"));
    assert_eq!(charts.into_values().collect::<Vec<_>>(), [b"mine now"]);
}

#[test]
fn a_verb_does_not_write_over_the_result_of_another_one() {
    let place = place();
    place.run("compare book less --no-charts --out out").done();
    refused(
        &place,
        "diff one two --out out",
        "error: `out/compare.csv` belongs to what `renewcast compare` wrote\n  = help: choose another folder with --out",
    );
}

// Books.

#[test]
fn an_old_book_is_kept_and_never_written_over() {
    let place = Place::with_book()
        .file("book/scenarios/mine.toml", "")
        .file("book/notes.txt", "mine");
    let first = below(&place, "book");
    let generate = |seed| format!("generate --accounts 2 --instances 9 --seed {seed} --out book");
    refused(
        &place,
        &generate(1),
        "error: there is already a book in `book`\n  = help: choose another folder with --out, or add --force: the old book is \
         kept as `book.before`",
    );
    place.write(Path::new("book.before-2"), b"a file of mine");
    place
        .run(&format!("{} --force", generate(1)))
        .done()
        .complains("the old book is kept as `book.before`");
    let mut kept = below(&place, "book.before");
    kept.insert(PathBuf::from("notes.txt"), b"mine".to_vec());
    assert_eq!(kept, first);
    let second = below(&place, "book");
    place
        .run(&format!("{} --force", generate(2)))
        .done()
        .complains("the old book is kept as `book.before-3`");
    kept = below(&place, "book.before-3");
    kept.insert(PathBuf::from("notes.txt"), b"mine".to_vec());
    assert_eq!(kept, second);
    assert_eq!(
        (place.text("book.before-2"), place.text("book/notes.txt")),
        ("a file of mine".into(), "mine".into())
    );
    // A change of a book that is kept is none of the book itself.
    place.write(Path::new("book.before-3/scenarios/mine.toml"), b"# changed");
    assert_eq!(place.text("book/scenarios/mine.toml"), "");
}

#[test]
fn a_file_where_a_book_is_to_come_is_not_written_over() {
    let place = Place::new().file("new/accounts.csv", "mine");
    refused(
        &place,
        "generate --out new",
        "error: `new/accounts.csv` would be overwritten, and there is no book in the folder\n  = help: move or rename it, or \
         choose another folder with --out",
    );
    place
        .run("generate --out new --force")
        .done()
        .complains("kept as `new.before`");
    assert_eq!(place.text("new.before/accounts.csv"), "mine");
}

#[test]
fn of_two_books_that_are_made_at_once_one_is_refused() {
    let place = Place::new();
    let start = || {
        let mut program = place.program("generate --instances 2000 --out book");
        program
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts")
    };
    let ends = [start(), start()].map(end);
    assert_eq!(ends.iter().filter(|(code, _)| *code == Some(0)).count(), 1);
    assert!(
        ends.iter().any(
            |(code, err)| *code == Some(2) && err.contains("there is already a book in `book`")
        )
    );
}

// What the system refuses.

#[test]
fn many_files_need_few_open_ones() {
    let place = Place::new();
    place
        .run("generate --accounts 300 --instances 900 --days 62 --out book")
        .done();
    let few = "ulimit -n 100; exec \"$0\" \"$@\"";
    place.run_from(few, "calendar book --out out").done();
    assert!(below(&place, "out/calendar").len() > 110);
    place.run_from(few, "run book --out out").done();
    place
        .run_from(few, "report book --by account_id --out out")
        .done();
    place.run_from(few, "plan book --no-charts --out plan");
    place.run("verify out").done();
}

#[test]
fn a_folder_that_may_not_be_written_is_said_to_be_as_it_was() {
    let place = Place::with_book();
    place.run("run book --no-charts --out out").done();
    let line = "chmod 711 . && chown -R 65534 out . && chmod 555 out && \
                exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \"$0\" \"$@\"";
    let may = place.run_from(
        "cp \"$0\" here && setpriv --reuid 65534 --regid 65534 --clear-groups ./here",
        "--version",
    );
    if may.code != Some(0) {
        return;
    }
    let before = below(&place, "out");
    let line = line.replace("\"$0\"", "./here");
    place
        .run_from(&line, "run book --no-charts --out out")
        .refused()
        .complains("help: nothing was changed; check");
    assert_eq!(below(&place, "out"), before);
}
