//! Embeds the built-in selectors: the artefacts that `genie-host compile --built-in` has written to
//! the directory `GENIE_ARTEFACTS` (`make build` runs both steps in order). Without them, the
//! plugin has no built-in selectors, and can be built only for checks and tests.

#[path = "../core/src/selector/module/built_ins.rs"]
// The host reads what a build does not.
#[allow(dead_code)]
mod built_ins;

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use built_ins::BUILT_INS;

fn main() {
    println!("cargo::rerun-if-env-changed=GENIE_ARTEFACTS");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../core/src/selector/module/built_ins.rs");
    let artefacts = env::var_os("GENIE_ARTEFACTS");
    let released = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let mut statics = String::new();
    let mut table = String::new();
    for (index, name) in BUILT_INS.iter().map(|built_in| built_in.name).enumerate() {
        let bytes = if let Some(directory) = &artefacts {
            let file = Path::new(directory).join(format!("{name}.cwasm"));
            assert!(file.exists(), "{} is not there; run: make build", file.display());
            println!("cargo::rerun-if-changed={}", file.display());
            format!("include_bytes!({:?})", file.display().to_string())
        } else {
            assert!(!released, "the built-in selectors are not compiled (GENIE_ARTEFACTS); run: make build");
            "b\"\"".into()
        };
        // Each on pages of its own, so that its code runs where it lies.
        writeln!(statics, "static PAGES_{index}: &Paged<[u8]> = &Paged(*{bytes});")
            .and_then(|()| writeln!(table, "    ({name:?}, &PAGES_{index}.0),"))
            .expect("writing to a string");
    }
    let source = format!(
        "{statics}\
         /// Name and artefact of each.\n\
         pub static ARTEFACTS: &[(&str, &[u8])] = &[\n{table}];\n"
    );
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("built_in.rs"), source).expect("the build directory is writable");
}
