//! Compiles the peers written in C, as a user of a C compiler would: `-O2`.

fn main() {
    println!("cargo::rerun-if-changed=c/loop.c");
    println!("cargo::rerun-if-changed=c/pid.c");
    println!("cargo::rustc-check-cfg=cfg(c_peer)");
    let built = cc::Build::new()
        .opt_level(2)
        .warnings(true)
        .file("c/loop.c")
        .file("c/pid.c")
        .try_compile("scanloop_peer");
    match built {
        Ok(()) => println!("cargo::rustc-cfg=c_peer"),
        Err(error) => println!("cargo::warning=no peers in C: {error}"),
    }
}
