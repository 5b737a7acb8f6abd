//! Entry points of the fuzz targets: the readers of answers. Built with `--cfg fuzzing` only; see `fuzz/README.md`.

/// A packet of a Steam server.
pub fn a2s(bytes: &[u8]) {
    super::a2s::fuzz(bytes);
}

/// A datagram of a server that is asked how many play: of Bedrock, Quake III, GameSpy.
pub fn datagram(bytes: &[u8]) {
    super::bedrock::fuzz(bytes);
    super::quake3::fuzz(bytes);
    super::gamespy::fuzz(bytes);
}

/// The status of a Minecraft server.
pub fn minecraft(bytes: &[u8]) {
    super::minecraft::fuzz(bytes);
}

/// The head of an HTTP answer.
pub fn http(bytes: &[u8]) {
    super::http::fuzz(bytes);
}
