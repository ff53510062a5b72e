//! Where things are stored. Keys are made here only, so layout and content types have one owner.

use std::fmt;

use uuid::Uuid;

use crate::domain::ids::{ExportId, SubmissionId};

/// The folder of submissions.
const SUBMISSIONS: &str = "submissions/";

/// The folder of what was handed in before reports and submissions were told apart. Its ids are those of
/// the submissions that they became.
const REPORTS: &str = "reports/";

/// The folder of exports.
const EXPORTS: &str = "exports/";

/// The name of a stored object: `submissions/<id>/…` or `exports/<id>/…`, forward slashes, no `..`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StorageKey(String);

impl StorageKey {
    /// The folders that hold objects, each with a slash at its end.
    pub const FOLDERS: [&str; 3] = [SUBMISSIONS, REPORTS, EXPORTS];

    /// The video as given. `extension` comes from the user and is reduced to letters and digits.
    pub fn original(submission: SubmissionId, extension: &str) -> Self {
        Self(format!("submissions/{submission}/original.{}", tame_extension(extension, "video")))
    }

    /// The written report as given.
    pub fn written(submission: SubmissionId, extension: &str) -> Self {
        Self(format!("submissions/{submission}/written.{}", tame_extension(extension, "bin")))
    }

    /// The video that an upload brings.
    pub fn video_upload(submission: SubmissionId, upload: Uuid, extension: &str) -> Self {
        let extension = tame_extension(extension, "video");
        Self(format!("submissions/{submission}/original-{upload}.{extension}"))
    }

    /// The written report that an upload brings, or that was typed.
    pub fn written_upload(submission: SubmissionId, upload: Uuid, extension: &str) -> Self {
        let extension = tame_extension(extension, "bin");
        Self(format!("submissions/{submission}/written-{upload}.{extension}"))
    }

    /// A photo of a page, as given.
    pub fn page(submission: SubmissionId, upload: Uuid, extension: &str) -> Self {
        let extension = tame_extension(extension, "bin");
        Self(format!("submissions/{submission}/page-{upload}.{extension}"))
    }

    /// A part of a file, which another upload puts together.
    pub fn part(folder: SubmissionId, upload: Uuid) -> Self {
        Self(format!("submissions/{folder}/part-{upload}.bin"))
    }

    /// An output of one attempt at a stage. The fencing token keeps attempts apart, so one that
    /// lost its lease cannot touch the files of the one that took over.
    pub fn output(submission: SubmissionId, token: i64, name: &str) -> Self {
        Self(format!("submissions/{submission}/{token}-{name}"))
    }

    /// A file of the bag made by one attempt; `path` is relative to the bag.
    pub fn bag_file(submission: SubmissionId, token: i64, path: &str) -> Self {
        Self(format!("submissions/{submission}/{token}-bag/{path}"))
    }

    /// The folder of the bag made by one attempt.
    pub fn bag(submission: SubmissionId, token: i64) -> Self {
        Self(format!("submissions/{submission}/{token}-bag"))
    }

    /// The file of an export that one attempt made.
    pub fn export(export: ExportId, token: i64, extension: &str) -> Self {
        Self(format!("exports/{export}/{token}-export.{extension}"))
    }

    /// Takes a key back from the database. `None` for what this type could not have made.
    pub fn parse(key: &str) -> Option<Self> {
        let whole = Self::FOLDERS.iter().any(|folder| key.starts_with(folder))
            && key.split('/').all(|part| !matches!(part, "" | "." | ".."))
            && !key.contains(['\\', '\0']);
        whole.then(|| Self(key.to_owned()))
    }

    /// The id of the submission or export that the object belongs to, or `None` for a key that names none.
    pub fn owner(&self) -> Option<Uuid> {
        let folder = Self::FOLDERS.iter().find_map(|folder| self.0.strip_prefix(folder))?;
        let (id, _) = folder.split_once('/')?;
        // Other spellings of the same id would be other keys.
        Uuid::parse_str(id).ok().filter(|uuid| uuid.to_string() == id)
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
            "jpg" | "jpeg" => "image/jpeg",
            "png" => "image/png",
            "webp" => "image/webp",
            "heic" | "heif" => "image/heic",
            "json" => "application/json",
            "vtt" => "text/vtt; charset=utf-8",
            "txt" | "srt" | "md" => "text/plain; charset=utf-8",
            "pdf" => "application/pdf",
            "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "zip" => "application/zip",
            "odt" => "application/vnd.oasis.opendocument.text",
            "doc" => "application/msword",
            "rtf" => "application/rtf",
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
        let key = StorageKey::original(Uuid::nil().into(), "../../etc/passwd");
        assert_eq!(key.as_str(), format!("submissions/{}/original.etcpassw", Uuid::nil()));
    }

    #[test]
    fn a_key_says_whose_it_is() {
        let submission = SubmissionId::new();
        for (key, token) in [
            (StorageKey::original(submission, "mp4"), None),
            (StorageKey::written(submission, "7-z"), None),
            (StorageKey::video_upload(submission, Uuid::now_v7(), "mov"), None),
            (StorageKey::page(submission, Uuid::now_v7(), "heic"), None),
            (StorageKey::part(submission, Uuid::now_v7()), None),
            (StorageKey::output(submission, 7, "audio.wav"), Some(7)),
            (StorageKey::bag_file(submission, 12, "data/3-x.mp4"), Some(12)),
        ] {
            assert_eq!((key.owner(), key.token()), (Some(submission.uuid()), token), "{key}");
            assert_eq!(StorageKey::parse(key.as_str()), Some(key));
        }
        let export = ExportId::new();
        let key = StorageKey::export(export, 2, "pdf");
        assert_eq!((key.owner(), key.token()), (Some(export.uuid()), Some(2)));
        for strange in ["reports/x/1-a", "reports/a", "reports/00000000000000000000000000000000/a"]
        {
            let of = StorageKey::parse(strange).and_then(|key| key.owner());
            assert_eq!(of, None, "{strange}");
        }
        let old = format!("reports/{submission}/original.mp4");
        assert_eq!(StorageKey::parse(&old).unwrap().owner(), Some(submission.uuid()));
    }

    #[test]
    fn only_own_keys_parse() {
        assert!(StorageKey::parse("reports/a/b.mp4").is_some());
        for bad in ["/etc/passwd", "reports/../x", "reports//x", "reports/a\\b", "other/a"] {
            assert_eq!(StorageKey::parse(bad), None, "{bad}");
        }
    }
}
