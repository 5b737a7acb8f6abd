//! A unit of systemd, of the system or of whoever asks.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use super::entry::FoundInstance;
use crate::failure::{Failure, FailureKind};
use crate::inventory::{nearest, quoted, quoted_list};
use crate::program::{CallError, ProgramCall};

/// The time within which systemd answers.
const ANSWER: Duration = Duration::from_secs(10);

const PROPERTIES: &str = "--property=Id,LoadState,Type,ExecStart,User,WorkingDirectory";

/// Programs that are no game by themselves.
const LAUNCHERS: [&str; 8] = ["docker", "podman", "conmon", "sh", "bash", "tmux", "screen", "env"];

/// Returns the instance that a unit is.
///
/// # Errors
/// When there is no such unit, or systemd cannot be asked.
pub async fn of_unit(name: &str) -> Result<FoundInstance, Failure> {
    let mut trouble = None;
    for (scope, option) in [("system", "--system"), ("user", "--user")] {
        match show(option, name).await {
            Ok(properties) if is_there(&properties) => {
                let unit = properties.get("Id").map_or(name, String::as_str);
                if !unit.ends_with(".service") {
                    let failure = Failure::new(FailureKind::Unsupported, format!("{unit} is a unit, and no service"));
                    return Err(failure.hint("name the service that runs the game"));
                }
                return instance(scope, name, &properties).loadable();
            }
            Ok(_) => {}
            Err(failure) if failure.kind == FailureKind::Unsupported => return Err(failure),
            // That of a user is often not there.
            Err(failure) => trouble = trouble.or((scope == "system").then_some(failure)),
        }
    }
    if let Some(failure) = trouble {
        return Err(failure);
    }
    let message = format!("systemd has no unit {name}, neither of the system nor of this user");
    let known = services().await;
    let stems = known.iter().filter_map(|unit| unit.strip_suffix(".service"));
    let near = nearest(name.trim_end_matches(".service"), stems);
    Err(Failure::new(FailureKind::Unknown, message).hint(match near {
        Some(near) => format!("did you mean `{near}.service`?"),
        None => "`systemctl list-unit-files --type=service` lists them, with `--user` those of this user".to_owned(),
    }))
}

/// Returns the names of the services that have a file, as far as they can be asked for.
async fn services() -> Vec<String> {
    let mut names = Vec::new();
    for option in ["--system", "--user"] {
        let words = ["--no-pager", "--no-legend", "--type=service", "list-unit-files"];
        let argv = [&["systemctl", option][..], &words].concat();
        if let Ok(answer) = ProgramCall::new(argv).output(ANSWER).await {
            let listed = String::from_utf8_lossy(&answer.output).into_owned();
            let own = listed.lines().filter_map(|line| line.split_whitespace().next());
            names.extend(own.map(str::to_owned));
        }
    }
    names
}

async fn show(option: &str, name: &str) -> Result<HashMap<String, String>, Failure> {
    let argv = ["systemctl", option, "--no-pager", "show", PROPERTIES, "--", name];
    let answer = match ProgramCall::new(argv).output(ANSWER).await {
        Ok(answer) => answer,
        Err(error @ CallError::Io(_)) if error.is_missing_program() => {
            let message = "`systemctl` is not installed";
            return Err(Failure::new(FailureKind::Unsupported, message).hint("this host may have no systemd"));
        }
        Err(error) => return Err(Failure::unknown(format!("`systemctl` does not answer: {error}"))),
    };
    if !answer.status.success() {
        let said = answer
            .complaint
            .trim()
            .lines()
            .last()
            .unwrap_or("it said nothing")
            .to_owned();
        return Err(Failure::unknown(format!("systemctl says: {said}")));
    }
    Ok(properties(&String::from_utf8_lossy(&answer.output)))
}

fn properties(said: &str) -> HashMap<String, String> {
    let lines = said.lines().filter_map(|line| line.split_once('='));
    lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Returns the instance that an answer of systemd describes.
#[cfg(fuzzing)]
pub(super) fn described(scope: &str, name: &str, said: &str) -> FoundInstance {
    instance(scope, name, &properties(said))
}

fn is_there(properties: &HashMap<String, String>) -> bool {
    properties
        .get("LoadState")
        .is_some_and(|state| !matches!(state.as_str(), "" | "not-found"))
}

fn instance(scope: &str, name: &str, properties: &HashMap<String, String>) -> FoundInstance {
    let value = |name: &str| {
        properties
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    };
    let unit = value("Id").unwrap_or(name);
    let mut instance = FoundInstance::new(unit.strip_suffix(".service").unwrap_or(unit), "systemd");
    instance.key("unit", unit);
    instance.key("scope", scope);
    if value("LoadState") == Some("masked") {
        instance.remark("the unit is masked: it cannot be started");
    }
    let is_plain = matches!(value("Type"), Some("simple" | "exec"));
    if let Some((program, args)) = value("ExecStart").filter(|_| is_plain).and_then(command) {
        let mut keys = vec![format!("executable: {}", quoted(program))];
        if !args.is_empty() {
            keys.push(format!("args: {}", quoted_list(&args)));
        }
        if let Some(folder) = value("WorkingDirectory").filter(|folder| folder.starts_with('/')) {
            keys.push(format!("cwd: {}", quoted(folder)));
        }
        if let Some(user) = value("User") {
            keys.push(format!("user: {}", quoted(user)));
        }
        instance.remark("Without the unit, as a process of gamectl, with a console (compare its words):");
        instance.remark(format!("process: {{ {} }}", keys.join(", ")));
    }
    instance
}

/// Returns the one program of an `ExecStart`, if it may be a game, with its arguments.
/// systemd joins the words with spaces, so that those with a space in them come apart.
fn command(exec: &str) -> Option<(&str, Vec<String>)> {
    let inside = exec.strip_prefix("{ path=")?;
    let (path, rest) = inside.split_once(" ; argv[]=")?;
    let (words, rest) = rest.split_once(" ; ignore_errors=")?;
    let is_alone = !rest.contains("{ path=");
    let name = Path::new(path).file_name()?.to_str()?;
    let args = words.split(' ').skip(1).filter(|word| !word.is_empty());
    (is_alone && !LAUNCHERS.contains(&name)).then(|| (path, args.map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer of systemd 252.
    const RUST: &str = "Type=simple\n\
        ExecStart={ path=/srv/rust/RustDedicated ; argv[]=/srv/rust/RustDedicated -batchmode +server.port 28015 ; \
        ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }\n\
        User=rust\nWorkingDirectory=/srv/rust\nId=rust-main.service\nLoadState=loaded\n";

    #[test]
    fn what_a_unit_is() {
        let rust = instance("system", "rust-main", &properties(RUST)).to_instance();
        let plain = "    systemd:\n      unit: \"rust-main.service\"\n      scope: \"system\"\n";
        assert!(
            rust.starts_with("  rust-main:\n    # ") && rust.ends_with(plain),
            "{rust}"
        );
        let process = "# process: { executable: \"/srv/rust/RustDedicated\", \
                       args: [\"-batchmode\", \"+server.port\", \"28015\"], cwd: \"/srv/rust\", user: \"rust\" }\n";
        assert!(rust.contains(process), "{rust}");
        for other in [
            RUST.replace("/srv/rust/RustDedicated ;", "/usr/bin/podman ;"),
            RUST.replace("Type=simple", "Type=forking"),
            RUST.replace("ExecStart={ path=", "ExecStart="),
        ] {
            let told = instance("system", "rust-main", &properties(&other)).to_instance();
            assert_eq!(told, format!("  rust-main:\n{plain}"), "{other}");
        }
        assert!(is_there(&properties(RUST)) && !is_there(&properties("LoadState=not-found\n")));
        assert!(!is_there(&properties("")));
    }
}
