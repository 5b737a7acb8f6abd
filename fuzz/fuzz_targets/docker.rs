#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gamectl::docker_compose::fuzzing::json(bytes));
