//! The record of the sockets that others held, before a launch, at the ports that its
//! probes ask. Of those whose holder may not be looked at, nothing else tells later that
//! they were there first.

use std::io;

use super::folder::InstanceDir;
use super::format::Document;
use super::record::Durability;

const NAME: &str = "strangers";

/// Returns the sockets that were held before a launch; none where that is not known.
pub fn read(dir: &InstanceDir, generation: u64) -> Vec<u64> {
    let read = dir.read(NAME, |document| {
        let sockets = document.all("socket").filter_map(|socket| socket.parse().ok());
        Ok((document.require::<u64>("generation")?, sockets.collect()))
    });
    let of_launch = read.ok().flatten().filter(|(of, _)| *of == generation);
    of_launch.map(|(_, sockets)| sockets).unwrap_or_default()
}

pub fn write(dir: &InstanceDir, generation: u64, sockets: impl Iterator<Item = u64>) -> io::Result<()> {
    let mut document = Document::default().with("generation", generation);
    for socket in sockets {
        document.push("socket", socket);
    }
    dir.write(NAME, &document, None, Durability::ThisBoot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::instance;

    #[test]
    fn they_are_those_of_one_launch() {
        let (_tmp, dir) = instance();
        assert!(read(&dir, 1).is_empty());
        write(&dir, 2, [5, 6].into_iter()).unwrap();
        assert_eq!(read(&dir, 2), [5, 6]);
        assert!(read(&dir, 3).is_empty());
    }
}
