//! Archive: one `BagIt` bag with everything that belongs to a submission.

use async_trait::async_trait;
use huibao_models::domain::comparison::{Comparison, compare};
use huibao_models::domain::failure::Failure;
use huibao_models::domain::job::Urgency;
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::report::Report;
use huibao_models::domain::review::Decision;
use huibao_models::domain::rubric::{Answer, is_decided};
use huibao_models::domain::submission::{FileKind, StoredFile, Submission};
use huibao_models::domain::transcript::Transcript;
use huibao_models::export;
use huibao_models::storage::{StorageKey, Stored};
use huibao_models::store::{
    ArchiveResult, Claim, CorrectionRecord, NumberedTranscript, Outcome, StoreError, UnitOfWork,
};

use super::attempt::{parse_key, stored_file};
use super::{Attempt, JobKind, second_pass};
use crate::bag::{self, About, Entry};

pub(super) struct Archive;

#[async_trait]
impl JobKind for Archive {
    fn name(&self) -> &'static str {
        Stage::Archive.as_str()
    }

    fn urgency(&self) -> Urgency {
        Stage::Archive.urgency()
    }

    async fn run(&self, attempt: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
        let contents = Box::pin(Contents::load(attempt)).await?;
        let mut packer = Packer { attempt, contents: &contents, files: Vec::new() };
        packer.copy(FileKind::Original, "original").await?;
        packer.copy(FileKind::Rendition, "rendition").await?;
        packer.copy(FileKind::Poster, "poster").await?;
        if contents.file(FileKind::Written).is_some() {
            packer.copy(FileKind::Written, "written").await?;
            let text = contents.submission.written.as_ref().map_or("", |written| &written.text);
            packer.write("data/written-text.txt", text.to_owned()).await?;
        }
        packer.copy_all(FileKind::Page, "page", "-original").await?;
        packer.copy_all(FileKind::PageImage, "page", "").await?;
        for (ending, text) in transcript_files(&contents.transcript.transcript)? {
            packer.write(&format!("data/transcript.{ending}"), text).await?;
        }
        if let Some(raw) = &contents.raw {
            let json = export::to_json(raw).map_err(Failure::internal)?;
            packer.write("data/transcript-raw.json", json).await?;
        }
        if let Some(recognized) = &contents.recognized {
            let json = export::to_json(recognized).map_err(Failure::internal)?;
            packer.write("data/transcript-recognized.json", json).await?;
        }
        let comparison = Box::pin(compared(attempt, &contents)).await?;
        if let Some(Compared { comparison, .. }) = &comparison {
            let json = bag::comparison(contents.transcript.version, comparison);
            packer.write("data/comparison.json", json.map_err(Failure::internal)?).await?;
        }
        if let Some(review) = bag::review(contents.about()) {
            packer.write("data/review.json", review).await?;
        }
        packer.tag_files().await?;
        let new = comparison.filter(|found| found.is_new).map(|found| found.comparison);
        let comparison = new.map(|comparison| (contents.transcript.id, comparison));
        Ok(Box::new(Archived(ArchiveResult { files: packer.files, comparison })))
    }
}

/// The files of the bag. With them the submission is idle, which a second pass may wait for.
struct Archived(ArchiveResult);

#[async_trait]
impl Outcome for Archived {
    async fn write(&self, unit: &mut UnitOfWork, claim: &Claim) -> Result<(), StoreError> {
        self.0.write(unit, claim).await?;
        if unit.jobs().is_second_pass_awaited().await? {
            unit.jobs().insert_once(&second_pass::soon()).await?;
        }
        Ok(())
    }

    fn file_key(&self) -> Option<&str> {
        self.0.file_key()
    }
}

/// A comparison of the transcript with the written report.
struct Compared {
    comparison: Comparison,
    /// Whether it was made just now.
    is_new: bool,
}

/// The comparison that is kept with the transcript version, or a new one. `None` if there is nothing to compare.
async fn compared(attempt: &Attempt, contents: &Contents) -> Result<Option<Compared>, Failure> {
    let Some(written) = &contents.submission.written else { return Ok(None) };
    let NumberedTranscript { id, transcript, .. } = &contents.transcript;
    let kept = attempt.store.snapshot().await?.transcripts().comparison(*id).await?;
    if let Some(comparison) = kept {
        return Ok(Some(Compared { comparison, is_new: false }));
    }
    let (transcript, text) = (transcript.clone(), written.text.clone());
    let made = tokio::task::spawn_blocking(move || compare(&transcript, &text)).await;
    let made = made.map_err(Failure::internal)?;
    Ok(made.map(|comparison| Compared { comparison, is_new: true }))
}

/// What goes into the bag, as it is at one moment.
struct Contents {
    report: Report,
    submission: Submission,
    files: Vec<StoredFile>,
    /// The version that readers see.
    transcript: NumberedTranscript,
    raw: Option<Transcript>,
    /// What was recognised, if readers see what people made of it.
    recognized: Option<Transcript>,
    decisions: Vec<Decision>,
    answers: Vec<Answer>,
    corrections: Vec<CorrectionRecord>,
}

impl Contents {
    async fn load(attempt: &Attempt) -> Result<Self, Failure> {
        let missing = |what| move || Failure::internal(format!("archive without {what}"));
        let id = attempt.claim.submission.ok_or_else(missing("a submission"))?;
        let mut snapshot = attempt.store.snapshot().await?;
        let submission = snapshot.submissions().get(id).await?;
        let submission = submission.ok_or_else(missing("a submission"))?;
        let report = snapshot.reports().get(submission.report_id).await?;
        let transcript = snapshot.transcripts().current_version(id).await?;
        let mut decisions = snapshot.reviews().decisions(submission.report_id).await?;
        decisions.retain(|decision| decision.submission == id);
        let corrections = snapshot.transcripts().corrections(id, None, u32::MAX).await?;
        let answers =
            if is_decided(id, &decisions) { snapshot.rubrics().answers(id).await? } else { vec![] };
        let recognized = if corrections.is_empty() {
            None
        } else {
            snapshot.transcripts().newest_recognition(id).await?
        };
        Ok(Self {
            report: report.ok_or_else(missing("a report"))?,
            files: snapshot.submissions().files(id).await?,
            transcript: transcript.ok_or_else(missing("a transcript"))?,
            recognized,
            decisions,
            answers,
            corrections,
            raw: snapshot.transcripts().newest_raw(id).await?,
            submission,
        })
    }

    fn about(&self) -> About<'_> {
        About {
            report: &self.report,
            submission: &self.submission,
            transcript: &self.transcript,
            files: &self.files,
            decisions: &self.decisions,
            answers: &self.answers,
            corrections: &self.corrections,
        }
    }

    /// The newest file of this kind.
    fn file(&self, kind: FileKind) -> Option<&StoredFile> {
        self.files.iter().rev().find(|file| file.kind == kind)
    }
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
    contents: &'a Contents,
    files: Vec<StoredFile>,
}

impl Packer<'_> {
    /// Puts a committed file of the report into the payload, under a name of ours: names that
    /// users gave are in `bag-info.txt`, where no file system can trip over them.
    async fn copy(&mut self, kind: FileKind, name: &str) -> Result<(), Failure> {
        let missing = || Failure::internal(format!("the submission has no {kind} file"));
        let file = self.contents.file(kind).ok_or_else(missing)?;
        self.copy_file(file, name).await
    }

    /// Puts all files of a kind into the payload, numbered from 1.
    async fn copy_all(&mut self, kind: FileKind, name: &str, what: &str) -> Result<(), Failure> {
        let files = self.contents.files.iter().filter(|file| file.kind == kind);
        for (number, file) in (1..).zip(files) {
            self.copy_file(file, &format!("{name}-{number}{what}")).await?;
        }
        Ok(())
    }

    async fn copy_file(&mut self, file: &StoredFile, name: &str) -> Result<(), Failure> {
        let from = parse_key(file)?;
        let ending = from.as_str().rsplit('.').next().unwrap_or("bin");
        let path = format!("data/{name}.{ending}");
        let to = self.key(&path);
        self.attempt.storage.copy(&from, &to).await?;
        let stored = Stored { size_bytes: file.size_bytes, sha256: file.sha256.clone() };
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

    async fn tag_files(&mut self) -> Result<(), Failure> {
        let now = self.attempt.store.now();
        let info = bag::info(self.contents.about(), &self.entries(), now);
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
        let (submission, token) = (self.contents.submission.id, self.attempt.claim.token);
        let key = StorageKey::bag_file(submission, token, path);
        self.attempt.note(&key);
        key
    }
}
