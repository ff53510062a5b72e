//! A database of an earlier version is brought up to date with all that it holds.

use chrono::{TimeDelta, Utc};
use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::FailureCode;
use huibao_models::domain::ids::SubmissionId;
use huibao_models::domain::job::{Job, JobState, RetryPolicy, Urgency};
use huibao_models::domain::media::Rendition;
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::report::ReportState;
use huibao_models::domain::submission::{Submission, SubmissionState};
use huibao_models::domain::transcript::{Transcript, TranscriptOrigin, TranscriptVersion};
use huibao_models::store::{Extent, Snapshot, Store};
use serde_json::json;
use sqlx::Connection as _;
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::harness::TEST;
use crate::old::{BEFORE, Old, Raw, Reports, number, sql};
use crate::rows::media;

macro_rules! on_every_engine_from {
    ($version:expr, $($promise:ident)*) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $promise() {
                super::$promise(super::Old::sqlite($version).await).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test] async fn $promise() {
                super::$promise(super::Old::postgres($version).await).await;
            })*
        }
    };
}
pub(crate) use on_every_engine_from;

mod from_the_first {
    use super::{Old, of_the_first_version_is_brought_up_to_date};

    on_every_engine_from!(1, of_the_first_version_is_brought_up_to_date);
}

on_every_engine_from! { super::BEFORE,
    everything_is_there_after_an_upgrade
    work_goes_on_after_an_upgrade
    rows_belong_together_after_an_upgrade
    an_empty_database_is_brought_up_to_date
}

/// A ready report, as the first version wrote it.
async fn of_the_first_version_is_brought_up_to_date(mut old: Old) {
    let report = Uuid::now_v7();
    sql!(
        old.connection,
        "INSERT INTO reports (id, title, speaker, language, state, created_at)
         VALUES ($1, '', '', 'zh', 'ready', $2)",
        report,
        Utc::now()
    );
    for stage in Stage::ALL {
        sql!(
            old.connection,
            "INSERT INTO tasks (id, report_id, stage, state, token, not_before)
             VALUES ($1, $2, $3, 'done', 7, $4)",
            Uuid::now_v7(),
            report,
            stage.as_str(),
            Utc::now()
        );
    }
    old.close().await;
    let store = Store::open(&old.url, 2).await.unwrap();
    let mut snapshot = store.snapshot().await.unwrap();
    let submission = submission(&mut snapshot, report).await;
    assert_eq!(submission.state, SubmissionState::Ready);
    for job in snapshot.jobs().of_submission(submission.id).await.unwrap() {
        assert_eq!((job.token, job.payload), (7, None));
    }
    drop(snapshot);
    let mut unit = store.begin(Actor::System, Utc::now()).await.unwrap();
    assert!(unit.jobs().recognize_again(submission.id, "small").await.unwrap());
    assert_eq!(unit.commit().await.unwrap().len(), 1);
}

/// The only submission of a report of an earlier version.
async fn submission(snapshot: &mut Snapshot, report: Uuid) -> Submission {
    let overview = snapshot.reports().overview(report.into()).await.unwrap().unwrap();
    assert_eq!(overview.report.state, ReportState::Submitted);
    let submission = overview.submission.unwrap();
    assert_eq!(overview.report.current_submission, Some(submission.id));
    assert_eq!((submission.version, submission.report_id), (1, report.into()));
    let all = snapshot.submissions().of_report(report.into()).await.unwrap();
    assert_eq!(all.len(), 1);
    submission
}

async fn job(snapshot: &mut Snapshot, submission: SubmissionId, stage: Stage) -> Job {
    let jobs = snapshot.jobs().of_submission(submission).await.unwrap();
    assert_eq!(jobs.len(), Stage::ALL.len());
    let job = jobs.into_iter().find(|job| job.kind == stage.as_str()).unwrap();
    assert_eq!(job.urgency, stage.urgency());
    job
}

fn texts(transcript: Option<Transcript>) -> Vec<(u32, String)> {
    let segments = transcript.unwrap().segments.into_iter();
    segments.map(|segment| (segment.id, segment.text)).collect()
}

fn told(versions: &[TranscriptVersion]) -> Vec<(u32, TranscriptOrigin, bool)> {
    versions.iter().map(|it| (it.version, it.origin, it.current)).collect()
}

async fn everything_is_there_after_an_upgrade(mut old: Old) {
    let ids = old.fill().await;
    old.close().await;
    let store = Store::open(&old.url, 2).await.unwrap();
    let expected = Extent {
        reports: 5,
        submissions: 5,
        files: 10,
        bytes: 50_000_000_000,
        jobs: 20,
        transcripts: 6,
        partials: 3,
    };
    assert_eq!(store.extent().await.unwrap(), expected);
    let mut snapshot = store.snapshot().await.unwrap();
    assert_ready(&mut snapshot, &ids, &old).await;
    assert_corrected(&mut snapshot, &ids).await;
    assert_processing(&mut snapshot, &ids).await;
    assert_failed(&mut snapshot, &ids).await;
    let submitted = submission(&mut snapshot, ids.submitted).await;
    assert_eq!((submitted.state, submitted.failure), (SubmissionState::Submitted, None));
    assert_eq!(submitted.media, None);
    let newest = snapshot.reports().newest(None, 10).await.unwrap();
    assert_eq!(newest.len(), 5);
    assert!(newest.iter().all(|overview| overview.submission.is_some()));
}

async fn assert_ready(snapshot: &mut Snapshot, ids: &Reports, old: &Old) {
    let report = snapshot.reports().get(ids.ready.into()).await.unwrap().unwrap();
    assert_eq!((report.title.as_str(), report.speaker.as_str()), ("第三季度思想汇报", "李晓明"));
    assert_eq!(report.created_at, old.now);
    let ready = submission(snapshot, ids.ready).await;
    assert_eq!((ready.state, ready.failure), (SubmissionState::Ready, None));
    assert_eq!((ready.language.as_str(), ready.created_at), ("auto", old.now));
    assert_eq!(ready.media, Some(media()));
    let rendition =
        Rendition { width: 720, height: 1280, duration_ms: 1000, remuxed: false, lost_ms: 0 };
    assert_eq!(ready.rendition, Some(rendition));
    assert_eq!(ready.written.unwrap().text, "书面汇报");
    let files = snapshot.submissions().files(ready.id).await.unwrap();
    let keys: Vec<_> = files.iter().map(|file| (file.kind.as_str(), file.key.clone())).collect();
    let key = |kind, name: &str| (kind, format!("reports/{}/{name}", ids.ready));
    assert_eq!(
        keys,
        [
            key("original", "original.mp4"),
            key("written", "written.docx"),
            key("audio", "1-audio.wav"),
            key("rendition", "1-rendition.mp4"),
            key("bag", "1-bag/bagit.txt"),
            key("bag", "2-bag/bagit.txt"),
        ]
    );
    assert!(files.iter().all(|file| file.size_bytes == 5_000_000_000 && file.sha256 == "ab"));

    let transcribe = job(snapshot, ready.id, Stage::Transcribe).await;
    assert_eq!(transcribe.payload, Some(json!({ "model": "small-q8_0" })));
    assert_eq!((transcribe.state, transcribe.token, transcribe.attempt), (JobState::Done, 2, 1));
    assert_eq!((transcribe.worker.as_deref(), transcribe.work_ms), (Some("host/12"), Some(5000)));
    assert_eq!(transcribe.started_at, Some(old.now - TimeDelta::seconds(10)));
    assert_eq!(transcribe.finished_at, Some(old.now - TimeDelta::seconds(5)));
    assert_eq!(job(snapshot, ready.id, Stage::Ingest).await.payload, None);

    let versions = snapshot.transcripts().versions(ready.id).await.unwrap();
    let (raw, recognition) = (TranscriptOrigin::Raw, TranscriptOrigin::Recognition);
    assert_eq!(
        told(&versions),
        [(1, raw, false), (2, recognition, false), (3, raw, false), (4, recognition, true)]
    );
    let parents: Vec<_> = versions.iter().map(|version| version.parent).collect();
    assert_eq!(parents, [None, Some(versions[0].id), None, Some(versions[2].id)]);
    assert!(versions.iter().all(|version| version.author == Actor::System));
    assert_eq!(versions[0].created_at, old.now - TimeDelta::days(2));
    assert_eq!(ready.current_transcript, Some(versions[3].id));
    let mut transcripts = snapshot.transcripts();
    let text = |id, text: &str| (id, text.to_owned());
    let current = texts(transcripts.current(ready.id).await.unwrap());
    assert_eq!(current, [text(1, "壹"), text(2, "贰")]);
    let first = texts(transcripts.of_version(ready.id, 1).await.unwrap());
    assert_eq!(first, [text(1, "一"), text(2, "二"), text(3, "三")]);
    assert_eq!(texts(transcripts.newest_raw(ready.id).await.unwrap()), [text(1, "壹")]);
}

async fn assert_corrected(snapshot: &mut Snapshot, ids: &Reports) {
    let corrected = submission(snapshot, ids.corrected).await;
    let versions = snapshot.transcripts().versions(corrected.id).await.unwrap();
    let (recognition, correction) = (TranscriptOrigin::Recognition, TranscriptOrigin::Correction);
    assert_eq!(told(&versions), [(1, recognition, false), (2, correction, true)]);
    assert_eq!(versions[0].parent, None, "raw versions were not kept");
    let current = snapshot.transcripts().current(corrected.id).await.unwrap();
    assert_eq!(texts(current), [(1, "她".to_owned()), (2, "们".to_owned())]);
    assert_eq!(snapshot.transcripts().newest_raw(corrected.id).await.unwrap(), None);
}

async fn assert_processing(snapshot: &mut Snapshot, ids: &Reports) {
    let processing = submission(snapshot, ids.processing).await;
    assert_eq!((processing.state, processing.failure), (SubmissionState::Processing, None));
    let running = job(snapshot, processing.id, Stage::Transcribe).await;
    assert_eq!((running.state, running.attempt, running.token), (JobState::Running, 3, 3));
    assert!((running.progress - 0.5).abs() < f32::EPSILON);
    let retried = job(snapshot, processing.id, Stage::Transcode).await;
    assert_eq!((retried.state, retried.attempt), (JobState::Queued, 2));
    let error = retried.error.unwrap();
    assert_eq!(error.code, FailureCode::BackendBusy, "it had another name");
    assert_eq!(error.detail, "said \"code\":\"keeper_busy\"");
    assert_eq!(job(snapshot, processing.id, Stage::Archive).await.state, JobState::Waiting);
    let partial = snapshot.transcripts().partial(processing.id).await.unwrap();
    let partial: Vec<_> = partial.iter().map(|segment| segment.text.as_str()).collect();
    assert_eq!(partial, ["一", "二"]);
    assert_eq!(processing.current_transcript, None);
}

async fn assert_failed(snapshot: &mut Snapshot, ids: &Reports) {
    let failed = submission(snapshot, ids.failed).await;
    assert_eq!(failed.state, SubmissionState::Failed);
    assert_eq!(failed.failure.unwrap().code, FailureCode::BackendUnavailable);
    let dead = job(snapshot, failed.id, Stage::Ingest).await;
    assert_eq!(dead.state, JobState::Dead);
    assert_eq!(dead.error.unwrap().code, FailureCode::BackendUnavailable);
}

async fn work_goes_on_after_an_upgrade(mut old: Old) {
    let ids = old.fill().await;
    old.close().await;
    let store = Store::open(&old.url, 2).await.unwrap();
    let (policy, soon) = (RetryPolicy::default(), old.now + TimeDelta::seconds(1));

    // What waited in the queues of the earlier version is published in the new ones, each in its time.
    let due = store.due_messages(10, soon).await.unwrap();
    let urgencies: Vec<_> = due.iter().map(|message| message.urgency).collect();
    assert_eq!(urgencies, [Urgency::Highest], "the new report's first stage");
    let claim = store.claim(&due[0], &TEST, &policy, soon).await.unwrap().unwrap();
    assert_eq!(claim.submission, Some(submission_of(&store, ids.submitted).await));

    let later = old.now + TimeDelta::seconds(30);
    let due = store.due_messages(10, later).await.unwrap();
    let urgencies: Vec<_> = due.iter().map(|message| message.urgency).collect();
    assert_eq!(urgencies, [Urgency::Normal], "its worker has vanished with the earlier version");
    let claim = store.claim(&due[0], &TEST, &policy, later).await.unwrap().unwrap();
    assert_eq!((claim.attempt, claim.token), (4, 4));

    let later = old.now + TimeDelta::seconds(90);
    let due = store.due_messages(10, later).await.unwrap();
    assert!(due.iter().any(|message| message.urgency == Urgency::Low), "it is tried again");

    let mut unit = store.begin(Actor::System, later).await.unwrap();
    let failed = submission_of(&store, ids.failed).await;
    let dead = unit.jobs().of_submission(failed).await.unwrap();
    let dead = dead.iter().find(|job| job.state == JobState::Dead).unwrap();
    assert!(unit.jobs().replay(dead.id).await.unwrap());
    let ready = submission_of(&store, ids.ready).await;
    assert!(unit.jobs().recognize_again(ready, "base").await.unwrap());
    assert_eq!(unit.commit().await.unwrap().len(), 2);
}

async fn submission_of(store: &Store, report: Uuid) -> SubmissionId {
    submission(&mut store.snapshot().await.unwrap(), report).await.id
}

async fn rows_belong_together_after_an_upgrade(mut old: Old) {
    let ids = old.fill().await;
    old.close().await;
    Store::open(&old.url, 2).await.unwrap().close().await;
    old.reopen().await;
    if let Raw::Sqlite(connection) = &mut old.connection {
        assert_eq!(orphans(connection).await, 0);
        let old_names = "SELECT count(*) FROM sqlite_schema
                         WHERE instr(sql, 'old_reports') OR instr(sql, 'new_')";
        assert_eq!(number!(old.connection, old_names), 0);
    }
    sql!(old.connection, "DELETE FROM reports WHERE id = $1", ids.ready);
    sql!(old.connection, "DELETE FROM reports WHERE id = $1", ids.processing);
    for (left, rows) in [
        ("SELECT count(*) FROM submissions", 3),
        ("SELECT count(*) FROM files", 3),
        ("SELECT count(*) FROM jobs", 12),
        ("SELECT count(*) FROM transcripts", 2),
        ("SELECT count(*) FROM partial_segments", 0),
    ] {
        assert_eq!(number!(old.connection, left), rows, "{left}");
    }
}

async fn orphans(connection: &mut SqliteConnection) -> usize {
    sqlx::query("PRAGMA foreign_key_check").fetch_all(connection).await.unwrap().len()
}

async fn an_empty_database_is_brought_up_to_date(mut old: Old) {
    old.close().await;
    let store = Store::open(&old.url, 2).await.unwrap();
    assert_eq!(store.extent().await.unwrap(), Extent::default());
    store.check_schema().await.unwrap();
}

/// Rows that refer to what is not there are found before anything is changed.
#[tokio::test]
async fn a_file_whose_rows_do_not_belong_together_is_not_upgraded() {
    let mut old = Old::sqlite(BEFORE).await;
    old.fill().await;
    sql!(old.connection, "PRAGMA foreign_keys = OFF");
    sql!(
        old.connection,
        "INSERT INTO files (id, report_id, kind, key, name, size_bytes, sha256)
         VALUES ($1, $2, 'audio', 'reports/x', 'x', 1, '')",
        Uuid::now_v7(),
        Uuid::now_v7()
    );
    old.close().await;
    let error = Store::open(&old.url, 2).await.unwrap_err();
    assert!(error.to_string().contains("from files to submissions"), "{error}");
    // The same the second time.
    assert!(Store::open(&old.url, 2).await.is_err());
    old.reopen().await;
    assert_eq!(number!(old.connection, "SELECT max(version) FROM _sqlx_migrations"), BEFORE);
    assert_eq!(number!(old.connection, "SELECT count(*) FROM tasks"), 20);
    let path = old.path();
    old.close().await;
    let mut connection =
        SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    sqlx::query("DELETE FROM files WHERE key = 'reports/x'")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    Store::open(&old.url, 2).await.unwrap();
}
