//! Settings of sign-on through the campus.

use huibao_api::{CasConfig, ClaimNames, OidcConfig, Rule, SignOnConfig};
use url::Url;

use super::{Settings, SettingsError};

impl Settings {
    /// The identity providers, and what their claims make of people.
    pub fn sign_on(&self) -> Result<SignOnConfig, SettingsError> {
        let (oidc, cas) = (self.oidc()?, self.cas()?);
        if (oidc.is_some() || cas.is_some()) && self.public_url.is_empty() {
            let reason = "sign-on needs it: identity providers send people back there";
            return Err(SettingsError::Value {
                setting: "public_url",
                value: String::new(),
                reason,
            });
        }
        Ok(SignOnConfig {
            oidc,
            cas,
            rules: self.rules()?,
            claims: ClaimNames {
                number: self.number_claim.clone(),
                name: self.name_claim.clone(),
                login: self.login_claim.clone(),
                email: self.email_claim.clone(),
            },
        })
    }

    fn oidc(&self) -> Result<Option<OidcConfig>, SettingsError> {
        if self.oidc_issuer.is_empty() {
            return Ok(None);
        }
        http_url("oidc_issuer", &self.oidc_issuer)?;
        if self.oidc_client_id.is_empty() {
            let reason = "an OpenID provider knows its clients by an id";
            let value = String::new();
            return Err(SettingsError::Value { setting: "oidc_client_id", value, reason });
        }
        Ok(Some(OidcConfig {
            issuer: self.oidc_issuer.clone(),
            client_id: self.oidc_client_id.clone(),
            client_secret: self.oidc_client_secret.expose().to_owned(),
            scopes: self.oidc_scopes.split_whitespace().map(str::to_owned).collect(),
            label: self.oidc_label.clone(),
        }))
    }

    fn cas(&self) -> Result<Option<CasConfig>, SettingsError> {
        if self.cas_url.is_empty() {
            return Ok(None);
        }
        let url = http_url("cas_url", &self.cas_url)?;
        Ok(Some(CasConfig { url, label: self.cas_label.clone() }))
    }

    fn rules(&self) -> Result<Vec<Rule>, SettingsError> {
        let rules = self.sign_on_rules.iter().map(|text| {
            text.parse().map_err(|_| SettingsError::Value {
                setting: "sign_on_rules",
                value: text.clone(),
                reason: "write CLAIM=VALUE ROLE /BRANCH, such as groups=cs-1 activist /cs/1",
            })
        });
        rules.collect()
    }
}

fn http_url(setting: &'static str, text: &str) -> Result<Url, SettingsError> {
    let url = text.parse::<Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let reason = "use https://HOST/…";
    url.ok_or_else(|| SettingsError::Value { setting, value: text.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::super::tests::from_toml;

    const CAS: &str =
        "cas_url = \"https://cas.example.edu/cas\"\npublic_url = \"https://h.example.edu\"\n";

    #[test]
    fn providers_are_checked_when_the_settings_are_read() {
        assert!(from_toml("").unwrap().sign_on().unwrap().cas.is_none());
        let rules = "sign_on_rules = [\"groups=a activist /a\"]";
        let sign_on = from_toml(&format!("{CAS}{rules}")).unwrap().sign_on().unwrap();
        assert_eq!((sign_on.cas.is_some(), sign_on.rules.len()), (true, 1));
        for bad in [
            "cas_url = \"https://cas.example.edu\"".to_owned(),
            format!("{CAS}sign_on_rules = [\"everybody\"]"),
            format!("{CAS}oidc_issuer = \"https://id.example.edu\""),
            format!("{CAS}oidc_issuer = \"id.example.edu\"\noidc_client_id = \"h\""),
        ] {
            assert!(from_toml(&bad).is_err(), "{bad}");
        }
    }
}
