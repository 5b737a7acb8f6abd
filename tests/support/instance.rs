//! One instance of an inventory, written as JSON, which is YAML too: no test
//! has to think of quoting.

use serde_json::{Map, Value, json};

/// An instance under construction.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its id.
    pub id: String,
    body: Map<String, Value>,
    process: Map<String, Value>,
}

impl Instance {
    /// The game with bad manners, with these arguments.
    pub fn awkward(id: &str, args: &[&str]) -> Self {
        let program = super::awkward();
        Self::program(id, program.to_str().expect("a path in UTF-8"), args)
    }

    /// A shell script.
    pub fn script(id: &str, script: &str) -> Self {
        Self::program(id, "/bin/sh", &["-c", script])
    }

    /// Any program.
    pub fn program(id: &str, executable: &str, args: &[&str]) -> Self {
        let new = Self {
            id: id.to_owned(),
            body: Map::new(),
            process: Map::new(),
        };
        new.process("executable", json!(executable))
            .process("args", json!(args))
    }

    /// Sets a key of the process section: `args`, `cwd`, `tty`, `log`...
    pub fn process(mut self, key: &str, value: Value) -> Self {
        self.process.insert(key.to_owned(), value);
        self
    }

    /// Adds an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        let env = self.process.entry("env").or_insert_with(|| json!({}));
        env[name] = json!(value);
        self
    }

    /// Sets a key of the instance: `ready`, `stop`, `restart`, `tags`...
    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.body.insert(key.to_owned(), value);
        self
    }

    /// Ready when a line matches this expression.
    pub fn ready_log(self, regex: &str) -> Self {
        self.with("ready", json!({ "log": regex }))
    }

    /// The body of its entry.
    pub fn to_json(&self) -> Value {
        let mut body = self.body.clone();
        body.insert("process".to_owned(), Value::Object(self.process.clone()));
        Value::Object(body)
    }
}
