#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gamectl::probe::fuzzing::datagram(bytes));
