//! Schemas that are older, newer or broken, upgrades that are killed, and processes beside each other.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use huibao_models::store::{Store, StoreError};
use sqlx::{Connection, PgConnection};
use tokio::process::{Child, Command};

use crate::harness::Harness;
use crate::old::{BEFORE, Old, Raw, number, sql};
use crate::postgres;
use crate::upgrade::on_every_engine_from;

on_every_engine_from! { super::BEFORE,
    an_older_schema_is_not_read_and_not_changed
    an_upgrade_that_broke_off_is_told
}

/// Longest wait for what must come.
const PATIENCE: Duration = Duration::from_mins(1);

/// Names the SQLite file that a child process of these tests opens.
const CHILD: &str = "HUIBAO_TEST_OPEN";

async fn an_older_schema_is_not_read_and_not_changed(mut old: Old) {
    old.fill().await;
    let error = Store::open_to_read(&old.url, 2).await.unwrap_err();
    assert!(matches!(error, StoreError::Older(BEFORE)), "{error}");
    assert!(!error.is_passing());
    assert_eq!(number!(old.connection, "SELECT max(version) FROM _sqlx_migrations"), BEFORE);
    assert_eq!(number!(old.connection, "SELECT count(*) FROM tasks"), 20);
}

async fn an_upgrade_that_broke_off_is_told(mut old: Old) {
    old.fill().await;
    sql!(old.connection, "UPDATE _sqlx_migrations SET success = false WHERE version = $1", BEFORE);
    old.close().await;
    for error in [
        Store::open(&old.url, 2).await.unwrap_err(),
        Store::open_to_read(&old.url, 2).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::HalfMigrated(BEFORE)), "{error}");
        assert!(!error.is_passing());
    }
    old.reopen().await;
    assert_eq!(number!(old.connection, "SELECT count(*) FROM tasks"), 20, "nothing is lost");
}

mod of_this_version {
    use super::*;

    on_every_engine! {
        a_newer_schema_is_refused
        a_store_that_is_open_notices_a_newer_schema
        the_last_migration_that_broke_off_is_told
    }

    const NEWER: &str = "INSERT INTO _sqlx_migrations
                             (version, description, success, checksum, execution_time)
                         VALUES (9999, 'later', true, '', 0)";

    async fn a_newer_schema_is_refused(harness: Harness) {
        harness.store.close().await;
        harness.statement(NEWER).await.unwrap();
        for error in [
            Store::open(&harness.url, 2).await.unwrap_err(),
            Store::open_to_read(&harness.url, 2).await.unwrap_err(),
        ] {
            assert!(matches!(error, StoreError::Newer(9999)), "{error}");
            assert!(!error.is_passing());
        }
    }

    async fn a_store_that_is_open_notices_a_newer_schema(harness: Harness) {
        harness.store.check_schema().await.unwrap();
        harness.statement(NEWER).await.unwrap();
        let error = harness.store.check_schema().await.unwrap_err();
        assert!(matches!(error, StoreError::Newer(9999)), "{error}");
    }

    async fn the_last_migration_that_broke_off_is_told(harness: Harness) {
        harness.store.close().await;
        let last = "UPDATE _sqlx_migrations SET success = false
                    WHERE version = (SELECT max(version) FROM _sqlx_migrations)";
        harness.statement(last).await.unwrap();
        for error in [
            Store::open(&harness.url, 2).await.unwrap_err(),
            Store::open_to_read(&harness.url, 2).await.unwrap_err(),
        ] {
            assert!(matches!(error, StoreError::HalfMigrated(_)), "{error}");
        }
    }
}

/// Another process that opens a file: this test program, told to run
/// [`opens_a_file_for_another_test`].
fn child(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "schema::opens_a_file_for_another_test"])
        .env(CHILD, path)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Does nothing unless it is run by [`child`].
#[tokio::test]
async fn opens_a_file_for_another_test() {
    if let Some(path) = std::env::var_os(CHILD) {
        Store::open_sqlite(Path::new(&path)).await.unwrap().close().await;
    }
}

#[tokio::test]
async fn processes_that_start_together_upgrade_a_file_once() {
    let mut old = Old::sqlite(BEFORE).await;
    old.fill().await;
    old.close().await;
    let new = old.path().with_file_name("new.db");
    for path in [old.path(), new] {
        let mut children: Vec<_> = (0..6).map(|_| child(&path)).collect();
        for process in &mut children {
            let status = tokio::time::timeout(PATIENCE, process.wait()).await.unwrap().unwrap();
            assert!(status.success(), "{status}");
        }
    }
    let store = Store::open(&old.url, 2).await.unwrap();
    assert_eq!(store.extent().await.unwrap().jobs, 20);
}

#[tokio::test]
async fn tasks_that_open_a_file_together_upgrade_it_once() {
    let mut old = Old::sqlite(BEFORE).await;
    old.fill().await;
    old.close().await;
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let url = old.url.clone();
        set.spawn(async move { Store::open(&url, 2).await.map(drop) });
    }
    for opened in set.join_all().await {
        opened.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_is_in_use_is_not_upgraded() {
    let mut old = Old::sqlite(BEFORE).await;
    old.fill().await;
    let soon = Duration::from_millis(300);
    let error = Store::open_sqlite_within(&old.path(), soon).await.unwrap_err();
    assert!(matches!(error, StoreError::InUse), "{error}");
    assert!(error.to_string().contains("stop that process"), "{error}");
    // The other one goes on undisturbed.
    assert_eq!(number!(old.connection, "SELECT max(version) FROM _sqlx_migrations"), BEFORE);
    assert_eq!(sql!(old.connection, "UPDATE tasks SET progress = 0.1"), 20);

    // When it stops, whoever waits goes on.
    let path = old.path();
    let waiting = tokio::spawn(async move { Store::open_sqlite_within(&path, PATIENCE).await });
    tokio::time::sleep(soon).await;
    assert!(!waiting.is_finished());
    old.close().await;
    let store = tokio::time::timeout(PATIENCE, waiting).await.unwrap().unwrap().unwrap();
    assert_eq!(store.extent().await.unwrap().jobs, 20);
}

/// Once nothing is to be changed, a file may be open as often as one likes.
#[tokio::test]
async fn a_file_that_is_up_to_date_is_opened_beside_others() {
    let harness = Harness::sqlite().await;
    let none = Duration::ZERO;
    let path = harness.url.strip_prefix("sqlite://").unwrap();
    let mut unit = harness.begin().await;
    unit.reports().insert(&crate::harness::new_report()).await.unwrap();
    let other = Store::open_sqlite_within(Path::new(path), none).await.unwrap();
    assert_eq!(other.extent().await.unwrap().reports, 1);
    unit.commit().await.unwrap();
    assert_eq!(other.extent().await.unwrap().reports, 2);
}

/// Bytes of texts that the migration copies: more than a cache holds, so that much of it is written
/// before it commits.
const LARGE: i64 = 64 << 20;

#[tokio::test]
async fn an_upgrade_of_a_file_that_is_killed_leaves_it_as_it_was() {
    let mut old = Old::sqlite(BEFORE).await;
    let ids = old.fill().await;
    sql!(
        old.connection,
        "WITH RECURSIVE numbers (number) AS
             (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < $2 / 10000)
         INSERT INTO transcripts (id, report_id, version, origin, body, created_at)
         SELECT randomblob(16), $1, 100 + number, 'correction', hex(zeroblob(5000)), '2026'
         FROM numbers",
        ids.failed,
        LARGE
    );
    old.close().await;

    let wal = old.path().with_file_name("test.db-wal");
    let written = || std::fs::metadata(&wal).map_or(0, |file| file.len());
    for some in [4 << 20, 16 << 20] {
        let mut upgrading = child(&old.path());
        while written() < some {
            assert!(upgrading.try_wait().unwrap().is_none(), "it was too quick to be killed");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        upgrading.kill().await.unwrap();
        old.reopen().await;
        assert_eq!(number!(old.connection, "SELECT max(version) FROM _sqlx_migrations"), BEFORE);
        assert_eq!(number!(old.connection, "SELECT count(*) FROM tasks"), 20);
        assert_eq!(number!(old.connection, "SELECT count(*) FROM reports"), 5);
        let transcripts = number!(old.connection, "SELECT count(*) FROM transcripts");
        assert_eq!(transcripts, 6 + LARGE / 10_000);
        old.close().await;
    }
    let status = child(&old.path()).wait().await.unwrap();
    assert!(status.success(), "{status}");
    let store = Store::open(&old.url, 2).await.unwrap();
    let extent = store.extent().await.unwrap();
    assert_eq!((extent.jobs, extent.reports), (20, 5));
    assert_eq!(extent.transcripts, 6 + LARGE.unsigned_abs() / 10_000);
}

#[tokio::test]
async fn an_upgrade_of_a_schema_that_is_killed_leaves_it_as_it_was() {
    let mut old = Old::postgres(BEFORE).await;
    old.fill().await;
    let Raw::Postgres(connection) = &mut old.connection else { unreachable!() };
    // The last thing that the migration changes.
    let mut reader = connection.begin().await.unwrap();
    let schema: String =
        sqlx::query_scalar("SELECT current_schema()").fetch_one(&mut *reader).await.unwrap();
    sqlx::query("SELECT count(*) FROM partial_segments").execute(&mut *reader).await.unwrap();
    let url = old.url.clone();
    let upgrading = tokio::spawn(async move { Store::open(&url, 2).await.map(drop) });

    let mut administrator = PgConnection::connect(&postgres::postgres_url()).await.unwrap();
    let kill = async {
        loop {
            let killed: Option<bool> = sqlx::query_scalar(
                "SELECT pg_terminate_backend(pid) FROM pg_locks
                 WHERE NOT granted AND relation = CAST($1 AS regclass)",
            )
            .bind(format!("{schema}.partial_segments"))
            .fetch_optional(&mut administrator)
            .await
            .unwrap();
            if killed.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, kill).await.unwrap();
    let error = upgrading.await.unwrap().unwrap_err();
    assert!(error.is_passing(), "{error}");
    reader.rollback().await.unwrap();
    assert_eq!(number!(old.connection, "SELECT max(version) FROM _sqlx_migrations"), BEFORE);
    assert_eq!(number!(old.connection, "SELECT count(*) FROM tasks"), 20);
    assert_eq!(number!(old.connection, "SELECT count(*) FROM reports WHERE state = 'ready'"), 2);
    let store = Store::open(&old.url, 2).await.unwrap();
    assert_eq!(store.extent().await.unwrap().jobs, 20);
}
