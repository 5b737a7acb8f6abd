//! gamectl(1) and the pages of its verbs, from the command line.

use std::io::Write;

use clap::ArgAction;

use super::manual::plain;

const PLACES: &str = "\
.SH ENVIRONMENT
.TP
\\fBGAMECTL_INVENTORY\\fR
The inventory, where none is named.
.TP
\\fBGAMECTL_STATE_DIR\\fR
The state directory, where none is named.
.TP
\\fBNO_COLOR\\fR
When it is set and not empty, nothing is coloured.
.SH FILES
.TP
\\fI./instances.yaml\\fR, \\fI~/.config/gamectl/instances.yaml\\fR, \\fI/etc/gamectl/instances.yaml\\fR
The inventory: the first that is there.
.TP
\\fI/var/lib/gamectl\\fR, \\fI~/.local/state/gamectl\\fR
The state directory of root, and of others: records, consoles and logs.
";

/// The page of a command.
pub(crate) fn page(command: &clap::Command) -> String {
    let name = command.get_name().to_owned();
    let page = clap_mangen::Man::new(command.clone())
        .source(format!("gamectl {}", env!("CARGO_PKG_VERSION")))
        .manual("Game servers");
    let mut text = Vec::new();
    let mut parts = vec![
        page.render_title(&mut text),
        page.render_name_section(&mut text),
        writeln!(text, "{}", synopsis(command)),
        page.render_description_section(&mut text),
        page.render_options_section(&mut text),
    ];
    if command.has_subcommands() {
        parts.push(page.render_subcommands_section(&mut text));
    }
    assert!(parts.iter().all(Result::is_ok), "a buffer can be written to");
    let mut text = String::from_utf8(text).expect("pages are text");
    let help = command.get_after_long_help().or_else(|| command.get_after_help());
    for block in help.expect("each has examples, or more").to_string().split("\n\n") {
        text.push_str(&section(block));
    }
    if name == "gamectl" {
        text.push_str(PLACES);
        text.push_str(".SH SEE ALSO\n\\fBgamectl\\-inventory\\fR(5)\n");
    } else {
        text.push_str(".SH SEE ALSO\n\\fBgamectl\\fR(1), \\fBgamectl\\-inventory\\fR(5)\n");
    }
    text
}

/// All that may be typed, with the values of options and the dots of what may be
/// repeated, which clap leaves out.
fn synopsis(command: &clap::Command) -> String {
    let name = command.get_name().replace('-', " ");
    // An option is not to be divided at the end of a line.
    let mut line = format!(".SH SYNOPSIS\n.nh\n.ad l\n\\fB{}\\fR", plain(&name));
    for option in command.get_arguments().filter(|one| !one.is_positional()) {
        line.push_str(&format!(" [{}]", typed(option)));
    }
    for argument in command.get_positionals() {
        let name = argument.get_value_names().and_then(<[_]>::first).expect("a name");
        let is_many = matches!(argument.get_action(), ArgAction::Append);
        let dots = if is_many { "..." } else { "" };
        let name = format!("\\fI{}\\fR{dots}", plain(name));
        line.push_str(&match argument.is_required_set() {
            true => format!(" {name}"),
            false => format!(" [{name}]"),
        });
    }
    if command.has_subcommands() {
        line.push_str(" \\fICOMMAND\\fR ...");
    }
    line + "\n.hy\n.ad b"
}

/// An option as it is typed: `-f|--inventory FILE`.
fn typed(option: &clap::Arg) -> String {
    let short = option.get_short().map(|short| format!("-{short}"));
    let long = option.get_long().map(|long| format!("--{long}"));
    let names = short.into_iter().chain(long);
    let names: Vec<String> = names.map(|name| format!("\\fB{}\\fR", plain(&name))).collect();
    let mut typed = names.join("|");
    if option.get_action().takes_values() {
        let value = option.get_value_names().and_then(<[_]>::first).expect("a name");
        typed.push_str(&format!("\\ \\fI{}\\fR", plain(value)));
    }
    if matches!(option.get_action(), ArgAction::Count) {
        typed.push_str("...");
    }
    typed
}

/// A part of what stands below the options: its first line is its title.
fn section(block: &str) -> String {
    let (first, rest) = block.split_once('\n').unwrap_or((block, ""));
    match first {
        "Examples:" => {
            let lines: String = rest
                .lines()
                .map(|line| format!("{}\n", plain(line.strip_prefix("  ").unwrap_or(line))))
                .collect();
            format!(".SH EXAMPLES\n.nf\n{lines}.fi\n")
        }
        "Exit codes:" => format!(".SH EXIT STATUS\n{}", rest.lines().map(exit_code).collect::<String>()),
        _ => match first.split_once(": ") {
            Some(("Selectors", text)) => format!(".SH SELECTORS\n{}\n", plain(text)),
            _ => format!(".PP\n{}\n", plain(block)),
        },
    }
}

/// A line of their table, or what goes on of the one before.
fn exit_code(line: &str) -> String {
    let text = line.trim_start();
    match text.split_once("  ") {
        Some((code, meaning)) => format!(".TP\n{code}\n{}\n", plain(meaning.trim_start())),
        None => format!("{}\n", plain(text)),
    }
}
