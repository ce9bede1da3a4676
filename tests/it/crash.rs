//! What is on the disk after the program was killed, and after the disk refused.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::program::{Place, Tree, tree};

const SIGKILL: i32 = 9;

/// The unfinished folders anywhere in a place.
fn unfinished(place: &Place) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![place.folder.path().to_owned()];
    while let Some(folder) = waiting.pop() {
        // A folder may vanish while it is looked at: the program works at the same time.
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().contains(".renewcast-") {
                found.insert(entry.path());
            } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                waiting.push(entry.path());
            }
        }
    }
    found
}

/// Everything in a folder of a place, but what is unfinished.
fn finished(place: &Place, folder: &str) -> Tree {
    let mut tree = tree(&place.folder.path().join(folder));
    tree.retain(|name, _| !name.to_string_lossy().contains(".renewcast-"));
    tree
}

/// Two commands that write the same folder, and what each leaves there.
struct Storm {
    place: Place,
    commands: [String; 2],
    folder: &'static str,
    whole: [Tree; 2],
    /// Which of the two wrote the folder last.
    last: usize,
    random: u64,
}

/// What came of the kills.
#[derive(Debug, Default)]
struct Toll {
    kills: u32,
    old: u32,
    new: u32,
    /// The folder says itself that it is not whole.
    unsealed: u32,
    /// The unfinished folder was there when the program died.
    while_writing: u32,
}

impl Storm {
    fn new(place: Place, commands: [&str; 2], folder: &'static str) -> Self {
        let commands = commands.map(str::to_owned);
        let whole = [0, 1, 0, 1].map(|which| {
            place.run(&commands[which]).done();
            finished(&place, folder)
        });
        let [first, second, again, last] = whole;
        assert_eq!(
            (&first, &second),
            (&again, &last),
            "what a command leaves does not depend on what was there"
        );
        Self {
            place,
            commands,
            folder,
            whole: [first, second],
            last: 1,
            random: 20_261_201,
        }
    }

    /// A random part of a time, from one percentage of it to another.
    fn part(&mut self, time: Duration, from: u32, to: u32) -> Duration {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let thousandths = u32::try_from((self.random >> 33) % 1000).expect("less than a thousand");
        time * (from * 1000 + (to - from) * thousandths) / 100_000
    }

    /// Starts the command whose result is not there, up to the moment at which it begins to write.
    fn begin(&self) -> Child {
        let left = unfinished(&self.place);
        let mut program = self.place.program(&self.commands[1 - self.last]);
        let mut child = program
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        while child.try_wait().expect("a child").is_none()
            && unfinished(&self.place).is_subset(&left)
        {}
        child
    }

    #[expect(
        clippy::print_stdout,
        reason = "the figures are for whoever asks for them with --nocapture"
    )]
    /// Kills half of the runs anywhere between their first and last moment of writing, and the other half around the
    /// moment of the exchange, which it finds by the outcomes.
    fn rage(&mut self, kills: u32, seal: Option<&str>) -> Toll {
        let mut child = self.begin();
        let began = Instant::now();
        assert!(child.wait().expect("a child").success());
        self.last = 1 - self.last;
        let mut writing = began.elapsed();
        let (mut exchange, mut toll) = (writing / 2, Toll::default());
        for round in 0..3 * kills {
            let (left, mut child) = (unfinished(&self.place), self.begin());
            let is_aimed = round % 2 == 0;
            // Once the moment is about known, the aim is narrow: little time lies between the exchange and the end.
            let (from, to, later, sooner) = if round < kills / 4 {
                (70, 130, 110, 90)
            } else {
                (93, 107, 103, 97)
            };
            thread::sleep(if is_aimed {
                self.part(exchange, from, to)
            } else {
                self.part(writing, 0, 100)
            });
            child.kill().expect("a child can be killed");
            let killed = child.wait().expect("a child").signal() == Some(SIGKILL);
            let outcome = self.outcome(seal);
            if is_aimed {
                exchange = exchange
                    * if outcome == Some(self.last) {
                        later
                    } else {
                        sooner
                    }
                    / 100;
            }
            if !killed {
                // On a busy machine the first run can take far longer than the others.
                writing = writing * 9 / 10;
            }
            if killed {
                toll.kills += 1;
                toll.while_writing += u32::from(!unfinished(&self.place).is_subset(&left));
                match outcome {
                    None => toll.unsealed += 1,
                    Some(which) if which == self.last => toll.old += 1,
                    Some(_) => toll.new += 1,
                }
            }
            self.last = outcome.unwrap_or(self.last);
            if toll.kills == kills {
                break;
            }
        }
        println!("{}: {toll:?}, writing takes {writing:?}", self.commands[0]);
        toll
    }

    /// Which of the two results is there, every byte of it; none if its seal is missing.
    fn outcome(&self, seal: Option<&str>) -> Option<usize> {
        let there = finished(&self.place, self.folder);
        if seal.is_some_and(|seal| !there.contains_key(Path::new(seal))) {
            return None;
        }
        let which = self.whole.iter().position(|whole| *whole == there);
        Some(which.unwrap_or_else(|| {
            let differs = |whole: &Tree| -> Vec<PathBuf> {
                let names = whole
                    .keys()
                    .chain(there.keys())
                    .collect::<BTreeSet<_>>()
                    .into_iter();
                names
                    .filter(|name| whole.get(*name) != there.get(*name))
                    .cloned()
                    .collect()
            };
            panic!(
                "a mixture: {:?} differ from one, {:?} from the other",
                differs(&self.whole[0]),
                differs(&self.whole[1])
            )
        }))
    }

    /// A run that nobody kills leaves nothing but its result.
    fn calms_down(self) {
        self.place.run(&self.commands[1 - self.last]).done();
        assert_eq!(
            finished(&self.place, self.folder),
            self.whole[1 - self.last]
        );
        assert_eq!(unfinished(&self.place), BTreeSet::new());
    }
}

/// Two generated books, whose results are to come into `out`, where a person keeps files too.
fn two_books(instances: usize) -> Place {
    let place = Place::new()
        .file("out/notes.txt", "mine")
        .file("out/mine/deep/notes.txt", "mine too");
    symlink("nowhere", place.folder.path().join("out/link")).expect("links can be made");
    for (book, seed) in [("one", 1), ("two", 2)] {
        place
            .run(&format!(
                "generate --accounts 5 --instances {instances} --seed {seed} --out {book}"
            ))
            .done();
        let profile = format!("[tencent-cvm]\nretention_days = {}\n", 7 + seed);
        place.write(&Path::new(book).join("profiles.toml"), profile.as_bytes());
    }
    place
}

#[test]
fn a_killed_run_leaves_the_old_result_or_the_new_one() {
    let commands = [
        "run one --no-charts --force --out out",
        "run two --no-charts --force --out out",
    ];
    let mut storm = Storm::new(two_books(150), commands, "out");
    let same = storm.whole[0]
        .iter()
        .filter(|(name, bytes)| storm.whole[1].get(*name) == Some(bytes));
    let same: Vec<_> = same.map(|(name, _)| name.display().to_string()).collect();
    // The closing book has no actions: there is a head line only. Prices are those of the book, and both have the same.
    assert_eq!(
        same,
        [
            "closing/actions.csv",
            "closing/prices.csv",
            "link",
            "mine/deep/notes.txt",
            "notes.txt"
        ]
    );
    let toll = storm.rage(200, None);
    assert_eq!((toll.kills, toll.old + toll.new), (200, 200));
    // After the exchange little is left to do, so few kills come after it.
    assert!(
        toll.old >= 20 && toll.new >= 1 && toll.while_writing >= 100,
        "{toll:?}"
    );
    storm.calms_down();
}

#[test]
fn a_killed_run_into_the_folder_it_stands_in_leaves_a_whole_result_or_none() {
    let mut storm = Storm::new(
        two_books(20),
        [
            "run one --no-charts --force --out .",
            "run two --no-charts --force --out .",
        ],
        "",
    );
    let toll = storm.rage(60, Some("run.json"));
    assert_eq!((toll.kills, toll.old + toll.new + toll.unsealed), (60, 60));
    assert!(toll.while_writing >= 30, "{toll:?}");
    storm.calms_down();
}

#[test]
fn a_killed_verb_that_makes_books_leaves_the_old_book_or_the_new_one() {
    let generate = |seed| format!("generate --instances 400 --seed {seed} --force --out out");
    let mut storm = Storm::new(two_books(1), [&generate(3), &generate(4)], "out");
    let toll = storm.rage(60, None);
    assert_eq!((toll.kills, toll.old + toll.new), (60, 60));
    assert!(toll.while_writing >= 30, "{toll:?}");
    storm.calms_down();
}

#[test]
fn a_result_is_whole_though_one_for_a_folder_in_it_is_made_at_the_same_time() {
    let place = two_books(20).file(
        "one/scenarios/less.toml",
        "[[set]]\nwhere = \"product = 'cvm'\"\nrenew_flag = \"manual\"\n",
    );
    let commands = ["run one --no-charts", "run one --no-charts --scenario less"];
    let start = |command: &str| {
        let mut program = place.program(command);
        program
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts")
    };
    for command in commands {
        place.run(command).done();
    }
    let whole = finished(&place, "reports");
    for _ in 0..10 {
        let mut running = commands.map(start);
        assert!(
            running
                .iter_mut()
                .all(|run| run.wait().expect("a child").success())
        );
        assert_eq!(finished(&place, "reports"), whole);
    }
    assert_eq!(unfinished(&place), BTreeSet::new());
}

#[test]
fn what_a_killed_run_left_is_removed_and_what_only_looks_like_it_stays() {
    let place = Place::with_book()
        .file(".out.renewcast-a1B2c3/ledger.csv", "half a led")
        .file(".out.renewcast-a1B2c3d/mine", "too long")
        .file(".other.renewcast-a1B2c3/mine", "of another target")
        .file(".out.renewcast-000000", "no folder");
    place.run("run book --no-charts --out out").done();
    let left: Vec<_> = unfinished(&place)
        .into_iter()
        .filter_map(|path| Some(path.file_name()?.to_owned()))
        .collect();
    assert_eq!(
        left,
        [
            ".other.renewcast-a1B2c3",
            ".out.renewcast-000000",
            ".out.renewcast-a1B2c3d"
        ]
    );
}

#[test]
fn a_result_that_was_parked_when_a_run_was_killed_is_put_back() {
    let place = Place::with_book();
    place.run("run book --no-charts --out out").done();
    let (out, parked) = (
        place.folder.path().join("out"),
        place.folder.path().join(".out.renewcast-old"),
    );
    fs::write(out.join("notes.txt"), "mine").expect("a file");
    let whole = finished(&place, "out");
    fs::rename(&out, &parked).expect("a folder can be renamed");
    place.run("run book --no-charts --out out").done();
    assert_eq!(finished(&place, "out"), whole);
    assert_eq!(unfinished(&place), BTreeSet::new());
}

#[test]
fn charts_of_an_earlier_run_do_not_stay_beside_newer_numbers() {
    let place = Place::with_book();
    place.run("run book --out out").done();
    assert!(place.folder.path().join("out/charts").is_dir());
    place.run("run book --no-charts --out out").done();
    assert!(!place.folder.path().join("out/charts").exists());
}

#[test]
fn a_link_to_a_folder_stays_a_link() {
    let place = Place::with_book().file("real/notes.txt", "mine");
    symlink("real", place.folder.path().join("out")).expect("links can be made");
    place.run("run book --no-charts --force --out out").done();
    assert!(place.folder.path().join("out").is_symlink());
    assert!(
        place.text("real/ledger.csv").contains(",kept,renewed,")
            && place.text("real/notes.txt") == "mine"
    );
}

// Disks that refuse.

/// A result, then a command that is refused and leaves it as it was.
#[track_caller]
fn refused(place: &Place, line: &str, command: &str, complaint: &str) {
    let before = place.files();
    place.run_from(line, command).refused().complains(complaint);
    assert_eq!(place.files(), before, "{command}, from {line}");
    assert_eq!(unfinished(place), BTreeSet::new());
}

#[test]
fn a_disk_that_becomes_full_keeps_the_old_result() {
    let place = two_books(40);
    place.run("run one --force --out out").done();
    let line = "ulimit -f 8; exec \"$0\" \"$@\"";
    refused(&place, line, "run two --out out", "cannot write `out/");
    refused(
        &place,
        line,
        "run two --out new/er",
        "cannot write `new/er/",
    );
    refused(
        &place,
        line,
        "generate --out one --force --instances 1000",
        "cannot write `one/",
    );
    assert!(!place.folder.path().join("new").exists());
}

/// Whether this machine lets a test mount disks of its own.
fn may_mount() -> bool {
    let mut mount = Command::new("unshare");
    mount
        .args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"])
        .stderr(Stdio::null());
    mount.status().is_ok_and(|status| status.success())
}

#[test]
fn a_small_disk_and_a_read_only_one_keep_the_old_result() {
    if !may_mount() {
        return;
    }
    let place = two_books(40);
    let line =
        |disk: &str| format!("exec unshare -rm sh -c '{disk} && exec \"$0\" \"$@\"' \"$0\" \"$@\"");
    let small = line("mount -t tmpfs -o size=100k none out");
    place
        .run_from(&small, "run one --no-charts --force --out out")
        .refused()
        .complains("No space left");
    let read_only = line("mount --bind out out && mount -o remount,ro,bind out");
    place.run("run one --no-charts --out out/deep").done();
    place.run("run one --no-charts --force --out out").done();
    refused(
        &place,
        &read_only,
        "run two --no-charts --out out/deep",
        "cannot write `out/deep`: Read-only",
    );
    refused(
        &place,
        &read_only,
        "run two --no-charts --out out/new",
        "cannot write `out/new`: Read-only",
    );
    refused(
        &place,
        &read_only,
        "run two --no-charts --out out",
        "cannot write `out`: Read-only",
    );
}

#[test]
fn a_mount_point_is_written_from_within() {
    if !may_mount() {
        return;
    }
    let place = two_books(10);
    place.run("run one --no-charts --out expected").done();
    for target in ["out", "out/mine"] {
        let line = format!(
            "exec unshare -rm sh -c 'mount --bind {target} {target} && exec \"$0\" \"$@\"' \"$0\" \"$@\""
        );
        place
            .run_from(&line, "run two --no-charts --force --out out")
            .done();
        place
            .run_from(&line, "run one --no-charts --out out")
            .done();
        let mut there = finished(&place, "out");
        there.retain(|name, _| {
            !name.starts_with("mine") && !name.ends_with("link") && !name.ends_with("notes.txt")
        });
        assert_eq!(there, finished(&place, "expected"));
        assert_eq!(place.text("out/mine/deep/notes.txt"), "mine too");
        assert_eq!(unfinished(&place), BTreeSet::new());
    }
}

#[test]
fn an_input_that_vanished_keeps_the_old_result() {
    let place = Place::with_example();
    place.run("run book --no-charts --out out").done();
    let book = place.folder.path().join("book");
    for name in ["book.toml", "accounts.csv", "instances.csv", "actions.csv"] {
        let (file, aside) = (book.join(name), place.folder.path().join("aside"));
        fs::rename(&file, &aside).expect("a file of the example");
        symlink("nowhere", &file).expect("links can be made");
        refused(
            &place,
            "exec \"$0\" \"$@\"",
            "run book --no-charts --out out",
            name,
        );
        fs::rename(&aside, &file).expect("the file comes back");
    }
    fs::remove_dir_all(&book).expect("a folder can be removed");
    refused(
        &place,
        "exec \"$0\" \"$@\"",
        "run book --no-charts --out out",
        "there is no folder `book`",
    );
}
