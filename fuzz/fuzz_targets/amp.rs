#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gamectl::amp::fuzzing::answers(bytes));
