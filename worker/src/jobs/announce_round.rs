//! Announce round: tells everybody of whom a new round asks something.

use async_trait::async_trait;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::{PersonId, RoundId};
use huibao_models::domain::job::Urgency;
use huibao_models::domain::notice::NoticeEvent;
use huibao_models::domain::round::{Participant, Round};
use huibao_models::store::{ANNOUNCE_ROUND_JOB, NoResult, Outcome};
use serde::Deserialize;

use super::{Attempt, JobKind};

/// So many at once: each has a notice, and a mail.
const BATCH: u32 = 200;

pub(super) struct AnnounceRound;

#[derive(Deserialize, Default)]
struct Payload {
    round: Option<RoundId>,
}

#[async_trait]
impl JobKind for AnnounceRound {
    fn name(&self) -> &'static str {
        ANNOUNCE_ROUND_JOB
    }

    fn urgency(&self) -> Urgency {
        Urgency::High
    }

    async fn run(&self, attempt: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
        let payload: Payload = attempt.payload()?;
        let Some(id) = payload.round else { return Ok(Box::new(NoResult)) };
        let round = attempt.store.snapshot().await?.rounds().get(id).await?;
        if let Some(round) = round.filter(|round| round.closed_at.is_none()) {
            tell(attempt, &round, NoticeEvent::RoundOpened, |_| true).await?;
        }
        Ok(Box::new(NoResult))
    }
}

/// Tells everybody of a round who fulfils a condition, batch by batch. Nobody is told twice, so it can be begun
/// again after a crash.
pub(super) async fn tell(
    attempt: &Attempt,
    round: &Round,
    event: NoticeEvent,
    who: impl Fn(&Participant) -> bool,
) -> Result<(), Failure> {
    let mut after: Option<PersonId> = None;
    loop {
        let now = attempt.store.now();
        let mut snapshot = attempt.store.snapshot().await?;
        let page = snapshot.rounds().participants(round, &round.branch, after, BATCH, now).await?;
        drop(snapshot);
        let full = page.len() == BATCH as usize;
        after = page.last().map(|participant| participant.person);
        let worker = Actor::Worker(attempt.claim.worker.clone());
        let mut unit = attempt.store.begin(worker, now).await?;
        for participant in page.iter().filter(|participant| who(participant)) {
            unit.notices().of_round(round, participant, event).await?;
        }
        // The relay publishes the jobs that this adds.
        unit.commit().await?;
        if !full {
            return Ok(());
        }
    }
}
