//! Values that are never printed.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// A secret, or a URL that may hold one. Shows what is harmless of it.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is not set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What may be shown of a URL: the scheme.
    pub fn scheme(&self) -> &str {
        self.0.split_once("://").map_or("…", |(scheme, _)| scheme)
    }

    /// A URL without its user and password, or dots for what is no URL.
    fn shown(&self) -> String {
        match self.0.split_once("://") {
            _ if matches!(&*self.0, "" | "embedded") => self.0.clone(),
            Some((scheme, rest)) => {
                let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
                let (place, query) = place.split_once('?').map_or((place, ""), |(p, _)| (p, "?…"));
                format!("{scheme}://{place}{query}")
            }
            None => "…".to_owned(),
        }
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.shown())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_cut_out_of_urls() {
        let shown = |text: &str| Secret(text.to_owned()).shown();
        assert_eq!(shown("postgres://u:p@w@db/huibao?password=x"), "postgres://db/huibao?…");
        assert_eq!(shown("sqlite:///var/h.db"), "sqlite:///var/h.db");
        assert_eq!(shown("hunter2"), "…");
        assert_eq!(shown(""), "");
    }
}
