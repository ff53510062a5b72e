//! Names of exported files that every file system takes.

use std::collections::HashSet;

/// The most characters of a name without its ending: the path in an archive stays short enough for Windows.
const MAX_CHARS: usize = 80;

/// A name made of parts, without what file systems do not take: separators, reserved characters, control
/// characters and marks that turn the direction of text. Empty parts are left out; `fallback` if nothing is left.
pub fn file_stem<'a>(parts: impl IntoIterator<Item = &'a str>, fallback: &str) -> String {
    let parts: Vec<String> = parts.into_iter().map(tame).filter(|part| !part.is_empty()).collect();
    let name: String = parts.join("_").chars().take(MAX_CHARS).collect();
    // Windows drops dots and spaces at the end.
    let name = name.trim_end_matches(['.', ' ']);
    if name.is_empty() { fallback.to_owned() } else { name.to_owned() }
}

fn tame(part: &str) -> String {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let kept = part.chars().filter(|&c| !(c.is_control() || turns(c)));
    let tamed: String = kept
        .map(|c| {
            if matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|') { '-' } else { c }
        })
        .collect();
    tamed.trim_matches(|c: char| c == '.' || c.is_whitespace()).to_owned()
}

/// Names within one folder, each given once, also where capitals make no difference.
#[derive(Debug, Default)]
pub struct FileNames(HashSet<String>);

impl FileNames {
    /// The name, with a number behind it if it is taken.
    pub fn unique(&mut self, stem: &str, extension: &str) -> String {
        let numbered = (2..).map(|number| format!("{stem} ({number}).{extension}"));
        let mut names = std::iter::once(format!("{stem}.{extension}")).chain(numbered);
        // There is always a next number.
        names.find(|name| self.0.insert(name.to_lowercase())).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_folder() {
        for (parts, expected) in [
            (vec!["2026001", "李晓明", "第四季度"], "2026001_李晓明_第四季度"),
            (vec!["", "../../etc", "a:b\n"], "-..-etc_a-b"),
            (vec![" . ", "\u{202e}"], "汇报"),
            (vec!["尾。. ."], "尾。"),
        ] {
            assert_eq!(file_stem(parts, "汇报"), expected);
        }
        let long = "汇".repeat(300);
        assert_eq!(file_stem([long.as_str()], "x").chars().count(), MAX_CHARS);
    }

    #[test]
    fn names_are_given_once() {
        let mut names = FileNames::default();
        let given = ["A", "a", "b", "A"].map(|stem| names.unique(stem, "docx"));
        assert_eq!(given, ["A.docx", "a (2).docx", "b.docx", "A (3).docx"]);
    }
}
