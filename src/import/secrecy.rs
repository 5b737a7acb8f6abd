//! Values that are secrets, by the names of what holds them.

/// Returns true where a variable or an option of this name holds a secret.
pub(super) fn holds_a_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let ends = [
        "pw", "pwd", "psw", "pass", "token", "secret", "gslt", "apikey", "authkey",
    ];
    lower.contains("passw")
        || words.iter().any(|word| {
            ends.iter()
                .any(|end| word == end || (end.len() >= 3 && word.ends_with(end)))
        })
        || (words.contains(&"key")
            && ["auth", "api", "license", "licence", "secret"]
                .iter()
                .any(|w| words.contains(w)))
        || lower.ends_with("licensekey")
        || lower.ends_with("_license")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for name in [
            "RCON_PASS",
            "ServerPassword",
            "adminpsw",
            "STEAM_TOKEN",
            "PASSWD",
            "gslt",
            "sv_licenseKey",
            "API_KEY",
            "TELNET_PWD",
            "rconpassword",
            "FIVEM_LICENSE",
            "-psw",
            "SteamApiKey",
        ] {
            assert!(holds_a_secret(name), "{name}");
        }
        for name in ["RCON_PORT", "SERVER_NAME", "MAP", "KEYBOARD", "WORLD_SEED"] {
            assert!(!holds_a_secret(name), "{name}");
        }
    }
}
