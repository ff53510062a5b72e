//! Settings of notices.

use huibao_worker::{MailConfig, NoticeConfig};

use super::{Settings, SettingsError};

impl Settings {
    /// How notices reach people outside.
    pub fn notices(&self) -> Result<NoticeConfig, SettingsError> {
        let public_url = self.public_url()?.and_then(|url| url.to_string().parse().ok());
        let mail = if self.smtp_url.is_empty() {
            None
        } else {
            let mail = MailConfig::new(self.smtp_url.expose(), &self.mail_from);
            Some(mail.map_err(|reason| SettingsError::Value {
                setting: "smtp_url, mail_from",
                value: self.mail_from.clone(),
                reason,
            })?)
        };
        Ok(NoticeConfig { public_url, mail, private_addresses: self.private_channels })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::from_toml;

    #[test]
    fn the_mail_server_is_checked_when_the_settings_are_read() {
        let mail = "smtp_url = \"smtps://u:p@mail.example.edu\"\n";
        let from = "mail_from = \"汇报 <huibao@example.edu>\"\n";
        let settings = from_toml(&format!("{mail}{from}")).unwrap();
        assert!(settings.notices().unwrap().mail.is_some());
        assert!(from_toml(mail).is_err(), "mail is from somebody");
        assert!(from_toml(&format!("smtp_url = \"mail.example.edu\"\n{from}")).is_err());
    }
}
