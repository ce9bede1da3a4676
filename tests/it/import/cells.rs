//! What becomes of each member of an answer: a cell, a warning or a sentence of what is left to do.

use super::{cells, file, import, messages, shown, table};

/// Instances whose cells are listed: `file,instance_id`, then the columns that are compared, as the heading names them.
fn assert_cells<const WIDTH: usize>(expected: &str) {
    let heading: Vec<&str> = expected
        .lines()
        .next()
        .expect("a heading")
        .split(',')
        .collect();
    for row in table::<WIDTH>(expected) {
        let (name, id) = (row[0].as_str(), row[1].as_str());
        let expected: Vec<&str> = row[2..].iter().map(|cell| shown(cell)).collect();
        let made = cells(&import(&[name]), id, &heading[2..]);
        assert_eq!(made, expected.join(" "), "{name} {id}");
    }
}

#[test]
fn instances_begin_in_the_state_that_the_answers_give() {
    assert_cells::<6>(include_str!("states.csv"));
}

#[test]
fn members_become_cells() {
    assert_cells::<9>(include_str!("members.csv"));
}

#[test]
fn what_a_book_cannot_hold_is_named() {
    for [name, without_row, warning] in table(include_str!("left-out.csv")) {
        let imported = import(&[&name]);
        let notes = messages(&imported.notes);
        assert!(
            notes.contains(&format!("left-out: {warning}")),
            "{name}: {warning}\n{notes:#?}"
        );
        assert!(
            without_row.is_empty() || cells(&imported, &without_row, &["charge_type"]).is_empty(),
            "{name}: {without_row} has a row"
        );
    }
    for (name, count) in [
        ("array.json", 0),
        ("credit.json", 1),
        ("debt.json", 0),
        ("states-lighthouse.json", 1),
    ] {
        assert_eq!(import(&[name]).notes.warnings(), count, "{name}");
    }
}

#[test]
fn what_is_left_to_do_names_the_cell() {
    for [name, sentence] in table(include_str!("to-do.csv")) {
        let imported = import(&[&name]);
        assert!(
            imported.to_do.contains(&sentence),
            "{name}: {sentence}\n{:#?}",
            imported.to_do
        );
        assert!(
            file(&imported, "book.toml").contains(&format!("# - {sentence}\n")),
            "{name}: {sentence}"
        );
    }
}
