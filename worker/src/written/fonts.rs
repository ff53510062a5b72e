//! Whether there is a font with Chinese characters: without one, LibreOffice prints boxes and says nothing.

use std::path::Path;

use ttf_parser::{Face, fonts_in_collection};

/// Where systems keep fonts.
pub const FOLDERS: [&str; 2] = ["/usr/share/fonts", "/usr/local/share/fonts"];

/// Folders are not nested deeper; links may lead round in a circle.
const DEPTH: u32 = 8;

/// Characters of which a font for Chinese has all.
const SAMPLE: [char; 4] = ['思', '想', '汇', '报'];

/// Whether a folder, or one in it, has a font with Chinese characters.
pub fn is_chinese_font_in(folder: &Path) -> bool {
    search(folder, DEPTH)
}

fn search(folder: &Path, depth: u32) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().map(|entry| entry.path()).any(|path| {
        if path.is_dir() { depth > 0 && search(&path, depth - 1) } else { is_chinese(&path) }
    })
}

fn is_chinese(path: &Path) -> bool {
    let extension = path.extension().and_then(|it| it.to_str()).unwrap_or_default();
    if !["ttf", "ttc", "otf", "otc"].contains(&extension.to_ascii_lowercase().as_str()) {
        return false;
    }
    let Ok(bytes) = std::fs::read(path) else { return false };
    let faces = fonts_in_collection(&bytes).unwrap_or(1);
    (0..faces)
        .filter_map(|index| Face::parse(&bytes, index).ok())
        .any(|face| SAMPLE.iter().all(|&character| face.glyph_index(character).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_are_found_by_what_they_have() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_chinese_font_in(folder.path()));
        std::fs::write(folder.path().join("a.ttf"), b"no font").unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("round")).unwrap();
        assert!(!is_chinese_font_in(folder.path()));
    }

    #[test]
    fn the_fonts_of_a_test_machine_are_chinese() {
        assert!(FOLDERS.iter().any(|folder| is_chinese_font_in(Path::new(folder))));
    }
}
