//! Ports that follow another port of their game.

/// A port that a game takes at a fixed distance from another one of its ports,
/// unasked: when the one moves, so does the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Follower {
    pub game: &'static str,
    pub port: &'static str,
    pub after: &'static str,
    pub by: u16,
}

const fn follows(game: &'static str, port: &'static str, by: u16) -> Follower {
    let after = "game";
    Follower { game, port, after, by }
}

/// All followers. The presets name the sources.
pub const FOLLOWERS: &[Follower] = &[
    follows("7dtd", "tcp", 0),
    follows("7dtd", "game1", 1),
    follows("7dtd", "game2", 2),
    follows("7dtd", "game3", 3),
    follows("ark-se", "raw", 1),
    follows("arma3", "query", 1),
    follows("arma3", "steam", 2),
    follows("arma3", "reserved", 3),
    follows("arma3", "battleye", 4),
    follows("ballistic-overkill", "query", 1),
    follows("carrier-command-2", "steam", 1),
    follows("carrier-command-2", "reserved", 2),
    follows("carrier-command-2", "query", 3),
    follows("conan", "mods", 0),
    follows("conan", "pinger", 1),
    follows("conan-legacy", "mods", 0),
    follows("conan-legacy", "pinger", 1),
    follows("core-keeper", "query", 1),
    follows("creativerse", "query", 1),
    follows("creativerse", "web", 2),
    follows("cube2-sauerbraten", "ping", 1),
    follows("dayz", "reserved", 1),
    follows("dayz", "battleye", 2),
    follows("empyrion", "query", 1),
    follows("empyrion", "game2", 2),
    follows("empyrion", "game3", 3),
    follows("fivem", "tcp", 0),
    follows("killing-floor", "query", 1),
    follows("killing-floor", "gamespy", 10),
    follows("mindustry", "tcp", 0),
    follows("miscreated", "steam", 1),
    follows("miscreated", "query", 2),
    follows("miscreated", "voice", 3),
    follows("miscreated", "rcon", 4),
    follows("mta-sa", "query", 123),
    follows("natural-selection-2-combat", "query", 1),
    follows("ns2", "query", 1),
    follows("open-starbound", "query", 0),
    follows("openttd", "udp", 0),
    follows("pavlov-vr", "query", 400),
    follows("ragemp", "http", 1),
    follows("red-orchestra", "unreal2", 1),
    follows("red-orchestra", "query", 21145),
    follows("redm", "tcp", 0),
    follows("rising-world", "tcp", 0),
    follows("sapiens", "steam", 1),
    follows("satisfactory", "api", 0),
    follows("scum", "client", 2),
    follows("soldat", "tcp", 0),
    follows("soldat", "files", 10),
    follows("starbound", "query", 0),
    follows("stormworks", "query", 1),
    follows("tshock", "rest", 101),
    follows("unreal-tournament-4", "query", 1),
    follows("unreal-tournament-99", "query", 1),
    follows("ut2004", "query", 1),
    follows("valheim", "query", 1),
    follows("vintage-story", "udp", 0),
    follows("voyagers-of-nera", "beacon", 1),
];
