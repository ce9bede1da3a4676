//! Scratch.
use renewcast::source::{self, Folder};
fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let mut folder = Folder::default();
    for f in source::FILES {
        if let Ok(b) = std::fs::read(format!("{dir}/{f}")) {
            folder.insert(f, b);
        }
    }
    let (book, d) = source::read(&folder, None);
    for one in d.iter() {
        eprintln!("{:?}", one);
    }
    let t = std::time::Instant::now();
    if let Some(b) = book {
        let r = renewcast::engine::replay(&b).unwrap();
        eprintln!("{:?}", t.elapsed());
        let x = renewcast::report::csv::ledger(&b, &r.ledger);
        println!("{}", String::from_utf8(x).unwrap());
    }
}
