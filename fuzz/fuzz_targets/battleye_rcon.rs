#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gamectl::channel::fuzzing::battleye_rcon(bytes));
