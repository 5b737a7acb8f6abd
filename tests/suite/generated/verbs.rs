//! gamectl(1) and the pages of its verbs, from the command line.

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
        page.render_synopsis_section(&mut text),
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
