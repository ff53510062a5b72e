//! What was said, compared with what was written: kept with the version that was compared.

use sqlx::types::Json;

use super::Transcripts;
use crate::domain::comparison::Comparison;
use crate::domain::ids::TranscriptId;
use crate::store::StoreError;
use crate::store::engine::{execute, fetch};
use crate::store::unit::{HasTx, Session, UnitOfWork};

impl<S: Session> Transcripts<'_, S> {
    /// The comparison of a version with the written report; `None` if none was made yet, or by another algorithm.
    pub async fn comparison(&mut self, of: TranscriptId) -> Result<Option<Comparison>, StoreError> {
        let body = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_scalar::<_, Json<Comparison>>(
                "SELECT body FROM comparisons WHERE transcript_id = $1 AND format = $2"
            ),
            of.uuid(),
            i64::from(Comparison::FORMAT)
        )?;
        Ok(body.map(|Json(comparison)| comparison))
    }
}

impl Transcripts<'_, UnitOfWork> {
    /// Keeps the comparison of a version. Whoever else compares it finds the same; one of a newer algorithm stays.
    /// Nothing is kept if the version is gone.
    pub async fn keep_comparison(
        &mut self,
        of: TranscriptId,
        comparison: &Comparison,
    ) -> Result<(), StoreError> {
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO comparisons (transcript_id, format, body)
                 SELECT id, $2, $3 FROM transcripts WHERE id = $1
                 ON CONFLICT (transcript_id) DO UPDATE SET format = excluded.format, body = excluded.body
                 WHERE comparisons.format < excluded.format"
            ),
            of.uuid(),
            i64::from(Comparison::FORMAT),
            Json(comparison)
        )?;
        Ok(())
    }
}
