//! Reading what is printed of a report.

use huibao_models::domain::access::{Access, Action, Resource, may};
use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::report::Report;
use huibao_models::domain::review::{Decision, Verdict};
use huibao_models::domain::rubric::is_decided;
use huibao_models::domain::submission::{FileKind, StoredFile, Submission, SubmissionState};
use huibao_models::domain::transcript::{Transcript, TranscriptOrigin};
use huibao_models::export;
use huibao_models::export::paper::{
    Checksum, PaperQuestion, PaperReport, PaperTranscript, PaperWritten, file_stem, kind_name,
};
use huibao_models::storage::sha256_hex;
use huibao_models::store::{ReportOverview, Snapshot};

use super::asker::Asker;
use crate::jobs::Attempt;

/// The file of a bag that covers all others: it lists the checksums of the manifests.
const BAG_SEAL: &str = "tagmanifest-sha256.txt";

/// What is printed of a report, as it is at one moment; `None` if it is not for the one who asked, or cannot be
/// read yet. Comments are never in it.
pub(super) async fn load(
    attempt: &Attempt,
    asker: &Asker,
    id: ReportId,
) -> Result<Option<PaperReport>, Failure> {
    let mut snapshot = attempt.store.snapshot().await?;
    let overview = snapshot.reports().overview(id).await?;
    let Some(ReportOverview { report, submission: Some(submission) }) = overview else {
        return Ok(None);
    };
    let allowed = may(&asker.principal, Action::Read, &Resource::from(&report));
    if allowed != Access::Allowed || submission.state != SubmissionState::Ready {
        return Ok(None);
    }
    let kind = attempt.config.kind_names.get(&report.kind).cloned();
    let kind = kind.unwrap_or_else(|| kind_name(report.kind).to_owned());
    let number = match report.author {
        Some(author) => snapshot.people().get(author).await?.and_then(|person| person.number),
        None => None,
    };
    let round = match report.round {
        Some(round) => snapshot.rounds().get(round).await?.map(|round| round.title),
        None => None,
    };
    let files = snapshot.submissions().files(submission.id).await?;
    let decisions = snapshot.reviews().decisions(id).await?;
    let questions = questions(&mut snapshot, &submission, &decisions).await?;
    let transcript = read_version(&mut snapshot, &submission, &decisions).await?;
    let mut checksums = of_files(&files);
    if let Some((transcript, printed)) = &transcript {
        let json = export::to_json(transcript).map_err(Failure::internal)?;
        let what = format!("文字稿（transcript.json，第 {} 版）", printed.version);
        checksums.push(Checksum { what, sha256: sha256_hex(json.as_bytes()) });
    }
    checksums.extend(of_bag(&files));
    Ok(Some(PaperReport {
        written: written(&report, &submission, &files),
        transcript: transcript.map(|(_, printed)| printed),
        number: number.map(|number| number.as_str().to_owned()),
        id,
        title: report.title,
        speaker: report.speaker,
        author: report.author_name,
        branch: report.branch,
        kind,
        period: report.period,
        round,
        state: report.state,
        version: submission.version,
        handed_in_at: submission.created_at,
        duration_ms: submission.media.map(|media| media.duration_ms),
        decisions,
        questions,
        checksums,
    }))
}

/// The name of a report's file, without its ending.
pub(super) fn stem(report: &PaperReport) -> String {
    let number = report.number.as_deref().unwrap_or_default();
    let name = report.author.as_deref().unwrap_or(&report.speaker);
    let title = if report.title.is_empty() { &report.kind } else { &report.title };
    file_stem([number, name, title.as_str()], "汇报")
}

/// The version that was read for the decision in force, or else the one that readers see.
async fn read_version(
    snapshot: &mut Snapshot,
    submission: &Submission,
    decisions: &[Decision],
) -> Result<Option<(Transcript, PaperTranscript)>, Failure> {
    let versions = snapshot.transcripts().versions(submission.id).await?;
    let current = versions.iter().find(|version| version.current);
    let in_force = decisions.first().filter(|decision| {
        decision.submission == submission.id && decision.verdict != Verdict::Reopen
    });
    let wanted = in_force.map(|decision| decision.transcript_version);
    let Some(number) = wanted.or(current.map(|current| current.version)) else { return Ok(None) };
    let transcript = snapshot.transcripts().of_version(submission.id, number).await?;
    let Some(transcript) = transcript else { return Ok(None) };
    let version = versions.iter().find(|version| version.version == number);
    let printed = PaperTranscript {
        version: number,
        corrected: version.is_some_and(|it| it.origin == TranscriptOrigin::Correction),
        superseded: current.is_some_and(|current| current.version != number),
        recognizer: transcript.recognizer.model.clone(),
        segments: transcript.segments.clone(),
    };
    Ok(Some((transcript, printed)))
}

/// What reviewers were asked and have answered, if the submission is decided: before, its author sees nothing of it.
async fn questions(
    snapshot: &mut Snapshot,
    submission: &Submission,
    decisions: &[Decision],
) -> Result<Vec<PaperQuestion>, Failure> {
    if !is_decided(submission.id, decisions) {
        return Ok(vec![]);
    }
    let answers = snapshot.rubrics().answers(submission.id).await?;
    let decision = decisions.iter().find(|decision| decision.submission == submission.id);
    let open = decision.map(|decision| decision.open_questions.as_slice()).unwrap_or_default();
    Ok(PaperQuestion::all(&answers, open))
}

fn written(report: &Report, submission: &Submission, files: &[StoredFile]) -> PaperWritten {
    let names = |kind| files.iter().filter(move |file| file.kind == kind);
    let document = names(FileKind::Written).next_back();
    match (&submission.written, document) {
        (Some(content), document) if !content.text.trim().is_empty() => {
            // What was typed is stored as a file as well.
            let typed = !report.written_text.is_empty();
            let name = document.filter(|_| !typed).map(|file| file.name.clone());
            PaperWritten::Text { text: content.text.clone(), name }
        }
        (_, document) => {
            let pages = names(FileKind::Page).map(|file| file.name.clone());
            let names: Vec<_> =
                document.map(|file| file.name.clone()).into_iter().chain(pages).collect();
            if names.is_empty() { PaperWritten::None } else { PaperWritten::Files(names) }
        }
    }
}

/// Of what was handed in and of what readers watch.
fn of_files(files: &[StoredFile]) -> Vec<Checksum> {
    let newest = |kind| files.iter().rev().find(|file| file.kind == kind);
    let mut sums = Vec::new();
    for (kind, what) in [
        (FileKind::Original, "视频原件"),
        (FileKind::Rendition, "视频播放版"),
        (FileKind::Written, "书面汇报原件"),
    ] {
        if let Some(file) = newest(kind) {
            let what = format!("{what}（{}）", file.name);
            sums.push(Checksum { what, sha256: file.sha256.clone() });
        }
    }
    let pages = files.iter().filter(|file| file.kind == FileKind::Page);
    for (number, page) in (1..).zip(pages) {
        let what = format!("书面汇报照片 {number}（{}）", page.name);
        sums.push(Checksum { what, sha256: page.sha256.clone() });
    }
    sums
}

fn of_bag(files: &[StoredFile]) -> Option<Checksum> {
    let is_seal = |file: &&StoredFile| file.kind == FileKind::Bag && file.name == BAG_SEAL;
    let seal = files.iter().rev().find(is_seal)?;
    Some(Checksum { what: format!("归档（{BAG_SEAL}）"), sha256: seal.sha256.clone() })
}
