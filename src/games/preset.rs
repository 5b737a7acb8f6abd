//! One preset, and what it knows.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    pub name: &'static str,
    /// The name of the game.
    pub title: &'static str,
    /// The keys of an instance, as YAML.
    pub text: &'static str,
}

impl Preset {
    /// Returns the protocol by which a server browser asks it, where that is known.
    pub fn query(&self) -> Option<&'static str> {
        self.text.lines().find_map(|line| line.strip_prefix("# query: "))
    }

    /// Returns its ports: their names and usual numbers.
    pub fn ports(&self) -> impl Iterator<Item = (&'static str, u16)> {
        let line = self.text.lines().find_map(|line| line.strip_prefix("ports: {"));
        let ports = line.unwrap_or_default().trim_end_matches([' ', '}']).split(',');
        ports.filter_map(|port| {
            let (name, number) = port.split_once(':')?;
            let (number, _) = number.split_once('/')?;
            Some((name.trim(), number.trim().parse().ok()?))
        })
    }

    /// Returns true if it has this word, in lower case. A number stands for itself, and
    /// not for a part of another one.
    pub(super) fn is_said_to_have(&self, word: &str) -> bool {
        let title = self.title.to_lowercase();
        let is_in = |text: &str| match word.parse::<u16>() {
            Ok(_) => text.split(|c: char| !c.is_alphanumeric()).any(|part| part == word),
            Err(_) => text.contains(word),
        };
        is_in(&title)
            || is_in(self.name)
            || self.query() == Some(word)
            || word
                .parse()
                .is_ok_and(|port: u16| self.ports().any(|(_, number)| number == port))
    }

    /// Returns an inventory with one instance of this game, to be pasted and adapted.
    pub fn to_inventory(&self) -> String {
        format!("instances:\n{}", self.to_instance())
    }

    /// Returns the instance, to stand below the word `instances`.
    pub fn to_instance(&self) -> String {
        let mut text = format!("  {}:\n    game: {}\n", self.name, self.name);
        for line in self.text.lines() {
            let line = format!("    {line}");
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}
