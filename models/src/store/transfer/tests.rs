//! Nothing in the schema is left out.

use super::*;

#[tokio::test]
async fn every_table_and_column_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(&folder.path().join("test.db")).await.unwrap();
    let mut found: Vec<(String, String)> = read!(
        store,
        fetch_all,
        sqlx::query_as(
            "SELECT tables.name, columns.name
             FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns
             WHERE tables.type = 'table' AND tables.name <> '_sqlx_migrations'"
        )
    )
    .unwrap();
    let mut known = Vec::new();
    for (table, columns) in [
        (ReportRow::TABLE, ReportRow::COLUMNS),
        (SubmissionRow::TABLE, SubmissionRow::COLUMNS),
        (FileRow::TABLE, FileRow::COLUMNS),
        (JobRow::TABLE, JobRow::COLUMNS),
        (TranscriptRow::TABLE, TranscriptRow::COLUMNS),
        (PartialRow::TABLE, PartialRow::COLUMNS),
    ] {
        known.extend(columns.iter().map(|column| (table.to_owned(), (*column).to_owned())));
    }
    found.sort();
    known.sort();
    assert_eq!(found, known, "a migration added what `transfer` does not move");
}
