//! Nothing in the schema is left out.

use super::rows::{
    AuditChainRow, AuditCheckpointRow, AuditPendingRow, AuditRow, BranchRow, ChannelRow,
    CommentRow, ContactRow, DecisionRow, DraftVersionRow, ExceptionRow, GrantRow, IdentityRow,
    NoticeRow, NoticeSettingsRow, PersonRow, RoundRow, RubricRow, SegmentChangeRow, TokenRow,
};
use super::*;

/// Tables that are not moved.
const LEFT_BEHIND: [&str; 10] = [
    "exports",
    "idempotency_keys",
    "samples",
    "search_documents",
    "search_pending",
    "sessions",
    "setup_links",
    "sign_in_failures",
    "uploads",
    "workers",
];

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
        (SegmentChangeRow::TABLE, SegmentChangeRow::COLUMNS),
        (ComparisonRow::TABLE, ComparisonRow::COLUMNS),
        (PartialRow::TABLE, PartialRow::COLUMNS),
        (DecisionRow::TABLE, DecisionRow::COLUMNS),
        (CommentRow::TABLE, CommentRow::COLUMNS),
        (ExampleRow::TABLE, ExampleRow::COLUMNS),
        (RubricRow::TABLE, RubricRow::COLUMNS),
        (RubricAnswerRow::TABLE, RubricAnswerRow::COLUMNS),
        (BranchRow::TABLE, BranchRow::COLUMNS),
        (PersonRow::TABLE, PersonRow::COLUMNS),
        (GrantRow::TABLE, GrantRow::COLUMNS),
        (ContactRow::TABLE, ContactRow::COLUMNS),
        (TokenRow::TABLE, TokenRow::COLUMNS),
        (IdentityRow::TABLE, IdentityRow::COLUMNS),
        (RoundRow::TABLE, RoundRow::COLUMNS),
        (ExceptionRow::TABLE, ExceptionRow::COLUMNS),
        (DraftVersionRow::TABLE, DraftVersionRow::COLUMNS),
        (NoticeRow::TABLE, NoticeRow::COLUMNS),
        (NoticeSettingsRow::TABLE, NoticeSettingsRow::COLUMNS),
        (ChannelRow::TABLE, ChannelRow::COLUMNS),
        (AuditRow::TABLE, AuditRow::COLUMNS),
        (AuditPendingRow::TABLE, AuditPendingRow::COLUMNS),
        (AuditChainRow::TABLE, AuditChainRow::COLUMNS),
        (AuditCheckpointRow::TABLE, AuditCheckpointRow::COLUMNS),
    ] {
        known.extend(columns.iter().map(|column| (table.to_owned(), (*column).to_owned())));
    }
    // What belongs to browsers, to an installation, to processes, and to uploads on their way, stays behind, and so do exports and the
    // search index, which can be made again.
    found.retain(|(table, _)| !LEFT_BEHIND.contains(&table.as_str()));
    found.retain(|(table, _)| !table.starts_with("search_terms") && table != "sqlite_sequence");
    found.sort();
    known.sort();
    assert_eq!(found, known, "a migration added what `transfer` does not move");
}
