//! gamectl-inventory(5), from the table of the inventory's keys.

use gamectl::inventory::keys::{Holds, SECTIONS};

const HEAD: &str = r#".ie \n(.g .ds Aq \(aq
.el .ds Aq '
.TH gamectl-inventory 5
.SH NAME
gamectl\-inventory \- the game servers that gamectl manages
.SH DESCRIPTION
A YAML file: the one named with \-f, else $GAMECTL_INVENTORY, else ./instances.yaml, else
$XDG_CONFIG_HOME/gamectl/instances.yaml, else /etc/gamectl/instances.yaml.
.PP
Unknown keys are errors. Relative paths begin at the folder of the file. ${VAR} and ${VAR:\-default} are
expanded in values, once; $$ is a dollar. Mappings of an instance are merged over those of `defaults`, and
these over those of its game preset; lists and single values replace them. Durations are written as 500ms,
30s, 5m, 2h, sizes as 50MiB.
"#;

const FOOT: &str = ".SH SEE ALSO\n\\fBgamectl\\fR(1), \\fBgamectl\\-check\\fR(1), \\fBgamectl\\-init\\fR(1)\n";

/// The page.
pub(crate) fn page() -> String {
    let mut page = HEAD.to_owned();
    for section in SECTIONS {
        page.push_str(&format!(
            ".SH {}\n{}\n",
            plain(section.place).to_uppercase(),
            plain(section.about)
        ));
        for key in section.keys() {
            page.push_str(&format!(
                ".TP\n\\fB{}\\fR ({})\n",
                plain(key.name),
                plain(&holds(key.holds))
            ));
            let default = match key.default {
                "required" => "Required.".to_owned(),
                default => format!("Default: {}.", plain(default)),
            };
            let (about, example) = (plain(key.about), plain(key.example));
            page.push_str(&format!("{about} {default}\n.br\n\\fI{example}\\fR\n"));
        }
    }
    page + FOOT
}

/// Text in which nothing is an order to the formatter.
pub(super) fn plain(text: &str) -> String {
    let text = text
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq")
        .replace('`', "");
    if text.starts_with('.') {
        format!("\\&{text}")
    } else {
        text
    }
}

fn holds(what: Holds) -> String {
    match what {
        Holds::Text => "text".to_owned(),
        Holds::Path => "path".to_owned(),
        Holds::Flag => "true or false".to_owned(),
        Holds::Duration => "duration".to_owned(),
        Holds::Size => "size".to_owned(),
        Holds::Number(low, u32::MAX) => format!("number, at least {low}"),
        Holds::Number(low, high) => format!("number from {low} to {high}"),
        Holds::Signed(low, high) => format!("number from {low} to {high}"),
        Holds::Numbers(low, high) => format!("list of numbers from {low} to {high}"),
        Holds::Address => "HOST:PORT".to_owned(),
        Holds::PortSpec => "PORT/udp or PORT/tcp".to_owned(),
        Holds::Words => "list of words".to_owned(),
        Holds::Choice(words) => words.join(", "),
        Holds::ChoiceList(words) => format!("list of {}", words.join(", ")),
        Holds::Free => "mapping".to_owned(),
        Holds::Map(of) => format!("mapping of names: {}", holds(*of)),
        Holds::Section(_) => "mapping, see below".to_owned(),
        Holds::SectionOrFlag(_) => "true or false, or mapping, see below".to_owned(),
        Holds::SectionOr(_) => "text, or mapping, see below".to_owned(),
        Holds::List(_) => "list of mappings, see below".to_owned(),
    }
}
