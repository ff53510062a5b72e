//! Who asked for an export.

use huibao_models::domain::access::Principal;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::ids::PersonId;
use huibao_models::export::paper::Mark;

use crate::jobs::Attempt;

/// Who asked for an export.
pub(super) struct Asker {
    /// What decides what they may read.
    pub principal: Principal,
    /// What stands on each page.
    pub mark: Mark,
}

impl Asker {
    pub async fn load(attempt: &Attempt, id: PersonId) -> Result<Self, Failure> {
        let mut snapshot = attempt.store.snapshot().await?;
        let person = snapshot.people().get(id).await?;
        let person = person.filter(|person| person.disabled_at.is_none());
        let person = person.ok_or_else(|| gone("who asked has no account any more"))?;
        let utc_offset = snapshot.notices().settings(id).await?.utc_offset;
        let mark = Mark { by: person.display_name, at: attempt.store.now(), utc_offset };
        Ok(Self { principal: snapshot.people().principal(id).await?, mark })
    }
}

/// The failure of an export that is no longer for the one who asked.
pub(super) fn gone(detail: &str) -> Failure {
    Failure::new(FailureCode::ExportGone, detail)
}
