//! huibao
fn main() {}
