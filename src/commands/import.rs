//! `gamectl import`.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::context::Context;
use super::init;
use crate::cli::ImportArgs;
use crate::failure::{Failure, FailureKind};
use crate::host::{Error, is_valid_id};
use crate::import::{self, Draft, FILE_MAX, ImportFile, ImportKind, ImportOptions};
use crate::invocation::{command, command_for, quoted};
use crate::sys::plain_file;

pub(super) fn run(context: &Context<'_>, args: &ImportArgs) -> Result<u8, Error> {
    let options = options(args)?;
    let kind = args.kind.as_deref().and_then(ImportKind::of_name);
    let mut files = Vec::new();
    let mut is_wrong = false;
    let paths: Vec<PathBuf> = args.files.iter().map(|path| file_of(path)).collect::<Result<_, _>>()?;
    for path in &paths {
        match ImportFile::new(&shown(path), &bytes(path)?) {
            Ok(file) => files.push((path, file)),
            Err(problems) => {
                context.screen.problems(&problems);
                is_wrong = true;
            }
        }
    }
    let mut drafts = Vec::new();
    for (path, file) in without_parts(&files) {
        match import::read(file, &beside(path, file), kind, &options) {
            Ok(made) => drafts.extend(made),
            Err(problems) => {
                context.screen.problems(&problems);
                is_wrong = true;
            }
        }
    }
    if is_wrong {
        return Ok(FailureKind::Failed.exit_code());
    }
    if options.id.is_some() && drafts.len() > 1 {
        let message = format!("`--id` names one instance, and these files are {}", drafts.len());
        let failure = Failure::new(FailureKind::Usage, message);
        return Err(failure.hint("import them one by one, or leave it out").into());
    }
    let drafts = numbered(drafts);
    let text = text(&drafts, args.output.as_deref());
    let remarks: usize = drafts.iter().map(|draft| draft.remarks().len()).sum();
    let Some(place) = &args.output else {
        context.screen.print(&text);
        if remarks > 0 {
            let told = match remarks {
                1 => "a remark below the instance says what to look over or to set by hand".to_owned(),
                _ => format!("{remarks} remarks, below each instance, say what to look over or to set by hand"),
            };
            context.screen.note(&told);
        }
        return Ok(0);
    };
    let name = shown(place);
    init::write(place, &text).map_err(|error| {
        init::refused(
            &name,
            &error,
            &format!(
                "name another file with -o FILE; or add the instances to this one, if `instances:` is its last section: {}",
                command(format_args!(
                    "import {} | tail -n +4 >>{}",
                    args.files.iter().map(|path| quoted(&shown(path))).collect::<Vec<_>>().join(" "),
                    quoted(&name),
                )),
            ),
        )
    })?;
    let next = match remarks {
        0 => format!("look it over with {}", command_for(place, "check")),
        more => format!(
            "see the {more} remarks in it, and look it over with {}",
            command_for(place, "check")
        ),
    };
    context.screen.wrote(&name, &next);
    Ok(0)
}

fn options(args: &ImportArgs) -> Result<ImportOptions, Failure> {
    let usage = |message: String| Failure::new(FailureKind::Usage, message);
    if let Some(id) = args.id.as_deref().filter(|id| !is_valid_id(id)) {
        let failure = usage(format!("`{id}` cannot be an id"));
        return Err(failure.hint("an id has lower-case letters, digits, - and _, such as `valheim-2`"));
    }
    let mut set = BTreeMap::new();
    for pair in &args.set {
        let Some((name, value)) = pair.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(usage(format!("`--set {pair}` is not NAME=VALUE")).hint("such as `--set SERVER_PORT=2456`"));
        };
        set.insert(name.to_owned(), value.to_owned());
    }
    let folder = args.dir.as_ref().map(std::path::absolute).transpose();
    let folder = folder.map_err(|error| usage(format!("the folder of `--dir` has no path: {error}")))?;
    Ok(ImportOptions {
        id: args.id.clone(),
        folder: folder.map(|folder| folder.display().to_string()),
        set,
    })
}

fn shown(path: &Path) -> String {
    match path.as_os_str() == "-" {
        true => "<stdin>".to_owned(),
        false => path.display().to_string(),
    }
}

/// Returns the file itself, or that of the instance of LinuxGSM that a folder is.
fn file_of(path: &Path) -> Result<PathBuf, Failure> {
    if path.as_os_str() == "-" || !path.is_dir() {
        return Ok(path.to_owned());
    }
    let configs = std::fs::read_dir(path.join("lgsm/config-lgsm"));
    let mut folders = configs
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir());
    let (Some(folder), None) = (folders.next(), folders.next()) else {
        let message = format!("{} is a folder, and no instance of LinuxGSM", path.display());
        return Err(Failure::failed(message).hint("name a file in it"));
    };
    let mut own = folder.join(folder.file_name().unwrap_or_default());
    own.add_extension("cfg");
    match own.is_file() {
        true => Ok(own),
        false => Ok(folder.join("_default.cfg")),
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        let read = io::stdin().lock().take(FILE_MAX + 1).read_to_end(&mut bytes);
        read.map_err(|error| Failure::failed(format!("standard input cannot be read: {error}")))?;
        return Ok(bytes);
    }
    plain_file::read_named(path, FILE_MAX)
        .map_err(|error| Failure::failed(format!("{} cannot be read: {error}", path.display())))
}

/// Returns the files without those that another one refers to: they are parts of it.
fn without_parts<'f>(files: &'f [(&'f PathBuf, ImportFile)]) -> impl Iterator<Item = (&'f PathBuf, &'f ImportFile)> {
    let parts = files.iter().flat_map(|(path, file)| {
        let names = import::beside(file).into_iter();
        names.map(|name| path.with_file_name(name))
    });
    let parts: Vec<PathBuf> = parts.collect();
    let whole = files.iter().filter(move |(path, _)| !parts.contains(path));
    whole.map(|(path, file)| (*path, file))
}

/// Reads the files that one refers to, as far as they are there.
fn beside(path: &Path, file: &ImportFile) -> Vec<ImportFile> {
    let read = |name: String| {
        let bytes = plain_file::read_named(&path.with_file_name(&name), FILE_MAX).ok()?;
        ImportFile::new(&name, &bytes).ok()
    };
    import::beside(file).into_iter().filter_map(read).collect()
}

/// Gives those another id whose id an earlier one has.
fn numbered(drafts: Vec<Draft>) -> Vec<Draft> {
    let mut done: Vec<Draft> = Vec::new();
    for draft in drafts {
        let mut named = draft.clone();
        let mut number = 1;
        while done.iter().any(|other| other.id() == named.id()) {
            number += 1;
            named = draft.clone().numbered(number);
        }
        done.push(named);
    }
    done
}

fn text(drafts: &[Draft], place: Option<&Path>) -> String {
    let place = place.unwrap_or(Path::new("FILE"));
    let mut text = format!(
        "# Game servers that another tool had, for gamectl. Look them over: {}.\n\
         # Every key is described in gamectl-inventory(5).\n\
         instances:\n",
        command_for(place, "check")
    );
    for (at, draft) in drafts.iter().enumerate() {
        if at > 0 {
            text.push('\n');
        }
        text.push_str(&draft.to_instance());
    }
    text
}
