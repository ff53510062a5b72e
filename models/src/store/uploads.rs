//! The repository of uploads: files on their way to a report that is not handed in.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::StoreError;
use super::engine::{execute, fetch};
use super::rows::{all, named};
use super::unit::{HasTx, Session, UnitOfWork};
use crate::domain::branch::BranchPath;
use crate::domain::ids::{PersonId, ReportId};
use crate::domain::submission::StoredFile;
use crate::domain::upload::{Purpose, Upload, UploadRole};
use crate::storage::Stored;

/// A writer that does not renew its claim for this long has lost it.
pub const WRITER_LEASE: Duration = Duration::from_secs(15);

/// Uploads in a session.
pub struct Uploads<'s, S>(pub(super) &'s mut S);

#[derive(FromRow)]
struct UploadRow {
    id: Uuid,
    person_id: Uuid,
    report_id: Option<Uuid>,
    submission_id: Uuid,
    role: Option<String>,
    filename: String,
    key: String,
    length: Option<i64>,
    parts: Option<Json<Vec<Uuid>>>,
    sha256: Option<String>,
    touched_at: DateTime<Utc>,
}

impl TryFrom<UploadRow> for Upload {
    type Error = StoreError;

    fn try_from(row: UploadRow) -> Result<Self, StoreError> {
        let purpose = match (row.report_id, row.role) {
            (Some(report), Some(role)) => {
                Purpose::File { report: report.into(), role: named(&role)? }
            }
            _ => Purpose::Part,
        };
        Ok(Self {
            id: row.id,
            person: row.person_id.into(),
            purpose,
            submission: row.submission_id.into(),
            filename: row.filename,
            key: row.key,
            length: row.length.map(i64::unsigned_abs),
            parts: row.parts.map(|Json(parts)| parts),
            sha256: row.sha256,
            touched_at: row.touched_at,
        })
    }
}

/// The columns of [`UploadRow`].
macro_rules! upload_columns {
    () => {
        "id, person_id, report_id, submission_id, role, filename, key, length, parts, sha256,
         touched_at"
    };
}

impl<S: Session> Uploads<'_, S> {
    /// The upload, or `None`.
    pub async fn get(&mut self, id: Uuid) -> Result<Option<Upload>, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, UploadRow>(concat!(
                "SELECT ",
                upload_columns!(),
                " FROM uploads WHERE id = $1"
            )),
            id
        )?;
        row.map(Upload::try_from).transpose()
    }

    /// The uploads of a report, oldest first.
    pub async fn of_report(&mut self, report: ReportId) -> Result<Vec<Upload>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, UploadRow>(concat!(
                "SELECT ",
                upload_columns!(),
                " FROM uploads WHERE report_id = $1 ORDER BY id"
            )),
            report.uuid()
        )?)
    }

    /// The bytes of everything that somebody has handed in or is uploading, and how many uploads they have.
    /// One whose length is not known yet counts as nothing.
    pub async fn used_by(&mut self, person: PersonId) -> Result<(u64, u64), StoreError> {
        let (files, uploads, count) = fetch!(
            self.0.tx(),
            fetch_one,
            sqlx::query_as::<_, (i64, i64, i64)>(
                "SELECT (SELECT CAST(coalesce(sum(size_bytes), 0) AS bigint) FROM files
                         JOIN submissions ON submissions.id = submission_id
                         JOIN reports ON reports.id = report_id WHERE author_id = $1),
                        CAST(coalesce(sum(length), 0) AS bigint), count(*)
                 FROM uploads WHERE person_id = $1"
            ),
            person.uuid()
        )?;
        Ok((files.unsigned_abs() + uploads.unsigned_abs(), count.unsigned_abs()))
    }

    /// The bytes of everything that is kept of the reports of a branch, those below it not counted.
    pub async fn used_in(&mut self, branch: &BranchPath) -> Result<u64, StoreError> {
        let bytes = fetch!(
            self.0.tx(),
            fetch_one,
            sqlx::query_scalar::<_, i64>(
                "SELECT CAST(coalesce(sum(size_bytes), 0) AS bigint) FROM files
                 JOIN submissions ON submissions.id = submission_id
                 JOIN reports ON reports.id = report_id WHERE branch = $1"
            ),
            branch.key()
        )?;
        Ok(bytes.unsigned_abs())
    }

    /// Up to `limit` uploads that nobody has worked on since `before`, oldest first: unfinished ones and
    /// parts. What is finished waits with its draft.
    pub async fn untouched(
        &mut self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Upload>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, UploadRow>(concat!(
                "SELECT ",
                upload_columns!(),
                " FROM uploads
                  WHERE touched_at <= $1 AND (sha256 IS NULL OR report_id IS NULL)
                  ORDER BY touched_at LIMIT $2"
            )),
            before,
            i64::from(limit)
        )?)
    }
}

impl Uploads<'_, UnitOfWork> {
    /// Adds an upload.
    pub async fn insert(&mut self, upload: &Upload) -> Result<(), StoreError> {
        let now = self.0.now();
        let (report, role) = match upload.purpose {
            Purpose::File { report, role } => (Some(report.uuid()), Some(role.as_str())),
            Purpose::Part => (None, None),
        };
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO uploads (id, person_id, report_id, submission_id, role, filename, key,
                                      length, parts, touched_at, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)"
            ),
            upload.id,
            upload.person.uuid(),
            report,
            upload.submission.uuid(),
            role,
            &upload.filename,
            &upload.key,
            upload.length.map(|length| i64::try_from(length).unwrap_or(i64::MAX)),
            upload.parts.as_ref().map(Json),
            now
        )?;
        Ok(())
    }

    /// Writes down how long the file will be, if that was not known.
    pub async fn set_length(&mut self, id: Uuid, length: u64) -> Result<(), StoreError> {
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE uploads SET length = $1 WHERE id = $2 AND length IS NULL"),
            i64::try_from(length).unwrap_or(i64::MAX),
            id
        )?;
        Ok(())
    }

    /// Makes somebody the one who writes, for as long as [`WRITER_LEASE`], or for longer if they are it
    /// already. Says whether they are: not if somebody else is.
    pub async fn claim(&mut self, id: Uuid, writer: Uuid) -> Result<bool, StoreError> {
        let now = self.0.now();
        let claimed = execute!(
            self.0.tx(),
            sqlx::query(
                "UPDATE uploads SET writer = $1, writer_until = $2, touched_at = $3
                 WHERE id = $4 AND (writer IS NULL OR writer = $1 OR writer_until <= $3)"
            ),
            writer.to_string(),
            now + WRITER_LEASE,
            now,
            id
        )?;
        Ok(claimed == 1)
    }

    /// Lets others write.
    pub async fn release(&mut self, id: Uuid, writer: Uuid) -> Result<(), StoreError> {
        execute!(
            self.0.tx(),
            sqlx::query(
                "UPDATE uploads SET writer = NULL, writer_until = NULL
                 WHERE id = $1 AND writer = $2"
            ),
            id,
            writer.to_string()
        )?;
        Ok(())
    }

    /// Writes down that all of an upload is stored. Finished uploads that it replaces (of the same report
    /// and role; a page replaces none) are removed and returned: nobody refers to their objects any more.
    pub async fn finish(
        &mut self,
        upload: &Upload,
        stored: &Stored,
    ) -> Result<Vec<Upload>, StoreError> {
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE uploads SET length = $1, sha256 = $2 WHERE id = $3"),
            i64::try_from(stored.size_bytes).unwrap_or(i64::MAX),
            &stored.sha256,
            upload.id
        )?;
        let Purpose::File { report, role } = upload.purpose else { return Ok(Vec::new()) };
        if role == UploadRole::Page {
            return Ok(Vec::new());
        }
        let same = Purpose::File { report, role };
        let mut replaced = self.of_report(report).await?;
        replaced
            .retain(|other| other.purpose == same && other.is_finished() && other.id != upload.id);
        for other in &replaced {
            self.remove(other.id).await?;
        }
        Ok(replaced)
    }

    /// Removes an upload's row.
    pub async fn remove(&mut self, id: Uuid) -> Result<(), StoreError> {
        execute!(self.0.tx(), sqlx::query("DELETE FROM uploads WHERE id = $1"), id)?;
        Ok(())
    }

    /// Takes the finished uploads of a report, to be handed in: their rows are removed, and their objects
    /// belong to the submission from now on.
    pub async fn take_finished(&mut self, report: ReportId) -> Result<Vec<StoredFile>, StoreError> {
        let mut files = Vec::new();
        for upload in self.of_report(report).await? {
            let Upload { purpose: Purpose::File { role, .. }, sha256: Some(sha256), .. } = upload
            else {
                continue;
            };
            self.remove(upload.id).await?;
            files.push(stored_file(role, upload.filename, upload.key, upload.length, sha256));
        }
        Ok(files)
    }
}

fn stored_file(
    role: UploadRole,
    name: String,
    key: String,
    length: Option<u64>,
    sha256: String,
) -> StoredFile {
    StoredFile { kind: role.kind(), key, name, size_bytes: length.unwrap_or_default(), sha256 }
}
