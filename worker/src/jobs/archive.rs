//! Archive: one `BagIt` bag with everything that belongs to the report.

use huibao_models::domain::failure::Failure;
use huibao_models::domain::report::{FileKind, Report, StoredFile};
use huibao_models::domain::transcript::Transcript;
use huibao_models::export;
use huibao_models::storage::{StorageKey, Stored};
use huibao_models::store::Completion;

use super::Attempt;
use super::attempt::{parse_key, stored_file};
use crate::bag::{self, Entry};

pub(super) async fn run(attempt: &Attempt) -> Result<Completion, Failure> {
    let report = attempt.report().await?;
    let transcript = attempt.store.transcript(report.id).await?;
    let transcript = transcript.ok_or_else(|| Failure::internal("archive before transcribe"))?;

    let mut packer = Packer { attempt, files: Vec::new() };
    packer.copy(FileKind::Original, "original").await?;
    packer.copy(FileKind::Rendition, "rendition").await?;
    packer.copy(FileKind::Poster, "poster").await?;
    if attempt.store.file(report.id, FileKind::Written).await?.is_some() {
        packer.copy(FileKind::Written, "written").await?;
        let text = report.written.as_ref().map_or("", |written| &written.text);
        packer.write("data/written-text.txt", text.to_owned()).await?;
    }
    for (ending, text) in transcript_files(&transcript)? {
        packer.write(&format!("data/transcript.{ending}"), text).await?;
    }
    if let Some(raw) = attempt.store.raw_transcript(report.id).await? {
        let json = export::to_json(&raw).map_err(Failure::internal)?;
        packer.write("data/transcript-raw.json", json).await?;
    }
    packer.tag_files(&report, &transcript).await?;
    Ok(Completion::Archive(packer.files))
}

fn transcript_files(transcript: &Transcript) -> Result<[(&'static str, String); 4], Failure> {
    Ok([
        ("json", export::to_json(transcript).map_err(Failure::internal)?),
        ("vtt", export::to_vtt(transcript)),
        ("srt", export::to_srt(transcript)),
        ("txt", export::to_txt(transcript)),
    ])
}

struct Packer<'a> {
    attempt: &'a Attempt,
    files: Vec<StoredFile>,
}

impl Packer<'_> {
    /// Puts a committed file of the report into the payload, under a name of ours: names that
    /// users gave are in `bag-info.txt`, where no file system can trip over them.
    async fn copy(&mut self, kind: FileKind, name: &str) -> Result<(), Failure> {
        let report = self.attempt.claim.report_id;
        let missing = || Failure::internal(format!("the report has no {kind:?} file"));
        let file = self.attempt.store.file(report, kind).await?.ok_or_else(missing)?;
        let from = parse_key(&file)?;
        let ending = from.as_str().rsplit('.').next().unwrap_or("bin");
        let path = format!("data/{name}.{ending}");
        let to = self.key(&path);
        self.attempt.storage.copy(&from, &to).await?;
        let stored = Stored { size_bytes: file.size_bytes, sha256: file.sha256 };
        self.files.push(stored_file(FileKind::Bag, &to, &path, stored));
        Ok(())
    }

    async fn write(&mut self, path: &str, text: String) -> Result<(), Failure> {
        let key = self.key(path);
        let body = Box::pin(std::io::Cursor::new(text.into_bytes()));
        let stored = self.attempt.storage.put(&key, body, u64::MAX).await?;
        self.files.push(stored_file(FileKind::Bag, &key, path, stored));
        Ok(())
    }

    async fn tag_files(&mut self, report: &Report, transcript: &Transcript) -> Result<(), Failure> {
        let originals = self.attempt.store.files(report.id).await?;
        let info =
            bag::info(report, transcript, &originals, &self.entries(), self.attempt.store.now());
        self.write("bagit.txt", bag::DECLARATION.to_owned()).await?;
        self.write("bag-info.txt", info).await?;
        self.write("manifest-sha256.txt", bag::payload_manifest(&self.entries())).await?;
        self.write("tagmanifest-sha256.txt", bag::tag_manifest(&self.entries())).await
    }

    fn entries(&self) -> Vec<Entry<'_>> {
        let mut entries = Vec::with_capacity(self.files.len());
        for file in &self.files {
            let (path, sha256) = (file.name.as_str(), file.sha256.as_str());
            entries.push(Entry { path, size_bytes: file.size_bytes, sha256 });
        }
        entries
    }

    fn key(&self, path: &str) -> StorageKey {
        let claim = &self.attempt.claim;
        let key = StorageKey::bag_file(claim.report_id, claim.token, path);
        self.attempt.note(&key);
        key
    }
}
