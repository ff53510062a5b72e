//! A database of an earlier version is brought up to date with all that it holds.

use chrono::Utc;
use huibao_models::domain::job::Stage;
use huibao_models::domain::report::ReportState;
use huibao_models::store::Store;
use sqlx::{Connection, PgConnection, SqliteConnection};
use uuid::Uuid;

use crate::postgres;

/// A ready report, as the first version wrote it.
macro_rules! fill {
    ($connection:expr, $report:expr) => {
        sqlx::query(
            "INSERT INTO reports (id, title, speaker, language, state, created_at)
             VALUES ($1, '', '', 'zh', 'ready', $2)",
        )
        .bind($report)
        .bind(Utc::now())
        .execute(&mut $connection)
        .await
        .unwrap();
        for stage in Stage::ALL {
            sqlx::query(
                "INSERT INTO jobs (id, report_id, stage, state, token, not_before)
                 VALUES ($1, $2, $3, 'done', 7, $4)",
            )
            .bind(Uuid::now_v7())
            .bind($report)
            .bind(stage)
            .bind(Utc::now())
            .execute(&mut $connection)
            .await
            .unwrap();
        }
    };
}

async fn assert_current(url: &str, report: Uuid) {
    let store = Store::open(url, 2).await.unwrap();
    assert_eq!(store.report(report).await.unwrap().unwrap().state, ReportState::Ready);
    for job in store.jobs(report).await.unwrap() {
        assert_eq!((job.token, job.model), (7, None));
    }
    assert!(store.recognize_again(report, "small", Utc::now()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_sqlite_file_of_the_first_version_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let (path, report) = (folder.path().join("test.db"), Uuid::now_v7());
    let mut connection =
        SqliteConnection::connect(&format!("sqlite://{}?mode=rwc", path.display())).await.unwrap();
    sqlx::migrate!("migrations/sqlite").run_to(1, &mut connection).await.unwrap();
    fill!(connection, report);
    connection.close().await.unwrap();
    assert_current(&format!("sqlite://{}", path.display()), report).await;
}

#[tokio::test]
async fn a_postgres_schema_of_the_first_version_is_brought_up_to_date() {
    let (url, report) = (postgres::postgres_schema().await, Uuid::now_v7());
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::migrate!("migrations/postgres").run_to(1, &mut connection).await.unwrap();
    fill!(connection, report);
    connection.close().await.unwrap();
    assert_current(&url, report).await;
}
