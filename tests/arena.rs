//! Memory that is never given back, under everything that a program does with
//! memory. In a program of its own, because it changes how that allocates.

use std::collections::BTreeMap;

use gamectl::sys::arena;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// What a thread does with its pieces: the place of one, and its new length.
type Steps = Vec<(usize, usize)>;

/// Grows, shrinks, drops and makes pieces, and finds in each what was put there.
fn churn(steps: &Steps, mark: u8) {
    let mut pieces: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    for (place, length) in steps {
        let fill = mark ^ (*place as u8);
        if let Some(piece) = pieces.remove(place) {
            assert!(
                piece.iter().all(|byte| *byte == fill),
                "somebody wrote into piece {place}"
            );
            let mut piece = piece;
            piece.resize(*length, fill);
            piece.shrink_to_fit();
            if length % 3 > 0 {
                pieces.insert(*place, piece);
            }
        } else {
            // From zeros, which are promised to be zeros.
            let mut piece = vec![0_u8; *length];
            assert!(piece.iter().all(|byte| *byte == 0), "not zero");
            piece.fill(fill);
            pieces.insert(*place, piece);
        }
    }
    for (place, piece) in &pieces {
        let fill = mark ^ (*place as u8);
        assert!(
            piece.iter().all(|byte| *byte == fill),
            "somebody wrote into piece {place}"
        );
    }
}

#[test]
fn what_is_allocated_stays_its_owners() {
    // Some are from before, and end after.
    let before: Vec<String> = (0..100).map(|number| format!("text {number}")).collect();
    arena::keep_all();
    let sizes = prop_oneof![4 => 0..200_usize, 2 => 0..9000_usize, 1 => 30_000..300_000_usize];
    let steps = || proptest::collection::vec((0..12_usize, sizes.clone()), 0..80);
    let mut runner = TestRunner::default();
    let run = runner.run(&(steps(), steps()), |(one, other)| {
        std::thread::scope(|scope| {
            scope.spawn(|| churn(&one, 1));
            scope.spawn(|| churn(&other, 128));
        });
        // Freed by another thread than it was made by.
        let text = std::thread::spawn(|| "far".repeat(50)).join().expect("a text");
        prop_assert_eq!(text.len(), 150);
        Ok(())
    });
    run.expect("memory");
    for (number, text) in before.into_iter().enumerate() {
        assert_eq!(text, format!("text {number}"));
    }
}

#[test]
fn the_first_of_a_thread_follow_each_other_until_there_is_no_room() {
    let sizes = prop_oneof![6 => 0..200_usize, 1 => 0..9000_usize];
    let steps = proptest::collection::vec((0..12_usize, sizes), 0..80);
    let begin = |fill: u8| {
        arena::keep_first();
        let (one, other) = (Box::new([fill; 16]), Box::new([fill; 16]));
        let near = std::ptr::from_ref(other.as_ref()).addr() == std::ptr::from_ref(one.as_ref()).addr() + 16;
        let mut runner = TestRunner::deterministic();
        let run = runner.run(&steps, |steps| {
            churn(&steps, 7);
            Ok(())
        });
        run.expect("memory");
        assert_eq!((*one, *other), ([fill; 16], [fill; 16]));
        (near, one, other)
    };
    // One thread gets them, and what it made outlives it; the next does without.
    let (near, one, other) = std::thread::scope(|scope| scope.spawn(|| begin(1)).join().expect("the first"));
    assert!(near);
    std::thread::scope(|scope| scope.spawn(|| begin(2)).join().expect("the second"));
    assert_eq!((*one, *other), ([1; 16], [1; 16]));
}

#[test]
fn alignment_is_kept() {
    #[repr(align(256))]
    struct Wide([u8; 3]);

    arena::keep_all();
    for round in 0..100_u8 {
        let odd = Box::new([round; 3]);
        let wide = Box::new(Wide([round; 3]));
        assert_eq!(std::ptr::from_ref(wide.as_ref()).addr() % 256, 0);
        assert_eq!((wide.0, *odd), ([round; 3], [round; 3]));
    }
}
