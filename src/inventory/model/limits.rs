//! The limits of a process and all that it starts.

/// The most that a game may use; `None` where there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// In bytes.
    pub memory: Option<u64>,
    /// In percent of one core.
    pub cpu: Option<u32>,
    /// The number of processes and threads.
    pub tasks: Option<u32>,
    /// The number of files that each of its processes may have open.
    pub nofile: Option<u32>,
    pub nice: Option<i8>,
    /// Its share of the disks, from 1 to 10000, where others have 100.
    pub io_weight: Option<u32>,
}

impl Limits {
    /// Returns those that are given, by the names of their keys.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, i64)> {
        let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let all = [
            ("memory", self.memory.map(signed)),
            ("cpu", self.cpu.map(i64::from)),
            ("tasks", self.tasks.map(i64::from)),
            ("nofile", self.nofile.map(i64::from)),
            ("nice", self.nice.map(i64::from)),
            ("io_weight", self.io_weight.map(i64::from)),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }
}
