//! Words and operators to commands, and which of them may be the game.

use super::word::{ShellToken, ShellWord};

/// The construct that a command stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::import) enum Surrounding {
    Plain,
    Branch,
    Loop,
    /// Its exit code alone is of interest.
    Condition,
    /// A second process.
    Coprocess,
    /// A function or a `case`, of which it cannot be told when it is run.
    Elsewhere,
}

/// One command.
#[derive(Debug, Clone)]
pub(in crate::import) struct ShellCommand {
    pub(in crate::import) assignments: Vec<(String, ShellWord)>,
    pub(in crate::import) words: Vec<ShellWord>,
    /// The operators of its redirects, with what they name.
    pub(in crate::import) redirects: Vec<(&'static str, ShellWord)>,
    pub(in crate::import) surrounding: Surrounding,
    /// True where it reads the output of another one.
    pub(in crate::import) is_piped: bool,
    pub(in crate::import) is_in_background: bool,
}

/// Programs that help to start a game, and are none.
const HELPERS: [&str; 72] = [
    "",
    ":",
    ".",
    "[",
    "[[",
    "true",
    "false",
    "alias",
    "awk",
    "cat",
    "cd",
    "chmod",
    "chown",
    "cp",
    "curl",
    "cut",
    "date",
    "declare",
    "dos2unix",
    "echo",
    "exit",
    "export",
    "find",
    "gorcon",
    "grep",
    "head",
    "id",
    "jq",
    "kill",
    "let",
    "ln",
    "local",
    "ls",
    "mcrcon",
    "mkdir",
    "mv",
    "nc",
    "pgrep",
    "pkill",
    "printf",
    "ps",
    "pwd",
    "rcon",
    "rcon-cli",
    "read",
    "return",
    "rm",
    "sed",
    "set",
    "shopt",
    "sleep",
    "sort",
    "source",
    "stty",
    "tail",
    "tar",
    "tee",
    "telnet",
    "test",
    "touch",
    "tr",
    "trap",
    "ulimit",
    "umask",
    "unset",
    "unzip",
    "wait",
    "wget",
    "wineboot",
    "wineserver",
    "winetricks",
    "Xvfb",
];

/// Words that stand before the program that is meant.
const PREFIXES: [&str; 5] = ["exec", "eval", "nohup", "command", "env"];

impl ShellCommand {
    fn new(surrounding: Surrounding, is_piped: bool) -> Self {
        Self {
            assignments: Vec::new(),
            words: Vec::new(),
            redirects: Vec::new(),
            surrounding,
            is_piped,
            is_in_background: false,
        }
    }

    /// Returns the name of its program, without folders, where that is written out.
    pub(in crate::import) fn program(&self) -> Option<String> {
        self.words.first()?.program()
    }

    /// Returns true where it may be the game: it runs by itself, and is no helper.
    pub(in crate::import) fn may_be_the_game(&self) -> bool {
        let is_helper = |name: String| HELPERS.contains(&name.as_str());
        self.surrounding <= Surrounding::Loop
            && !self.is_piped
            && !self.words.is_empty()
            && !self.program().is_some_and(is_helper)
    }

    /// Takes the words away that stand before the program, and what they set.
    fn without_prefixes(mut self) -> Self {
        loop {
            let first = self.words.first().and_then(ShellWord::keyword).unwrap_or_default();
            if !PREFIXES.contains(&first) || self.words.len() < 2 {
                return self;
            }
            let is_env = first == "env";
            self.words.remove(0);
            while is_env && let Some((name, value)) = self.words.first().and_then(ShellWord::assignment) {
                self.assignments.push((name, value));
                self.words.remove(0);
            }
        }
    }
}

/// The most constructs within each other.
const DEEPEST: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Branch { is_condition: bool },
    Loop { is_condition: bool },
    Case,
    Group,
    Coprocess,
    Function,
}

impl Frame {
    fn surrounding(self) -> Surrounding {
        match self {
            Self::Branch { is_condition: true } | Self::Loop { is_condition: true } => Surrounding::Condition,
            Self::Branch { .. } => Surrounding::Branch,
            Self::Loop { .. } => Surrounding::Loop,
            Self::Group => Surrounding::Plain,
            Self::Coprocess => Surrounding::Coprocess,
            Self::Case | Self::Function => Surrounding::Elsewhere,
        }
    }
}

#[derive(Default)]
struct Parser {
    frames: Vec<Frame>,
    /// The meaning of the next `{` or `(`.
    next_frame: Option<Frame>,
    done: Vec<ShellCommand>,
    current: Option<ShellCommand>,
    redirect: Option<&'static str>,
    is_piped: bool,
}

/// Returns the commands of a text, in its order.
///
/// # Errors
/// When it is nested too deeply.
pub(in crate::import) fn commands(tokens: &[ShellToken]) -> Result<Vec<ShellCommand>, &'static str> {
    let mut parser = Parser::default();
    let mut tokens = tokens.iter().peekable();
    while let Some(token) = tokens.next() {
        if parser.frames.len() > DEEPEST {
            return Err("it is nested too deeply");
        }
        match token {
            ShellToken::Sum(_) => parser.end(false),
            ShellToken::Word(word) => parser.word(word),
            ShellToken::Operator("(") => {
                let is_definition = matches!(tokens.peek(), Some(ShellToken::Operator(")")));
                match parser.current.as_ref().map(|current| current.words.len()) {
                    Some(1) if is_definition => {
                        tokens.next();
                        parser.current = None;
                        parser.next_frame = Some(Frame::Function);
                    }
                    _ => {
                        parser.end(false);
                        let frame = parser.next_frame.take().unwrap_or(Frame::Group);
                        parser.frames.push(frame);
                    }
                }
            }
            ShellToken::Operator(")") => {
                parser.end(false);
                // That of a pattern of `case` closes nothing.
                if parser.frames.last() != Some(&Frame::Case) {
                    parser.frames.pop();
                }
            }
            ShellToken::Operator(operator) if operator.contains(['<', '>']) => parser.redirect = Some(operator),
            ShellToken::Operator(operator) => {
                parser.end(*operator == "&");
                parser.is_piped = matches!(*operator, "|" | "|&");
            }
        }
    }
    parser.end(false);
    Ok(parser.done.into_iter().map(ShellCommand::without_prefixes).collect())
}

impl Parser {
    fn current(&mut self) -> &mut ShellCommand {
        let surroundings = self.frames.iter().map(|frame| frame.surrounding());
        let surrounding = surroundings.max().unwrap_or(Surrounding::Plain);
        let is_piped = self.is_piped;
        self.current
            .get_or_insert_with(|| ShellCommand::new(surrounding, is_piped))
    }

    fn end(&mut self, is_in_background: bool) {
        self.redirect = None;
        self.is_piped = false;
        if let Some(mut command) = self.current.take() {
            command.is_in_background = is_in_background;
            self.done.push(command);
        }
    }

    fn word(&mut self, word: &ShellWord) {
        if let Some(operator) = self.redirect.take() {
            self.current().redirects.push((operator, word.clone()));
            return;
        }
        let is_first = self.current.as_ref().is_none_or(|current| current.words.is_empty());
        if is_first && word.keyword().is_some_and(|word| self.keyword(word)) {
            return;
        }
        match word.assignment().filter(|_| is_first) {
            Some(assignment) => self.current().assignments.push(assignment),
            None => self.current().words.push(word.clone()),
        }
    }

    /// Takes a word of the shell's own; false for any other.
    fn keyword(&mut self, word: &str) -> bool {
        let branch = |is_condition| Frame::Branch { is_condition };
        let begun = |is_condition| Frame::Loop { is_condition };
        match word {
            "if" => self.frames.push(branch(true)),
            "while" | "until" | "for" | "select" => self.frames.push(begun(true)),
            "case" => self.frames.push(Frame::Case),
            "then" | "else" => self.turn(branch(false)),
            "elif" => self.turn(branch(true)),
            "do" => self.turn(begun(false)),
            "fi" | "done" | "esac" | "}" => {
                self.frames.pop();
            }
            "{" => {
                let frame = self.next_frame.take().unwrap_or(Frame::Group);
                self.frames.push(frame);
            }
            "function" => self.next_frame = Some(Frame::Function),
            "coproc" => self.next_frame = Some(Frame::Coprocess),
            "!" | "time" => {}
            // The name of what was announced.
            _ if self.next_frame.is_some() => {}
            _ => return false,
        }
        true
    }

    fn turn(&mut self, frame: Frame) {
        if let Some(last) = self.frames.last_mut() {
            *last = frame;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexer::{Dialect, lex};
    use super::*;

    /// Returns the commands that may be the game.
    fn games(text: &str) -> Vec<String> {
        let all = commands(&lex(text, Dialect::Egg).unwrap()).unwrap();
        let games = all.iter().filter(|one| one.may_be_the_game());
        let told = |one: &ShellCommand| {
            let words: Vec<String> = one
                .words
                .iter()
                .map(|word| word.literal().unwrap_or("?".into()))
                .collect();
            format!("{}{}", words.join(" "), if one.is_in_background { " &" } else { "" })
        };
        games.map(told).collect()
    }

    #[test]
    fn the_game_is_found_among_its_helpers() {
        for (text, expected) in [
            ("./game -a", &["./game -a"][..]),
            ("cd bin; A=b ./game; echo done", &["./game"]),
            (
                "rm x.log; wine ./game.exe & PID=$!; tail -F x.log --pid=$PID",
                &["wine ./game.exe &"],
            ),
            (
                "if [ ! -f x ]; then ./game --create; fi; ./game --start",
                &["./game --create", "./game --start"],
            ),
            ("until ./probe; do sleep 5; done", &[]),
            ("bye() { ./rcon quit; exit; }; trap bye 15; ./game &", &["./game &"]),
            ("function bye { ./x; }; ./game", &["./game"]),
            ("./game | grep -v x | ./colours", &["./game"]),
            ("coproc second ( ./game caves ); ./game master", &["./game master"]),
            ("(Xvfb :9 & ./game)", &["./game"]),
            ("env A=1 nohup ./game x", &["./game x"]),
            ("case $1 in a) ./x;; *) ./y;; esac; ./game", &["./game"]),
            ("while true; do ./game; done", &["./game"]),
            ("{{BINARY}} -x", &["? -x"]),
        ] {
            assert_eq!(games(text), expected, "{text}");
        }
        let nested = "( ".repeat(100);
        assert!(commands(&lex(&nested, Dialect::Shell).unwrap()).is_err());
    }
}
