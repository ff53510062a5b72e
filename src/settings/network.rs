//! Settings of addresses: where to listen, what users call the server, and whom it believes.

use std::net::{IpAddr, SocketAddr};

use http::Uri;
use ipnet::IpNet;

use super::{Settings, SettingsError};

impl Settings {
    /// The address on which metrics are to be had, if there is one.
    pub fn metrics_addr(&self) -> Result<Option<SocketAddr>, SettingsError> {
        let address = Some(&self.metrics_listen).filter(|address| !address.is_empty());
        address.map(|address| parse_addr("metrics_listen", address)).transpose()
    }

    /// The address to listen on.
    pub fn listen_addr(&self) -> Result<SocketAddr, SettingsError> {
        parse_addr("listen", &self.listen)
    }

    /// Where users reach the server, if a proxy stands before it.
    pub fn public_url(&self) -> Result<Option<Uri>, SettingsError> {
        if self.public_url.is_empty() {
            return Ok(None);
        }
        let url: Option<Uri> = self.public_url.parse().ok();
        let usable = |url: &Uri| {
            matches!(url.scheme_str(), Some("http" | "https"))
                && url.authority().is_some()
                && url.query().is_none()
                // A proxy may take the path away or leave it; what is left must not look like one of ours.
                && !["/api", "/assets"].iter().any(|own| url.path().starts_with(own))
        };
        let wrong = || SettingsError::Value {
            setting: "public_url",
            value: self.public_url.clone(),
            reason: "use https://HOST or https://HOST/PATH, where PATH is not api or assets",
        };
        url.filter(usable).map(Some).ok_or_else(wrong)
    }

    /// Proxies whose word about a client's address is taken.
    pub fn trusted_proxies(&self) -> Result<Vec<IpNet>, SettingsError> {
        let wrong = |value: &str| SettingsError::Value {
            setting: "trusted_proxies",
            value: value.to_owned(),
            reason: "use addresses or networks, such as 127.0.0.1, 10.0.0.0/8",
        };
        let names = self.trusted_proxies.split(',').map(str::trim).filter(|name| !name.is_empty());
        names
            .map(|name| {
                let address = || name.parse::<IpAddr>().ok().map(IpNet::from);
                name.parse().ok().or_else(address).ok_or_else(|| wrong(name))
            })
            .collect()
    }
}

fn parse_addr(setting: &'static str, address: &str) -> Result<SocketAddr, SettingsError> {
    let reason = "use ADDRESS:PORT, for example 127.0.0.1:8080";
    let wrong = |_| SettingsError::Value { setting, value: address.to_owned(), reason };
    address.replace("localhost", "127.0.0.1").parse().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::super::tests::from_toml;

    #[test]
    fn proxies_are_addresses_or_networks() {
        let settings = from_toml("trusted_proxies = \"127.0.0.1, 10.0.0.0/8\"").unwrap();
        assert_eq!(settings.trusted_proxies().unwrap().len(), 2);
        assert!(from_toml("trusted_proxies = \"proxy.example.org\"").is_err());
    }

    #[test]
    fn the_public_url_is_an_address_of_pages() {
        for good in ["https://huibao.example.org", "https://example.org/huibao/"] {
            let settings = from_toml(&format!("public_url = \"{good}\"")).unwrap();
            assert!(settings.public_url().unwrap().is_some());
        }
        for bad in ["huibao.example.org", "ftp://example.org", "https://example.org/api"] {
            assert!(from_toml(&format!("public_url = \"{bad}\"")).is_err(), "{bad}");
        }
    }
}
