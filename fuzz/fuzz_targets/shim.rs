//! Messages to and from a shim stay the same when they are read and written again.
#![no_main]
use gamectl::process::shim::wire::{Report, Request};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = Request::from_message(bytes) {
        assert_eq!(Request::from_message(request.to_message().as_bytes()), Ok(request));
    }
    if let Ok(report) = Report::from_message(bytes) {
        assert_eq!(Report::from_message(report.to_message().as_bytes()), Ok(report));
    }
});
