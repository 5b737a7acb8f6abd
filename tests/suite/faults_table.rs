//! `tests/FAULTS.md` can be looked up: each of its tests is there, and each of
//! its faults has a verdict.

use std::collections::BTreeSet;

use crate::support::repository::{file, has_test};

/// One line of the table.
#[derive(Debug)]
struct Row {
    number: u32,
    tests: Vec<(String, String)>,
    result: String,
}

/// Reads a line that begins with a number in its first cell.
fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line
        .strip_prefix("| ")?
        .strip_suffix(" |")?
        .split('|')
        .map(str::trim)
        .collect();
    let number = cells.first()?.parse().ok()?;
    let [_, fault, tests, result] = cells[..] else {
        panic!("four cells: {line}")
    };
    assert!(!fault.is_empty(), "{line}");
    Some(Row {
        number,
        tests: named(tests),
        result: result.to_owned(),
    })
}

/// The tests that a cell names.
fn named(cell: &str) -> Vec<(String, String)> {
    let tests = cell.split('`').skip(1).step_by(2).map(|test| {
        let (file, name) = test.split_once(": ").unwrap_or_else(|| panic!("FILE: TEST: {test}"));
        (file.to_owned(), name.to_owned())
    });
    tests.collect()
}

#[test]
fn every_fault_has_a_verdict_and_its_tests_are_there() {
    let table = file("tests/FAULTS.md");
    let rows: Vec<Row> = table.lines().filter_map(row).collect();
    assert!(rows.len() > 90, "{}", rows.len());
    let numbers: BTreeSet<u32> = rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers.len(), rows.len(), "a number twice");
    for row in &rows {
        for (path, name) in &row.tests {
            assert!(
                has_test(&file(path), name),
                "{}: there is no {path}: {name}",
                row.number
            );
        }
        let (verdict, reason) = row.result.split_once(": ").unwrap_or((&row.result, ""));
        match verdict {
            "holds" => assert!(!row.tests.is_empty(), "{row:?}: who says so?"),
            "in part" => assert!(!row.tests.is_empty() && !reason.is_empty(), "{row:?}"),
            "not covered" => assert!(!reason.is_empty(), "{row:?}: why not?"),
            _ => panic!("{row:?}: no verdict"),
        }
    }
}

#[test]
fn every_invariant_has_its_tests() {
    let table = file("tests/FAULTS.md");
    for number in 1..=10 {
        let begin = format!("| I{number} | ");
        let row = table.lines().find(|line| line.starts_with(&begin));
        let row = row.unwrap_or_else(|| panic!("there is no I{number}"));
        let tests = named(row);
        assert!(!tests.is_empty(), "{row}");
        for (path, name) in tests {
            assert!(has_test(&file(&path), &name), "I{number}: there is no {path}: {name}");
        }
    }
}

#[test]
fn a_test_is_told_from_other_functions() {
    let source = "fn a() {}\n#[test]\nfn b() {}\n  #[tokio::test(x)]\n  #[ignore = \"y\"]\n  async fn c() {}\n";
    assert!(!has_test(source, "a"));
    assert!(has_test(source, "b") && has_test(source, "c"));
    assert!(!has_test(source, "d") && !has_test(source, ""));
}
