//! Why a transfer stopped.

use crate::domain::failure::{Failure, FailureCode};
use crate::domain::ids::ReportId;
use crate::storage::StorageError;
use crate::store::{Extent, StoreError};

/// A backend of one of the two installations failed.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// Its database.
    #[error(transparent)]
    Db(#[from] StoreError),
    /// Its storage.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a transfer stopped. What was moved until then stays, and the next run goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The installation that is moved.
    #[error("source: {0}")]
    Source(#[source] BackendError),
    /// The one that it is moved to.
    #[error("target: {0}")]
    Target(#[source] BackendError),
    /// The target holds a report that the source does not know: it is somebody else's.
    #[error("the target holds another report, {0}")]
    Stranger(ReportId),
    /// An object of the source is missing, or is not what its row says.
    #[error("report {report}: {problem}")]
    Object {
        /// The report that it belongs to.
        report: ReportId,
        /// Which object, and what is wrong with it.
        problem: String,
    },
    /// Reports whose objects are not sound stayed behind; all others were moved.
    #[error("{count} reports could not be moved; the first: {first}")]
    LeftBehind {
        /// How many.
        count: usize,
        /// Why the first one was not.
        first: Box<Self>,
    },
    /// A report is not the same on both sides: one of them was in use meanwhile.
    #[error("report {0} is not the same on both sides; is one of them in use?")]
    Differs(ReportId),
    /// The sides do not hold as much: one of them was in use meanwhile.
    #[error("the source holds {source_extent:?}, the target {target_extent:?}")]
    Counts {
        /// What the source holds.
        source_extent: Extent,
        /// What the target holds.
        target_extent: Extent,
    },
}

impl TransferError {
    pub(super) fn source(error: impl Into<BackendError>) -> Self {
        Self::Source(error.into())
    }

    pub(super) fn target(error: impl Into<BackendError>) -> Self {
        Self::Target(error.into())
    }

    /// Whether other reports can be moved all the same.
    pub(super) fn is_of_one_report(&self) -> bool {
        matches!(self, Self::Object { .. })
    }
}

impl From<TransferError> for Failure {
    fn from(error: TransferError) -> Self {
        let detail = error.to_string();
        let code = match error {
            TransferError::Source(BackendError::Db(e))
            | TransferError::Target(BackendError::Db(e)) => Self::from(e).code,
            TransferError::Source(BackendError::Storage(e))
            | TransferError::Target(BackendError::Storage(e)) => Self::from(e).code,
            TransferError::Object { .. } | TransferError::LeftBehind { .. } => {
                FailureCode::ChecksumMismatch
            }
            TransferError::Stranger(_)
            | TransferError::Differs(_)
            | TransferError::Counts { .. } => FailureCode::Internal,
        };
        Self::new(code, detail)
    }
}
