//! A database of an earlier version is brought up to date with all that it holds.

use chrono::{DateTime, SubsecRound, Utc};
use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::FailureCode;
use huibao_models::domain::ids::{ReportId, SubmissionId};
use huibao_models::domain::job::JobState;
use huibao_models::domain::report::ReportState;
use huibao_models::domain::submission::SubmissionState;
use huibao_models::domain::transcript::TranscriptOrigin;
use huibao_models::store::{Store, StoreError};
use sqlx::types::Json;
use sqlx::{Connection, PgConnection, SqliteConnection};
use uuid::Uuid;

use crate::postgres;
use crate::rows::transcript;

/// The stages as tasks named them, with the state of each in a report that is ready, and in one that
/// failed.
const STAGES: [(&str, &str, &str); 4] = [
    ("ingest", "done", "done"),
    ("transcode", "done", "dead"),
    ("transcribe", "done", "done"),
    ("archive", "done", "waiting"),
];

/// Writes two reports as the version before submissions did: one that is ready and was recognised with
/// a model of its own, and one whose transcode failed.
macro_rules! fill {
    ($connection:expr, $ready:expr, $failed:expr, $now:expr) => {
        let failure = serde_json::json!({ "code": "keeper_busy", "detail": "away" });
        for (report, state, failure) in
            [($ready, "ready", None), ($failed, "failed", Some(Json(failure)))]
        {
            sqlx::query(
                "INSERT INTO reports (id, title, speaker, language, state, created_at, failure)
                 VALUES ($1, '标题', '李晓明', 'zh', $2, $3, $4)",
            )
            .bind(report)
            .bind(state)
            .bind($now)
            .bind(failure.clone())
            .execute(&mut $connection)
            .await
            .unwrap();
            sqlx::query(
                "INSERT INTO files (id, report_id, kind, key, name, size_bytes, sha256)
                 VALUES ($1, $2, 'original', $3, 'video.mp4', 3, '00')",
            )
            .bind(Uuid::now_v7())
            .bind(report)
            .bind(format!("reports/{report}/original.mp4"))
            .execute(&mut $connection)
            .await
            .unwrap();
            for (stage, of_ready, of_failed) in STAGES {
                let task = if state == "ready" { of_ready } else { of_failed };
                sqlx::query(
                    "INSERT INTO tasks (id, report_id, stage, state, token, not_before, model, error)
                     VALUES ($1, $2, $3, $4, 7, $5, $6, $7)",
                )
                .bind(Uuid::now_v7())
                .bind(report)
                .bind(stage)
                .bind(task)
                .bind($now)
                .bind((stage == "transcribe").then_some("small"))
                .bind(failure.clone().filter(|_| task == "dead"))
                .execute(&mut $connection)
                .await
                .unwrap();
            }
            for (version, origin) in [(1_i64, "raw"), (2, "recognition")] {
                sqlx::query(
                    "INSERT INTO transcripts (id, report_id, version, origin, body, created_at)
                     VALUES ($1, $2, $3, $4, $5, $6)",
                )
                .bind(Uuid::now_v7())
                .bind(report)
                .bind(version)
                .bind(origin)
                .bind(Json(transcript()))
                .bind($now)
                .execute(&mut $connection)
                .await
                .unwrap();
            }
        }
        sqlx::query(
            "INSERT INTO partial_segments (report_id, token, seq, body) VALUES ($1, 7, 0, $2)",
        )
        .bind($failed)
        .bind(Json(crate::rows::segment()))
        .execute(&mut $connection)
        .await
        .unwrap();
    };
}

async fn assert_current(url: &str, ready: Uuid, failed: Uuid, now: DateTime<Utc>) {
    let store = Store::open(url, 2).await.unwrap();
    let mut snapshot = store.snapshot().await.unwrap();
    for (id, state) in [(ready, SubmissionState::Ready), (failed, SubmissionState::Failed)] {
        let overview = snapshot.reports().overview(ReportId::from(id)).await.unwrap().unwrap();
        let (report, submission) = (overview.report, overview.submission.unwrap());
        assert_eq!((report.state, report.title.as_str()), (ReportState::Submitted, "标题"));
        assert_eq!((submission.id.uuid(), submission.version, submission.state), (id, 1, state));
        assert_eq!((report.created_at, submission.created_at), (now, now));
        let files = snapshot.submissions().files(submission.id).await.unwrap();
        assert_eq!(files[0].key, format!("reports/{id}/original.mp4"));
        let versions = snapshot.transcripts().versions(submission.id).await.unwrap();
        let told: Vec<_> =
            versions.iter().map(|version| (version.origin, version.current)).collect();
        let (raw, readable) = (TranscriptOrigin::Raw, TranscriptOrigin::Recognition);
        assert_eq!(told, [(raw, false), (readable, true)]);
        assert_eq!(
            (versions[1].parent, &versions[1].author),
            (Some(versions[0].id), &Actor::System)
        );
        assert_eq!(
            snapshot.transcripts().current(submission.id).await.unwrap(),
            Some(transcript())
        );
        for job in snapshot.jobs().of_submission(submission.id).await.unwrap() {
            assert_eq!((job.token, job.submission), (7, Some(submission.id)));
            let model = job.payload.as_ref().map(|payload| payload["model"].clone());
            assert_eq!(model, (job.kind == "transcribe").then(|| "small".into()));
            let code = job.error.map(|failure| failure.code);
            let dead = job.state == JobState::Dead;
            assert_eq!(code, dead.then_some(FailureCode::BackendBusy));
        }
    }
    let of_failed = SubmissionId::from(failed);
    assert_eq!(snapshot.transcripts().partial(of_failed).await.unwrap().len(), 1);
    drop(snapshot);
    let mut unit = store.begin(Actor::System, now).await.unwrap();
    assert!(unit.jobs().recognize_again(SubmissionId::from(ready), "base").await.unwrap());
    assert_eq!(unit.commit().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_sqlite_file_of_an_earlier_version_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let (ready, failed) = (Uuid::now_v7(), Uuid::now_v7());
    let (path, now) = (folder.path().join("test.db"), Utc::now().trunc_subsecs(6));
    let mut connection =
        SqliteConnection::connect(&format!("sqlite://{}?mode=rwc", path.display())).await.unwrap();
    sqlx::migrate!("migrations/sqlite").run_to(4, &mut connection).await.unwrap();
    fill!(connection, ready, failed, now);
    connection.close().await.unwrap();
    assert_current(&format!("sqlite://{}", path.display()), ready, failed, now).await;
}

#[tokio::test]
async fn a_postgres_schema_of_an_earlier_version_is_brought_up_to_date() {
    let (url, now) = (postgres::postgres_schema().await, Utc::now().trunc_subsecs(6));
    let (ready, failed) = (Uuid::now_v7(), Uuid::now_v7());
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::migrate!("migrations/postgres").run_to(4, &mut connection).await.unwrap();
    fill!(connection, ready, failed, now);
    connection.close().await.unwrap();
    assert_current(&url, ready, failed, now).await;
}

#[tokio::test]
async fn an_upgrade_that_broke_off_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    Store::open_sqlite(&path).await.unwrap().close().await;
    let mut connection =
        SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    sqlx::query("UPDATE _sqlx_migrations SET success = false WHERE version = 5")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let error = Store::open_sqlite(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::HalfMigrated(5)), "{error}");
}
