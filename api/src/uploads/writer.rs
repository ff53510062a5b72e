//! One writer for each upload, in whichever process.

use std::time::Duration;

use huibao_models::domain::actor::Actor;
use huibao_models::store::{Store, StoreError, WRITER_LEASE};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::state::ApiState;

/// How often the claim is renewed.
const RENEW: Duration = Duration::from_secs(WRITER_LEASE.as_secs() / 3);

/// The right to write to an upload, renewed as long as this lives. Whoever holds it when a process dies
/// has lost it after [`WRITER_LEASE`].
pub(super) struct Writer {
    store: Store,
    upload: Uuid,
    id: Uuid,
    renewing: JoinHandle<()>,
}

impl Writer {
    /// Claims the right.
    ///
    /// # Errors
    ///
    /// [`RequestError::UploadLocked`] if somebody else has it.
    pub(super) async fn claim(state: &ApiState, upload: Uuid) -> Result<Self, ApiError> {
        let (store, id) = (state.store.clone(), Uuid::now_v7());
        if !claim(&store, upload, id).await? {
            return Err(RequestError::UploadLocked.into());
        }
        let renewing = tokio::spawn({
            let store = store.clone();
            async move {
                loop {
                    tokio::time::sleep(RENEW).await;
                    match claim(&store, upload, id).await {
                        Ok(true) => {}
                        // Of two writers, the storage lets one append.
                        Ok(false) => return,
                        Err(error) => tracing::warn!(%error, "cannot renew a claim on an upload"),
                    }
                }
            }
        });
        Ok(Self { store, upload, id, renewing })
    }
}

async fn claim(store: &Store, upload: Uuid, writer: Uuid) -> Result<bool, StoreError> {
    let mut unit = store.begin(Actor::System, store.now()).await?;
    let claimed = unit.uploads().claim(upload, writer).await?;
    unit.commit().await?;
    Ok(claimed)
}

impl Drop for Writer {
    /// Also when the client has gone away, and the handler with it: it may be back at once.
    fn drop(&mut self) {
        self.renewing.abort();
        let (store, upload, id) = (self.store.clone(), self.upload, self.id);
        tokio::spawn(async move {
            let released = async {
                let mut unit = store.begin(Actor::System, store.now()).await?;
                unit.uploads().release(upload, id).await?;
                unit.commit().await.map(drop)
            };
            let released: Result<(), StoreError> = released.await;
            if let Err(error) = released {
                tracing::warn!(%error, "cannot release an upload; its claim will run out");
            }
        });
    }
}
