//! Mail: sends somebody a notice.

use async_trait::async_trait;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::NoticeId;
use huibao_models::domain::job::Urgency;
use huibao_models::domain::notice::MailState;
use huibao_models::domain::person::Person;
use huibao_models::store::{Claim, MAIL_JOB, NoResult, Outcome, StoreError, UnitOfWork};
use serde::Deserialize;

use super::deliver::again;
use super::{Attempt, JobKind};
use crate::notices::{Mail, Mailer};

pub(super) struct SendMail;

#[derive(Deserialize, Default)]
struct Payload {
    notice: Option<NoticeId>,
}

#[async_trait]
impl JobKind for SendMail {
    fn name(&self) -> &'static str {
        MAIL_JOB
    }

    fn urgency(&self) -> Urgency {
        Urgency::High
    }

    async fn run(&self, attempt: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
        let config = &attempt.config.notices;
        let payload: Payload = attempt.payload()?;
        let (Some(id), Some(server)) = (payload.notice, &config.mail) else {
            return Ok(Box::new(NoResult));
        };
        let mut snapshot = attempt.store.snapshot().await?;
        let Some(notice) = snapshot.notices().get(id).await? else { return Ok(Box::new(NoResult)) };
        let person = snapshot.people().get(notice.person).await?;
        let settings = snapshot.notices().settings(notice.person).await?;
        drop(snapshot);
        let to = person.and_then(Person::mail_address);
        // Sent already, or nobody to send it to any more.
        let (MailState::Queued, Some(to)) = (notice.mail, to) else {
            return Ok(Box::new(NoResult));
        };
        let (subject, body) = notice.text(&settings);
        let link = config.link(&notice.page()).unwrap_or_default();
        let mail = Mail {
            id: &id.to_string(),
            to: &to,
            subject: &subject,
            body: format!("{subject}\n\n{body}\n{link}\n"),
        };
        let sent = match Mailer::new(server) {
            Ok(mailer) => mailer.send(mail).await,
            Err(error) => Err(error),
        };
        match sent {
            Ok(()) => Ok(Box::new(Sent(id))),
            Err(error) => again(&attempt.claim, MAIL_JOB, &error),
        }
    }
}

/// The notice was sent.
struct Sent(NoticeId);

#[async_trait]
impl Outcome for Sent {
    async fn write(&self, unit: &mut UnitOfWork, _: &Claim) -> Result<(), StoreError> {
        unit.notices().set_mail(self.0, MailState::Sent).await
    }
}
