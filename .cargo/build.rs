//! Where the linker is known to understand it, the functions of `status` and
//! `start` are laid side by side: see `hot.ld`.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=.cargo/build.rs");
    println!("cargo::rerun-if-changed=.cargo/hot.ld");
    let is = |name: &str, wanted: &str| env::var(name).is_ok_and(|value| value == wanted);
    // There rustc brings a linker of its own; who names another one may not have
    // one that takes a script. What is not optimised is not in a hurry.
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let own_linker = env::var_os("RUSTC_LINKER").is_none() && !flags.contains("linker") && !flags.contains("fuse-ld");
    if own_linker && is("TARGET", "x86_64-unknown-linux-gnu") && is("PROFILE", "release") {
        let folder = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{folder}/.cargo/hot.ld");
    }
}
