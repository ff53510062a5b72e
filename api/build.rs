//! Checks that the pages, which are embedded, have been built.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=web/dist");
    if Path::new("web/dist/index.html").is_file() {
        return ExitCode::SUCCESS;
    }
    println!("cargo::error=api/web/dist/index.html is missing: run scripts/build-web first");
    ExitCode::FAILURE
}
