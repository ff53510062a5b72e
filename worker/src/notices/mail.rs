//! Mail, through a server of one's own.

use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport, Tokio1Executor};

use super::DeliveryError;

/// A server that takes longer is busy.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A mail server.
#[derive(Clone)]
pub struct MailConfig {
    /// `smtp://user:password@host:port?tls=required` or `smtps://…`.
    pub url: String,
    /// Whom mail is from.
    pub from: Mailbox,
}

impl std::fmt::Debug for MailConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the password.
        write!(f, "MailConfig({})", self.from)
    }
}

impl MailConfig {
    /// Checks the URL of a server and the address that mail is from.
    ///
    /// # Errors
    ///
    /// What is wrong with which of them.
    pub fn new(url: &str, from: &str) -> Result<Self, &'static str> {
        let from = from.parse().map_err(|_| "write Huibao <huibao@example.edu>")?;
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        builder.map_err(|_| "use smtps://user:password@host, or smtp://…:587?tls=required")?;
        Ok(Self { url: url.to_owned(), from })
    }
}

/// A mail.
pub(crate) struct Mail<'a> {
    /// What tells it from others, however often it is sent.
    pub id: &'a str,
    /// Whom it is to.
    pub to: &'a str,
    /// A line.
    pub subject: &'a str,
    /// Plain text.
    pub body: String,
}

/// Sends mail.
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    pub(crate) fn new(config: &MailConfig) -> Result<Self, DeliveryError> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&config.url);
        let builder = builder.map_err(|error| DeliveryError::Final(error.to_string()))?;
        let transport = builder.timeout(Some(TIMEOUT)).build();
        Ok(Self { transport, from: config.from.clone() })
    }

    /// Sends a mail. A server that has taken it already knows its id.
    pub(crate) async fn send(&self, mail: Mail<'_>) -> Result<(), DeliveryError> {
        let unusable = |error: &dyn std::fmt::Display| DeliveryError::Final(error.to_string());
        let to: Mailbox = mail.to.parse().map_err(|error| unusable(&error))?;
        let host = self.from.email.domain();
        // Nobody answers a machine's mail with another machine's (RFC 3834, 5).
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(mail.subject)
            .message_id(Some(format!("<{}@{host}>", mail.id)))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(mail.body)
            .map_err(|error| unusable(&error))?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(DeliveryError::Final(error.to_string())),
            Err(error) => Err(DeliveryError::Passing(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked() {
        let from = "汇报 <huibao@example.edu>";
        assert!(MailConfig::new("smtps://u:p@mail.example.edu", from).is_ok());
        assert!(MailConfig::new("mail.example.edu", from).is_err());
        assert!(MailConfig::new("smtp://mail.example.edu", "nobody").is_err());
        let config = MailConfig::new("smtps://u:hunter2@mail.example.edu", from).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
