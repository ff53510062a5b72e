//! Where things are stored. Keys are made here only, so layout and content types have one owner.

use std::fmt;

use uuid::Uuid;

/// The name of a stored object: `reports/<id>/…`, forward slashes, no `..`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StorageKey(String);

impl StorageKey {
    /// The video as given. `extension` comes from the user and is reduced to letters and digits.
    pub fn original(report: Uuid, extension: &str) -> Self {
        Self(format!("reports/{report}/original.{}", tame_extension(extension, "video")))
    }

    /// The written report as given.
    pub fn written(report: Uuid, extension: &str) -> Self {
        Self(format!("reports/{report}/written.{}", tame_extension(extension, "bin")))
    }

    /// An output of one attempt at a stage. The fencing token keeps attempts apart, so one that
    /// lost its lease cannot touch the files of the one that took over.
    pub fn output(report: Uuid, token: i64, name: &str) -> Self {
        Self(format!("reports/{report}/{token}-{name}"))
    }

    /// A file of the bag made by one attempt; `path` is relative to the bag.
    pub fn bag_file(report: Uuid, token: i64, path: &str) -> Self {
        Self(format!("reports/{report}/{token}-bag/{path}"))
    }

    /// The folder of the bag made by one attempt.
    pub fn bag(report: Uuid, token: i64) -> Self {
        Self(format!("reports/{report}/{token}-bag"))
    }

    /// Takes a key back from the database. `None` for what this type could not have made.
    pub fn parse(key: &str) -> Option<Self> {
        let whole = key.starts_with("reports/")
            && key.split('/').all(|part| !matches!(part, "" | "." | ".."))
            && !key.contains(['\\', '\0']);
        whole.then(|| Self(key.to_owned()))
    }

    /// The report that the object belongs to, or `None` for a key that names none.
    pub fn report(&self) -> Option<Uuid> {
        let (id, _) = self.0.strip_prefix("reports/")?.split_once('/')?;
        // Other spellings of the same id would be other keys.
        Uuid::parse_str(id).ok().filter(|report| report.to_string() == id)
    }

    /// The fencing token of the attempt that made the object, or `None` for what was handed in.
    pub fn token(&self) -> Option<i64> {
        let name = self.0.split('/').nth(2)?;
        let (token, _) = name.split_once('-')?;
        token.parse().ok().filter(|_| token.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The media type that the ending stands for.
    pub fn content_type(&self) -> &'static str {
        match self.0.rsplit('.').next().unwrap_or_default() {
            "mp4" | "m4v" => "video/mp4",
            "mov" => "video/quicktime",
            "webm" => "video/webm",
            "mkv" => "video/x-matroska",
            "wav" => "audio/wav",
            "jpg" => "image/jpeg",
            "json" => "application/json",
            "vtt" => "text/vtt; charset=utf-8",
            "txt" | "srt" | "md" => "text/plain; charset=utf-8",
            "pdf" => "application/pdf",
            "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "odt" => "application/vnd.oasis.opendocument.text",
            _ => "application/octet-stream",
        }
    }
}

impl fmt::Display for StorageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn tame_extension(extension: &str, fallback: &str) -> String {
    let tame: String = extension
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(8)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if tame.is_empty() { fallback.to_owned() } else { tame }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_extension_cannot_leave_the_folder() {
        let key = StorageKey::original(Uuid::nil(), "../../etc/passwd");
        assert_eq!(key.as_str(), format!("reports/{}/original.etcpassw", Uuid::nil()));
    }

    #[test]
    fn a_key_says_whose_it_is() {
        let report = Uuid::now_v7();
        for (key, token) in [
            (StorageKey::original(report, "mp4"), None),
            (StorageKey::written(report, "7-z"), None),
            (StorageKey::output(report, 7, "audio.wav"), Some(7)),
            (StorageKey::bag_file(report, 12, "data/3-x.mp4"), Some(12)),
        ] {
            assert_eq!((key.report(), key.token()), (Some(report), token), "{key}");
            assert_eq!(StorageKey::parse(key.as_str()), Some(key));
        }
        for strange in ["reports/x/1-a", "reports/a", "reports/00000000000000000000000000000000/a"]
        {
            assert_eq!(StorageKey::parse(strange).and_then(|key| key.report()), None, "{strange}");
        }
    }

    #[test]
    fn only_own_keys_parse() {
        assert!(StorageKey::parse("reports/a/b.mp4").is_some());
        for bad in ["/etc/passwd", "reports/../x", "reports//x", "reports/a\\b", "other/a"] {
            assert_eq!(StorageKey::parse(bad), None, "{bad}");
        }
    }
}
