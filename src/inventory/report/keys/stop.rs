//! A step of the stop chain.

use super::http::HTTP;
use super::table::Holds::{Duration, SectionOr, Text, Words};
use super::table::{Key, Section, keys};

pub(crate) static STEP: Section = Section {
    name: "step",
    place: "a step of `stop`",
    about: "One action, and its wait.",
    groups: &[keys! {
        "rcon": Text, "none", "rcon: quit",
            "Sends this line over RCON.";
        "webrcon": Text, "none", "webrcon: quit",
            "Sends this line over WebRCON.";
        "telnet": Text, "none", "telnet: shutdown",
            "Sends this line over telnet.";
        "battleye_rcon": Text, "none", "battleye_rcon: '#shutdown'",
            "Sends this line over the RCon of BattlEye.";
        "goldsrc_rcon": Text, "none", "goldsrc_rcon: quit",
            "Sends this line over the RCON of GoldSrc.";
        "quake_rcon": Text, "none", "quake_rcon: quit",
            "Sends this line over the RCON of Quake.";
        "stdin": Text, "none", "stdin: quit",
            "Writes this line to the console.",
            not on "systemd": "a unit has no console here: use `rcon` or another channel over the network, `http`, `exec` or `signal`";
        "exec": Words, "none", "exec: [/srv/save-world]",
            "Runs this command in its folder.";
        "http": SectionOr(&HTTP), "none", "http: http://127.0.0.1:8212/v1/api/shutdown",
            "Makes this request.";
        "signal": Text, "none", "signal: INT",
            "Sends this signal, by name.",
            not on "kubectl": "Kubernetes sends the stop signal of the image: use `rcon` or another channel over the network, `stdin`, `http` or `exec` for what comes before it";
        "wait": Duration, "60s", "wait: 30s",
            "How long to wait for the server to exit before the next step. There is no wait where the step was certainly not carried out: nothing was sent, the login failed, or HTTP answered with 400 to 499. Where that is true of all steps, TERM and 60 s come before the kill.";
        "expect": Text, "none", "expect: Saved",
            "A text in the reply that confirms it; for channels over the network.";
    }],
};
