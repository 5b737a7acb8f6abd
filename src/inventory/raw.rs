//! The inventory as it is written: every key, nothing checked.

use serde::de::MapAccess;

use super::reader::{Context, Mapping, Place, Scalar, Section};

/// The whole file.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) defaults: Option<Common>,
    /// `None` when the key is not there.
    pub(super) instances: Option<Vec<Instance>>,
}

/// What `defaults` and an instance have in common.
#[derive(Debug, Default)]
pub(super) struct Common {
    pub(super) place: Place,
    pub(super) tags: Option<Vec<Scalar>>,
    pub(super) autostart: Option<Scalar>,
    pub(super) ready: Option<Ready>,
    pub(super) stop: Option<Vec<Step>>,
    pub(super) restart: Option<Restart>,
}

/// One instance.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) id: Scalar,
    pub(super) common: Common,
    pub(super) process: Option<Process>,
}

/// The section of the process plane.
#[derive(Debug, Default)]
pub(super) struct Process {
    pub(super) executable: Option<Scalar>,
    pub(super) args: Vec<Scalar>,
    pub(super) cwd: Option<Scalar>,
    pub(super) env: Vec<(Scalar, Option<Scalar>)>,
    pub(super) env_file: Option<Scalar>,
    pub(super) user: Option<Scalar>,
    pub(super) tty: Option<Scalar>,
    pub(super) log: Option<Log>,
}

/// The rotation of the console log.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) max_size: Option<Scalar>,
    pub(super) keep: Option<Scalar>,
}

/// When it is ready.
#[derive(Debug, Default)]
pub(super) struct Ready {
    pub(super) log: Option<Scalar>,
    pub(super) tcp: Option<Scalar>,
    pub(super) exec: Option<(Place, Vec<Scalar>)>,
    pub(super) alive_for: Option<Scalar>,
    pub(super) timeout: Option<Scalar>,
}

/// One step of a stop chain.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) place: Place,
    pub(super) stdin: Option<Scalar>,
    pub(super) signal: Option<Scalar>,
    pub(super) wait: Option<Scalar>,
}

/// What happens after a crash.
#[derive(Debug, Default)]
pub(super) struct Restart {
    pub(super) policy: Option<Scalar>,
    pub(super) delay: Option<Scalar>,
    pub(super) max_delay: Option<Scalar>,
    pub(super) reset_after: Option<Scalar>,
    pub(super) success_exit_codes: Option<Vec<Scalar>>,
    pub(super) give_up: Option<GiveUp>,
}

/// When it is given up.
#[derive(Debug, Default)]
pub(super) struct GiveUp {
    pub(super) times: Option<Scalar>,
    pub(super) within: Option<Scalar>,
}

/// Takes a section out of its reader.
fn section<S>(read: Option<Mapping<S>>) -> Option<S> {
    read.map(|mapping| mapping.0)
}

fn sections<S>(read: Option<Vec<Mapping<S>>>) -> Option<Vec<S>> {
    read.map(|list| list.into_iter().map(|mapping| mapping.0).collect())
}

/// Implements a section whose keys are its fields.
macro_rules! section {
    ($name:ident { $($key:ident: $take:expr),* $(,)? }) => {
        impl<'de> Section<'de> for $name {
            const KEYS: &'static [&'static str] = &[$(stringify!($key)),*];

            fn field<A: MapAccess<'de>>(
                &mut self,
                key: &Scalar,
                context: &Context<'de>,
                map: &mut A,
            ) -> Result<(), A::Error> {
                match key.text.as_str() {
                    $(stringify!($key) => self.$key = $take(context.value(map)?),)*
                    _ => {}
                }
                Ok(())
            }
        }
    };
}

section!(Log {
    max_size: std::convert::identity,
    keep: std::convert::identity
});
section!(GiveUp {
    times: std::convert::identity,
    within: std::convert::identity
});
section!(Restart {
    policy: std::convert::identity,
    delay: std::convert::identity,
    max_delay: std::convert::identity,
    reset_after: std::convert::identity,
    success_exit_codes: std::convert::identity,
    give_up: section,
});

impl<'de> Section<'de> for File {
    const KEYS: &'static [&'static str] = &["defaults", "instances"];

    fn field<A: MapAccess<'de>>(&mut self, key: &Scalar, context: &Context<'de>, map: &mut A) -> Result<(), A::Error> {
        match key.text.as_str() {
            "defaults" => self.defaults = section::<Defaults>(context.value(map)?).map(|defaults| defaults.0),
            _ => {
                let read: Option<Mapping<Instances>> = context.value(map)?;
                self.instances = Some(section(read).unwrap_or_default().0);
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Defaults(Common);

const COMMON_KEYS: [&str; 5] = ["tags", "autostart", "ready", "stop", "restart"];

impl<'de> Section<'de> for Defaults {
    const KEYS: &'static [&'static str] = &COMMON_KEYS;

    fn stands(&mut self, place: Place) {
        self.0.place = place;
    }

    fn field<A: MapAccess<'de>>(&mut self, key: &Scalar, context: &Context<'de>, map: &mut A) -> Result<(), A::Error> {
        self.0.field(key, context, map)
    }
}

#[derive(Default)]
struct Instances(Vec<Instance>);

impl<'de> Section<'de> for Instances {
    const KEYS: &'static [&'static str] = &[];

    fn field<A: MapAccess<'de>>(&mut self, key: &Scalar, context: &Context<'de>, map: &mut A) -> Result<(), A::Error> {
        let read: Option<Mapping<Body>> = context.value(map)?;
        let body = section(read).unwrap_or_default();
        self.0.push(Instance {
            id: key.clone(),
            common: body.common,
            process: body.process,
        });
        Ok(())
    }
}

#[derive(Default)]
struct Body {
    common: Common,
    process: Option<Process>,
}

impl<'de> Section<'de> for Body {
    const KEYS: &'static [&'static str] = &["tags", "autostart", "process", "ready", "stop", "restart"];

    fn stands(&mut self, place: Place) {
        self.common.place = place;
    }

    fn field<A: MapAccess<'de>>(&mut self, key: &Scalar, context: &Context<'de>, map: &mut A) -> Result<(), A::Error> {
        match key.text.as_str() {
            // A section without a body is there all the same.
            "process" => self.process = Some(section(context.value(map)?).unwrap_or_default()),
            _ => self.common.field(key, context, map)?,
        }
        Ok(())
    }
}

impl Common {
    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &Scalar,
        context: &Context<'de>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match key.text.as_str() {
            "tags" => self.tags = context.value(map)?,
            "autostart" => self.autostart = context.value(map)?,
            "ready" => self.ready = section(context.value(map)?),
            "stop" => self.stop = sections(context.value(map)?),
            _ => self.restart = section(context.value(map)?),
        }
        Ok(())
    }
}

impl<'de> Section<'de> for Process {
    const KEYS: &'static [&'static str] = &["executable", "args", "cwd", "env", "env_file", "user", "tty", "log"];

    fn field<A: MapAccess<'de>>(&mut self, key: &Scalar, context: &Context<'de>, map: &mut A) -> Result<(), A::Error> {
        match key.text.as_str() {
            "executable" => self.executable = context.value(map)?,
            "args" => self.args = context.value(map)?.unwrap_or_default(),
            "cwd" => self.cwd = context.value(map)?,
            "env" => self.env = section::<Environment>(context.value(map)?).unwrap_or_default().0,
            "env_file" => self.env_file = context.value(map)?,
            "user" => self.user = context.value(map)?,
            "tty" => self.tty = context.value(map)?,
            _ => self.log = section(context.value(map)?),
        }
        Ok(())
    }
}

#[derive(Default)]
struct Environment(Vec<(Scalar, Option<Scalar>)>);

impl<'de> Section<'de> for Environment {
    const KEYS: &'static [&'static str] = &[];

    fn field<A: MapAccess<'de>>(&mut self, key: &Scalar, context: &Context<'de>, map: &mut A) -> Result<(), A::Error> {
        let value = context.value(map)?;
        self.0.push((key.clone(), value));
        Ok(())
    }
}

impl<'de> Section<'de> for Ready {
    const KEYS: &'static [&'static str] = &["log", "tcp", "exec", "alive_for", "timeout"];

    fn field<A: MapAccess<'de>>(&mut self, key: &Scalar, context: &Context<'de>, map: &mut A) -> Result<(), A::Error> {
        match key.text.as_str() {
            "log" => self.log = context.value(map)?,
            "tcp" => self.tcp = context.value(map)?,
            "exec" => self.exec = context.value(map)?.map(|argv| (key.place, argv)),
            "alive_for" => self.alive_for = context.value(map)?,
            _ => self.timeout = context.value(map)?,
        }
        Ok(())
    }
}

impl<'de> Section<'de> for Step {
    const KEYS: &'static [&'static str] = &["stdin", "signal", "wait"];

    fn field<A: MapAccess<'de>>(&mut self, key: &Scalar, context: &Context<'de>, map: &mut A) -> Result<(), A::Error> {
        if self.place == Place::default() {
            self.place = key.place;
        }
        match key.text.as_str() {
            "stdin" => self.stdin = context.value(map)?,
            "signal" => self.signal = context.value(map)?,
            _ => self.wait = context.value(map)?,
        }
        Ok(())
    }
}
