//! A look over a folder of public files, which `GAMECTL_TEST_CORPUS` names: how many of each
//! kind become an instance, and in what time.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{ImportFile, ImportOptions, beside, read};

/// Returns all files below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    files.sort();
    files
}

#[derive(Default)]
struct Tally {
    files: usize,
    loaded: usize,
    managed: usize,
    slowest: Duration,
}

#[test]
#[ignore = "needs public files: GAMECTL_TEST_CORPUS names their folder"]
fn public_files_become_instances() {
    let Some(folder) = std::env::var_os("GAMECTL_TEST_CORPUS") else {
        panic!("NOT RUN: GAMECTL_TEST_CORPUS names no folder of files");
    };
    let keep = std::env::var_os("GAMECTL_TEST_CORPUS_OUT").map(PathBuf::from);
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut refused = Vec::new();
    for path in files(folder.as_ref()) {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let is_egg = path.components().any(|part| part.as_os_str() == "eggs");
        let class = match ending {
            "kvp" => "AMP templates",
            "json" if is_egg => "eggs, JSON",
            "yaml" if is_egg => "eggs, YAML",
            _ => "others",
        };
        let bytes = std::fs::read(&path).expect("a file");
        let name = path.strip_prefix(&folder).unwrap_or(&path).display().to_string();
        let began = Instant::now();
        let made = ImportFile::new(&name, &bytes).and_then(|file| {
            let near = beside(&file).into_iter().filter_map(|near| {
                let bytes = std::fs::read(path.with_file_name(&near)).ok()?;
                ImportFile::new(&near, &bytes).ok()
            });
            let near: Vec<ImportFile> = near.collect();
            read(&file, &near, None, &ImportOptions::default())
        });
        let took = began.elapsed();
        let tally = tallies.entry(class).or_default();
        tally.files += 1;
        tally.slowest = tally.slowest.max(took);
        match made {
            Ok(drafts) => {
                let text: String = drafts.iter().map(super::Draft::to_instance).collect();
                tally.loaded += 1;
                tally.managed += usize::from(text.contains("executable:"));
                if let Some(keep) = &keep {
                    let out = keep.join(name.replace('/', "+") + ".out");
                    std::fs::write(out, format!("instances:\n{text}")).expect("written");
                }
            }
            Err(problems) if class != "others" => refused.push(problems.summary()),
            Err(_) => {}
        }
    }
    let mut told = Vec::new();
    for (class, tally) in &tallies {
        let Tally {
            files,
            loaded,
            managed,
            slowest,
        } = tally;
        told.push(format!(
            "{class}: {loaded} of {files} become an instance, {managed} with a program; slowest {slowest:?}"
        ));
    }
    told.extend(refused.iter().map(|one| format!("refused: {one}")));
    let mut out = std::io::stdout().lock();
    told.iter().for_each(|line| writeln!(out, "{line}").expect("written"));
    drop(out);
    for (class, tally) in tallies.iter().filter(|(class, _)| **class != "others") {
        assert!(tally.loaded * 100 >= tally.files * 85, "{class}");
        assert!(tally.slowest < Duration::from_secs(5), "{class}: {:?}", tally.slowest);
    }
}
