//! Digest: sends people what has gathered for them, in one mail a day.

use std::fmt::Write;
use std::time::Duration;

use async_trait::async_trait;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::{Failure, Lang};
use huibao_models::domain::ids::PersonId;
use huibao_models::domain::job::Urgency;
use huibao_models::domain::notice::{MailState, Notice, NoticeSettings};
use huibao_models::domain::person::Person;
use huibao_models::store::{NoResult, Outcome};

use super::{Attempt, JobKind};
use crate::notices::{Mail, Mailer, NoticeConfig};

/// A digest has at most so many lines; the rest comes with the next.
const LINES: u32 = 200;

pub(super) struct Digest;

#[async_trait]
impl JobKind for Digest {
    fn name(&self) -> &'static str {
        "digest"
    }

    fn urgency(&self) -> Urgency {
        Urgency::Background
    }

    fn every(&self) -> Option<Duration> {
        Some(Duration::from_hours(1))
    }

    async fn run(&self, attempt: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
        let Some(server) = &attempt.config.notices.mail else { return Ok(Box::new(NoResult)) };
        let mailer = Mailer::new(server).map_err(Failure::internal)?;
        let people = attempt.store.snapshot().await?.notices().to_digest().await?;
        for person in people {
            // Those whom it did not reach get it in the next hour's, while it is still morning, or tomorrow.
            if let Err(failure) = send(attempt, &mailer, person).await {
                tracing::warn!(%failure, "a digest did not arrive");
            }
        }
        Ok(Box::new(NoResult))
    }
}

async fn send(attempt: &Attempt, mailer: &Mailer, person: PersonId) -> Result<(), Failure> {
    let now = attempt.store.now();
    let mut snapshot = attempt.store.snapshot().await?;
    let settings = snapshot.notices().settings(person).await?;
    if !settings.is_digest_time(now) {
        return Ok(());
    }
    let notices = snapshot.notices().digest(person, LINES).await?;
    let somebody = snapshot.people().get(person).await?;
    drop(snapshot);
    let to = somebody.and_then(Person::mail_address);
    if let (Some(to), Some(last)) = (to, notices.last()) {
        let (subject, body) = compose(&notices, &settings, &attempt.config.notices);
        let id = format!("digest-{}", last.id);
        let mail = Mail { id: &id, to: &to, subject: &subject, body };
        mailer.send(mail).await.map_err(Failure::internal)?;
    }
    let worker = Actor::Worker(attempt.claim.worker.clone());
    let mut unit = attempt.store.begin(worker, attempt.store.now()).await?;
    for notice in &notices {
        unit.notices().set_mail(notice.id, MailState::Sent).await?;
    }
    unit.commit().await?;
    Ok(())
}

fn compose(
    notices: &[Notice],
    settings: &NoticeSettings,
    config: &NoticeConfig,
) -> (String, String) {
    let count = notices.len();
    let subject = match settings.lang {
        Lang::Zh => format!("汇报：{count} 条新消息"),
        Lang::En => format!("Huibao: {count} notices"),
    };
    let mut body = String::new();
    for notice in notices {
        let (subject, _) = notice.text(settings);
        let link = config.link(&notice.page()).unwrap_or_default();
        let at = settings.local(notice.created_at).format("%m-%d %H:%M");
        // Writing to a string does not fail.
        let _ = writeln!(body, "{at}  {subject}\n  {link}");
    }
    (subject, body)
}
