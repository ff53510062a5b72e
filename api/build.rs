//! Checks that the pages, which are embedded, have been built.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=web/dist");
    if !Path::new("web/dist/index.html").is_file() {
        // Cargo prints this line and stops.
        println!("cargo::error=api/web/dist/index.html is missing: run scripts/build-web first");
    }
}
