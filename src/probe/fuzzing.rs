//! Entry points of the fuzz targets: the readers of answers. Built with `--cfg fuzzing` only; see `fuzz/README.md`.

/// A packet of a Steam server.
pub fn a2s(bytes: &[u8]) {
    super::a2s::fuzz(bytes);
}

/// The status of a Minecraft server.
pub fn minecraft(bytes: &[u8]) {
    super::minecraft::fuzz(bytes);
}

/// The head of an HTTP answer.
pub fn http(bytes: &[u8]) {
    super::http::fuzz(bytes);
}
